"""The page of a Pareto front: score against bytes with every model that a search made, and the figures in tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from minnow.insight.fronts import HEADS, about, cells, said
from minnow.insight.pages import render
from minnow.records.files import write_json
from minnow.tuning.front import Found, Point

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 960, 480, 64, 44, 28
"""Of the plot, and its margins, in pixels."""
_STYLE = """<style>
svg { width: 100%; height: auto; margin-top: 1rem; font: 13px system-ui, sans-serif; }
svg text { fill: #3a4453; } .grid { stroke: #dde2ea; } .front { stroke: #1f6feb; fill: none; stroke-width: 1.5; }
.point { fill: #9aa4b2; } .point.on { fill: #1f6feb; } .point.refused { fill: none; stroke: #b3261e; stroke-width: 1.5; }
.bar { stroke: #9aa4b2; opacity: .6; } .chosen { fill: none; stroke: #1c7a3f; stroke-width: 2.5; }
.limit { stroke: #b3261e; stroke-dasharray: 5 4; } .mark:hover .point { stroke: #1d2430; stroke-width: 2; }
.mark .name { visibility: hidden; } .mark:hover .name, .mark .shown { visibility: visible; }
svg .name { paint-order: stroke; stroke: #fff; stroke-width: 4px; fill: #1d2430; font-weight: 600; }
tr.chosen-row td { background: #e9f6ee; } .wide { overflow-x: auto; } td:nth-child(n+3) { white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  svg text { fill: #c3cad4; } .grid { stroke: #323b48; } .point { fill: #6c7686; } .front { stroke: #6cb0ff; }
  .point.on { fill: #6cb0ff; } .point.refused { fill: none; stroke: #ff8a80; } .limit { stroke: #ff8a80; }
  .chosen { stroke: #63c88a; } svg .name { stroke: #14181f; fill: #e4e8ee; } tr.chosen-row td { background: #1b3226; }
  .mark:hover .point { stroke: #fff; }
}
</style>
"""


def write(found: Found, folder: Path) -> list[Path]:
    """Write USECASE.html and USECASE.json to a folder. Returns their paths."""
    path = folder / f"{found.usecase}.html"
    write_json(path.with_suffix(".json"), found.as_json())
    path.write_text(page(found), encoding="utf-8")
    return [path, path.with_suffix(".json")]


def page(found: Found) -> str:
    """Render the page: what is chosen, the plot, the front, and all other models."""
    title = f"{found.usecase}: what a model of each size reaches"
    shown = (*found.front, *found.refused)
    others = [point for point in found.points if point not in shown]
    summary = f"{len(others)} further models, each worse than one above"
    rest = f"<details><summary>{summary}</summary>\n{_table(found, others)}</details>\n"
    body = f"""{_STYLE}<p>{escape(said(found))}</p>
<p class="why">{escape(about(found))}</p>
{_plot(found)}<h2>The front</h2>
{_table(found, shown)}{rest if others else ""}"""
    return render(title, title, body)


def _table(found: Found, points: Sequence[Point]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADS)
    lines = "\n".join(_row(found, point) for point in points)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>\n'


def _row(found: Found, point: Point) -> str:
    kind = ' class="chosen-row"' if point is found.chosen else ' class="failed"' if point.refused else ""
    return f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells(found, point)) + "</tr>"


def _plot(found: Found) -> str:
    """The plot as SVG: bytes on a logarithmic axis, score with its interval, a name under the pointer."""
    across, up = _scales(found)
    others = [point for point in found.points if point not in found.front and point not in found.refused]
    marks = [_mark(found, point, across, up) for point in (*others, *found.refused, *found.front)]
    limit = found.budget.size_bytes
    line = _limit(across(limit), limit) if limit is not None and LEFT <= across(limit) <= WIDTH - EDGE else ""
    label = f"Score on val against bytes of {len(found.points)} models"
    return f"""<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">
{_axes(found, across, up)}{line}{_steps(found.front, across, up)}{"".join(marks)}</svg>
"""


Scale = Callable[[float], float]


def _scales(found: Found) -> tuple[Scale, Scale]:
    """Pixels of bytes and of scores."""
    sizes = [math.log10(point.size_bytes) for point in found.points]
    left, right = min(sizes) - 0.08, max(sizes) + 0.08
    low, high = _spread(found)
    across = lambda size: LEFT + (math.log10(size) - left) / (right - left) * (WIDTH - LEFT - EDGE)  # noqa: E731
    rows = HEIGHT - BOTTOM - EDGE
    up = lambda score: EDGE + rows * min(max((high - score) / (high - low), 0.0), 1.0)  # noqa: E731
    return across, up


def _spread(found: Found) -> tuple[float, float]:
    """Least and greatest score that the plot shows: those of the front, and half as much again. Others lie at its edge."""
    values = [point.score.value for point in (*found.front, *found.refused)]
    all_values = [point.score.value for point in found.points]
    low, high = min(values), max(values)
    span = high - low or max(all_values) - min(all_values) or 0.02 * max(abs(high), 1e-9)
    return max(low - span / 2, min(all_values) - span / 8), min(high + span / 2, max(all_values) + span / 8)


def _axes(found: Found, across: Scale, up: Scale) -> str:
    """Lines of the grid with their figures, and what they are."""
    low, high = _spread(found)
    sizes = [point.size_bytes for point in found.points]
    lines = []
    for score in _ticks(low, high):
        y = up(score)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - EDGE}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{score:.4g}</text>')
    for size in _decades(min(sizes), max(sizes)):
        x = across(size)
        if LEFT <= x <= WIDTH - EDGE:
            lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{EDGE}" y2="{HEIGHT - BOTTOM}"/>')
            lines.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_bytes(size)}</text>')
    lines.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">bytes of model and encoder</text>')
    lines.append(f'<text x="{LEFT + 8}" y="{EDGE + 4}">{escape(found.measure)} on val</text>')
    return "\n".join(lines) + "\n"


def _ticks(low: float, high: float) -> Iterable[float]:
    """Round numbers between two, about five."""
    power = 10 ** math.floor(math.log10((high - low) / 5))
    step = next(power * by for by in (1, 2, 5, 10) if (high - low) / (power * by) <= 6)
    first = math.ceil(low / step)
    return [round(number * step, 12) for number in range(first, math.floor(high / step) + 1)]


def _decades(least: int, most: int) -> list[float]:
    """Sizes for the axis: 1, 2 and 5 of each power of ten."""
    powers = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(most)) + 1)
    return [by * 10.0**power for power in powers for by in (1, 2, 5)]


def _bytes(size: float) -> str:
    return f"{size / 1e6:g} MB" if size >= 1e6 else f"{size / 1000:g} kB"


def _steps(points: Sequence[Point], across: Scale, up: Scale) -> str:
    """The line of the best score so far, from the smallest model to the largest."""
    best: list[Point] = []
    for point in points:
        if not best or point.loss < best[-1].loss:
            best.append(point)
    if not best:
        return ""
    path = f"M{across(best[0].size_bytes):.1f} {up(best[0].score.value):.1f}"
    path += "".join(f"H{across(point.size_bytes):.1f}V{up(point.score.value):.1f}" for point in best[1:])
    return f'<path class="front" d="{path}"/>\n'


def _limit(x: float, size: int) -> str:
    end = HEIGHT - BOTTOM
    text = f'<text x="{x + 5:.1f}" y="{end - 8}">budget {_bytes(size)}</text>'
    return f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{EDGE}" y2="{end}"/>{text}\n'


def _mark(found: Found, point: Point, across: Scale, up: Scale) -> str:
    """A point with its interval, its figures as a tooltip, and its name."""
    x, y = across(point.size_bytes), up(point.score.value)
    on, is_chosen = point in found.front, point is found.chosen
    kind = "refused" if point.refused else "on" if on else ""
    low, high = up(point.score.low), up(point.score.high)
    bar = f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>' if on else ""
    ring = f'<circle class="chosen" cx="{x:.1f}" cy="{y:.1f}" r="10"/>' if is_chosen else ""
    figures = escape(
        "\n".join(f"{name}: {cell}" for name, cell in zip(HEADS, cells(found, point), strict=True) if cell)
    )
    anchor, at = ("end", x - 12) if x > WIDTH / 2 else ("start", x + 12)
    shown = " shown" if is_chosen else ""
    name = f'<text class="name{shown}" x="{at:.1f}" y="{y - 9:.1f}" text-anchor="{anchor}">{escape(point.name)}</text>'
    size = 5 if on else 4
    dot = f'<circle class="point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"/>'
    if point.suffix != ".onnx":
        at_corner = f'x="{x - size:.1f}" y="{y - size:.1f}"'
        dot = f'<rect class="point {kind}" {at_corner} width="{2 * size}" height="{2 * size}"/>'
    return f'<g class="mark"><title>{figures}</title>{bar}{ring}{dot}{name}</g>\n'
