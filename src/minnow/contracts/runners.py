"""Protocol of runners, and the error of a job that they ended."""

from __future__ import annotations

from typing import Any, Protocol

from minnow.types import Report, silent


class JobKilled(RuntimeError):
    """A job whose process died, or was ended because it took too much time or memory."""


class Runner(Protocol):
    """Runs jobs in a process on this machine or on the nodes of a cluster."""

    @property
    def slots(self) -> int:
        """Number of jobs that run at once."""
        ...

    def call(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run "package.module:function" as a job and return its result. report: called with its progress.

        Raises JobKilled where the job's process ended before it had a result, and OSError where the disk is full.
        """
        ...
