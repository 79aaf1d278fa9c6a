"""Tuning: trials of the parameters of one family or of all of a use case, each trained, compressed and scored on val.

`minnow tune` does this, and a run of a use case whose effort is "thorough". Trials are stored in .minnow/tune.db, so that an
interrupted study is resumed, and each is an MLflow run under that of the study. Prefect is not used here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flows import cleaning
from flows import trials as shared
from flows.job import Job, families_of, open_job
from flows.trials import Result, Rows
from minnow import families
from minnow.config import ConfigError, Settings
from minnow.runners.interruption import described
from minnow.runners.progress import Display
from minnow.runners.worker import WorkerError
from minnow.stages import train
from minnow.stages.case import Case
from minnow.stages.evaluate import Evaluation
from minnow.stages.train import Trained
from minnow.stores import tracking
from minnow.stores.tracking import Record
from minnow.tuning import halving, search
from minnow.tuning import study as studies
from minnow.tuning.search import Space
from minnow.tuning.study import Tuned
from minnow.types import StopFit
from minnow.workspace import Workspace, sqlite_url


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
            return searched(shared.read(job, usecase), family, trials, deadline)
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
    record = Record(
        f"tune {case.name} {family}",
        tags=shared.tags_of(case, study) | {"minnow.family": family},
        params={"space": {name: span.model_dump(exclude_none=True) for name, span in search_space.items()}},
    )
    return shared.run_of(job, study, record)


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
    measured = {f"val/{measure}": value for measure, value in result.metrics.items()}
    shared.track(study.rows, study.run_id, trial.number + 1, values, replace(result, metrics=measured))


def _tried(study: _Study, trial: Any, case: Case) -> Result:
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
        return Result("pruned", history=history)
    except (WorkerError, ValueError) as error:
        return Result("failed", history=history, error=str(error))
    return Result("complete", metrics, history, best.bundle.size_bytes)


def _best(study: _Study, case: Case, trained: Trained) -> Evaluation:
    made = shared.made(study.rows, case, trained, shared.scratch(study.rows, "tune"))
    return search.best(case, made.evaluations)


def _close(study: _Study, tuned: Tuned) -> None:
    metrics: dict[str, float] = {f"trials {state}": count for state, count in tuned.counts.items()}
    if tuned.score is not None:
        metrics[f"val/{tuned.measure}"] = tuned.score
    tracking.fill(study.job.space, study.run_id, Record("", metrics=metrics))
    tracking.end(study.job.space, study.run_id, tuned.score is not None)
