"""The worker: one long-lived child process that fits and exports models, with limits on memory and time.

The parent sends the name of a function and its arguments; the child sends progress, and a result or an error. A job that
exceeds a limit, or kills the process, fails; the next job gets a new process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from minnow import environment
from minnow.contracts import JobKilled
from minnow.types import Report, StopFit, silent
from minnow.workspace import DISK_FULL

POLL_S = 0.2
ORPHAN_S = 0.5
"""How often the child looks whether its parent is still there."""
START_S = 600
"""Longest time in which the process imports its libraries."""


class WorkerError(RuntimeError):
    """A job that failed: it raised an error, its process died, or it took too long or too much memory."""


class _DiskFull(Exception):
    """A job found no room on the disk, which is no fault of its own. Arguments: those of the OSError."""


class WorkerKilled(WorkerError, JobKilled):
    """A job whose process died, or that took too long or too much memory."""


class Worker:
    """The parent's end of the child process, for one job at a time.

    Use as a context manager; the process starts at once and imports libraries while the parent goes on.
    """

    def __init__(
        self,
        threads: int,
        log: Path,
        memory_gb: float = 8.0,
        job_minutes: float = 60.0,
        warm: Sequence[str] = (),
    ) -> None:
        """threads: of the child, until a job asks for others. log: file for its output. warm: modules that it imports first."""
        self._threads, self._log, self._warm = threads, log, warm
        self._memory_bytes, self._job_s = memory_gb * 2**30, job_minutes * 60
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Worker:
        """Start the process."""
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._stop()

    def call(
        self, function: str, /, *arguments: Any, threads: int | None = None, report: Report = silent, **named: Any
    ) -> Any:
        """Run "package.module:function" in the child and return its result, which must be picklable.

        threads: of every numeric library; a child with another number makes way for a new one. None takes the child as it is.
        report: called with the child's progress. Raises WorkerError, WorkerKilled where the process ended before the job,
        StopFit where report raised it, and OSError where the disk is full.
        """
        if threads not in (None, self._threads):
            self._threads = threads
            self._stop()
        if self._process is None or self._process.poll() is not None or self._keeps_much():
            self._start()
        assert self._pipe is not None
        try:
            self._pipe.send((function, arguments, named))
            return self._wait(function, report)
        except _DiskFull as error:
            raise OSError(*error.args) from error
        except (EOFError, OSError) as error:
            code = self._stop(is_dying=True)
            raise WorkerKilled(f"{function} killed its process ({_cause(code)}). See {self._log}.") from error
        except BaseException:
            if self._process is not None and not self._idle:
                self._stop()
            raise

    def _wait(self, function: str, report: Report) -> Any:
        """Pass progress on until the child sends a result or an error. Raises what call raises."""
        pipe = self._pipe
        assert pipe is not None
        self._idle = False
        deadline, next_check = time.monotonic() + (self._job_s if self._ready else START_S), 0.0
        stopped: StopFit | None = None
        while True:
            if time.monotonic() >= next_check:  # also while the job reports: progress is no reason to overlook a limit
                self._check_limits(function, deadline)
                next_check = time.monotonic() + POLL_S
            if not pipe.poll(POLL_S):
                continue
            kind, value = pipe.recv()
            if kind == "ready":  # the time of a job does not include that in which its process starts
                self._ready, deadline = True, time.monotonic() + self._job_s
                continue
            if kind == "progress":
                try:
                    report(*value)
                except StopFit as error:
                    pipe.send(None)
                    stopped, report = error, silent
                continue
            self._idle = True
            if stopped is not None:
                raise stopped
            if kind == "full":
                raise _DiskFull(*value)
            if kind == "error":
                raise WorkerError(value)
            return value

    def _keeps_much(self) -> bool:
        """Whether earlier jobs left the process more than half of the memory that one job may take."""
        return self._process is not None and _resident_bytes(self._process.pid) > self._memory_bytes / 2

    def _check_limits(self, function: str, deadline: float) -> None:
        process = self._process
        used = _resident_bytes(process.pid) if process else 0
        if used > self._memory_bytes:
            raise WorkerKilled(
                f"{function} took {used / 2**30:.1f} GB of memory. Allowed: {self._memory_bytes / 2**30:.1f} GB. "
                "Raise worker.memory_gb in params.yaml or make the model smaller."
            )
        if time.monotonic() > deadline:
            raise WorkerKilled(
                f"{function} took longer than {(self._job_s if self._ready else START_S) / 60:g} minutes. "
                "Raise worker.job_minutes in params.yaml or train for fewer epochs."
            )

    def _start(self) -> None:
        self._stop()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        ours, theirs = Pipe()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "minnow.runners.worker", str(theirs.fileno()), *self._warm],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_thread_settings(self._threads)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends this process
            )
        theirs.close()
        self._pipe, self._idle, self._ready = ours, True, False

    def _stop(self, *, is_dying: bool = False) -> int | None:
        """End the process. is_dying: it has closed its pipe, and its own exit code is wanted. Returns the exit code.

        Another thread may end the same process, as at the end of an interrupted run.
        """
        pipe, self._pipe = self._pipe, None
        process, self._process = self._process, None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        if is_dying and process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)  # a process that has just died is not dead for the system yet
        if process.poll() is None:
            process.kill()
        return process.wait()


def _cause(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _resident_bytes(pid: int) -> int:
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def _thread_settings(threads: int) -> Mapping[str, str]:
    """Environment variables that fix thread counts, which decide the last bits of a model, before any library starts."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    # a waiting OpenMP thread that spins takes the core from whoever it waits for: gboost took 43 s instead of 1 s
    passive = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    one = {**environment.LINEAR_ALGEBRA, "TF_NUM_INTEROP_THREADS": "1", "PYTHONHASHSEED": "0"}
    return {**dict.fromkeys(names, str(threads)), **passive, **one}


def resolve(function: str) -> Callable[..., Any]:
    """Import "package.module:function". Raises ImportError or KeyError where it is not there."""
    module, _, name = function.partition(":")
    return vars(importlib.import_module(module))[name]


def _serve(pipe: Connection, warm: Sequence[str]) -> None:
    """The child's loop: one job after the other until the parent closes the pipe."""
    for module in warm:
        importlib.import_module(module)
    _forget()
    pipe.send(("ready", None))
    while True:
        job = pipe.recv()
        if job is None:  # a request to stop a job that had already ended
            continue
        function, arguments, named = job

        def progress(*event: Any) -> None:
            pipe.send(("progress", event))
            if pipe.poll() and pipe.recv() is None:
                raise StopFit

        try:
            answer = ("result", resolve(function)(*arguments, report=progress, **named))
        except StopFit:
            answer = ("error", "ended by its caller")
        except Exception as error:
            traceback.print_exc()
            answer = ("error", f"{type(error).__name__}: {error}")
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                answer = ("full", (error.errno, error.strerror, error.filename))
        pipe.send(answer)
        _forget()


def _forget() -> None:
    """Free what Keras keeps of a job, so that nothing of it affects the next one.

    What is left is not looked at again: the search for garbage among half a million objects of libraries took 0.2 s per job.
    """
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.backend.clear_session(free_memory=True)
        gc.freeze()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, which a job that reports nothing would not notice."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_S)
    os._exit(1)


if __name__ == "__main__":
    environment.collect_rarely()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        _serve(Connection(int(sys.argv[1])), sys.argv[2:])
