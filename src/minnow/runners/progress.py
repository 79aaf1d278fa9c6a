"""Progress of a run: live bars on a terminal; elsewhere a line for each step, and a line per minute during a long step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from minnow.measures.scores import figure
from minnow.runners.profile import Profile
from minnow.types import Report

EVERY = 60.0
"""Seconds between two lines about a running step, where there are no bars."""

LONG = 1.0
"""Seconds from which on a step that is mostly short leaves a line."""


class Lines(Console):
    """A console that breaks no line of text where there is no terminal, so that a log can be searched."""

    def print(self, *objects: Any, **more: Any) -> None:
        """Print texts, or a table, which keeps to the width of the console."""
        if not self.is_terminal and all(isinstance(one, str) for one in objects):
            more.setdefault("soft_wrap", True)
        super().print(*objects, **more)


def wide_console() -> Console:
    """Return a console as wide as its terminal; in a file or a pipe, tables have up to 140 characters.

    Text is printed as it is: names such as "pulse [/min]" are no markup, and ":smile:" is no picture.
    """
    console = Lines(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Lines(highlight=False, markup=False, emoji=False, width=140)


class Display:
    """A live progress display. Use as a context manager around a run."""

    def __init__(self, console: Console | None = None, profile: Profile | None = None) -> None:
        """console: where to draw, standard output by default; profile: what notes the time of each step."""
        self._profile = profile
        self.console = console or wide_console()
        self._live = self.console.is_terminal
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self._live,
        )
        self._overall: TaskID | None = None
        self._expected = 0

    def __enter__(self) -> Display:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        self._progress.stop()

    def expect(self, steps: int) -> None:
        """Add steps to those that the whole run has."""
        self._expected += steps
        if self._overall is None:
            self._overall = self._progress.add_task("all use cases", total=None, note="")
        self._progress.update(self._overall, total=self._expected)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self.console.print(text)

    @contextmanager
    def step(
        self, name: str, measure: str | None = None, *, final: bool = True, counted: bool = True
    ) -> Iterator[Report]:
        """Show one step while it runs. Yields the callback for its epochs. A step without error leaves a line.

        measure: shown of the metrics that are reported, in the place of the losses, whose units differ between families.
        final: whether the line that is left has the last metrics; those of a last epoch need not be those of the model.
        counted: whether it is one of the steps that a run expects; another leaves a line only where it takes long.
        """
        task = self._progress.add_task(name, total=None, note="")
        start = last = time.monotonic()
        note = ""

        def report(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
            nonlocal note, last
            note, now = _note(metrics, measure) or note, time.monotonic()
            self._progress.update(task, completed=epoch, total=epochs, note=note)
            if not self._live and now - last >= EVERY and epoch < epochs:
                last, left = now, (now - start) * (epochs - epoch) / epoch
                self.say(
                    f"  {name:<44} {now - start:6.0f} s  {epoch} of {epochs}, about {left:.0f} s left  {note}".rstrip()
                )

        try:
            with self._profile.timing(name) if self._profile else nullcontext():
                yield report
        finally:
            self._progress.remove_task(task)
            if self._overall is not None and counted:
                self._progress.advance(self._overall)
        seconds = time.monotonic() - start
        if counted or seconds >= LONG:
            self.say(f"  {name:<44} {seconds:6.1f} s  {note if final else ''}".rstrip())


def _note(metrics: Mapping[str, float], measure: str | None) -> str:
    """Say how far a step is: by the measure where it is reported, else by what the family minimizes."""
    if measure and f"val_{measure}" in metrics:
        return f"{measure} {figure(metrics[f'val_{measure}'])} on val"
    losses = [name for name in metrics if name.startswith("val_")] or list(metrics)
    shown = [f"{name.removeprefix('val_')} {figure(metrics[name])}" for name in losses[:2]]
    return f"{', '.join(shown)} on val (the family's own)" if shown else ""
