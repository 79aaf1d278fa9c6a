"""The outcome of a use case: what is written down, and installed whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.bundle import file_hashes, open_bundle, write_json, write_npz
from minnow.lineage import git_state
from minnow.stages import evaluate, starting, verdict
from minnow.stages.case import Case
from minnow.stages.compress import FLOAT, Shrunk
from minnow.stages.evaluate import Scored, as_json
from minnow.stages.importance import importances
from minnow.stages.intake import row_versions
from minnow.stages.prepare import Prepared
from minnow.stages.train import Trained
from minnow.stages.verdict import Reign, Standing
from minnow.types import Table

EXIT_CODES = {"complete": 0, "failed": 1, "infeasible": 3}
DECISIONS, RESULTS, ROWS, EXTRACTOR = "decision.json", "results.json", "rows.npy", "extractor.npz"
TIMED = ("p50_us", "p95_us", "rows_per_s", "peak_memory_bytes")


@dataclass(frozen=True)
class Outcome:
    """What came of one use case.

    decisions: one per target; refused: variant -> reason; failures: family -> reason; importances: family -> column ->
    rise of the loss; folds: family -> its scores over folds.
    """

    standings: list[Standing]
    decisions: list[dict[str, Any]]
    refused: Mapping[str, str]
    failures: Mapping[str, str]
    importances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    folds: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """complete, failed or infeasible: the key of an exit code."""
        if self.failures:
            return "failed"
        return "infeasible" if any(d["verdict"] == "infeasible" for d in self.decisions) else "complete"

    def finalist(self, target: str) -> Standing | None:
        """The variant that stood for a target."""
        decision = next(d for d in self.decisions if d["target"] == target)
        return next((s for s in self.standings if s.name == decision["finalist"]), None)

    def table(self) -> list[dict[str, Any]]:
        """One row per variant, for people."""
        return [_row(standing, self.decisions) for standing in self.standings]


@dataclass(frozen=True)
class Made:
    """What one family came to: its model, its variants, their scores on val."""

    trained: Trained
    shrunk: Shrunk
    scored: list[Scored]


def score_variants(case: Case, shrunk: Shrunk, prepared: Prepared, scratch: Path) -> list[Scored]:
    """Copy each variant out of the cache, score it on val from its file and write its report."""
    found = []
    for variant, source in shrunk.bundles.items():
        folder = scratch / "bundles" / f"{shrunk.family}-{variant}"
        shutil.copytree(source, folder)
        scored = evaluate.score(open_bundle(folder), prepared.tables["val"])
        evaluate.write_report(scored, "val")
        found.append(scored)
    return found


def standings(made: list[Made], measure: Callable[[list[Path]], Mapping[Path, Any]]) -> list[Standing]:
    """Time every variant in one go, while nothing trains, and line them up for the judge."""
    folders = [scored.bundle.folder for one in made for scored in one.scored]
    clocks = measure(folders) if folders else {}
    return [
        Standing(
            one.trained,
            scored.bundle.schema["variant"],
            scored,
            clocks[scored.bundle.folder],
            one.shrunk.parity[scored.bundle.schema["variant"]],
        )
        for one in made
        for scored in one.scored
    ]


def judge_case(case: Case, lined_up: list[Standing], prepared: Prepared, reigns: Mapping[str, Reign]) -> Outcome:
    """Choose a finalist per target, examine it, and collect the decisions. A finalist of two targets is read once."""
    decisions = []
    for target in case.usecase.targets:
        choice = verdict.choose(case, target, lined_up)
        finalist = next((s for s in lined_up if s.name == choice.finalist), None)
        if finalist is None:
            decisions.append(verdict.refusal(case, target, choice, reigns[target]))
        else:
            decision = verdict.examine(case, target, finalist, lined_up, prepared, reigns[target])
            decisions.append(decision | {"chosen": list(choice.reasons)})
    if case.usecase.exam == "families":
        _examine_families(case, lined_up, prepared)
    return Outcome(lined_up, decisions, {}, {})


def _examine_families(case: Case, lined_up: list[Standing], prepared: Prepared) -> None:
    """Declare a finalist of each family on val, all of them before any reads test, and let them read it."""
    target = case.usecase.targets[0]
    declared = []
    for family in case.usecase.families:
        own = [standing for standing in lined_up if standing.family == family]
        name = verdict.choose(case, target, own).finalist
        declared += [standing for standing in own if standing.name == name]
    for standing in declared:
        if "test" not in standing.bundle.report:
            evaluate.write_report(evaluate.score(standing.bundle, prepared.tables["test"]), "test")


def complete(
    case: Case,
    found: Outcome,
    made: list[Made],
    failures: Mapping[str, str],
    prepared: Prepared,
    folds: Mapping[str, Any],
) -> Outcome:
    """Add what could not be made, and what is for the report alone."""
    refused = {f"{one.trained.family}/{name}": why for one in made for name, why in one.shrunk.refused.items()}
    named = case.modality.features(prepared.tables["val"].columns, case.options) if _has_columns(case) else []
    told = {
        standing.family: importances(standing.bundle, prepared.tables["val"], named, case.settings.seed)
        for standing in found.standings
        if standing.variant == FLOAT and named
    }
    return replace(found, refused=refused, failures=failures, importances=told, folds=folds)


def _has_columns(case: Case) -> bool:
    return hasattr(case.modality, "features")


def provenance(case: Case, standing: Standing, decisions: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what a bundle comes from: what its answers carry, what repeats it, and what was decided on it."""
    git = git_state(case.workspace.root)
    return {
        "usecase": case.name,
        "family": standing.family,
        "variant": standing.variant,
        "sha": standing.bundle.sha,
        "data_version": case.data_version,
        "code_version": git["commit"] if git["diff"] in ("clean", "none") else f"{git['commit']}+{git['diff']}",
        "made_from": standing.trained.origin,
        "settings": case.usecase.model_dump(mode="json"),
        "files": file_hashes(standing.bundle.folder),
        "decisions": [d for d in decisions if d["finalist"] == standing.name],
    }


def write(case: Case, found: Outcome, table: Table, scratch: Path, reports: Path) -> None:
    """Write everything that is kept to scratch, laid out as install expects it."""
    folder = scratch / "outcome"
    write_json(folder / DECISIONS, {d["target"]: d for d in found.decisions})
    write_json(folder / RESULTS, _results(found))
    np.save(folder / ROWS, row_versions(case, table))
    _keep_extractor(case, found, folder / EXTRACTOR)
    models = {s.family: starting.entry(s.trained.origin, s.bundle.schema["labels"]) for s in found.standings}
    write_json(folder / starting.MODELS, models)
    for report in reports.glob("validation.*"):
        shutil.copyfile(report, folder / report.name)
    for standing in found.standings:
        write_json(beside(standing), provenance(case, standing, found.decisions))
    for target in case.usecase.targets:
        if standing := found.finalist(target):
            shutil.copytree(standing.bundle.folder, folder / target)
            _copy_exports(found, standing, folder)
    write_json(scratch / "metrics.json", _metrics(found))
    write_json(scratch / "timings.json", _timings(found))


def _keep_extractor(case: Case, found: Outcome, path: Path) -> None:
    """Keep with the exam what its figures were seen through, for tasks that need that."""
    if found.standings and hasattr(case.task, "extractor"):
        write_npz(path, case.task.extractor(found.standings[0].val.batch.lens))


def install(case: Case, scratch: Path) -> None:
    """Put the written outcome in its place, by renaming."""
    space = case.workspace
    places = {"outcome": space.outcome(case.name), "metrics.json": space.metrics(case.name)}
    for name, place in (places | {"timings.json": space.timings(case.name)}).items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.rmtree(place)
        (scratch / name).replace(place)
    shutil.rmtree(scratch)


def beside(standing: Standing) -> Path:
    """Where a bundle's provenance stands while an outcome is made."""
    folder = standing.bundle.folder
    return folder.parent / f"{folder.name}.provenance" / "provenance.json"


def _copy_exports(found: Outcome, finalist: Standing, folder: Path) -> None:
    """Keep the edge files of the finalist's model beside it."""
    for standing in found.standings:
        if standing.family == finalist.family and standing.bundle.model_path.suffix != ".onnx":
            place = folder / "exports" / standing.bundle.folder.name
            if not place.exists():
                shutil.copytree(standing.bundle.folder, place)


def _row(standing: Standing, decisions: list[dict[str, Any]]) -> dict[str, Any]:
    marks = [d["target"] for d in decisions if d["finalist"] == standing.name]
    primary = standing.val.primary
    return {
        "family": standing.family,
        "variant": standing.variant,
        "val": primary.value,
        "low": primary.low,
        "high": primary.high,
        "size_bytes": standing.bundle.size_bytes,
        "p95_us": standing.timing["p95_us"],
        "finalist": ", ".join(marks),
    }


def _results(found: Outcome) -> dict[str, Any]:
    variants = [
        {
            "family": s.family,
            "variant": s.variant,
            "parameters": s.bundle.schema["parameters"],
            "size_bytes": s.bundle.size_bytes,
            "parity": dict(s.parity),
            "val": {name: as_json(value) for name, value in s.val.scores.items()},
            **({"test": s.bundle.report["test"]} if "test" in s.bundle.report else {}),
        }
        for s in found.standings
    ]
    return {
        "variants": variants,
        "refused": dict(found.refused),
        "failures": dict(found.failures),
        "importances": {family: dict(told) for family, told in found.importances.items()},
        "folds": dict(found.folds),
    }


def _metrics(found: Outcome) -> dict[str, Any]:
    """Numbers for `dvc metrics`: the exam of each target's finalist, and val of every variant."""
    exams: dict[str, Any] = {}
    for decision in found.decisions:
        if standing := found.finalist(decision["target"]):
            scores = standing.bundle.report["test"]["scores"]
            values = {name: s["value"] for name, s in scores.items()}
            exams[decision["target"]] = values | {"size_bytes": standing.bundle.size_bytes}
    folds = {
        family: {
            name: {measure: score["value"] for measure, score in scores.items()}
            for name, scores in told.items()
            if isinstance(scores, Mapping)
        }
        for family, told in found.folds.items()
    }
    val = {s.name: round(s.val.primary.value, 10) for s in found.standings}
    return ({"folds": folds} if folds else {}) | {"test": exams, "val": val}


def _timings(found: Outcome) -> dict[str, Any]:
    timed = {s.name: {name: s.timing[name] for name in TIMED} for s in found.standings}
    machine = next((dict(s.timing["machine"]) for s in found.standings), {})
    seconds = {s.family: s.trained.seconds for s in found.standings}
    return {"variants": timed, "training_s": seconds, "machine": machine}
