"""Trials: what `minnow tune` and `minnow pareto` share: the rows, how an entry is trained and scored, the MLflow runs.

Prefect is not used here.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.checks import read_checked
from flows.job import Job
from flows.registered import with_keys
from minnow.stages import candidates, compress, intake, teaching, train
from minnow.stages.candidates import Made
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.train import Handover, Trained
from minnow.stores import tracking
from minnow.stores.tracking import Record
from minnow.types import Report, silent

RUN = "mlflow_run"
"""Attribute of a study: id of its MLflow run."""


@dataclass(frozen=True)
class Rows:
    """The rows of a use case, read and prepared as a run does."""

    job: Job
    case: Case
    prepared: Prepared
    handed: Handover


@dataclass(frozen=True)
class Result:
    """The result of a trial. state: complete, pruned or failed; metrics: as they are logged; error: why it failed."""

    state: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, list[float]] = field(default_factory=dict)
    size_bytes: int | None = None
    error: str | None = None


def read(job: Job, usecase: str) -> Rows:
    """Read and prepare the rows as a run does. Raises DataError."""
    case = with_keys(job.case(usecase))
    reports = job.space.home / "reports" / usecase
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    with job.display.step(f"{usecase}: validate and prepare"):
        table, _ = read_checked(case, reports)
        prepared = intake.prepare_case(case, table)
        return Rows(job, case, prepared, train.hand_over(case, prepared, job.runner.call))


def scratch(rows: Rows, command: str) -> Path:
    """Return an empty folder for the bundles of one trial of a command."""
    folder = rows.job.space.home / "making" / f"{command}-{rows.case.name}"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def made(rows: Rows, case: Case, trained: Trained, folder: Path, report: Report = silent) -> Made:
    """Compress a trained entry and score its variants on val. case: with the values of the trial; folder: of the bundles."""
    teachers = teaching.trained(rows.case.changed(compression=case.usecase.compression), rows.handed)
    compressed = compress.variants(case, trained, rows.handed, teachers=teachers, report=report)
    return Made(trained, compressed, candidates.evaluate_variants(compressed, rows.prepared, folder))


def run_of(job: Job, study: Any, record: Record) -> str:
    """Return the id of a study's MLflow run, which is created from a record for a new study."""
    known = study.user_attrs.get(RUN)
    if known and tracking.exists(job.space, known):
        return known
    run_id = tracking.begin(job.space, record)
    tracking.fill(job.space, run_id, record)
    study.set_user_attr(RUN, run_id)
    return run_id


def tags_of(case: Case, study: Any) -> dict[str, str]:
    """The tags of a study's MLflow run."""
    tags = {"minnow.usecase": case.name, "minnow.study": study.study_name}
    return tags | {"minnow.data_version": case.data_version, "minnow.seed": str(case.settings.seed)}


def track(rows: Rows, run_id: str, number: int, values: Mapping[str, Any], result: Result) -> None:
    """Log a trial to MLflow, under the run of its study. number: from 1."""
    tags = {"minnow.trial": str(number), "minnow.state": result.state, "minnow.usecase": rows.case.name}
    size = {} if result.size_bytes is None else {"size_bytes": float(result.size_bytes)}
    record = Record(
        f"trial {number}",
        tags=tags | ({} if result.error is None else {"minnow.error": result.error}),
        params=values,
        metrics={**result.metrics, **size},
        history=result.history,
        failed=result.state == "failed",
    )
    tracking.log(rows.job.space, record, run_id)
