"""Time stamps of rows, in microseconds since 1970, from files and from requests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from minnow.modalities.timeseries import clocks
from minnow.modalities.timeseries.clocks import DAY_US, SECOND
from minnow.modalities.timeseries.options import Options
from minnow.registry import unknown
from minnow.tables.cells import raw
from minnow.tables.files import FileError
from minnow.types import Array, Columns

NAIVE = -1
"""Offset of a time that names no zone; no zone is ahead of UTC by that."""
SHOWN = 5
_ZONE_EXAMPLE = "Europe/Berlin"


@dataclass(frozen=True)
class Clock:
    """How time stamps are written. time: one column, or those of year, month, day, hour and so on.

    unit: of numbers since 1970, None before it is known. zone: of local times that name none, None takes them as UTC.
    """

    time: str | tuple[str, ...]
    unit: str | None = None
    zone: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the time stamp."""
        return (self.time,) if isinstance(self.time, str) else self.time


def clock_of(options: Options) -> Clock:
    """How the time stamps of files are written, by the options."""
    time = options.time if isinstance(options.time, str) else tuple(options.time)
    return Clock(time, zone=options.time_zone)


@dataclass(frozen=True)
class Moment:
    """The time stamp of a row of a request.

    reading: microseconds since 1970, of the instant, or of the wall clock where the time names no zone. ahead_us: microseconds
    by which its zone is ahead of UTC, NAIVE where it names none.
    """

    reading: int
    ahead_us: int


def time_stamps(columns: Columns, row_id: Array, clock: Clock, series: Array | None) -> tuple[Array, str | None]:
    """Microseconds since 1970 of each row, (n,) int64, and the unit of the column where it holds numbers since 1970.

    columns: dates, numbers, or year, month, day... series: (n,) str, the series of each row, None where all are of one.
    Raises FileError with the rows without a time stamp, and with the rows of a series that share a time stamp.
    """
    for name in clock.names:
        if name not in columns:
            raise FileError(f"options.time: {unknown('column', name, columns)}")
        if columns[name].dtype == object:
            _refuse_text(columns[name], name, row_id)
    times, unit = _times(columns, clock)
    needed = f"'{', '.join(clock.names)}' must hold a time stamp in each row."
    readable = np.isfinite(times) & (times >= clocks.EARLIEST) & (times < clocks.LATEST)
    refuse(row_id, np.flatnonzero(~readable), needed)
    stamp = times.astype(np.int64)
    if clock.zone is not None and unit is None:
        stamp = _in_utc(stamp, clock, series, row_id)
    _refuse_repeated(stamp, clock, series, row_id)
    return stamp, unit


def _times(columns: Columns, clock: Clock) -> tuple[Array, str | None]:
    """Microseconds since 1970, (n,) float64, NaN where missing; and the unit of numbers."""
    values = [columns[name] for name in clock.names]
    if len(values) > 1:
        return _composed(values), None
    if values[0].dtype.kind == "M":
        whole = values[0].astype("datetime64[us]").astype(np.int64).astype(np.float64)
        return np.where(np.isnat(values[0]), np.nan, whole), None
    numbers = raw(values[0])
    unit = clock.unit or clocks.unit_of(numbers)
    return clocks.from_numbers(numbers, unit), unit


def _refuse_text(cells: Array, name: str, row_id: Array) -> None:
    """Raise FileError with the rows of a text column whose cells are not time stamps."""
    odd = [index for index, cell in enumerate(cells.tolist()) if not _is_moment(cell)]
    shown = repr(cells[odd[0] if odd else 0])[:40]
    needed = f"options.time: '{name}' must hold dates or numbers, all of one kind. Received: {shown}."
    refuse(row_id, np.array(odd or [0], np.int64), needed)


def _is_moment(cell: str) -> bool:
    try:
        _from_text(cell, "s")
    except ValueError:
        return False
    return True


def refuse(row_id: Array, rows: Array, needed: str, advice: str = "") -> None:
    """Raise FileError with the first of these rows and their number, where there are any. rows: (m,) int."""
    if len(rows):
        more = "" if len(rows) <= SHOWN else ", ..."
        listed = ", ".join(row_id[rows[:SHOWN]].tolist())
        raise FileError(f"{needed} {len(rows):,} rows do not: {listed}{more}.{advice}")


def _refuse_repeated(stamp: Array, clock: Clock, series: Array | None, row_id: Array) -> None:
    """Raise FileError with the rows that share a time stamp with another row of their series."""
    names = np.zeros(len(stamp), np.int64) if series is None else np.unique(series, return_inverse=True)[1]
    order = np.lexsort((stamp, names))
    twice = np.flatnonzero((np.diff(stamp[order]) == 0) & (np.diff(names[order]) == 0))
    both = np.stack([order[twice], order[twice + 1]], axis=1).ravel()
    if series is None:
        needed = "Each row must have a time stamp of its own."
        advice = " If the file holds several series, set options.series to the column that names them."
    else:
        needed, advice = "Each row of a series must have a time stamp of its own.", ""
    if clock.zone is None and len(np.unique(both)) == 2 * len(twice) and clocks.is_set_back(stamp[both]):
        hour = str(clocks.moment(int(stamp[both].min()) // (3600 * SECOND) * 3600 * SECOND))
        advice = (
            f" They lie in the hour of {hour} in which clocks are set back. If these times are local ones, set "
            f"options.time_zone, such as {_ZONE_EXAMPLE}: rows of that hour are then told apart by their order."
        )
    refuse(row_id, both, needed, advice)


def _in_utc(reading: Array, clock: Clock, series: Array | None, row_id: Array) -> Array:
    """Convert readings of the wall clock to instants. Raises FileError with the rows of an hour that is left out."""
    assert clock.zone is not None
    first, second = clocks.shifts(reading, clock.zone)
    needed = f"'{', '.join(clock.names)}' must hold times that the clocks of {clock.zone} show (options.time_zone)."
    refuse(row_id, np.flatnonzero(first < second), needed)
    late = np.zeros(len(reading), bool)
    names = np.zeros(len(reading), np.int64) if series is None else np.unique(series, return_inverse=True)[1]
    for name in np.unique(names[first > second]).tolist():
        rows = np.flatnonzero(names == name)
        rows = (
            rows[::-1] if np.sign(np.diff(reading[rows])).sum() < 0 else rows
        )  # written from the latest to the earliest
        late[rows] = _second_pass(reading[rows], (first > second)[rows])
    return reading - np.where(late, second, first)


def _second_pass(reading: Array, twice: Array) -> Array:
    """Whether the clock has a reading for the second time, (n,) bool. reading: of rows of one series, oldest first.

    twice: (n,) bool, whether a reading comes twice. Rows of such an hour are of the second pass once the clock is not ahead of
    the row before.
    """
    late = np.zeros(len(reading), bool)
    days = reading // DAY_US
    for day in np.unique(days[twice]).tolist():
        rows = np.flatnonzero(twice & (days == day))
        late[rows] = np.concatenate([[False], np.cumsum(np.diff(reading[rows]) <= 0) > 0])
    return late


def _composed(parts: Sequence[Array]) -> Array:
    """Microseconds since 1970 of rows given by year, month, day, hour and minute, (n,) float64; NaN where a part is missing."""
    times = np.full(len(parts[0]), np.nan)
    stacked = np.stack([raw(part) for part in parts], axis=1)
    for row in np.flatnonzero(np.isfinite(stacked).all(axis=1)):
        times[row] = _compose(stacked[row].tolist())
    return times


def _compose(parts: Sequence[float]) -> float:
    """Microseconds of one moment given by year, month, day and so on; NaN where the calendar has no such moment.

    Seconds may have a fraction.
    """
    if not 3 <= len(parts) <= 6:
        return math.nan
    *whole, second = (*parts, 0, 0, 0)[:6]
    year, month, day, hour, minute = (int(part) for part in whole)
    try:
        begins = clocks.instant(datetime(year, month, day, hour, minute, int(second)))
    except (ValueError, OverflowError):
        return math.nan
    return begins + round(second % 1 * SECOND)


def row_moment(row: Mapping[str, Any], clock: Clock) -> Moment:
    """Read the time stamp of a row of a request. Raises ValueError, or KeyError for a column that is missing."""
    values = [row[name] for name in clock.names]
    if len(values) > 1:
        moment = Moment(_whole(_compose([as_number(value) for value in values])), NAIVE)
    elif isinstance(values[0], str):
        moment = _from_text(values[0].strip(), clock.unit or "s")
    else:
        moment = _from_number(as_number(values[0]), clock.unit or "s")
    if not clocks.EARLIEST <= moment.reading < clocks.LATEST:
        raise ValueError(row)
    return moment


def stamps_of(moments: Sequence[Moment], clock: Clock) -> Array:
    """Microseconds since 1970 of the rows of one request, (n,) int64, as time_stamps has them; oldest first.

    Raises ValueError for a time that the clocks of the zone do not show.
    """
    reading = np.array([moment.reading for moment in moments], np.int64)
    local = np.array([moment.ahead_us == NAIVE for moment in moments])
    if clock.zone is None or not local.any():
        return reading
    first, second = clocks.shifts(reading[local], clock.zone)
    if (first < second).any():
        raise ValueError(f"a time that the clocks of {clock.zone} show")
    late = _second_pass(reading[local], first > second)
    reading[local] -= np.where(late, second, first)
    return reading


def _from_text(text: str, unit: str) -> Moment:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return _from_number(float(text), unit)
    ahead = read.utcoffset()
    return Moment(clocks.instant(read), NAIVE if ahead is None else ahead // clocks.MICROSECOND)


def _from_number(number: float, unit: str) -> Moment:
    return Moment(_whole(float(clocks.from_numbers(np.array(number), unit))), 0)


def _whole(value: float) -> int:
    if not math.isfinite(value):
        raise ValueError(value)
    return int(value)


def as_number(value: Any) -> float:
    """Convert a number, or a text of one as cells of files hold it. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    return float(value)
