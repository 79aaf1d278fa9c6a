"""Faults of parts of a run that must not cost the rest: each is said, and its traceback is kept. Prefect is not used here."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from flows.job import Job
from minnow.workspace import DISK_FULL, Workspace

Value = TypeVar("Value")


def write_trace(space: Workspace, name: str, error: BaseException) -> Path:
    """Write the traceback of an error to .minnow/errors/NAME.txt, unless the disk is full. Returns the file."""
    return _keep(space, name, "".join(traceback.format_exception(error)))


def _keep(space: Workspace, name: str, text: str) -> Path:
    path = space.home / "errors" / f"{name.replace('/', '-')}.txt"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return path


def advice(error: BaseException) -> str:
    """What to do about an error of the machine; empty for all others."""
    # copying a folder raises an OSError without a number, whose text holds those of its files
    full = isinstance(error, OSError) and (
        error.errno in DISK_FULL or any(os.strerror(number) in str(error) for number in DISK_FULL)
    )
    return " `minnow clean --dry-run` lists what can be removed to make room." if full else ""


@dataclass(frozen=True)
class Faults:
    """Takes the errors of parts of a use case's run."""

    job: Job
    usecase: str

    def seen(self, what: str, error: Exception) -> None:
        """Say that a part failed, and keep the traceback."""
        path = write_trace(self.job.space, f"{self.usecase}-{what}", error)
        self._say(what, f"{type(error).__name__}: {error}", path)

    def told(self, what: str, reason: str, trace: Path | None) -> None:
        """Say that a part failed on the runner, and keep the traceback that it wrote, where there is one."""
        path = None if trace is None else _keep(self.job.space, f"{self.usecase}-{what}", trace.read_text())
        self._say(what, reason, path)

    def _say(self, what: str, reason: str, trace: Path | None) -> None:
        where = "" if trace is None else f"\n  Trace: {trace}"
        self.job.display.say(f"  {self.usecase}: {what} failed: {reason}{where}")

    def attempt(self, what: str, work: Callable[[], Value], otherwise: Value) -> Value:
        """Do a part of the work that the decision does not depend on; where it raises, return `otherwise`.

        what: name of the part, such as "importances of linear". An OSError is raised, since a full disk is not its fault.
        """
        try:
            return work()
        except OSError:
            raise
        except Exception as error:
            self.seen(what, error)
            return otherwise
