"""Tuning: trials of the parameters of one family or of all of a use case, each trained, compressed and scored on val.

`minnow tune` does this, and a run of a use case whose effort is "thorough". Trials are stored in .minnow/tune.db, so that an
interrupted study is resumed, and each is an MLflow run under that of the study. Prefect is not used here.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows import cleaning
from flows.checks import read_checked
from flows.job import Job, families_of, open_job
from flows.registered import with_keys
from minnow import families
from minnow.config import ConfigError, Settings
from minnow.runners.interruption import described
from minnow.runners.progress import Display
from minnow.runners.worker import WorkerError
from minnow.stages import candidates, compress, intake, teaching, train
from minnow.stages.case import Case
from minnow.stages.evaluate import Evaluation
from minnow.stages.prepare import Prepared
from minnow.stages.train import Handover, Trained
from minnow.stores import tracking
from minnow.stores.tracking import Record
from minnow.tuning import halving, search
from minnow.tuning import study as studies
from minnow.tuning.search import Space
from minnow.tuning.study import Tuned
from minnow.types import StopFit
from minnow.workspace import Workspace, sqlite_url

RUN = "mlflow_run"


@dataclass(frozen=True)
class Rows:
    """The rows of a use case, read and prepared as a run does."""

    job: Job
    case: Case
    prepared: Prepared
    handed: Handover


@dataclass(frozen=True)
class _Study:
    """An open study. optuna: Optuna's study; run_id: the MLflow run of the study, parent of those of its trials."""

    rows: Rows
    family: str
    search_space: Space
    optuna: Any
    run_id: str

    @property
    def job(self) -> Job:
        """The open job."""
        return self.rows.job

    @property
    def case(self) -> Case:
        """The use case as params.yaml has it."""
        return self.rows.case

    @property
    def tuned(self) -> Tuned:
        """What was found so far."""
        return studies.tuned(self.optuna, self.case, self.search_space)


@dataclass(frozen=True)
class _Result:
    """The result of a trial. state: complete, pruned or failed; metrics: on val; error: why it failed."""

    state: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, list[float]] = field(default_factory=dict)
    size_bytes: int | None = None
    error: str | None = None


def tune(
    space: Workspace, settings: Settings, usecase: str, family: str | None, trials: int, minutes: float | None
) -> dict[str, Tuned]:
    """Run trials until `trials` have ended, or `minutes` are over. Returns family -> what was found, the best first.

    family: None searches all families of the use case that have a search space, which share the trials by successive halving.
    An interrupted search is resumed at the next call. Raises DataError, Busy, and ConfigError where nothing can be searched.
    """
    left = f"Trials that ended are kept. To go on: minnow tune {usecase}{f' {family}' if family else ''}"
    own = [settings.entry(usecase).family_of(family)] if family else families_of(settings, [usecase])
    with described(lambda: left), open_job(space, settings, own) as job:
        deadline = time.monotonic() + minutes * 60 if minutes else None
        try:
            return searched(_read(job, usecase), family, trials, deadline)
        finally:
            cleaning.trim(space, settings.cache.max_gb, job.display.say)


def searched(rows: Rows, family: str | None, trials: int, deadline: float | None = None) -> dict[str, Tuned]:
    """Search on rows in the open job, as `tune` does. deadline: by time.monotonic, after which no trial begins."""
    display = rows.job.display
    opened = {name: _open(rows, name) for name in _families(rows.case, family, display.say)}
    display.expect(max(trials - sum(studies.ended(study.optuna) for study in opened.values()), 0))
    try:
        _search(opened, trials, deadline, display)
    finally:
        tuned = {name: study.tuned for name, study in opened.items()}
        for name, study in opened.items():
            _close(study, tuned[name])
    return {name: tuned[name] for name in studies.ranked({name: study.optuna for name, study in opened.items()})}


def _search(opened: Mapping[str, _Study], trials: int, deadline: float | None, display: Display) -> None:
    """Run the rounds of a search, after each of which the better half of the families goes on."""
    left, rounds = list(opened), halving.rounds(len(opened), trials)
    for number, target in enumerate(rounds):
        for name in left:
            while studies.ended(opened[name].optuna) < target:
                if deadline is not None and time.monotonic() >= deadline:
                    return
                _trial(opened[name])
        if number < len(rounds) - 1:
            ranked = studies.ranked({name: opened[name].optuna for name in left}, first=target)
            left = ranked[: halving.kept(len(left))]
            trials_each = "1 trial" if target == 1 else f"{target} trials"
            display.say(f"  after {trials_each} of each family, the search goes on with {', '.join(left)}")


def can_search(case: Case) -> bool:
    """Whether a family of a use case has a search space."""
    return bool(_able(case))


def _able(case: Case) -> list[str]:
    """Entries under families that have a search space."""
    spaces = case.settings.tune.spaces.get(case.name, {})
    return [name for name in case.usecase.families if name in spaces or _space_of(case, name)]


def _families(case: Case, family: str | None, say: Callable[[str], None]) -> list[str]:
    """Families to search. Raises ConfigError where there is none."""
    if family is not None:
        return [family]
    able = _able(case)
    if not able:
        raise ConfigError(
            f"No family of '{case.name}' has a search space of its own. Set one: tune.spaces.{case.name}."
        )
    if others := [name for name in case.usecase.families if name not in able]:
        say(f"  Not searched, since they have no search space (tune.spaces.{case.name}): {', '.join(others)}")
    return able


def _space_of(case: Case, name: str) -> Mapping[str, Any]:
    return families.get(case.usecase.family_of(name)).CAPABILITIES.space


def _read(job: Job, usecase: str) -> Rows:
    """Read and prepare the rows as a run does."""
    case = with_keys(job.case(usecase))
    reports = job.space.home / "reports" / usecase
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    with job.display.step(f"{usecase}: validate and prepare"):
        table, _ = read_checked(case, reports)
        prepared = intake.prepare_case(case, table)
        return Rows(job, case, prepared, train.hand_over(case, prepared, job.runner.call))


def _open(rows: Rows, family: str) -> _Study:
    """Open the study of a family on these rows."""
    job, case = rows.job, rows.case
    search_space = search.space_of(case, family)
    name = studies.study_name(case, family, rows.handed.rows, search_space)
    study = studies.open_study(sqlite_url(job.space.home / "tune.db"), name, case)
    studies.enqueue_present(study, case, family, search_space)
    return _Study(rows, family, search_space, study, _run(job, case, family, search_space, study))


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
    values = studies.values_of(trial, study.search_space)
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
            trained = train.train(case, study.family, study.rows.handed, watch)
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
    teachers = teaching.trained(case, study.rows.handed)
    compressed = compress.variants(case, trained, study.rows.handed, teachers=teachers)
    return search.best(case, candidates.evaluate_variants(compressed, study.rows.prepared, scratch).evaluations)


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
