"""The steps of one use case as Prefect tasks, and the flow that puts them in order, up to a written decision."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows._prefect import (
    PLAIN,
    STORE,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
    flow,
    task,
)
from flows.job import CURRENT, Job
from flows.record import failure_of, record_of, summary
from minnow.bundle import open_bundle
from minnow.stages import compress, evaluate, folds, intake, outcome, prepare, timing, train
from minnow.stages.case import Case
from minnow.stages.outcome import Outcome
from minnow.stages.validate import DataError
from minnow.stages.verdict import Reign, Standing
from minnow.stores import champions, tracking
from minnow.types import Table
from minnow.worker import WorkerError


@task(name="check", **PLAIN)
def check(case: Case, reports: Path) -> tuple[Table, tuple[str, ...]]:
    """Read the raw rows and hold them against the modality's contract."""
    return intake.read_checked(case, reports)


@task(name="prepare", **PLAIN)
def split(case: Case, table: Table) -> prepare.Prepared:
    """Split and encode."""
    return intake.prepare_case(case, table)


@task(name="train", **PLAIN)
def fit(job: Job, case: Case, family: str, rows: str, handed: Path) -> train.Trained:
    """Train one family in the worker."""
    with job.display.step(f"{case.name}: train {family}") as report:
        trained = train.train(case, family, rows, handed, job.runner.call, report)
    if began := trained.facts.get("init_from"):
        layers = "; ".join(f"{what} {', '.join(names) or 'none'}" for what, names in began.items())
        job.display.say(f"  {case.name}: {family} began with the weights of '{case.usecase.starts[family]}': {layers}")
    return trained


@task(name="compress", **PLAIN)
def shrink(job: Job, case: Case, trained: train.Trained, handed: Path) -> compress.Shrunk:
    """Make its variants in the worker."""
    with job.display.step(f"{case.name}: compress {trained.family}") as report:
        return compress.variants(case, trained, handed, job.runner.call, report=report)


@task(name="evaluate", **PLAIN)
def score(case: Case, shrunk: compress.Shrunk, prepared: prepare.Prepared, scratch: Path) -> list[evaluate.Scored]:
    """Score every variant on val, read from its file."""
    return outcome.score_variants(case, shrunk, prepared, scratch)


@task(name="judge", **PLAIN)
def judge(case: Case, standings: list[Standing], prepared: prepare.Prepared, reigns: Mapping[str, Reign]) -> Outcome:
    """Choose the finalists and let them read the exam."""
    return outcome.judge_case(case, standings, prepared, reigns)


@task(name="cross-validate", **PLAIN)
def cross_validate(job: Job, case: Case, table: Table, found: Outcome) -> Mapping[str, Any]:
    """Cross-validate the finalist's family where the settings ask for folds; each one where each reads the exam."""
    finalist = found.finalist(case.usecase.targets[0])
    if case.usecase.folds is None or finalist is None:
        return {}
    told = {}
    for family in case.usecase.families if case.usecase.exam == "families" else [finalist.family]:
        with job.display.step(f"{case.name}: folds of {family}") as report:
            told[family] = folds.run(case, table, family, job.runner.call, report)
    return told


@task(name="champions", **STORE)
def reign(job: Job, case: Case, target: str, prepared: prepare.Prepared) -> Reign:
    """Ask the registry for champion, anchor and looks. A trial has none."""
    if job.space.is_trial:
        return Reign()
    held = {role: champions.current(job.space, case.name, target, role) for role in ("champion", "anchor")}
    bundles = {role: open_bundle(champions.fetch(job.space, c) / "bundle") for role, c in held.items() if c}
    ledger = champions.ledger(job.space, case.name, target, prepared.batches["test"].key)
    return Reign(bundles.get("champion"), bundles.get("anchor"), ledger.looks, ledger.rows)


@task(name="track", **STORE)
def track(job: Job, case: Case, found: Outcome, scratch: Path, reigns: Mapping[str, Reign]) -> None:
    """Write the MLflow runs, then note each look that was taken."""
    run_id = tracking.log(job.space, record_of(case, found, scratch, reigns))
    for decision in found.decisions:
        rows = reigns[decision["target"]].rows
        if decision["looked"] and rows is not None:
            champions.record_look(job.space, case.name, decision["target"], decision["looks"], rows, run_id)


@task(name="track failure", **STORE)
def track_failure(job: Job, case: Case, reports: Path, error: str) -> None:
    """Keep the validation report of a use case that its data stopped."""
    tracking.log(job.space, failure_of(case, reports, error))


@flow(name="usecase", flow_run_name="{name}", validate_parameters=False)
def usecase(name: str) -> str:
    """Run one use case up to its written decision. Returns "complete", "infeasible" or "failed"."""
    job = CURRENT.get()
    case = job.case(name)
    scratch, reports = _clean(job.space.home / "making" / name), _clean(job.space.home / "reports" / name)
    try:
        with job.display.step(f"{name}: validate"):
            table, hints = check(case, reports)
            for hint in hints:
                job.display.say(f"  {name}, a hint: {hint}")
        with job.display.step(f"{name}: prepare"):
            prepared = split(case, table)
    except DataError as error:
        track_failure(job, case, reports, str(error))
        job.display.say(f"  {name} is stopped by its data: {error}")
        return "failed"
    made, failures = _families(job, case, prepared, scratch)
    with job.display.step(f"{name}: judge"):
        reigns = {target: reign(job, case, target, prepared) for target in case.usecase.targets}
        judged = judge(case, outcome.standings(made, timing.measure), prepared, reigns)
    told = cross_validate(job, case, table, judged)
    with job.display.step(f"{name}: report"):
        found = outcome.complete(case, judged, made, failures, prepared, told)
        outcome.write(case, found, table, scratch, reports)
    with job.display.step(f"{name}: track"):
        track(job, case, found, scratch, reigns)
        _show(job, name, found)
    outcome.install(case, scratch)
    return found.status


def _clean(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _families(
    job: Job, case: Case, prepared: prepare.Prepared, scratch: Path
) -> tuple[list[outcome.Made], dict[str, str]]:
    """Train, compress and score each family; one that fails is noted and the others go on."""
    rows = train.rows_digest(prepared)
    handed = train.hand_over(case, prepared, rows)
    made: dict[str, outcome.Made] = {}
    failures: dict[str, str] = {}

    def one(family: str) -> None:
        try:
            trained = fit(job, case, family, rows, handed)
            shrunk = shrink(job, case, trained, handed)
            made[family] = outcome.Made(trained, shrunk, score(case, shrunk, prepared, scratch))
        except (WorkerError, ValueError) as error:
            failures[family] = str(error)
            job.display.say(f"  {case.name}: {family} failed: {error}")

    job.each(one, case.usecase.families)
    return [made[family] for family in case.usecase.families if family in made], failures


def _show(job: Job, name: str, found: Outcome) -> None:
    """Leave the table of results, and the way to MLflow, in Prefect."""
    key = f"{job.space.experiment}-{name}".replace("_", "-").lower()
    create_table_artifact(found.table(), key=f"{key}-results", description=f"Variants of {name}, scored on val")
    create_markdown_artifact(summary(found.decisions), key=f"{key}-decision", description=f"What was decided on {name}")
    create_link_artifact(tracking.page(job.space), link_text="The experiment in MLflow", key=f"{key}-mlflow")
