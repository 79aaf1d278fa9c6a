"""MLflow's client, its database made once under a lock."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from minnow.workspace import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient

LOCK_S = 120


class BrokenStore(RuntimeError):
    """A database that cannot be read; nothing is written to it."""


KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Opens the page of training runs, not that of traces."""


def local_database(uri: str) -> Path | None:
    """Return the file behind an SQLite address, None for a server."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


def is_passing(error: BaseException) -> bool:
    """Whether an error of a store may be gone in a moment: a busy database, a network, not a wrong argument."""
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        return error.error_code in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
    return isinstance(error, OSError)


def warm_up() -> None:
    """Import MLflow and what it opens a database with."""
    import mlflow.store.tracking.sqlalchemy_store
    import mlflow.tracking  # noqa: F401


@cache
def client(space: Workspace) -> MlflowClient:
    """Open the tracking store and registry of a workspace.

    Two processes that make one database at once break each other, so a new one is made under a lock.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from filelock import FileLock
    from mlflow import MlflowClient

    space.home.mkdir(parents=True, exist_ok=True)
    with FileLock(space.home / "mlflow.lock", timeout=LOCK_S):
        _refuse_broken(space)
        artifacts(space)
        opened = MlflowClient(space.tracking_uri)
        opened.search_experiments(max_results=1)
    return opened


def _refuse_broken(space: Workspace) -> None:
    """Check a local database before anything writes to it. Raises BrokenStore.

    MLflow would make a new one in the place of an emptied file, and with it forget who is champion. It is opened for
    writing, since what a killed run left half-written is rolled back by whoever reads next; nothing else is written.
    """
    path = local_database(space.tracking_uri)
    if path is None or not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=LOCK_S)) as opened:
            state = opened.execute("PRAGMA quick_check").fetchone()[0]
            tables = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        state, tables = str(error), 0
    if state != "ok" or not tables:
        raise BrokenStore(
            f"{path} keeps the runs and who is champion, and must be a sound database. Received: "
            f"{state if state != 'ok' else 'an empty one'}. Bring it back from a copy (`sqlite3 mlflow.db .recover` saves what "
            "can be read), or move it away to begin anew: what is served stays as it is."
        )


def experiment_id(space: Workspace) -> str:
    """Find or make the workspace's experiment, its files in the place that artifacts() says."""
    from filelock import FileLock

    opened = client(space)
    with FileLock(space.home / "mlflow.lock", timeout=LOCK_S):
        experiment = opened.get_experiment_by_name(space.experiment)
        if experiment is not None:
            return experiment.experiment_id
        return opened.create_experiment(space.experiment, artifact_location=artifacts(space), tags=KIND)


def artifacts(space: Workspace) -> str | None:
    """Say where files go: to MINNOW_ARTIFACTS, else to mlartifacts/ beside a local database; a tracking server decides itself.

    Raises BrokenStore for a database elsewhere without a place for its files: they would stay on this machine alone.
    """
    artifacts, local = os.environ.get("MINNOW_ARTIFACTS"), local_database(space.tracking_uri)
    if artifacts:
        return f"{artifacts.rstrip('/')}/{space.experiment}"
    if local is not None:
        return (local.resolve().parent / "mlartifacts").as_uri()
    if space.tracking_uri.startswith(("http://", "https://")):
        return None
    kind = space.tracking_uri.partition(":")[0]
    raise BrokenStore(
        f"MLFLOW_TRACKING_URI names a database ({kind}), so its files need a place that every machine reaches: "
        "export MINNOW_ARTIFACTS=s3://bucket/folder, or a folder on a shared file system. See docs/production.md."
    )
