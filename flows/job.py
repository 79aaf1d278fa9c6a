"""A job: what the steps of a run share: workspace, settings, runner and display."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from minnow import families
from minnow.config import Settings
from minnow.contracts import Runner
from minnow.runners.cluster import Cluster
from minnow.runners.interruption import Interrupted
from minnow.runners.profile import Profile
from minnow.runners.progress import Display
from minnow.runners.workers import Workers
from minnow.stages import validate
from minnow.stages.case import Case
from minnow.stores import database
from minnow.workspace import Workspace

Item = TypeVar("Item")


@dataclass(frozen=True)
class Ran:
    """What a run has done so far.

    written: use cases whose outcome it wrote; stopped: use case -> why it wrote none; profile: what notes what its steps take,
    where that is asked for.
    """

    written: list[str] = field(default_factory=list[str])
    stopped: dict[str, str] = field(default_factory=dict[str, str])
    profile: Profile | None = None


@dataclass(frozen=True)
class Job:
    """One run of the pipeline.

    runner: where families are trained; display: progress on the terminal; ran: what is done; recorded: the use cases that are
    complete and recorded, in order.
    """

    space: Workspace
    settings: Settings
    runner: Runner
    display: Display
    recorded: list[str] = field(default_factory=list[str])
    ran: Ran = field(default_factory=Ran)
    _passed: dict[str, threading.Event] = field(default_factory=dict[str, threading.Event])
    _begun: dict[str, Future[None]] = field(default_factory=dict[str, "Future[None]"])
    _ended: threading.Event = field(default_factory=threading.Event)

    def case(self, usecase: str) -> Case:
        """Return a use case of this run."""
        return Case(usecase, self.settings, self.space)

    def each(self, work: Callable[[Item], None], items: Iterable[Item], threads: int) -> None:
        """Call work on each item, as many at once as the runner has slots for jobs of so many threads; with one, in order."""
        slots = self.runner.slots(threads)
        if slots == 1:
            for item in items:
                work(item)
            return
        pool = ThreadPoolExecutor(slots)
        try:  # the context tells Prefect the flow of each thread
            futures = [pool.submit(contextvars.copy_context().run, work, item) for item in items]
            wait(futures)
        except Interrupted:  # the threads' jobs are ended with the runner
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
        for future in futures:
            future.result()

    def overlap(self, work: Callable[[str], None], usecases: Iterable[str]) -> None:
        """Call work on each use case, in order; the next one begins where one has passed on, and all have ended at the end."""
        pool = ThreadPoolExecutor()
        try:
            for name in usecases:
                passed = self._passed[name] = threading.Event()
                begun = pool.submit(contextvars.copy_context().run, work, name)
                self._begun[name] = begun
                begun.add_done_callback(lambda _, passed=passed: passed.set())
                passed.wait()
            wait(self._begun.values())
        except Interrupted:
            self._ended.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
        for begun in self._begun.values():
            begun.result()

    def pass_on(self, usecase: str) -> None:
        """Let the next use case begin: this one needs the runner no more. Raises RuntimeError where the run has ended."""
        if self._ended.is_set():  # an interruption ends the main thread, and not the one of a use case
            raise RuntimeError(f"{usecase} was not written: the run has ended.")
        if usecase in self._passed:
            self._passed[usecase].set()

    def alone(self, usecase: str) -> None:
        """Wait until the use cases before this one have ended, so that nothing is written beside what is read or timed."""
        wait([begun for name, begun in self._begun.items() if name != usecase])

    @contextmanager
    def beside(self, step: str, work: Callable[[], Item]) -> Iterator[Callable[[], Item]]:
        """Do a step of this process while another waits for the runner. Yields a function that waits for its result.

        The work has ended at the end of this context, unless that is left by an error. What it raises, the function raises.
        """

        def shown() -> Item:
            with self.display.step(step, counted=False):
                return work()

        pool = ThreadPoolExecutor(1)
        future = pool.submit(contextvars.copy_context().run, shown)  # the context tells Prefect the flow
        try:
            yield future.result
            wait([future])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


CURRENT: ContextVar[Job] = ContextVar("job")
"""The open job, set by open_job. The parameters of a flow must be plain values, so a job cannot be one of them."""


class Busy(RuntimeError):
    """Another run holds the lock of this workspace."""


@contextmanager
def alone(space: Workspace) -> Iterator[None]:
    """Hold the lock of the workspace; the same process may enter again. Raises Busy."""
    path = space.home / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=0, is_singleton=True):
            yield
    except Timeout as error:
        raise Busy(f"Another run in this workspace holds {path}. Wait until it has ended.") from error


def warm_up() -> None:
    """Import in the background what the first use case needs, in the order in which it does: one import would slow another."""

    def load() -> None:
        for one in (validate.warm_up, database.warm_up):
            one()

    threading.Thread(target=load, daemon=True).start()


def families_of(settings: Settings, usecases: Iterable[str]) -> list[str]:
    """The families of use cases, each once; a use case whose entry has a fault has none. Not the names of their entries."""
    known = [settings.usecases[name] for name in usecases if name in settings.usecases]
    return list(dict.fromkeys(usecase.family_of(name) for usecase in known for name in usecase.families))


def libraries(names: Iterable[str]) -> tuple[str, ...]:
    """The libraries that families import, each once."""
    return tuple(dict.fromkeys(name for family in names for name in families.get(family).CAPABILITIES.libraries))


def _runner(space: Workspace, settings: Settings, names: Iterable[str]) -> Workers | Cluster:
    limits: dict[str, Any] = settings.worker.model_dump() | {"warm": libraries(names)}
    if settings.runner.scheduler is not None:
        return Cluster(settings.runner.scheduler, space.root, space.home, **limits)
    return Workers(settings.threads, space.home / "worker.log", **limits)


@contextmanager
def open_job(space: Workspace, settings: Settings, names: Iterable[str], ran: Ran | None = None) -> Iterator[Job]:
    """Lock the workspace, and start the runner and the display.

    names: of the families that are fitted; the first process imports their libraries in the meantime. ran: where the job writes
    down what it has done.
    """
    ran = ran or Ran()
    with alone(space), _runner(space, settings, names) as runner, Display(profile=ran.profile) as display:
        warm_up()
        job = Job(space, settings, runner, display, ran=ran)
        token = CURRENT.set(job)
        try:
            yield job
        finally:
            CURRENT.reset(token)
