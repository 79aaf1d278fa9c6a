"""Pareto: a search over the families of a use case, their parameters and recipes, for the best models of each size.

Trials are stored in .minnow/tune.db, so that an interrupted search is resumed, and each is an MLflow run under that of the
search. The test set is not read. Prefect is not used here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from flows import cleaning, trials
from flows.faults import Faults
from flows.job import families_of, open_job
from flows.trials import Result, Rows
from minnow import exporters
from minnow.config import Budget, Settings, written
from minnow.insight import front_page
from minnow.runners.interruption import described
from minnow.runners.worker import WorkerError
from minnow.stages import candidates, certify, effort, finalists, timing, train
from minnow.stages.candidates import Candidate, Made
from minnow.stages.case import Case
from minnow.stages.train import Trained
from minnow.stores import tracking
from minnow.stores.tracking import Record
from minnow.tuning import front, pareto, recipes
from minnow.tuning import study as studies
from minnow.tuning.front import Found, Point
from minnow.tuning.pareto import Entry, Pick
from minnow.workspace import Workspace, sqlite_url

COMMAND = "pareto"


@dataclass(frozen=True)
class _Search:
    """An open search.

    entries: those that trials choose from; optuna: Optuna's study; run_id: its MLflow run; said: what could not be made, so
    that each is said once.
    """

    rows: Rows
    entries: Mapping[str, Entry]
    optuna: Any
    run_id: str
    said: set[str] = field(default_factory=set[str])


def search(
    space: Workspace,
    settings: Settings,
    usecase: str,
    count: int,
    minutes: float | None = None,
    budget: Budget | None = None,
    exporter: str | None = None,
) -> Found:
    """Run trials until `count` have ended, or `minutes` are over, and write page, JSON and artifacts.

    budget: in the place of that in params.yaml. exporter: choose among its files instead of the served ones. An interrupted
    search is resumed at the next call. Raises DataError, Busy, ConfigError, and ValueError where no trial was completed.
    """
    left = f"Trials that ended are kept. To go on: minnow {COMMAND} {usecase}"
    if budget is not None:
        entry = settings.entry(usecase).model_copy(update={"budget": budget})
        settings = settings.model_copy(update={"usecases": {**settings.usecases, usecase: entry}})
    settings.entry(usecase)
    with described(lambda: left), open_job(space, settings, families_of(settings, [usecase])) as job:
        deadline = time.monotonic() + minutes * 60 if minutes else None
        try:
            rows = trials.read(job, usecase)
            wider = effort.widened(rows.case, rows.prepared.batches["train"])
            opened = _open(replace(rows, case=wider))
            try:
                _run(opened, count, deadline)
            finally:
                tracking.end(space, opened.run_id, bool(pareto.points_of(opened.optuna)))
            return _written(opened, exporter)
        finally:
            cleaning.trim(space, settings.cache.max_gb, job.display.say)


def _open(rows: Rows) -> _Search:
    """Open the search on these rows; each entry is trained as it stands in params.yaml, to see what it can follow."""
    job, case = rows.job, rows.case
    spaces = pareto.spaces(case)
    name = pareto.study_name(case, rows.handed.rows, spaces)
    study = studies.open_study(sqlite_url(job.space.home / "tune.db"), name, case, pareto.DIRECTIONS)
    record = Record(f"{COMMAND} {case.name}", tags=trials.tags_of(case, study), params={"entries": list(spaces)})
    run_id = trials.run_of(job, study, record)
    job.display.expect(len(spaces))
    entries: dict[str, Entry] = {}
    for entry in spaces:
        suited = _suited(rows, entry, study)
        if suited is not None:
            entries[entry] = pareto.entry_of(case, entry, spaces[entry], suited)
    pareto.enqueue_present(study, case, list(entries.values()))
    return _Search(rows, entries, study, run_id)


def _suited(rows: Rows, entry: str, study: Any) -> list[str] | None:
    """The compressions that suit an entry, as its study has them or found by training it; None where that fails."""
    known = study.user_attrs.get(f"suited/{entry}")
    if known is not None:
        return known
    case = rows.case
    try:
        with rows.job.display.step(f"{case.name}: train {entry}", case.measure.name) as report:
            trained = train.train(case, entry, rows.handed, report)
            of = f"{recipes.__name__}:suited"
            found: list[str] = rows.handed.call(of, trained.folder, case.usecase.family_of(entry))
    except (WorkerError, ValueError) as error:
        rows.job.display.say(f"  {entry} failed: {error}")
        return None
    study.set_user_attr(f"suited/{entry}", found)
    return found


def _run(opened: _Search, count: int, deadline: float | None) -> None:
    """Run trials until so many have ended, or a deadline by time.monotonic."""
    if not opened.entries:
        return
    opened.rows.job.display.expect(max(count - studies.ended(opened.optuna), 0))
    while studies.ended(opened.optuna) < count and pareto.goes_on(opened.optuna, opened.entries):
        if deadline is not None and time.monotonic() >= deadline:
            return
        _trial(opened)


def _trial(opened: _Search) -> None:
    """Run one trial, and record its points in the study and in MLflow."""
    study, rows = opened.optuna, opened.rows
    trial = study.ask()
    picked, number = pareto.pick(trial, list(rows.case.usecase.families), opened.entries), trial.number + 1
    result, points = _tried(opened, picked, number)
    if result.error is not None:
        trial.set_user_attr(studies.ERROR, result.error)
        study.tell(trial, state=studies.state("fail"))
        rows.job.display.say(f"  trial {number} failed: {result.error}")
    else:
        trial.set_user_attr(pareto.POINTS, [point.as_json() for point in points])
        study.tell(trial, pareto.told(picked, points))
    values = {"entry": picked.entry, "recipes": list(picked.compression), **picked.values}
    trials.track(rows, opened.run_id, number, values, result)


def _tried(opened: _Search, picked: Pick, number: int) -> tuple[Result, list[Point]]:
    """Train, compress, score, time and certify what a trial tries."""
    rows = opened.rows
    if picked.entry not in opened.entries:
        return Result("failed", error=f"{picked.entry} could not be trained as it stands in the settings file"), []
    case = picked.case(rows.case)
    measure = case.measure.name
    history: Mapping[str, list[float]] = {}
    try:
        with rows.job.display.step(
            f"{case.name}: trial {number}, {picked.entry} {picked.told}".rstrip(), measure
        ) as report:
            trained = train.train(case, picked.entry, rows.handed, report)
            history = trained.history
            points = _points(opened, case, picked, number, trained)
            if not any(point.refused is None for point in points):
                raise ValueError(f"{picked.entry} has no variant that answers with finite numbers and can be timed.")
            best = min((point for point in points if not point.refused), key=lambda point: point.loss)
            report(1, 1, {f"val_{measure}": best.score.value})
    except (RuntimeError, ValueError) as error:
        return Result("failed", history=history, error=str(error)), []
    metrics = {
        f"{point.variant}/{name}": value
        for point in points
        for name, value in (
            (f"val/{measure}", point.score.value),
            *((axis, getattr(point, axis)) for axis in front.LIMITS),
        )
    }
    return Result("complete", metrics, history), points


def _points(opened: _Search, case: Case, picked: Pick, number: int, trained: Trained) -> list[Point]:
    """The variants of a trained entry as points. What could not be made or timed is said."""
    rows = opened.rows
    faults = Faults(rows.job, case.name)
    made = trials.made(rows, case, trained, trials.scratch(rows, COMMAND))
    lined_up = candidates.line_up([made], timing.measure_each)
    standing = certify.certify(case, lined_up, rows.prepared.tables["val"].columns, faults.seen)
    broken = {one.name: "not all of its answers on val are finite" for one in lined_up.candidates if not _sound(one)}
    for name, why in {**_named(made), **lined_up.refused, **broken}.items():
        if name not in opened.said:
            opened.said.add(name)
            rows.job.display.say(f"  {name} of trial {number} was not made: {why}")
    return [
        _point(case, picked, number, candidate, standing.refused.get(candidate.name))
        for candidate in lined_up.candidates
        if _sound(candidate)
    ]


def _sound(candidate: Candidate) -> bool:
    """Whether a candidate has a finite loss on val."""
    return bool(np.isfinite(candidate.val.loss).all())


def _named(made: Made) -> dict[str, str]:
    """Variants that could not be made or scored, with their reasons."""
    return {f"{made.trained.family}/{variant}": why for variant, why in made.refused.items()}


def _point(case: Case, picked: Pick, number: int, candidate: Candidate, refused: str | None) -> Point:
    """Return a candidate as a point."""
    val, bundle, variant = candidate.val, candidate.bundle, candidate.variant
    made_by = recipes.made_by(case.usecase.compression)
    # a further export of a link is named after it
    link = next((one for one in reversed(made_by) if f"{variant}-".startswith(f"{one}-")), "")
    key, settings = written(recipes.in_brackets(made_by[link])) if link else ("", {})
    return Point(
        trial=number,
        entry=picked.entry,
        params=case.usecase.families[picked.entry],
        variant=variant,
        recipe=key,
        settings=settings,
        score=val.primary,
        loss=float(np.mean(val.loss)),
        size_bytes=bundle.size_bytes,
        p95_us=candidate.timing.p95_us,
        memory_bytes=candidate.timing.peak_memory_bytes,
        parameters=bundle.schema.parameters,
        sha=bundle.sha,
        suffix=bundle.model_path.suffix,
        served=any(candidate.runs_on(target) for target in case.usecase.targets),
        refused=refused,
    )


def _written(opened: _Search, exporter: str | None) -> Found:
    """Choose, and write page and JSON to .minnow/pareto and to the MLflow run."""
    rows = opened.rows
    found = _found(opened, exporter)
    folder = rows.job.space.home / COMMAND
    files = front_page.write(found, folder)
    metrics = {f"trials {state}": float(count) for state, count in found.counts.items()}
    tracking.fill(rows.job.space, opened.run_id, Record("", metrics=metrics, files={COMMAND: files}))
    return found


def _found(opened: _Search, exporter: str | None) -> Found:
    """Find the front, and choose within the budget by the rules of a run. Raises ValueError where no trial was completed."""
    case, points = opened.rows.case, pareto.points_of(opened.optuna)
    counts = studies.counts(opened.optuna)
    if not points:
        raise ValueError(
            f"No trial of {case.name} was completed ({counts or 'none was started'}): see .minnow/worker.log."
        )
    suffix = exporters.get(exporter).SUFFIX if exporter else None
    least = min((point.loss for point in front.eligible(points, suffix)), default=0.0)
    rules = finalists.rules_of(case, np.array([least]))
    return front.found((case.name, case.measure.name), points, suffix, rules, case.usecase.budget, counts)
