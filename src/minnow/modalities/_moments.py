"""Rows of a series, from files and from requests: when each was taken, and what its sensors showed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from minnow.modalities._cells import ISO, number, seconds
from minnow.modalities._columns import raw
from minnow.modalities._files import FileError
from minnow.registry import unknown
from minnow.types import Array, Columns

SHOWN = 5
LARGEST = 1e30


def stamps(columns: Columns, row_id: Array, time: str | Sequence[str]) -> Array:
    """Seconds since 1970 of each row, (n,) int64. time: one column of dates or seconds, or columns of year, month, day...

    Raises FileError that names the rows without a time, and those whose time another row has too.
    """
    names = [time] if isinstance(time, str) else list(time)
    for name in names:
        if name not in columns:
            raise FileError(f"options.time: {unknown('column', name, columns)}")
        if columns[name].dtype == object:
            _refuse_words(columns[name], name, row_id)
    found = _composed([columns[name] for name in names]) if len(names) > 1 else _seconds(columns[names[0]])
    _refuse(row_id, np.flatnonzero(~np.isfinite(found)), f"'{', '.join(names)}' must say when each row was taken.")
    stamp = np.floor(found).astype(np.int64)
    order = np.argsort(stamp, kind="stable")
    twice = np.flatnonzero(np.diff(stamp[order]) == 0)
    both = np.stack([order[twice], order[twice + 1]], axis=1).ravel()
    _refuse(row_id, both, "Each moment must have one row: two of one series cannot be taken at once.")
    return stamp


def _refuse_words(cells: Array, name: str, row_id: Array) -> None:
    """Name the rows of a column of text whose cells are no moments."""
    odd = [place for place, cell in enumerate(cells.tolist()) if not _is_moment(cell)]
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
    """Seconds of moments given by year, month, day, hour and minute, (n,) float64, NaN where one of them is missing."""
    found = np.full(len(parts[0]), np.nan)
    whole = np.stack([raw(part) for part in parts], axis=1)
    for place in np.flatnonzero(np.isfinite(whole).all(axis=1)):
        found[place] = composed(whole[place].tolist())
    return found


def composed(parts: Sequence[float]) -> float:
    """Seconds of one moment given by year, month, day and what else there is. NaN where there is no such moment."""
    try:
        year, month, day, *rest = (int(part) for part in parts)
        return datetime(year, month, day, *rest, tzinfo=UTC).timestamp()
    except (ValueError, TypeError):
        return math.nan


def sensor(values: Array, name: str, row_id: Array) -> Array:
    """What a sensor showed, (n,) float64, NaN where nothing. values: numeric, boolean or text of numbers.

    Raises FileError that names rows.
    """
    if values.dtype.kind not in "OU":
        return raw(values)
    found = np.array([_as_number(cell) for cell in values.tolist()])
    odd = np.flatnonzero(np.isinf(found))
    _refuse(
        row_id,
        odd,
        f"Sensor '{name}' must show numbers or true and false; leave it out (options.drop, sensors) or code it.",
    )
    return found


def _as_number(cell: str) -> float:
    try:
        return number(cell) if cell else math.nan
    except ValueError:
        return math.inf


def moment(row: Mapping[str, Any], time: str | Sequence[str]) -> int:
    """Seconds since 1970 of a row of a request. Raises ValueError, or KeyError for a column that is not there."""
    if not isinstance(time, str):
        found = composed([_plain(row[name]) for name in time])
    elif isinstance(row[time], str):
        found = _date(row[time].strip())
    else:
        found = _plain(row[time])
    if not math.isfinite(found):
        raise ValueError(row)
    return math.floor(found)


def _date(text: str) -> float:
    try:
        return seconds(text, ISO)
    except ValueError:
        return float(text)


def _plain(value: Any) -> float:
    """A number, or text of one as a cell of a file has it. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    return float(value)


def shown(value: Any) -> float:
    """What a sensor showed in a row of a request, NaN for null or an empty cell. Raises ValueError."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool):
        return float(value)
    found = _plain(value)
    if not abs(found) <= LARGEST:
        raise ValueError(value)
    return found
