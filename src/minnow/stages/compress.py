"""Compression: exports a trained model and makes its variants on the runner, or finds them in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from minnow import compression, exporters, runtimes
from minnow.cache import ORIGIN
from minnow.config import Step, UseCase, variant_of
from minnow.contracts import JobKilled
from minnow.lineage import code_version
from minnow.records.bundle import FOLDER
from minnow.records.schema import read_schema
from minnow.stages import links, teaching
from minnow.stages import variants as making
from minnow.stages.case import Case
from minnow.stages.links import Beginning, Link, Settled, Steps
from minnow.stages.teaching import Teachers
from minnow.stages.train import Handover, Trained
from minnow.stages.variants import FLOAT, Plan, read_state, trace_of
from minnow.types import DecisionRule, Report, silent

__all__ = ["FLOAT", "Compressed", "exports_of", "plan_of", "variants"]


@dataclass(frozen=True)
class Compressed:
    """The variants of one trained model.

    bundles: variant -> the bundle's folder; refused: variant -> reason, for those that could not be made; parity: variant ->
    differences from the model; fresh: made just now, not found in the cache. failed: those of `refused` whose making raised an
    unexpected error or ended the process -> file of the traceback, None where there is none. They are tried again by the next
    run. settled: link -> what was chosen when it was made; taught: link -> the model of another entry that taught it.
    """

    family: str
    bundles: Mapping[str, Path]
    refused: Mapping[str, str]
    parity: Mapping[str, Mapping[str, float]]
    fresh: bool
    failed: Mapping[str, Path | None] = field(default_factory=dict[str, Path | None])
    settled: Mapping[str, Settled] = field(default_factory=dict[str, Settled])
    taught: Mapping[str, Trained] = field(default_factory=dict[str, Trained])

    def with_link(self, link: Link, teacher: Trained | None = None) -> Compressed:
        """Add what became of a link. teacher: of another entry, None without one."""
        fresh = self.fresh or link.fresh
        if reason := link.failed or link.refused:
            failed = {**self.failed, link.name: link.trace} if link.failed else self.failed
            return replace(self, refused={**self.refused, link.name: reason}, failed=failed, fresh=fresh)
        taught = {**self.taught, link.name: teacher} if teacher else self.taught
        return replace(self, settled={**self.settled, link.name: link.settled}, taught=taught, fresh=fresh)

    def with_files(self, other: Compressed) -> Compressed:
        """Add the variants of a link."""
        return replace(
            self,
            bundles={**self.bundles, **other.bundles},
            refused={**self.refused, **other.refused},
            parity={**self.parity, **other.parity},
            fresh=self.fresh or other.fresh,
            failed={**self.failed, **other.failed},
        )

    @property
    def rules(self) -> dict[str, DecisionRule]:
        """Variant -> its decision rule; variants that answer the most probable label are not among them."""
        found = {variant: read_schema(folder).decision_rule for variant, folder in self.bundles.items()}
        return {variant: rule for variant, rule in found.items() if rule is not None}


def plan_of(case: Case, family: str, made: Steps = (), parent: str | None = None) -> Plan:
    """Return the files that a case asks for of a trained model, or of what steps made of it. parent: of that variant."""
    usecase = case.usecase
    names = (case.name, usecase.task, usecase.modality, family, usecase.family_of(family))
    start = variant_of(made) or FLOAT
    ends = [recipe.steps for recipe in usecase.recipes if recipe.steps[:-1] == made]
    files = {
        variant_of(steps): (start, steps[-1].name, steps[-1].params or {})
        for steps in ends
        if not _makes_model(steps[-1])
    }
    exports: dict[str, str] = {}
    for variant, (exporter, *steps) in exports_of(usecase).items():
        named = f"{start}-" if made else ""
        if not steps:
            exports[f"{named}{variant}"] = exporter.name
        for step in steps:
            files[f"{named}{variant}"] = (f"{named}{exporter.text}", step.name, step.params or {})
    return Plan(*names, usecase.options, files, exports, start, parent, case.settings.seed)


def exports_of(usecase: UseCase) -> dict[str, Steps]:
    """Variants of exports -> their steps: each exporter that is asked for, alone and with the compressions of its file."""
    recipes = [recipe.steps for recipe in usecase.exported]
    return {variant_of(steps): steps for recipe in recipes for steps in (recipe[:1], recipe)}


def _makes_model(step: Step) -> bool:
    return compression.makes_model(step.name)


def variants(
    case: Case,
    trained: Trained,
    handed: Handover,
    *,
    bare: bool = False,
    rules: Mapping[str, DecisionRule] | None = None,
    settled: Mapping[str, Settled] | None = None,
    teachers: Teachers | None = None,
    report: Report = silent,
) -> Compressed:
    """Make every variant that the case asks for, or find them in the cache. bare: only the exported model. rules: as in Plan.

    settled: link -> what was chosen when it was made before; only these are made then. teachers: those that recipes name. A
    variant that cannot be made is refused with its reason; those that failed by accident are made again. Raises what stops
    float32.
    """
    plan = replace(plan_of(case, trained.family), rules=rules)
    if bare:
        return _files(case, trained, trained.folder, handed, replace(plan, files={}, exports={}), report)
    made = _files(case, trained, trained.folder, handed, plan, report)
    folders, begun = {FLOAT: trained.folder}, Beginning(trained, settled or {}, teachers or {})
    for steps in links.asked([recipe.steps for recipe in case.usecase.recipes]):
        name, parent = variant_of(steps), variant_of(steps[:-1]) or FLOAT
        if parent not in folders or (settled is not None and name not in settled):
            continue
        if reason := teaching.reason_against(steps, trained, begun.teachers):
            made = replace(made, refused={**made.refused, name: reason})
            continue
        link = links.make(case, begun, (parent, folders[parent]), steps, handed, report)
        made = made.with_link(link, begun.teacher(steps[-1]) if steps[-1].teacher else None)
        if link.refused or link.failed:
            continue
        plan = replace(plan_of(case, trained.family, steps, parent), rules=rules)
        try:
            made = made.with_files(_files(case, trained, link.folder, handed, plan, report))
        except (RuntimeError, ValueError) as error:
            made = replace(made, refused={**made.refused, name: str(error)}, failed={**made.failed, name: None})
        if name in made.bundles:
            folders[name] = link.folder
    return made


def _files(case: Case, trained: Trained, folder: Path, handed: Handover, plan: Plan, report: Report) -> Compressed:
    """Make the files of a trained model, or of a link in its folder. Raises what stops the export to ONNX."""
    exported = {recipe.steps[0].name for recipe in case.usecase.exported}
    modules = [exporters.registry.module(name) for name in ("onnx", *sorted(exported - {"onnx"}))] + case.compressions()
    modules += [runtimes.registry.module(name) for name in runtimes.names()]
    code = code_version([*case.modules(trained.family), *modules, __name__])
    origin = {"model": trained.origin.as_json(), "plan": asdict(plan), "encoder": handed.encoder, "code": code}
    if folder != trained.folder:
        origin["link"] = folder.name
    earlier = case.cache.path("variants", origin)

    def make(out: Path) -> None:
        if case.cache.is_whole(earlier):
            _begin_with(earlier, out)
        _make(trained, folder, handed, plan, out, report)

    entry = case.cache.get_or_make("variants", origin, make, usable=lambda made: not read_state(made).failed)
    return _compressed(trained.family, entry.folder, fresh=entry.fresh)


def _compressed(family: str, folder: Path, *, fresh: bool) -> Compressed:
    state = read_state(folder)
    traces = {name: trace_of(folder, name) for name in state.failed}
    return Compressed(
        family,
        bundles={name: folder / name / FOLDER for name in state.made},
        refused={**state.refused, **state.failed},
        parity=state.parity,
        fresh=fresh,
        failed={name: path if path.exists() else None for name, path in traces.items()},
    )


def _begin_with(earlier: Path, folder: Path) -> None:
    """Copy what an earlier run made, and forget what failed."""
    shutil.copytree(earlier, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(ORIGIN, "traces"))
    replace(read_state(folder), failed={}).write(folder)


def _make(trained: Trained, model: Path, handed: Handover, plan: Plan, out: Path, report: Report) -> None:
    """Make the variants on the runner. One during which the process dies is recorded as failed, and the others are made.

    model: folder of the model that is exported. Raises JobKilled where its export to ONNX or reading ends the process, and what
    else the runner raises.
    """
    while True:
        try:
            handed.call(f"{making.__name__}:make", model, trained.folder, handed.folder, plan, out, report=report)
            return
        except JobKilled as error:
            state = read_state(out)
            if state.current in (None, plan.start):
                raise
            shutil.rmtree(out / state.current, ignore_errors=True)
            failed = {**state.failed, state.current: f"it ended the process that made it: {error}"}
            replace(state, failed=failed, current=None).write(out)
