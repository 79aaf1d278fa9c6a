"""Where the time of a run went: the seconds of each step, by the clock and of CPU."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minnow.records.files import write_json

FILE = "profile.json"
BETWEEN = "between the steps"


@dataclass(frozen=True)
class Took:
    """What one step took.

    usecase: None for a step of the whole run; step: as it is printed, without the use case; start: seconds after the run's
    beginning; seconds: by the clock; cpu_s: seconds of CPU of the run and of all processes that it started, in this span.
    """

    usecase: str | None
    step: str
    start: float
    seconds: float
    cpu_s: float


@dataclass
class Profile:
    """The steps of a run, in the order in which they ended. Steps that run side by side each count the CPU of all."""

    steps: list[Took] = field(default_factory=list[Took])
    began: float = field(default_factory=lambda: time.monotonic())
    cpu_began: float = field(default_factory=lambda: cpu_seconds())

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Note what a step takes, also where it ends with an error. name: as printed, "USECASE: STEP" or "STEP"."""
        start, cpu = time.monotonic(), cpu_seconds()
        try:
            yield
        finally:
            usecase, _, step = name.rpartition(": ")
            seconds = time.monotonic() - start
            self.steps.append(Took(usecase or None, step, start - self.began, seconds, cpu_seconds() - cpu))

    def ended(self) -> Mapping[str, Any]:
        """Return what the file holds: the whole run, and each step with its share of the run's time."""
        seconds, cpu_s = time.monotonic() - self.began, cpu_seconds() - self.cpu_began
        between = seconds - _covered(self.steps)
        steps = [*self.steps, Took(None, BETWEEN, 0.0, between, max(0.0, cpu_s - sum(one.cpu_s for one in self.steps)))]
        return {
            "format": 1,
            "seconds": round(seconds, 3),
            "cpu_s": round(cpu_s, 3),
            "steps": [
                {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(one).items()}
                | {"share": round(one.seconds / seconds, 4) if seconds else 0.0}
                for one in steps
            ],
        }

    def write(self, path: Path) -> Mapping[str, Any]:
        """Write the file, and return what it holds."""
        value = self.ended()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, value)
        return value


def _covered(steps: Sequence[Took]) -> float:
    """Seconds in which at least one step ran."""
    covered, reached = 0.0, 0.0
    for one in sorted(steps, key=lambda step: step.start):
        end = one.start + one.seconds
        covered += max(0.0, end - max(one.start, reached))
        reached = max(reached, end)
    return covered


def cpu_seconds() -> float:
    """Seconds of CPU of this process, of its children, whether they have ended or not, and of theirs."""
    import psutil

    own = psutil.Process()
    total = sum(own.cpu_times()[:4])
    for child in own.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(child.cpu_times()[:4])
    return float(total)
