"""The Pareto front of what a search made: the models that no other beats in everything, and the one to take within a budget.

Loss and bytes always count, latency and memory where the budget limits them: the clock makes every model best at something.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minnow.config import Budget
from minnow.records.report import score_as_json, score_from_json
from minnow.stages import choice
from minnow.stages.judge import Performance, Rules, unfit
from minnow.types import Score

ALWAYS, LIMITS = ("loss", "size_bytes"), ("size_bytes", "p95_us", "memory_bytes")
"""What always counts, and what a budget can limit: attributes of a point, less is better."""
FLOOR = "gate.floor"
FORMAT = 1
"""Of the JSON that is written."""


@dataclass(frozen=True)
class Point:
    """A variant that a trial made.

    trial: from 1; entry: of the use case's families, params: what stood under it in that trial; recipe: what made it, "" for
    the exported model, settings: its parameters. score: on val; loss: mean on val. sha: of its bundle; suffix: of its file.
    served: whether a target of the use case can serve it. refused: why its certificate refuses it, None where it stands.
    """

    trial: int
    entry: str
    params: Mapping[str, Any]
    variant: str
    recipe: str
    settings: Mapping[str, Any]
    score: Score
    loss: float
    size_bytes: int
    p95_us: float
    memory_bytes: int
    parameters: int
    sha: str
    suffix: str = ".onnx"
    served: bool = True
    refused: str | None = None

    @property
    def name(self) -> str:
        """Entry, variant and trial."""
        return f"{self.entry}/{self.variant} of trial {self.trial}"

    @property
    def performance(self) -> Performance:
        """What is compared of it: its mean loss, as one row."""
        loss = np.array([self.loss])
        return Performance(
            self.name, self.sha, self.size_bytes, loss, self.score, self.p95_us, memory_bytes=self.memory_bytes
        )

    def as_json(self) -> dict[str, Any]:
        """Return its JSON value."""
        return asdict(self) | {"score": score_as_json(self.score)}


@dataclass(frozen=True)
class Nearest:
    """The model that is nearest to a budget which none meets. limit: the one that it exceeds most; value: its figure there."""

    point: Point
    limit: str
    value: float
    allowed: float

    @property
    def over(self) -> float:
        """By how much it misses the limit."""
        return abs(self.value - self.allowed)


@dataclass(frozen=True)
class Found:
    """What a search found.

    measure: that decides, points: all, each file once; front: the points that no other dominates; refused: those that their
    certificates keep from it. chosen: within the budget, None where none is, and then nearest is the nearest to it. counts:
    state -> number of trials.
    """

    usecase: str
    measure: str
    budget: Budget
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    refused: tuple[Point, ...]
    chosen: Point | None
    nearest: Nearest | None
    counts: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return its JSON value."""
        near = None if self.nearest is None else asdict(self.nearest) | {"point": self.nearest.point.as_json()}
        lists = {name: [point.as_json() for point in getattr(self, name)] for name in ("points", "front", "refused")}
        return {
            "format": FORMAT,
            "usecase": self.usecase,
            "measure": self.measure,
            "budget": limits(self.budget),
            "counts": dict(self.counts),
            "chosen": None if self.chosen is None else self.chosen.as_json(),
            "nearest": near,
            **lists,
        }


def found(
    about: tuple[str, str],
    points: Sequence[Point],
    suffix: str | None,
    rules: Rules,
    budget: Budget,
    counts: Mapping[str, int],
) -> Found:
    """Find the front and choose. about: use case and measure; suffix: as in eligible. Raises ValueError without a point."""
    own, counted = distinct(points), axes(budget)
    able = eligible(own, suffix)
    if not able:
        wanted = f"a file of the kind {suffix}" if suffix else "a model that a target of the use case can serve"
        raise ValueError(f"A search must make {wanted}. Of {len(own)} that its trials made, none is one.")
    point = chosen(able, rules, budget)
    near = nearest(able, rules, budget) if point is None else None
    on, kept = tuple(front(own, counted)), tuple(refused(own, counted))
    return Found(*about, budget, tuple(own), on, kept, point, near, counts)


def read_point(value: Mapping[str, Any]) -> Point:
    """Read what Point.as_json returned."""
    return Point(**{**value, "score": score_from_json(value["score"])})


def distinct(points: Sequence[Point]) -> list[Point]:
    """Leave out further points of the same file, which trials that chose alike make."""
    found: dict[tuple[str, str], Point] = {}
    for point in points:
        found.setdefault((point.sha, point.variant), point)
    return list(found.values())


def axes(budget: Budget) -> tuple[str, ...]:
    """What counts on the front: loss and bytes, and what else a budget limits."""
    return (*ALWAYS, *(name for name in limits(budget) if name not in ALWAYS))


def limits(budget: Budget) -> dict[str, float]:
    """The limits of a budget by their names, without those that it does not set."""
    return {name: limit for name in LIMITS if (limit := getattr(budget, name)) is not None}


def dominates(point: Point, other: Point, counted: Sequence[str]) -> bool:
    """Whether a point is nowhere worse than another that runs on the same runtime, and somewhere better."""
    pairs = [(getattr(point, name), getattr(other, name)) for name in counted]
    same = point.suffix == other.suffix
    return same and all(own <= its for own, its in pairs) and any(own < its for own, its in pairs)


def front(points: Sequence[Point], counted: Sequence[str]) -> list[Point]:
    """The points that stand and that no other one that stands dominates, the smallest first."""
    standing = [point for point in points if point.refused is None and math.isfinite(point.loss)]
    return sorted(
        (point for point in standing if not any(dominates(other, point, counted) for other in standing)), key=_order
    )


def refused(points: Sequence[Point], counted: Sequence[str]) -> list[Point]:
    """The points that the certificate refuses and that would add to the front, the smallest first."""
    standing = front(points, counted)
    alike = lambda point, other: all(getattr(point, name) == getattr(other, name) for name in counted)  # noqa: E731
    beyond = (point for point in points if point.refused and math.isfinite(point.loss))
    beyond = (point for point in beyond if not any(dominates(other, point, counted) for other in standing))
    return sorted((point for point in beyond if not any(alike(point, other) for other in standing)), key=_order)


def _order(point: Point) -> tuple[Any, ...]:
    """Bytes first, then loss, latency and memory, so that what is chosen of equally small ones is on the front."""
    return point.size_bytes, point.loss, point.p95_us, point.memory_bytes, point.trial, point.variant


def eligible(points: Sequence[Point], suffix: str | None = None) -> list[Point]:
    """The points that may be chosen: not refused, and served by a target, or files of a suffix."""
    standing = [point for point in points if point.refused is None]
    return [point for point in standing if (point.served if suffix is None else point.suffix == suffix)]


def chosen(points: Sequence[Point], rules: Rules, budget: Budget) -> Point | None:
    """The smallest within a margin of the best, of those within all limits and the gate; None where there is none.

    points: that may be chosen.
    """
    able = {one.name: point for point in points if not choice.over_limit(one := point.performance, rules, budget)}
    if not able:
        return None
    near = choice.within_margin([point.performance for point in able.values()], rules.margin)
    return min((able[one.name] for one in near), key=_order)


def nearest(points: Sequence[Point], rules: Rules, budget: Budget) -> Nearest:
    """The point that exceeds a budget least, by the share of the limit that it exceeds most, where none is within it.

    Where points are within all limits, the floor of the gate is what none of them meets.
    """
    limited = limits(budget)
    within = [point for point in points if all(getattr(point, name) <= limit for name, limit in limited.items())]
    if within and rules.floor is not None:
        best = min(within, key=lambda point: (point.loss, _order(point)))
        return Nearest(best, FLOOR, best.score.value, rules.floor)
    share: Callable[[Point, str], float] = lambda point, name: getattr(point, name) / limited[name]  # noqa: E731
    sound = [point for point in points if unfit(point.performance, rules) is None] or list(points)
    least = min(sound, key=lambda point: (max(share(point, name) for name in limited), _order(point)))
    limit = max(limited, key=lambda name: share(least, name))
    return Nearest(least, limit, getattr(least, limit), limited[limit])
