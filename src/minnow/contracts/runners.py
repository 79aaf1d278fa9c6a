"""Protocol of runners, and the error of a job that they ended."""

from __future__ import annotations

from typing import Any, Protocol

from minnow.types import Report, silent


class JobKilled(RuntimeError):
    """A job whose process died, or was ended because it took too much time or memory."""


class Runner(Protocol):
    """Runs jobs in a process on this machine or on the nodes of a cluster."""

    def slots(self, threads: int) -> int:
        """Number of jobs that run at once, each with so many threads."""
        ...

    def call(
        self, function: str, /, *arguments: Any, threads: int | None = None, report: Report = silent, **named: Any
    ) -> Any:
        """Run "package.module:function" as a job and return its result.

        threads: of every numeric library in the job's process, None for any number; report: called with its progress. Raises
        JobKilled where the job's process ended before it had a result, and OSError where the disk is full.
        """
        ...
