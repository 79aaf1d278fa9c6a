"""A Pareto front in words and figures: on the terminal, and for its page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from minnow.measures.scores import figure
from minnow.runners.progress import wide_console
from minnow.tuning.front import FLOOR, Found, Nearest, Point, axes, limits

HEADS = ("model", "trial", "score", "interval", "bytes", "p95 us", "memory kB", "weights", "")
"""Columns of a table of points."""
_RIGHT = ("trial", "score", "bytes", "p95 us", "memory kB", "weights")
_UNITS = {"size_bytes": "bytes", "p95_us": "us", "memory_bytes": "bytes of memory"}


def cells(found: Found, point: Point) -> tuple[str, ...]:
    """The figures of a point, in the order of HEADS."""
    score = point.score
    return (
        f"{point.entry}/{point.variant}",
        str(point.trial),
        figure(score.value, 4),
        f"{figure(score.low, 3)}-{figure(score.high, 3)}",
        f"{point.size_bytes:,}",
        f"{point.p95_us:,.1f}",
        f"{point.memory_bytes / 1000:,.0f}",
        f"{point.parameters:,}",
        "chosen" if point is found.chosen else f"refused: {point.refused}" if point.refused else "",
    )


def about(found: Found) -> str:
    """What the front is of."""
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items())
    names = {"loss": found.measure, "size_bytes": "bytes", "p95_us": "latency", "memory_bytes": "memory"}
    counted = " and ".join(names[name] for name in axes(found.budget))
    return (
        f"Trials {counts}; {len(found.points)} models, scored on val. On the front is what no other model beats in "
        f"{counted}. The best of many on val is too optimistic; the exam of the next run decides."
    )


def said(found: Found) -> str:
    """Say what was chosen, or which limit nothing meets."""
    limited = ", ".join(f"{name} {limit:,g}" for name, limit in limits(found.budget).items())
    within = f"within the budget ({limited})" if limited else "without a budget"
    point = found.chosen
    if point is None:
        return "" if found.nearest is None else _missed(found, found.nearest, within)
    score = f"{found.measure} {figure(point.score.value)} on val"
    return (
        f"Chosen {within}: {point.name}, {score}, {point.size_bytes:,} bytes, p95 {point.p95_us:,.1f} us. It is the smallest "
        "within one margin of the best."
    )


def _missed(found: Found, near: Nearest, within: str) -> str:
    """Say which limit binds, and what the nearest model misses it by."""
    if near.limit == FLOOR:
        return (
            f"No model {within} meets {FLOOR} {near.allowed:g}. The nearest is {near.point.name}: {found.measure} "
            f"{near.value:.6g}, {near.over:.3g} off."
        )
    unit = _UNITS[near.limit]
    return (
        f"No model of {len(found.points)} is {within}: budget.{near.limit} binds. The nearest is {near.point.name}: "
        f"{_exact(near.value)} {unit}, {_exact(near.over)} over {_exact(near.allowed)} ({near.over / near.allowed:.1%})."
    )


def _exact(value: float) -> str:
    """Write a number of bytes whole, and a time to a hundredth."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def show(found: Found) -> None:
    """Print the front, the refused that would be on it, and what was chosen."""
    console = wide_console()
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in HEADS:
        table.add_column(column, justify="right" if column in _RIGHT else "left", no_wrap=bool(column))
    for point in sorted((*found.front, *found.refused), key=lambda one: one.size_bytes):
        table.add_row(*_short(cells(found, point)))
    console.print(table)
    console.print(about(found), highlight=False)
    console.print(said(found), highlight=False, style=None if found.chosen else "red")


def _short(row: Sequence[str]) -> list[str]:
    """A row without the reason of a refusal, which the page has."""
    return [*row[:-1], row[-1].partition(":")[0]]
