"""Tuning: trials of one family's parameters, each trained, shrunk and scored on val, until the best is known.

Only `minnow tune` does this; a run never searches. Trials are kept in .minnow/tune.db, so that a study goes on where it
was stopped, and each is an MLflow run under the study's. No Prefect here.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.job import Job, open_job
from minnow.config import Settings, Span
from minnow.stages import compress, intake, outcome, search, train
from minnow.stages.case import Case
from minnow.stages.evaluate import Scored
from minnow.stages.prepare import Prepared
from minnow.stores import tracking
from minnow.stores.tracking import Record
from minnow.types import Enough
from minnow.worker import WorkerError
from minnow.workspace import Workspace

RUN = "mlflow_run"


@dataclass(frozen=True)
class Tuned:
    """What a study came to. values: dotted name -> value, of the best trial; score, now: first measure on val.

    size_bytes: of its best variant, with the encoder.
    now: what params.yaml's own values come to, None where the space does not hold them; counts: state -> trials.
    """

    measure: str
    values: dict[str, Any] = field(default_factory=dict)
    score: float | None = None
    size_bytes: int | None = None
    now: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    is_present: bool = False


@dataclass(frozen=True)
class _Study:
    """A study at work."""

    job: Job
    case: Case
    family: str
    space: dict[str, Span]
    prepared: Prepared
    rows: str
    handed: Path
    found: Any
    run_id: str


def tune(space: Workspace, settings: Settings, usecase: str, family: str, trials: int, minutes: float | None) -> Tuned:
    """Search until a study has so many trials that ended, or so many minutes are over. Raises DataError, Busy.

    An interrupted study goes on at the next call.
    """
    with open_job(space, settings) as job:
        study = _open(job, usecase, family)
        deadline = time.monotonic() + minutes * 60 if minutes else None
        try:
            job.display.expect(max(trials - _ended(study), 0))
            while _ended(study) < trials and (deadline is None or time.monotonic() < deadline):
                _trial(study)
        finally:
            tuned = _outcome(study)
            _close(study, tuned)
    return tuned


def _open(job: Job, usecase: str, family: str) -> _Study:
    """Read the rows as a run does, and open the study that belongs to them."""
    case = job.case(usecase)
    reports = job.space.home / "reports" / usecase
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    with job.display.step(f"{usecase}: validate and prepare"):
        table, _ = intake.read_checked(case, reports)
        prepared = intake.prepare_case(case, table)
        rows = train.rows_digest(prepared)
        handed = train.hand_over(case, prepared, rows)
    space = search.space_of(case, family)
    name = search.study_name(case, family, rows, space)
    found = search.study(f"sqlite:///{job.space.home / 'tune.db'}", name, case)
    if not found.trials:
        values = search.present(case, family, space)
        if values is not None:
            found.enqueue_trial(values, user_attrs={search.PRESENT: True})
    return _Study(job, case, family, space, prepared, rows, handed, found, _run(job, case, family, space, found))


def _run(job: Job, case: Case, family: str, space: dict[str, Span], found: Any) -> str:
    """Find or begin the MLflow run that the trials stand under."""
    known = found.user_attrs.get(RUN)
    if known and tracking.there(job.space, known):
        return known
    tags = {"minnow.usecase": case.name, "minnow.family": family, "minnow.study": found.study_name}
    record = Record(
        f"tune {case.name} {family}",
        tags=tags | {"minnow.data_version": case.data_version, "minnow.seed": str(case.settings.seed)},
        params={"space": {name: span.model_dump(exclude_none=True) for name, span in space.items()}},
    )
    run_id = tracking.begin(job.space, record)
    tracking.fill(job.space, run_id, record)
    found.set_user_attr(RUN, run_id)
    return run_id


def _ended(study: _Study) -> int:
    """Count trials that came to an end, well or not; those that a stop cut off are asked again."""
    counts = search.counts(study.found)
    return sum(counts.values()) - counts.get("cut", 0)


def _trial(study: _Study) -> None:
    """Try one set of values, and keep what came of it in the study and in MLflow."""
    trial = study.found.ask()
    values = search.ask(trial, study.space)
    case = search.with_values(study.case, study.family, values)
    told: dict[str, Any] = {"state": "complete"}
    history: dict[str, list[float]] = {}
    try:
        with study.job.display.step(f"{case.name}: trial {trial.number + 1} of {study.family}") as report:
            watch = search.watching(report, trial, study.found.direction.name.lower())
            trained = train.train(case, study.family, study.rows, study.handed, study.job.runner.call, watch)
            history = trained.history
            best = _best(study, case, trained)
            report(1, 1, {name: score.value for name, score in best.scores.items()})
        trial.set_user_attr(search.SIZE, best.bundle.size_bytes)
        study.found.tell(trial, best.primary.value)
        told |= {"metrics": {name: score.value for name, score in best.scores.items()}, "bytes": best.bundle.size_bytes}
    except Enough:
        study.found.tell(trial, state=search.state("pruned"))
        told["state"] = "pruned"
        study.job.display.say(
            f"  {case.name}: trial {trial.number + 1} of {study.family} had no hope and was ended early"
        )
    except (WorkerError, ValueError) as error:
        trial.set_user_attr("error", str(error))
        study.found.tell(trial, state=search.state("fail"))
        told |= {"state": "failed", "error": str(error)}
        study.job.display.say(f"  trial {trial.number + 1} failed: {error}")
    _track(study, trial, values, told, history)


def _best(study: _Study, case: Case, trained: train.Trained) -> Scored:
    scratch = study.job.space.home / "making" / f"tune-{case.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    shrunk = compress.variants(case, trained, study.handed, study.job.runner.call)
    return search.best(case, outcome.score_variants(case, shrunk, study.prepared, scratch))


def _track(
    study: _Study, trial: Any, values: dict[str, Any], told: dict[str, Any], history: dict[str, list[float]]
) -> None:
    tags = {"minnow.trial": str(trial.number + 1), "minnow.state": told["state"], "minnow.usecase": study.case.name}
    sizes = {"size_bytes": told["bytes"]} if "bytes" in told else {}
    record = Record(
        f"trial {trial.number + 1}",
        tags=tags | ({"minnow.error": told["error"]} if "error" in told else {}),
        params=values,
        metrics={f"val/{name}": value for name, value in told.get("metrics", {}).items()} | sizes,
        history=history,
        failed=told["state"] == "failed",
    )
    tracking.log(study.job.space, record, study.run_id)


def _outcome(study: _Study) -> Tuned:
    """Read the best off the study."""
    measure, counts = study.case.task.MEASURES[0].name, search.counts(study.found)
    best, now = search.best_trial(study.found), search.present_value(study.found)
    if best is None:
        return Tuned(measure, counts=counts)
    values = search.decoded(best.params, study.space)
    found = best.user_attrs
    return Tuned(measure, values, best.value, found[search.SIZE], now, counts, found.get(search.PRESENT, False))


def _close(study: _Study, tuned: Tuned) -> None:
    metrics: dict[str, float] = {f"trials {state}": count for state, count in tuned.counts.items()}
    if tuned.score is not None:
        metrics[f"val/{tuned.measure}"] = tuned.score
    tracking.fill(study.job.space, study.run_id, Record("", metrics=metrics))
    tracking.end(study.job.space, study.run_id, tuned.score is not None)
