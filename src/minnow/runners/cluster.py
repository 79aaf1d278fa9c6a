"""Runs jobs on other machines: a Dask scheduler sends them to its nodes, each of which has one worker process.

A node is a Dask worker with one thread, in a checkout of the same code on a file system that it shares with this machine. Jobs
pass paths, and nothing large goes over the scheduler. What is shared and what is not: docs/scale.md.
"""

from __future__ import annotations

import contextlib
import os
import platform
import queue
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from minnow.catalog import REGISTRIES
from minnow.lineage import code_version, lock_version, machine
from minnow.runners.worker import Worker, WorkerError
from minnow.types import Report, StopFit, silent
from minnow.workspace import DISK_FULL

CONNECT_S, NODES_S, POLL_S = 10, 30, 0.2
ROOMS = (
    "minnow.runners.worker",
    "minnow.stages.train",
    "minnow.stages.compress",
    "minnow.stages.blending",
    "minnow.stages.crossval",
)
START = "Start nodes with `dask worker SCHEDULER --nthreads 1 --nworkers 1` in a checkout of this commit; see docs/scale.md."


class ClusterError(RuntimeError):
    """A scheduler that does not answer, or a node that differs from this machine."""


@dataclass(frozen=True)
class _Task:
    """A job for a node. token: of the run; claim: the file that the node creates when it begins the job."""

    token: str
    root: Path
    limits: Mapping[str, Any]
    claim: Path
    function: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]


class Cluster:
    """The parent's end of a cluster: a contracts.Runner with a slot for each node.

    Use as a context manager; entering compares every node with this machine.
    """

    def __init__(self, scheduler: str, root: Path, home: Path, **limits: Any) -> None:
        """scheduler: as "tcp://10.0.0.1:8786". root, home: on the shared file system. limits: of the workers."""
        self._address, self._root, self._limits = scheduler, root, limits
        self._token = uuid.uuid4().hex
        self._folder = home / "cluster" / self._token
        self._nodes: list[str] = []
        self._client: Any = None

    def slots(self, threads: int) -> int:
        """How many jobs run at once, of any number of threads: each node has its own cores."""
        return len(self._nodes)

    def __enter__(self) -> Cluster:
        """Connect. Raises ClusterError."""
        from distributed import Client

        try:
            self._client = Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except OSError as error:
            raise ClusterError(
                f"runner.scheduler needs a Dask scheduler that answers. Received: {error}. Start one: `dask scheduler`, or "
                "take `runner` out of params.yaml to train on this machine."
            ) from error
        try:
            self._folder.mkdir(parents=True)
            (self._folder / "token").write_text(self._token)
            self._nodes = self._checked()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End this run's worker processes on the nodes, and disconnect."""
        with contextlib.suppress(Exception):  # where the scheduler is gone, there is nothing to end
            connected = [node for node in self._client.nthreads() if node in self._nodes]
            self._client.run(_release, self._token, workers=connected)
        self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _checked(self) -> list[str]:
        """List the nodes after comparing their files, code and libraries with this machine's. Raises ClusterError."""
        with contextlib.suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=NODES_S)
        states = self._client.run(_state, self._root, self._folder / "token", on_error="return")
        if not states:
            raise ClusterError(f"{self._address} needs at least one node. Received: none in {NODES_S} s. {START}")
        here = _state(self._root, self._folder / "token")
        for node, state in sorted(states.items()):
            _compare(node, state, here)
        return sorted(states)

    def call(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run "package.module:function" on a node, as Worker.call does. Raises WorkerError, and StopFit from report."""
        from distributed import CancelledError, KilledWorker
        from distributed.scheduler import NoValidWorkerError

        job = uuid.uuid4().hex
        task = _Task(self._token, self._root, self._limits, self._folder / job, function, arguments, named)
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._client.subscribe_topic(job, lambda event: events.put(event[1]))
        try:
            future = self._client.submit(
                _run_here, task, key=f"{function}-{job}", workers=self._nodes, allow_other_workers=False, pure=False
            )
            self._follow(future, events, task, report)
            return future.result()
        except (CancelledError, KilledWorker, NoValidWorkerError, OSError) as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            raise WorkerError(f"{function} lost its node: {error}. Run again.") from error
        finally:
            with contextlib.suppress(ValueError):
                self._client.unsubscribe_topic(job)

    def _follow(self, future: Any, events: queue.SimpleQueue[Any], task: _Task, report: Report) -> None:
        """Pass on the progress that the node reports, until the job has ended."""
        stopped: StopFit | None = None
        while not (future.done() and events.empty()):
            try:
                event = events.get(timeout=POLL_S)
            except queue.Empty:
                continue
            try:
                if stopped is None:
                    report(*event)
            except StopFit as error:
                stopped = error
                _stop_file(task.claim).touch()
        if stopped is not None:
            raise stopped


def _stop_file(claim: Path) -> Path:
    """The file whose presence makes a job stop."""
    return claim.with_suffix(".stop")


def _state(root: Path, token: Path, dask_worker: Any = None) -> dict[str, Any]:
    """Describe what a job finds here: files, code, libraries, machine. dask_worker: set by Dask on a node."""
    modules = [registry.module(name) for registry in REGISTRIES.values() for name in registry.names()]
    return {
        "files (a shared file system, at the same path)": token.read_text() if token.exists() else f"no {token}",
        "code": code_version([*ROOMS, *modules]),
        "uv.lock": lock_version(root),
        "machine": machine(),
        "number of Dask threads": dask_worker.state.nthreads if dask_worker else 1,
    }


def _compare(node: str, state: Any, here: Mapping[str, Any]) -> None:
    """Refuse a node whose state differs from this machine's. Raises ClusterError."""
    if isinstance(state, BaseException):
        raise ClusterError(f"Node {node} cannot run this project: {type(state).__name__}: {state}. {START}")
    for what, needed in here.items():
        if state[what] != needed:
            raise ClusterError(
                f"Node {node} must have the same {what} as this machine: {needed}. Received: {state[what]}. {START}"
            )


_WORKERS: dict[str, Worker] = {}
"""On a node: token of a run -> its worker process. Only the current run has one."""


def _worker_of(task: _Task) -> Worker:
    """Return the worker process of a run; those of earlier runs are ended."""
    if task.token not in _WORKERS:
        for token in list(_WORKERS):
            _release(token)
        log = task.claim.parents[1] / f"{platform.node()}-{os.getpid()}.log"
        _WORKERS[task.token] = Worker(1, log, **task.limits)
    return _WORKERS[task.token]


def _release(token: str) -> None:
    worker = _WORKERS.pop(token, None)
    if worker is not None:
        worker.__exit__()


def _run_here(task: _Task) -> Any:
    """Run a job on a node, at most once: where a node is lost, its job may still be running there, so it is not repeated."""
    from distributed import get_worker

    try:
        task.claim.touch(exist_ok=False)
    except FileExistsError:
        raise WorkerError(f"{task.function} lost its node while it ran. Run again.") from None
    node, topic = get_worker(), task.claim.name

    def report(*event: Any) -> None:
        node.log_event(topic, event)
        if _stop_file(task.claim).exists():
            raise StopFit

    return _worker_of(task).call(task.function, *task.arguments, report=report, **task.named)
