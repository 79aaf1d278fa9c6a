"""The outcome of a use case: the decisions, and the files that are written of a run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.lineage import git_state
from minnow.records import decision as decisions
from minnow.records.bundle import FOLDER
from minnow.records.decision import Decision
from minnow.records.files import write_json, write_npz
from minnow.records.hint import Hint
from minnow.records.keys import RULE, write_rule
from minnow.records.origin import write_models
from minnow.records.provenance import BESIDE, Provenance, hashes_beside
from minnow.records.report import read_report
from minnow.records.results import FoldResult, Importances, Results, VariantResult
from minnow.records.timing import Timings
from minnow.stages import evaluate, exam, sources, starting, timing
from minnow.stages.candidates import Candidate, Incumbents, Made
from minnow.stages.case import Case
from minnow.stages.finalists import LINEAR, Finalists, of_families
from minnow.stages.intake import EXTRACTOR, row_versions
from minnow.stages.prepare import Prepared
from minnow.types import KeyRule, Table

EXIT_CODES = {"complete": 0, "failed": 1, "infeasible": 3}
ROWS = "rows.npy"


@dataclass(frozen=True)
class Outcome:
    """The results of a run of one use case.

    decisions: one per target; refused: variant -> reason; failures: family -> reason; importances: family -> rise of the loss
    by column; folds: family -> its scores over folds; shipped: name of a candidate -> the candidate as it would be shipped,
    fitted again.
    """

    candidates: list[Candidate]
    decisions: list[Decision]
    refused: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    importances: Mapping[str, Importances] = field(default_factory=dict)
    folds: Mapping[str, FoldResult] = field(default_factory=dict)
    shipped: Mapping[str, Candidate] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Status of the run, a key of EXIT_CODES: "complete", "failed" or "infeasible"."""
        if self.failures:
            return "failed"
        return "infeasible" if any(d.verdict == "infeasible" for d in self.decisions) else "complete"

    def finalist(self, target: str) -> Candidate | None:
        """The finalist of a target, None where no variant was chosen."""
        decision = next(d for d in self.decisions if d.target == target)
        return next((c for c in self.last if c.name == decision.finalist), None)

    @property
    def last(self) -> list[Candidate]:
        """The candidates, those that were fitted again as they would be shipped."""
        return [self.shipped.get(candidate.name, candidate) for candidate in self.candidates]

    def table(self) -> list[dict[str, Any]]:
        """One row per variant, for people."""
        return [_row(candidate, self.decisions) for candidate in self.candidates]


def judge_case(
    case: Case,
    candidates: list[Candidate],
    prepared: Prepared,
    incumbents: Mapping[str, Incumbents],
    finalists: Finalists,
    hints: Sequence[Hint] = (),
) -> Outcome:
    """Evaluate the finalist of each target on the exam, and collect the decisions, each with the hints."""
    written = [
        _decision(case, target, candidates, prepared, incumbents[target], finalists) for target in case.usecase.targets
    ]
    if case.usecase.exam == "families":
        _examine_families(case, candidates, prepared, finalists)
    return Outcome(candidates, [replace(one, hints=tuple(hints)) for one in written], shipped=finalists.shipped)


def _decision(
    case: Case,
    target: str,
    candidates: list[Candidate],
    prepared: Prepared,
    held: Incumbents,
    finalists: Finalists,
) -> Decision:
    """The decision on one target."""
    chosen = finalists.choices[target]
    finalist = finalists.ship(candidates, chosen.finalist)
    if finalist is None:
        return exam.refusal(case, target, chosen, held)
    if case.usecase.exam == "none":
        return exam.unread(case, target, chosen, finalist)
    linear = finalists.ship(candidates, chosen.variants.get(LINEAR))
    pair = [finalist] if linear is None or linear.family == finalist.family else [finalist, linear]
    rows = replace(prepared, joined=finalists.joined) if finalist.shipped else prepared
    decision, model = exam.examine(case, target, pair, chosen, rows, held)
    return replace(decision, chosen=tuple(chosen.reasons), rule=chosen.rule, folds=chosen.folds, refit=model.refit)


def _examine_families(case: Case, candidates: list[Candidate], prepared: Prepared, finalists: Finalists) -> None:
    """Evaluate one finalist of each family on test; all are chosen on val before the first of them reads test."""
    for name in of_families(case, candidates).values():
        candidate = finalists.ship(candidates, name)
        if candidate and "test" not in read_report(candidate.bundle).exams:
            evaluate.record(evaluate.evaluate(candidate.bundle, prepared.tables["test"]), "test")


def with_failures(
    judged: Outcome, made: Sequence[Made], failures: Mapping[str, str], untimed: Mapping[str, str] | None = None
) -> Outcome:
    """Add the variants that were refused and the families that failed. untimed: name of a variant -> why it has no timing."""
    refused = {f"{one.trained.family}/{name}": why for one in made for name, why in one.refused.items()}
    standing = {candidate.family for candidate in judged.candidates}
    lost = {one.trained.family for one in made} - standing
    none = {
        family: "; ".join(why for name, why in (untimed or {}).items() if name.startswith(f"{family}/"))
        for family in lost
    }
    return replace(judged, refused={**refused, **(untimed or {})}, failures={**failures, **none})


def provenance(case: Case, candidate: Candidate, written: Sequence[Decision], keys: KeyRule) -> Provenance:
    """Return the provenance of a bundle: data and code version, origin, rule of keys, settings, hashes of files, decisions."""
    git, bundle = git_state(case.workspace.root), candidate.bundle
    return Provenance(
        usecase=case.name,
        sha=bundle.sha,
        family=candidate.family,
        variant=candidate.variant,
        data_version=case.data_version,
        code_version=git.version,
        untracked=git.untracked,
        made_from=candidate.trained.origin,
        keys=keys,
        settings=case.entry,
        files=hashes_beside(bundle.record_folder),
        decisions=tuple(decision for decision in written if decision.finalist == candidate.name),
    )


def write(case: Case, outcome: Outcome, table: Table, scratch: Path, validation: Path) -> None:
    """Write the outcome, metrics and timings to scratch, where install reads them. validation: folder of its report."""
    folder = scratch / "outcome"
    decisions.write_decisions(folder, outcome.decisions)
    replace(_results(outcome), effort=case.usecase.effort).write(folder)
    np.save(folder / ROWS, row_versions(case, table))
    write_rule(folder / RULE, table.keys)
    sources.write(case, folder)
    _keep_extractor(case, outcome, folder / EXTRACTOR)
    models = {c.family: starting.entry(c.trained.origin, c.bundle.schema.labels) for c in outcome.candidates}
    write_models(folder, models)
    for path in validation.glob("validation.*"):
        shutil.copyfile(path, folder / path.name)
    for candidate in outcome.last:
        provenance(case, candidate, outcome.decisions, table.keys).write(candidate.bundle.record_folder)
    for target in case.usecase.targets:
        if candidate := outcome.finalist(target):
            _copy(candidate, folder / target)
            _copy_exports(outcome, candidate, folder)
    write_json(scratch / "metrics.json", _metrics(outcome))
    _timings(outcome).write(scratch / "timings.json")


def _copy(candidate: Candidate, place: Path) -> None:
    """Copy a bundle with its report, card and certificate, without its provenance, which differs with every git commit."""
    shutil.copytree(candidate.bundle.folder, place / FOLDER)
    for name in BESIDE:
        if (path := candidate.bundle.record_folder / name).exists():
            shutil.copyfile(path, place / name)


def _keep_extractor(case: Case, outcome: Outcome, path: Path) -> None:
    """Write the feature extractor that the scores depend on, for tasks that have one."""
    extraction = case.task.CAPABILITIES.feature_extraction
    if outcome.candidates and extraction:
        write_npz(path, extraction.kept(outcome.candidates[0].val.batch.extractor))


def install(case: Case, scratch: Path) -> None:
    """Move the written outcome, metrics and timings to their places, each by one rename, in this order.

    The outcome of the run before is removed first. A run that is killed in between leaves the use case stale for DVC, since
    its outcome or metrics are missing or differ from dvc.lock, and the next run writes everything again.
    """
    space = case.workspace
    places = {"outcome": space.outcome(case.name), "metrics.json": space.metrics(case.name)}
    for name, place in (places | {"timings.json": space.timings(case.name)}).items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.rmtree(place)
        (scratch / name).replace(place)
    shutil.rmtree(scratch)


def _copy_exports(outcome: Outcome, finalist: Candidate, folder: Path) -> None:
    """Copy the exports of the finalist's family (files for other runtimes) to exports/."""
    for candidate in outcome.last:
        if candidate.family == finalist.family and candidate.bundle.model_path.suffix != ".onnx":
            place = folder / "exports" / candidate.name.replace("/", "-")
            if not place.exists():
                _copy(candidate, place)


def _row(candidate: Candidate, written: Sequence[Decision]) -> dict[str, Any]:
    primary = candidate.val.primary
    return {
        "family": candidate.family,
        "variant": candidate.variant,
        "val": primary.value,
        "low": primary.low,
        "high": primary.high,
        "size_bytes": candidate.bundle.size_bytes,
        "p95_us": candidate.timing.p95_us,
        "finalist": ", ".join(d.target for d in written if d.finalist == candidate.name),
    }


def _results(outcome: Outcome) -> Results:
    variants = [
        VariantResult(
            c.family,
            c.variant,
            c.bundle.schema.parameters,
            c.bundle.size_bytes,
            c.parity,
            c.val.scores,
            read_report(c.bundle).exams.get("test"),
        )
        for c in outcome.last
    ]
    return Results(tuple(variants), outcome.refused, outcome.failures, outcome.importances, outcome.folds)


def _metrics(outcome: Outcome) -> dict[str, Any]:
    """Numbers for `dvc metrics`: scores on test of each target's finalist, and on val of every variant."""
    tests: dict[str, Any] = {}
    for decision in outcome.decisions:
        candidate = outcome.finalist(decision.target)
        if candidate and decision.score:
            scores = read_report(candidate.bundle).exams["test"].scores
            values = {name: round(score.value, 10) for name, score in scores.items()}
            tests[decision.target] = values | {"size_bytes": candidate.bundle.size_bytes} | _of_series(decision)
    folds = {
        family: {
            name: {measure: score.value for measure, score in scores.items()}
            for name, scores in result.divisions.items()
        }
        for family, result in outcome.folds.items()
    }
    val = {c.name: round(c.val.primary.value, 10) for c in outcome.candidates}
    return ({"folds": folds} if folds else {}) | {"test": tests, "val": val}


def _of_series(decision: Decision) -> dict[str, Any]:
    """How the scores of several series spread."""
    return {"series": {"count": decision.series.count, **decision.series.quantiles}} if decision.series else {}


def _timings(outcome: Outcome) -> Timings:
    variants = {c.name: c.timing for c in outcome.last}
    return Timings(variants, {c.family: c.trained.seconds for c in outcome.candidates}, timing.machine())
