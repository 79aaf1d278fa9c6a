"""MLflow's client, experiment and database. A local database is checked before it is opened."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from functools import cache
from typing import TYPE_CHECKING

from minnow.workspace import Workspace, sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

LOCK_S = 120


class BrokenStore(RuntimeError):
    """A database that cannot be read; nothing is written to it."""


KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Tags of an experiment: MLflow's pages show its training runs first, not traces."""


def is_passing(error: BaseException) -> bool:
    """Whether an error of a store is transient: a busy database or a lost connection, but not a wrong argument."""
    warm_up()
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        return error.error_code in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
    return isinstance(error, OSError)


_LOADING = threading.Lock()


def warm_up() -> None:
    """Import MLflow and what it opens a database with.

    In the background, or before MLflow is first used while that may be going on: two threads that import it at once make each
    other fail.
    """
    with _LOADING:
        import mlflow.store.tracking.sqlalchemy_store
        import mlflow.tracking  # noqa: F401


@cache
def client(space: Workspace) -> MlflowClient:
    """Open the tracking store and registry of a workspace.

    Two processes that create the same database at once make each other fail, so it is created under a lock. Whoever uses parts
    of MLflow imports them after this call.
    """
    warm_up()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from filelock import FileLock
    from mlflow import MlflowClient

    space.home.mkdir(parents=True, exist_ok=True)
    with FileLock(space.home / "mlflow.lock", timeout=LOCK_S):
        refuse_broken(space)
        artifacts(space)
        opened = MlflowClient(space.tracking_uri)
        opened.search_experiments(max_results=1)
    return opened


def create(space: Workspace) -> None:
    """Create a local database with its tables, which takes seconds; a tracking server has its own."""
    if sqlite_path(space.tracking_uri) is not None:
        client(space)


def refuse_broken(space: Workspace) -> None:
    """Check a local database before anything writes to it. Raises BrokenStore.

    MLflow would create new tables in an emptied file, and the champions would be lost. The file is opened for writing,
    because SQLite then rolls back what a killed run left half-written; nothing else is written.
    """
    path = sqlite_path(space.tracking_uri)
    if path is None or not path.exists():
        return
    try:
        address = f"{path.resolve().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=LOCK_S)) as opened:
            state = opened.execute("PRAGMA quick_check").fetchone()[0]
            tables = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        state, tables = str(error), 0
    if state != "ok" or not tables:
        raise BrokenStore(
            f"{path} holds the runs and the champions, and must be an intact database. Received: "
            f"{state if state != 'ok' else 'an empty one'}. Restore it from a backup (`sqlite3 mlflow.db .recover` saves "
            "what can be read), or move it away to start with a new one. What is served does not change."
        )


def may_hold(space: Workspace, name: str) -> bool:
    """Whether the registry may hold a registered model; False only where a local database says that it does not.

    MLflow is not imported. Raises BrokenStore.
    """
    path = sqlite_path(space.tracking_uri)
    if path is None or os.environ.get("MLFLOW_REGISTRY_URI"):
        return True
    refuse_broken(space)
    if not path.exists():
        return False
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=LOCK_S)
        ) as opened:
            return opened.execute("SELECT 1 FROM registered_models WHERE name = ?", [name]).fetchone() is not None
    except sqlite3.Error:  # a database of a version that keeps models elsewhere
        return True


def experiment_id(space: Workspace) -> str:
    """Return the id of the workspace's experiment; a new one keeps its files where artifacts() says."""
    from filelock import FileLock

    opened = client(space)
    with FileLock(space.home / "mlflow.lock", timeout=LOCK_S):
        experiment = opened.get_experiment_by_name(space.experiment)
        if experiment is not None:
            return experiment.experiment_id
        return opened.create_experiment(space.experiment, artifact_location=artifacts(space), tags=KIND)


def artifacts(space: Workspace) -> str | None:
    """Return where files of runs go: MINNOW_ARTIFACTS, else mlartifacts/ beside a local database; None with a tracking server.

    Raises BrokenStore for a database on a server without MINNOW_ARTIFACTS, since files would stay on this machine.
    """
    artifacts, local = os.environ.get("MINNOW_ARTIFACTS"), sqlite_path(space.tracking_uri)
    if artifacts:
        return f"{artifacts.rstrip('/')}/{space.experiment}"
    if local is not None:
        return (local.resolve().parent / "mlartifacts").as_uri()
    if space.tracking_uri.startswith(("http://", "https://")):
        return None
    kind = space.tracking_uri.partition(":")[0]
    raise BrokenStore(
        f"MLFLOW_TRACKING_URI names a database ({kind}), so its files need a place that every machine can reach: "
        "export MINNOW_ARTIFACTS=s3://bucket/folder, or a folder on a shared file system. See docs/production.md."
    )
