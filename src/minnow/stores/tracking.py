"""Tracking: one MLflow run per use case, and under it one per family and one per variant."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from minnow.lineage import key_of
from minnow.records.decision import Decision
from minnow.stores.database import client, experiment_id
from minnow.workspace import Workspace

PARAM_LIMIT = 6000
LOCAL_UI = "http://127.0.0.1:5000"
NAME = re.compile(r"[\w\-. :/]+")
NAME_LIMIT = 250
"""Characters of a name that MLflow takes."""
Value = TypeVar("Value")
USECASE, PROGRESS, KEY, PLACE = "minnow.usecase", "minnow.tracking", "minnow.outcome", "minnow.workspace"
"""Tags of a use case's run: its name; "partial" or "complete"; the key of what it records; where it was written."""
BATCH = 900
"""MLflow takes at most 1,000 entries in one call."""


@dataclass(frozen=True)
class Record:
    """The contents of one MLflow run.

    params, tags: flat; metrics: name -> value; history: name -> value per epoch; files: artifact folder -> paths of files
    or folders to keep there; children: runs under this one.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, list[float]] = field(default_factory=dict)
    files: Mapping[str, list[Path]] = field(default_factory=dict)
    children: tuple[Record, ...] = ()
    failed: bool = False


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn {"a": {"b": 1}} into {"a.b": 1}. A mapping with a key that MLflow does not accept as a name stays one value."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        path = f"{prefix}{name}"
        nested_further = isinstance(value, Mapping) and value and all(_is_name(key) for key in value)
        flat |= flatten(value, f"{path}.") if nested_further else {path: value}
    return flat


def _is_name(key: str) -> bool:
    """Whether MLflow accepts a key as part of a name as it stands."""
    return bool(NAME.fullmatch(key)) and _allowed(key) == key


def log(space: Workspace, record: Record, parent: str | None = None) -> str:
    """Write a run with everything under it. Returns the MLflow run's id."""
    run_id = begin(space, record, parent)
    well = False
    try:
        fill(space, run_id, record)
        well = not record.failed
    finally:
        end(space, run_id, well)
    return run_id


def log_once(space: Workspace, record: Record, key: str) -> str:
    """Write the run of a use case with everything under it, unless it is there. Returns the MLflow run's id.

    key: of what is recorded, without measured times; a complete run of this key is not written again. A run that an
    interrupted call left unfinished in this workspace, whose lock the caller holds, is deleted first.
    """
    for run in _find(space, record, {PROGRESS: "partial"}):
        _delete(space, run)
    if complete := _find(space, record, {PROGRESS: "complete", KEY: key}):
        return complete[0]
    marks = {PROGRESS: "partial", KEY: key, PLACE: _place(space)}
    run_id = log(space, replace(record, tags={**record.tags, **marks}))
    client(space).set_tag(run_id, PROGRESS, "complete")
    return run_id


def _find(space: Workspace, record: Record, tags: Mapping[str, str]) -> list[str]:
    """Ids of the runs of a record's use case that this workspace wrote with these tags, the newest first."""
    named = {USECASE: record.tags[USECASE], PLACE: _place(space), **tags}
    query = " and ".join(f"tags.`{name}` = '{value}'" for name, value in named.items())
    runs = client(space).search_runs([experiment_id(space)], query, order_by=["attributes.start_time DESC"])
    return [run.info.run_id for run in runs]


def _place(space: Workspace) -> str:
    """A hash of machine and folder: machines that share a tracking server must not delete each other's runs."""
    return key_of({"machine": platform.node(), "root": str(space.root)})


def _delete(space: Workspace, run_id: str) -> None:
    """Delete a run and those under it, as MLflow deletes: `mlflow gc` removes the files."""
    known = client(space)
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    for child in known.search_runs([experiment_id(space)], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'"):
        _delete(space, child.info.run_id)
    client(space).delete_run(run_id)


def begin(space: Workspace, record: Record, parent: str | None = None) -> str:
    """Create a run with a record's name and tags. Returns its id."""
    known = client(space)
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    tags = dict(record.tags) | ({MLFLOW_PARENT_RUN_ID: parent} if parent else {})
    return known.create_run(experiment_id(space), run_name=record.name, tags=tags).info.run_id


def fill(space: Workspace, run_id: str, record: Record) -> None:
    """Write everything else of a record into an open run."""
    _log_values(space, run_id, record)
    _log_files(space, run_id, record)
    for child in record.children:
        log(space, child, run_id)


def end(space: Workspace, run_id: str, well: bool) -> None:
    """End a run, as finished or failed."""
    from mlflow.entities import RunStatus

    client(space).set_terminated(run_id, RunStatus.to_string(RunStatus.FINISHED if well else RunStatus.FAILED))


def exists(space: Workspace, run_id: str) -> bool:
    """Whether the store knows a run."""
    known = client(space)
    from mlflow.exceptions import MlflowException

    try:
        return known.get_run(run_id).info.lifecycle_stage == "active"
    except MlflowException:
        return False


def _log_files(space: Workspace, run_id: str, record: Record) -> None:
    for folder, paths in record.files.items():
        for path in paths:
            keep = client(space).log_artifacts if path.is_dir() else client(space).log_artifact
            keep(run_id, str(path), folder or None)


def _log_values(space: Workspace, run_id: str, record: Record) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    params = [Param(name, str(value)[:PARAM_LIMIT]) for name, value in flatten(record.params).items()]
    points = [Metric(name, float(value), now, 0) for name, value in _named(record.metrics.items())]
    for name, values in _named((f"epoch/{name}", values) for name, values in record.history.items()):
        points += [Metric(name, float(value), now, step) for step, value in enumerate(values, 1)]
    client(space).log_batch(run_id, metrics=points[:BATCH], params=params[:100])
    for start in range(BATCH, len(points), BATCH):
        client(space).log_batch(run_id, metrics=points[start : start + BATCH])
    for start in range(100, len(params), 100):
        client(space).log_batch(run_id, params=params[start : start + 100])


def _allowed(name: str) -> str:
    """Write a name as MLflow accepts it: ndcg@10 becomes ndcg_at_10, and other special characters become "_".

    A slash makes a group of metrics on MLflow's page. Between slashes there must be something, and neither "." nor "..".
    """
    parts = re.sub(r"[^\w\-. :/]", "_", name.replace("@", "_at_")).split("/")
    return "/".join("_" if part in ("", ".", "..") else part for part in parts)[:NAME_LIMIT]


def _named(metrics: Iterable[tuple[str, Value]]) -> list[tuple[str, Value]]:
    """Give each metric a name of its own that MLflow accepts; where two would share one, the later gets a number."""
    named: dict[str, Value] = {}
    for name, value in metrics:
        allowed, number = _allowed(name), 2
        unique = allowed
        while unique in named:
            unique, number = f"{allowed[: NAME_LIMIT - 6]} {number}", number + 1
        named[unique] = value
    return list(named.items())


def page(space: Workspace) -> str:
    """Address of the experiment's page: on the tracking server, or where `mlflow ui` shows a database."""
    server = space.tracking_uri.rstrip("/") if space.tracking_uri.startswith("http") else LOCAL_UI
    return f"{server}/#/experiments/{experiment_id(space)}"


def find_finalist(space: Workspace, usecase: str, decision: Decision) -> str:
    """Return the id of the newest run that holds the finalist of a decision. Raises LookupError when no run does.

    A variant's run has the ids of the decisions in which it was the finalist as tags; for a decision of format 1 the run is
    found by the bundle's sha alone.
    """
    named = {"minnow.usecase": usecase, "minnow.sha": decision.sha}
    if decision.format > 1:
        named[decision_tag(decision.target)] = decision.id
    query = " and ".join(f"tags.`{name}` = '{value}'" for name, value in named.items())
    runs = client(space).search_runs(
        [experiment_id(space)], query, max_results=1, order_by=["attributes.start_time DESC"]
    )
    if not runs:
        raise LookupError(
            f"No run of '{usecase}' in {space.tracking_uri} holds the finalist of decision {decision.id}. Run "
            f"`minnow run {usecase} --force`."
        )
    return runs[0].info.run_id


def decision_tag(target: str) -> str:
    """Name of the tag in a variant's run that holds the id of the decision in which it was the finalist."""
    return f"minnow.decision.{target}"
