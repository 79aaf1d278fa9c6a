"""Histories of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from minnow.contracts import Located
from minnow.modalities.timeseries import clocks, moments, windows
from minnow.modalities.timeseries.clocks import SECOND
from minnow.modalities.timeseries.encoder import SeriesEncoder, SeriesFacts
from minnow.modalities.timeseries.file_rows import FileRow
from minnow.modalities.timeseries.moments import Clock, Moment
from minnow.modalities.timeseries.options import SENSOR, SERIES, STAMP, ZONE
from minnow.modalities.timeseries.readings import row_value
from minnow.types import Array, Columns

REQUEST: dict[str, Any] = {
    "description": "The latest rows of the series, oldest first: each an object with the time stamp and a value (or null) for "
    "every sensor. The prediction is for the last row, or for the horizon after it.",
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "null"}]
        },
    },
}
EXAMPLE_START = datetime(2024, 1, 1, 12)
MOST_CHARACTERS = 200
"""Longest name of a series."""


class _History(NamedTuple):
    """The latest rows of a series. values: (length, s); stamp, ahead_us: of the last row; series: its name, "" for none."""

    values: Array
    stamp: int
    ahead_us: int
    series: str


def request(encoder: SeriesEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input of a request: the latest rows of a series."""
    return REQUEST


def example(encoder: SeriesEncoder, rows: Columns) -> list[dict[str, Any]]:
    """Return a valid window, for the documentation of the service: every sensor has its median of train."""
    facts = encoder.facts
    readings = dict(zip(facts.sensors, facts.fill, strict=True))
    start, step = clocks.instant(EXAMPLE_START), round(facts.step * SECOND)
    times = [clocks.moment(start + index * step) for index in range(facts.window)]
    return [_as_time(moment, facts.clock_format) | readings for moment in times]


def _as_time(moment: datetime, clock: Clock) -> dict[str, Any]:
    if clock.has_time_of_day:
        return dict(zip(clock.names, (moment.date().isoformat(), moment.time().isoformat()), strict=True))
    if isinstance(clock.time, str):
        return {clock.time: moment.isoformat()}
    return dict(zip(clock.names, moment.timetuple()[:6], strict=False))


def parse(inputs: Sequence[Any], encoder: SeriesEncoder) -> dict[str, Array]:
    """Check the inputs of one request: each a list of the latest rows of a series, oldest first, at least a window.

    Returns "sensor NAME" (n, length) float64 and "row stamp" (n,) int64, as examples does; "row zone" (n,) int64, microseconds
    by which the last row's zone is ahead of UTC, or NAIVE; and "row series" (n,) str where rows name their series. Raises
    ValueError with the input, the row and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one series, received none.")
    where = [rows.where if isinstance(rows, Located) else f"inputs[{index}]" for index, rows in enumerate(inputs)]
    histories = [_history(rows, place, encoder.facts) for rows, place in zip(inputs, where, strict=True)]
    values = np.stack([one.values for one in histories])
    columns = {SENSOR + name: values[:, :, index] for index, name in enumerate(encoder.facts.sensors)}
    columns |= {STAMP: np.array([one.stamp for one in histories], np.int64)}
    columns |= {ZONE: np.array([one.ahead_us for one in histories], np.int64)}
    series = np.array([one.series for one in histories])
    return columns | ({SERIES: series} if (series != "").any() else {})


def _history(rows: Any, where: str, facts: SeriesFacts) -> _History:
    """Read the rows of one input. Raises ValueError that begins with where."""
    if not isinstance(rows, list):
        raise ValueError(f"{where}: needed a list of rows, oldest first, received {type(rows).__name__} {rows!r:.40}.")
    if len(rows) < facts.window:
        raise ValueError(f"{where}: needed at least the latest {facts.window} rows, received {len(rows)}.")
    latest = list(enumerate(rows))[-facts.length :]
    first = latest[0][0]
    if all(isinstance(row, FileRow) for _, row in latest):
        times = [row.moment for _, row in latest]
        stamps, values = np.array([row.stamp for _, row in latest]), np.array([row.readings for _, row in latest])
    else:
        times = [_row_moment(row, where, index, facts.clock_format) for index, row in latest]
        stamps = _stamps(times, where, first, facts.clock_format)
        values = np.array([_row_values(row, where, index, facts) for index, row in latest])
    begin = _after_last_gap(stamps, where, first, facts.max_gap)
    series = _series([row for _, row in latest], where, facts.series)
    values = values[begin:]
    if len(values) < facts.window:
        raise ValueError(
            f"{where}: needed {facts.window} rows after the last gap of over {facts.max_gap:g} s, received {len(values)}."
        )
    before = np.repeat(values[:1], facts.length - len(values), axis=0)
    return _History(np.concatenate([before, values]), int(stamps[-1]), times[-1].ahead_us, series)


def _row_moment(row: Any, where: str, index: int, clock: Clock) -> Moment:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: needed an object as row {index}, received {type(row).__name__} {row!r:.40}.")
    try:
        return moments.row_moment(row, clock)
    except (ValueError, KeyError, OverflowError, TypeError) as error:
        values = {name: row.get(name) for name in clock.names}
        raise ValueError(
            f"{where}: needed a time stamp as '{', '.join(clock.names)}' in row {index}, received {values!r:.80}."
        ) from error


def _stamps(times: Sequence[Moment], where: str, first: int, clock: Clock) -> Array:
    try:
        return moments.stamps_of(times, clock)
    except ValueError as error:
        raise ValueError(f"{where}: needed {error} in the rows from row {first}, received another one.") from error


def _after_last_gap(stamps: Array, where: str, first: int, max_gap: float) -> int:
    """Index of the first row after the last gap. first: index of stamps[0]. Raises ValueError for rows not in order of time."""
    steps = np.diff(stamps)
    if (steps <= 0).any():
        index = int(np.flatnonzero(steps <= 0)[0]) + 1 + first
        raise ValueError(
            f"{where}: needed rows in order of time, received row {index}, which is not later than the one before."
        )
    gaps = np.flatnonzero(windows.is_gap(steps, max_gap))
    return int(gaps[-1]) + 1 if len(gaps) else 0


def _series(rows: Sequence[Mapping[str, Any]], where: str, name: str | None) -> str:
    """The series that the rows name, "" where they name none. Raises ValueError for rows of several series."""
    if name is None:
        return ""
    values = list(dict.fromkeys(repr(row[name]) for row in rows if row.get(name) is not None))
    if len(values) > 1:
        raise ValueError(
            f"{where}: needed rows of one series ('{name}'), received rows of {' and '.join(values[:2]):.80}."
        )
    named = next((row[name] for row in rows if row.get(name) is not None), "")
    if not isinstance(named, str | int | float) or len(str(named)) > MOST_CHARACTERS:
        raise ValueError(
            f"{where}: needed a text of at most {MOST_CHARACTERS} characters as '{name}', received {named!r:.40}."
        )
    return str(named)


def _row_values(row: Mapping[str, Any], where: str, index: int, facts: SeriesFacts) -> list[float]:
    values = []
    for name in facts.sensors:
        if name not in row:
            raise ValueError(f"{where}: needed '{name}' (or null) in row {index}, received none.")
        try:
            values.append(row_value(row[name], facts.format_of(name), facts.spellings))
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"{where}: needed a finite number, true, false or null as '{name}' in row {index}, received {row[name]!r:.40}."
            ) from error
    return values
