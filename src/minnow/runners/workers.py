"""Worker processes on this machine, which run jobs of one thread side by side, and a job of more threads alone.

A small fit keeps one core busy, whatever the number of threads. Several jobs that each have as many threads as there are cores
would wait for each other: boosting on two threads beside another job took a hundred times as long on two cores.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from queue import LifoQueue
from typing import Any

from minnow.runners.worker import Worker, WorkerKilled
from minnow.types import Report, silent


class Workers:
    """The parent's end of worker processes: a contracts.Runner with a slot for each.

    Use as a context manager. The first process starts at once, another when two jobs run at the same time.
    """

    def __init__(self, cores: int, log: Path, warm: Sequence[str] = (), **limits: Any) -> None:
        """cores: most processes, and never more than this machine has; log and limits: as for a Worker.

        warm: modules that the first process imports at once; the others import what their jobs need, which is little for trees.
        """
        most = min(cores, os.cpu_count() or 1)
        self._workers = [Worker(1, log, warm=modules, **limits) for modules in [warm, *[()] * (most - 1)]]
        self._free: LifoQueue[Worker] = LifoQueue()
        self._ended = False

    def slots(self, threads: int) -> int:
        """How many jobs run at once, each with so many threads."""
        return max(1, len(self._workers) // threads)

    def __enter__(self) -> Workers:
        """Start the first process."""
        for worker in reversed(self._workers):
            self._free.put(worker)
        self._workers[0].__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes."""
        self._ended = True
        for worker in self._workers:
            worker.__exit__(*error)

    def call(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run "package.module:function" in a free process, as Worker.call does; wait for one where none is free."""
        worker = self._free.get()
        try:
            if self._ended:  # a thread that goes on after an interruption starts no new process
                raise WorkerKilled(f"{function} was not started: the run has ended.")
            return worker.call(function, *arguments, report=report, **named)
        finally:
            self._free.put(worker)
