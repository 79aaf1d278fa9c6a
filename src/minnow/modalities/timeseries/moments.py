"""Moments of rows: what a time stamp says, in the format of the training files or in ISO 8601, and the instant that it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from minnow.modalities.timeseries import clocks
from minnow.modalities.timeseries.clocks import DAY_US, SECOND
from minnow.tables import numbers, times
from minnow.tables.times import DIGITS, ISO, UNITS
from minnow.types import Array, ColumnFormat

YEARS = "%Y"
_FIRST = (1, 1, 1, 0, 0, 0)
"""Year, month, day, hour, minute and second that a moment begins with."""
_OF_DAY = ColumnFormat("numeric", unit=numbers.CLOCK)
NAIVE = -1
"""Offset of a time that names no zone; no zone is ahead of UTC by that."""


@dataclass(frozen=True)
class Clock:
    """How time stamps are written.

    time: one column, or those of a date and a time of day, or those of year, month, day, hour and so on. form: of the cells of
    the one column or of the date. zone: of times that name none, None takes them as UTC.
    """

    time: str | tuple[str, ...]
    form: ColumnFormat = field(default_factory=lambda: ColumnFormat("date"))
    zone: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the time stamp."""
        return (self.time,) if isinstance(self.time, str) else self.time

    @property
    def has_time_of_day(self) -> bool:
        """Whether the second of two columns holds the time of day, and the first one the date."""
        return len(self.names) == 2 and self.form.time is not None

    @property
    def is_number(self) -> bool:
        """Whether time stamps are numbers since 1970, or since a recording began."""
        return self.form.time in UNITS

    @property
    def unit(self) -> str:
        """Unit of numbers since 1970."""
        return self.form.time if self.form.time in UNITS else "s"


@dataclass(frozen=True)
class Moment:
    """The time stamp of a row.

    reading: microseconds since 1970, of the instant, or of the wall clock where the time names no zone. ahead_us: microseconds
    by which its zone is ahead of UTC, NAIVE where it names none.
    """

    reading: int
    ahead_us: int = NAIVE


def row_moment(row: Mapping[str, Any], clock: Clock) -> Moment:
    """Read the time stamp of a row of a request or of a file. Raises ValueError, or KeyError for a column that is missing."""
    values = [row[name] for name in clock.names]
    if clock.has_time_of_day:
        day = of_text(str(values[0]).strip(), clock)
        moment = Moment(day.reading + time_of_day(values[1]), day.ahead_us)
    elif len(values) > 1:
        moment = Moment(_whole(composed([as_number(value) for value in values])))
    elif isinstance(values[0], str):
        moment = of_text(values[0].strip(), clock)
    else:
        moment = _of_number(as_number(values[0]), clock)
    if not clocks.EARLIEST <= moment.reading < clocks.LATEST:
        raise ValueError(row)
    return moment


def of_text(text: str, clock: Clock) -> Moment:
    """Read a text in the format of the training files, else in ISO 8601, else as a number since 1970. Raises ValueError."""
    for form in dict.fromkeys((clock.form.time or ISO, ISO)):
        try:
            return Moment(times.microseconds(text, form), _ahead(text, form))
        except ValueError:
            continue
    return Moment(times.from_number(numbers.number(text, clock.form), clock.unit), 0)


def _ahead(text: str, form: str) -> int:
    """Microseconds by which the zone that a text names is ahead of UTC; 0 for numbers since 1970."""
    if form in UNITS:
        return 0
    if form != ISO and "%z" not in form:
        return NAIVE
    moment = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)
    ahead = moment.utcoffset()
    return NAIVE if ahead is None else ahead // clocks.MICROSECOND


def _of_number(number: float, clock: Clock) -> Moment:
    if clock.form.time in (DIGITS, YEARS):
        return Moment(times.microseconds(f"{number:.0f}", clock.form.time))
    return Moment(times.from_number(number, clock.unit), 0)


def time_of_day(value: Any) -> int:
    """Microseconds since midnight of a time such as 17:24:00.5 or 5:24 PM, or of a number of seconds. Raises ValueError."""
    seconds = numbers.number(value.strip(), _OF_DAY) if isinstance(value, str) else as_number(value)
    return _whole(seconds * SECOND)


def composed(parts: Sequence[float]) -> float:
    """Microseconds of one moment given by year, month, day and so on; NaN where the calendar has no such moment.

    Parts that are left out are the first month, the first day, and 0. Seconds may have a fraction.
    """
    if not 1 <= len(parts) <= len(_FIRST):
        return math.nan
    *whole, second = (*parts, *_FIRST[len(parts) :])
    try:
        year, month, day, hour, minute = (int(part) for part in whole)
        begins = clocks.instant(datetime(year, month, day, hour, minute, int(second)))
    except (ValueError, OverflowError):
        return math.nan
    return begins + round(second % 1 * SECOND)


def _whole(value: float) -> int:
    if not math.isfinite(value):
        raise ValueError(value)
    return round(value)


def as_number(value: Any) -> float:
    """Convert a number, or a text of one as cells of files hold it. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    return float(value)


def in_utc(reading: Array, local: Array, zone: str) -> tuple[Array, Array]:
    """Convert readings of a wall clock, (n,) int64, of rows of one series from the earliest to the latest.

    local: (n,) bool, whether a reading is of the zone's wall clock; others are instants. In the hour that comes twice, rows are
    of its second pass once the clock is not ahead of the row before. Returns the instants, (n,) int64, and whether the clock
    never has a reading, (n,) bool.
    """
    first, second = (np.where(local, shift, 0) for shift in clocks.shifts(reading, zone))
    late, days = np.zeros(len(reading), bool), reading // DAY_US
    twice = first > second
    for day in np.unique(days[twice]).tolist():
        rows = np.flatnonzero(twice & (days == day))
        late[rows] = np.concatenate([[False], np.cumsum(np.diff(reading[rows]) <= 0) > 0])
    return reading - np.where(late, second, first), first < second


def stamps_of(moments: Sequence[Moment], clock: Clock) -> Array:
    """Microseconds since 1970 of the rows of one request, (n,) int64, oldest first.

    Raises ValueError for a time that the clocks of the zone do not show.
    """
    reading = np.array([moment.reading for moment in moments], np.int64)
    local = np.array([moment.ahead_us == NAIVE for moment in moments])
    if clock.zone is None or not local.any():
        return reading
    stamps, skipped = in_utc(reading, local, clock.zone)
    if skipped.any():
        raise ValueError(f"a time that the clocks of {clock.zone} show")
    return stamps
