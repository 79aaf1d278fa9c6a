"""Time stamps and sensor values of rows, from files and from requests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from minnow.registry import unknown
from minnow.tables.cells import ISO, number, raw, seconds
from minnow.tables.expectations import LARGEST
from minnow.tables.files import FileError
from minnow.types import Array, Columns

SHOWN = 5


def time_stamps(columns: Columns, row_id: Array, time: str | Sequence[str]) -> Array:
    """Seconds since 1970 of each row, (n,) int64. time: one column of dates or seconds, or columns of year, month, day...

    Raises FileError with the rows without a time stamp, and with the rows that share a time stamp.
    """
    names = [time] if isinstance(time, str) else list(time)
    for name in names:
        if name not in columns:
            raise FileError(f"options.time: {unknown('column', name, columns)}")
        if columns[name].dtype == object:
            _refuse_text(columns[name], name, row_id)
    times = _composed([columns[name] for name in names]) if len(names) > 1 else _seconds(columns[names[0]])
    _refuse(row_id, np.flatnonzero(~np.isfinite(times)), f"'{', '.join(names)}' must hold a time stamp in each row.")
    stamp = np.floor(times).astype(np.int64)
    order = np.argsort(stamp, kind="stable")
    twice = np.flatnonzero(np.diff(stamp[order]) == 0)
    both = np.stack([order[twice], order[twice + 1]], axis=1).ravel()
    _refuse(row_id, both, "Each row must have a time stamp of its own.")
    return stamp


def _refuse_text(cells: Array, name: str, row_id: Array) -> None:
    """Raise FileError with the rows of a text column whose cells are not time stamps."""
    odd = [index for index, cell in enumerate(cells.tolist()) if not _is_moment(cell)]
    shown = repr(cells[odd[0] if odd else 0])[:40]
    needed = f"options.time: '{name}' must hold dates or numbers, all of one kind. Received: {shown}."
    _refuse(row_id, np.array(odd or [0], np.int64), needed)


def _is_moment(cell: str) -> bool:
    try:
        _date(cell)
    except ValueError:
        return False
    return True


def _refuse(row_id: Array, rows: Array, needed: str) -> None:
    if len(rows):
        more = "" if len(rows) <= SHOWN else ", ..."
        raise FileError(f"{needed} {len(rows):,} rows do not: {', '.join(row_id[rows[:SHOWN]].tolist())}{more}.")


def _seconds(values: Array) -> Array:
    if values.dtype.kind == "M":
        whole = values.astype("datetime64[s]").astype(np.int64).astype(np.float64)
        return np.where(np.isnat(values), np.nan, whole)
    return raw(values)


def _composed(parts: Sequence[Array]) -> Array:
    """Seconds since 1970 of rows given by year, month, day, hour and minute, (n,) float64; NaN where a part is missing."""
    times = np.full(len(parts[0]), np.nan)
    stacked = np.stack([raw(part) for part in parts], axis=1)
    for row in np.flatnonzero(np.isfinite(stacked).all(axis=1)):
        times[row] = _compose(stacked[row].tolist())
    return times


def _compose(parts: Sequence[float]) -> float:
    """Seconds since 1970 of one moment given by year, month, day and so on; NaN where the calendar has no such moment."""
    try:
        year, month, day, *rest = (int(part) for part in parts)
        return datetime(year, month, day, *rest, tzinfo=UTC).timestamp()
    except (ValueError, TypeError):
        return math.nan


def sensor_values(values: Array, name: str, row_id: Array) -> Array:
    """Values of a sensor, (n,) float64, NaN where missing. values: numeric, boolean or text of numbers.

    Raises FileError with the rows of other text.
    """
    if values.dtype.kind not in "OU":
        return raw(values)
    numbers = np.array([_as_number(cell) for cell in values.tolist()])
    needed = (
        f"Sensor '{name}' must hold numbers or booleans; leave it out (options.drop, options.sensors) or encode it."
    )
    _refuse(row_id, np.flatnonzero(np.isinf(numbers)), needed)
    return numbers


def _as_number(cell: str) -> float:
    try:
        return number(cell) if cell else math.nan
    except ValueError:
        return math.inf


def row_time(row: Mapping[str, Any], time: str | Sequence[str]) -> int:
    """Seconds since 1970 of a row of a request. Raises ValueError, or KeyError for a column that is missing."""
    if not isinstance(time, str):
        moment = _compose([_number(row[name]) for name in time])
    elif isinstance(row[time], str):
        moment = _date(row[time].strip())
    else:
        moment = _number(row[time])
    if not math.isfinite(moment):
        raise ValueError(row)
    return math.floor(moment)


def _date(text: str) -> float:
    try:
        return seconds(text, ISO)
    except ValueError:
        return float(text)


def _number(value: Any) -> float:
    """Convert a number, or a text of one as cells of files hold it. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    return float(value)


def row_value(value: Any) -> float:
    """Value of a sensor in a row of a request, NaN for null or an empty cell. Raises ValueError."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool):
        return float(value)
    reading = _number(value)
    if not abs(reading) <= LARGEST:
        raise ValueError(value)
    return reading
