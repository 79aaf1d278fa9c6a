"""Compression: exports a trained model and makes its variants on the runner, or finds them in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from minnow import exporters, runtimes
from minnow.cache import ORIGIN
from minnow.contracts import JobKilled
from minnow.lineage import code_version
from minnow.records.bundle import FOLDER
from minnow.records.schema import read_schema
from minnow.stages import variants as making
from minnow.stages.case import Case
from minnow.stages.train import Handover, Trained
from minnow.stages.variants import FLOAT, Plan, read_state, trace_of
from minnow.types import DecisionRule, Report, silent

__all__ = ["FLOAT", "Compressed", "plan_of", "variants"]


@dataclass(frozen=True)
class Compressed:
    """The variants of one trained model.

    bundles: variant -> the bundle's folder; refused: variant -> reason, for those that could not be made; parity: variant ->
    differences from the model; fresh: made just now, not found in the cache. failed: those of `refused` whose making raised an
    unexpected error or ended the process -> file of the traceback, None where there is none. They are tried again by the next
    run.
    """

    family: str
    bundles: Mapping[str, Path]
    refused: Mapping[str, str]
    parity: Mapping[str, Mapping[str, float]]
    fresh: bool
    failed: Mapping[str, Path | None] = field(default_factory=dict[str, Path | None])

    @property
    def rules(self) -> dict[str, DecisionRule]:
        """Variant -> its decision rule; variants that answer the most probable label are not among them."""
        found = {variant: read_schema(folder).decision_rule for variant, folder in self.bundles.items()}
        return {variant: rule for variant, rule in found.items() if rule is not None}


def plan_of(case: Case, family: str) -> Plan:
    """Return the compressions and exports that a case asks for."""
    usecase = case.usecase
    names = (case.name, usecase.task, usecase.modality, family, usecase.family_of(family))
    return Plan(*names, usecase.options, usecase.compression, tuple(usecase.exports), case.settings.seed)


def variants(
    case: Case,
    trained: Trained,
    handed: Handover,
    *,
    bare: bool = False,
    rules: Mapping[str, DecisionRule] | None = None,
    report: Report = silent,
) -> Compressed:
    """Make every variant that the case asks for, or find them in the cache. bare: only the exported model. rules: as in Plan.

    A variant that cannot be made is refused with its reason; those that failed by accident are made again. Raises what stops
    float32.
    """
    plan = replace(plan_of(case, trained.family), rules=rules)
    if bare:
        plan = replace(plan, compression={}, exports=())
    modules = [exporters.registry.module(name) for name in ("onnx", *case.usecase.exports)] + case.compressions()
    modules += [runtimes.registry.module(name) for name in runtimes.names()]
    code = code_version([*case.modules(trained.family), *modules, __name__])
    origin = {"model": trained.origin.as_json(), "plan": asdict(plan), "encoder": handed.encoder, "code": code}
    earlier = case.cache.path("variants", origin)

    def make(folder: Path) -> None:
        if case.cache.is_whole(earlier):
            _begin_with(earlier, folder)
        _make(trained, handed, plan, folder, report)

    entry = case.cache.get_or_make("variants", origin, make, usable=lambda folder: not read_state(folder).failed)
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


def _make(trained: Trained, handed: Handover, plan: Plan, folder: Path, report: Report) -> None:
    """Make the variants on the runner. One during which the process dies is recorded as failed, and the others are made.

    Raises JobKilled where float32 or reading ends the process, and what else the runner raises.
    """
    while True:
        try:
            handed.call(f"{making.__name__}:make", trained.folder, handed.folder, plan, folder, report=report)
            return
        except JobKilled as error:
            state = read_state(folder)
            if state.current in (None, FLOAT):
                raise
            shutil.rmtree(folder / state.current, ignore_errors=True)
            failed = {**state.failed, state.current: f"it ended the process that made it: {error}"}
            replace(state, failed=failed, current=None).write(folder)
