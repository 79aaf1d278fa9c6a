"""Where jobs run."""

from __future__ import annotations

from typing import Any, Protocol

from minnow.types import Report, silent


class Runner(Protocol):
    """Where jobs run: a process on this machine, or nodes of a cluster."""

    @property
    def slots(self) -> int:
        """How many jobs run at once."""
        ...

    def call(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run "package.module:function" there and return its result."""
        ...
