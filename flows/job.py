"""A job: what every step of a run shares: settings, workspace, worker, display."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from filelock import FileLock, Timeout

from minnow import worker
from minnow.config import Settings
from minnow.progress import Display
from minnow.stages import validate
from minnow.stages.case import Case
from minnow.stores import database
from minnow.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """One run of the pipeline."""

    space: Workspace
    settings: Settings
    worker: worker.Worker
    display: Display

    def case(self, usecase: str) -> Case:
        """Return one of its use cases."""
        return Case(usecase, self.settings, self.space)


CURRENT: ContextVar[Job] = ContextVar("job")
"""Set by open_job. A flow's parameters must be plain values, so the job does not travel among them."""


class Busy(RuntimeError):
    """Another run works in this workspace."""


@contextmanager
def alone(space: Workspace) -> Iterator[None]:
    """Hold the workspace for this process; entering again inside is free. Raises Busy."""
    path = space.home / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=0, is_singleton=True):
            yield
    except Timeout as error:
        raise Busy(f"Another run works here and holds {path}. Wait until it has ended.") from error


def warm_up() -> None:
    """Import what the first use case will need, while Prefect waits for its server."""
    for load in (database.warm_up, validate.warm_up):
        threading.Thread(target=load, daemon=True).start()


@contextmanager
def open_job(space: Workspace, settings: Settings) -> Iterator[Job]:
    """Start the worker, which imports TensorFlow while this process imports the rest, and the display."""
    limits = settings.worker
    log = space.home / "worker.log"
    with (
        alone(space),
        worker.Worker(settings.threads, log, limits.memory_gb, limits.job_minutes) as child,
        Display() as display,
    ):
        warm_up()
        job = Job(space, settings, child, display)
        token = CURRENT.set(job)
        try:
            yield job
        finally:
            CURRENT.reset(token)
