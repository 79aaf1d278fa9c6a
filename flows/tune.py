"""Tuning: trials of one family's parameters, each trained, compressed and scored on val.

Only `minnow tune` does this; a run never searches. Trials are stored in .minnow/tune.db, so that an interrupted study is
resumed, and each is an MLflow run under that of the study. Prefect is not used here.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows import cleaning
from flows.checks import read_checked
from flows.job import Job, open_job
from flows.registered import with_keys
from minnow.config import Settings
from minnow.runners.interruption import described
from minnow.runners.worker import WorkerError
from minnow.stages import candidates, compress, intake, train
from minnow.stages.case import Case
from minnow.stages.evaluate import Evaluation
from minnow.stages.prepare import Prepared
from minnow.stages.train import Handover, Trained
from minnow.stores import tracking
from minnow.stores.tracking import Record
from minnow.tuning import search
from minnow.tuning import study as studies
from minnow.tuning.search import Space
from minnow.tuning.study import Tuned
from minnow.types import StopFit
from minnow.workspace import Workspace, sqlite_url

RUN = "mlflow_run"


@dataclass(frozen=True)
class _Study:
    """An open study. optuna: Optuna's study; run_id: the MLflow run of the study, parent of those of its trials."""

    job: Job
    case: Case
    family: str
    search_space: Space
    prepared: Prepared
    handed: Handover
    optuna: Any
    run_id: str

    @property
    def ended(self) -> int:
        """Number of trials that ended, failed ones included; interrupted ones are run again and do not count."""
        counts = studies.counts(self.optuna)
        return sum(counts.values()) - counts.get("cut", 0)


@dataclass(frozen=True)
class _Result:
    """The result of a trial. state: complete, pruned or failed; metrics: on val; error: why it failed."""

    state: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, list[float]] = field(default_factory=dict)
    size_bytes: int | None = None
    error: str | None = None


def tune(space: Workspace, settings: Settings, usecase: str, family: str, trials: int, minutes: float | None) -> Tuned:
    """Run trials until a study has `trials` that ended, or `minutes` are over. Raises DataError, Busy.

    An interrupted study is resumed at the next call.
    """
    left = f"Trials that ended are kept. To go on: minnow tune {usecase} {family}"
    with described(lambda: left), open_job(space, settings, [family]) as job:
        study = _open(job, usecase, family)
        deadline = time.monotonic() + minutes * 60 if minutes else None
        try:
            job.display.expect(max(trials - study.ended, 0))
            while study.ended < trials and (deadline is None or time.monotonic() < deadline):
                _trial(study)
        finally:
            tuned = studies.tuned(study.optuna, study.case, study.search_space)
            _close(study, tuned)
            cleaning.trim(space, settings.cache.max_gb, job.display.say)
    return tuned


def _open(job: Job, usecase: str, family: str) -> _Study:
    """Read and prepare the rows as a run does, and open the study of these rows."""
    case = with_keys(job.case(usecase))
    reports = job.space.home / "reports" / usecase
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    with job.display.step(f"{usecase}: validate and prepare"):
        table, _ = read_checked(case, reports)
        prepared = intake.prepare_case(case, table)
        handed = train.hand_over(case, prepared, job.runner.call)
    search_space = search.space_of(case, family)
    name = studies.study_name(case, family, handed.rows, search_space)
    study = studies.open_study(sqlite_url(job.space.home / "tune.db"), name, case)
    studies.enqueue_present(study, case, family, search_space)
    return _Study(
        job, case, family, search_space, prepared, handed, study, _run(job, case, family, search_space, study)
    )


def _run(job: Job, case: Case, family: str, search_space: Space, study: Any) -> str:
    """Return the id of the study's MLflow run, which is created for a new study."""
    known = study.user_attrs.get(RUN)
    if known and tracking.exists(job.space, known):
        return known
    tags = {"minnow.usecase": case.name, "minnow.family": family, "minnow.study": study.study_name}
    record = Record(
        f"tune {case.name} {family}",
        tags=tags | {"minnow.data_version": case.data_version, "minnow.seed": str(case.settings.seed)},
        params={"space": {name: span.model_dump(exclude_none=True) for name, span in search_space.items()}},
    )
    run_id = tracking.begin(job.space, record)
    tracking.fill(job.space, run_id, record)
    study.set_user_attr(RUN, run_id)
    return run_id


def _trial(study: _Study) -> None:
    """Run one trial, and record its result in the study and in MLflow."""
    trial = study.optuna.ask()
    values = search.suggest(trial, study.search_space)
    result = _tried(study, trial, search.with_values(study.case, study.family, values))
    name, say = f"trial {trial.number + 1}", study.job.display.say
    if result.state == "pruned":
        study.optuna.tell(trial, state=studies.state("pruned"))
        say(f"  {study.case.name}: {name} of {study.family} was pruned")
    elif result.error is not None:
        trial.set_user_attr(studies.ERROR, result.error)
        study.optuna.tell(trial, state=studies.state("fail"))
        say(f"  {name} failed: {result.error}")
    else:
        trial.set_user_attr(studies.SIZE, result.size_bytes)
        study.optuna.tell(trial, next(iter(result.metrics.values())))
    _track(study, trial.number + 1, values, result)


def _tried(study: _Study, trial: Any, case: Case) -> _Result:
    """Train, compress and score the family of a case with the values of a trial."""
    history: Mapping[str, list[float]] = {}
    try:
        name, measure = f"{case.name}: trial {trial.number + 1} of {study.family}", case.measure.name
        with study.job.display.step(name, measure) as report:
            watch = search.watching(report, trial, study.optuna.direction.name.lower())
            trained = train.train(case, study.family, study.handed, watch)
            history = trained.history
            best = _best(study, case, trained)
            metrics = {name: score.value for name, score in best.scores.items()}
            report(1, 1, metrics)
    except StopFit:
        return _Result("pruned", history=history)
    except (WorkerError, ValueError) as error:
        return _Result("failed", history=history, error=str(error))
    return _Result("complete", metrics, history, best.bundle.size_bytes)


def _best(study: _Study, case: Case, trained: Trained) -> Evaluation:
    scratch = study.job.space.home / "making" / f"tune-{case.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    compressed = compress.variants(case, trained, study.handed)
    return search.best(case, candidates.evaluate_variants(compressed, study.prepared, scratch).evaluations)


def _track(study: _Study, number: int, values: Mapping[str, Any], result: _Result) -> None:
    """Log a trial to MLflow. number: from 1."""
    tags = {"minnow.trial": str(number), "minnow.state": result.state, "minnow.usecase": study.case.name}
    size = {} if result.size_bytes is None else {"size_bytes": float(result.size_bytes)}
    record = Record(
        f"trial {number}",
        tags=tags | ({} if result.error is None else {"minnow.error": result.error}),
        params=values,
        metrics={f"val/{measure}": value for measure, value in result.metrics.items()} | size,
        history=result.history,
        failed=result.state == "failed",
    )
    tracking.log(study.job.space, record, study.run_id)


def _close(study: _Study, tuned: Tuned) -> None:
    metrics: dict[str, float] = {f"trials {state}": count for state, count in tuned.counts.items()}
    if tuned.score is not None:
        metrics[f"val/{tuned.measure}"] = tuned.score
    tracking.fill(study.job.space, study.run_id, Record("", metrics=metrics))
    tracking.end(study.job.space, study.run_id, tuned.score is not None)
