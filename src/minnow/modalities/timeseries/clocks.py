"""Instants, in microseconds since 1970, and the wall clocks of time zones.

A wall clock's reading is held as the instant at which a clock of UTC has that reading.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from minnow.types import Array

SECOND = 1_000_000
DAY_S, WEEK_S = 86_400, 604_800
DAY_US = DAY_S * SECOND
EARLIEST, LATEST = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND
"""Years 1 to 9999, which calendars of Python can show."""
MICROSECOND = timedelta(microseconds=1)
_QUARTER = 900 * SECOND
_ELAPSED = 100_000_000 * SECOND
_LEAST_MONTH_S = 28 * DAY_S
_EPOCH = datetime(1970, 1, 1)


def instant(moment: datetime) -> int:
    """Microseconds since 1970 of a moment; one without a zone is taken as UTC."""
    naive = moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta())
    return (naive - _EPOCH) // MICROSECOND


def moment(stamp: int) -> datetime:
    """Convert microseconds since 1970 to a moment in UTC, without a zone."""
    return _EPOCH + timedelta(microseconds=int(stamp))


def is_elapsed(stamp: int) -> bool:
    """Whether a number of seconds is too small for the time since 1970, and counts from the beginning of a recording."""
    return abs(stamp) < _ELAPSED


def wall(stamp: Array, zone: str | None) -> Array:
    """Readings of a zone's wall clock at instants, (n,) int64 each; the instants themselves where there is no zone."""
    if zone is None:
        return stamp
    clock = ZoneInfo(zone)
    quarters, index = np.unique(stamp // _QUARTER, return_inverse=True)
    shifts = [_shift(moment(quarter * _QUARTER).replace(tzinfo=UTC).astimezone(clock)) for quarter in quarters.tolist()]
    return stamp + np.array(shifts, np.int64)[index]


def shifts(reading: Array, zone: str) -> tuple[Array, Array]:
    """Microseconds by which a zone's wall clock is ahead of UTC when it has these readings, (n,) int64 each.

    Returns those of the first and of the second time that it has them. They are equal but where clocks are changed: the first
    is larger in the hour that comes twice, and smaller in the hour that is left out.
    """
    clock = ZoneInfo(zone)
    quarters, index = np.unique(reading // _QUARTER, return_inverse=True)
    moments = [moment(quarter * _QUARTER).replace(tzinfo=clock) for quarter in quarters.tolist()]
    first, second = ([_shift(one.replace(fold=fold)) for one in moments] for fold in (0, 1))
    return np.array(first, np.int64)[index], np.array(second, np.int64)[index]


def _shift(local: datetime) -> int:
    return (local.utcoffset() or timedelta()) // MICROSECOND


def later(stamp: int, step_us: int, months: int, zone: str | None) -> int:
    """Add a step to an instant: whole months where there are any, or else microseconds.

    Months and whole days are added on the wall clock of the zone, where a day may have 23 or 25 hours.
    """
    if zone is None or not (months or step_us % DAY_US == 0):
        return _added(stamp, step_us, months)
    reading = np.array([_added(int(wall(np.array([stamp]), zone)[0]), step_us, months)])
    first, _ = shifts(reading, zone)
    return int((reading - first)[0])


def _added(stamp: int, step_us: int, months: int) -> int:
    """Add microseconds, or months: from the last day of a month to the last day of another one."""
    if not months:
        return stamp + step_us
    day = np.datetime64(moment(stamp), "D")
    month = day.astype("datetime64[M]")
    last = _last_day(month + months)
    same = (month + months).astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    landed = last if day == _last_day(month) else min(same, last)
    return int((landed - day).astype(np.int64)) * DAY_US + stamp


def season_before(stamp: Array, season_s: float | None, step_s: float) -> Array:
    """Instants one season before others, (n,) int64 each. season_s: in seconds; None takes the one that suits the step.

    That is a day for steps below a day, a week for days, 52 weeks for weeks, and a year of the calendar for longer steps.
    """
    if season_s is None and step_s >= _LEAST_MONTH_S:
        days, months = (stamp.astype("datetime64[us]").astype(f"datetime64[{unit}]") for unit in "DM")
        earlier = (months - 12).astype("datetime64[D]") + (days - months.astype("datetime64[D]"))
        return stamp + (earlier - days).astype(np.int64) * DAY_US
    usual = DAY_S if step_s < DAY_S else WEEK_S if step_s < WEEK_S else 52 * WEEK_S
    return stamp - round((usual if season_s is None else season_s) * SECOND)


def months_of_step(stamp: Array, same: Array) -> int:
    """Usual step in whole months; 0 unless all instants are at one day of a month, or at its last, and at one time of day.

    stamp: (n,) int64, ascending within each series; same: (n - 1,) bool, whether two neighbours are of one series.
    """
    moments = stamp.astype("datetime64[us]")
    days, months = moments.astype("datetime64[D]"), moments.astype("datetime64[M]")
    at_one_day = len(np.unique(days - months.astype("datetime64[D]"))) == 1 or bool((days == _last_day(months)).all())
    steps = np.diff(months.astype(np.int64))[same]
    if not len(steps) or not at_one_day or len(np.unique(moments - days)) > 1:
        return 0
    usual = int(np.sort(steps)[len(steps) // 2])
    return usual if usual > 0 and bool((steps % usual == 0).all()) else 0


def _last_day(months: Array) -> Array:
    return (months + 1).astype("datetime64[D]") - 1


def is_set_back(reading: Array) -> bool:
    """Whether all readings of a wall clock, (n,) int64, lie in one hour of days on which clocks are set back.

    These are the last Sunday of October, and the first Sundays of November and April.
    """
    days = np.unique(reading // DAY_US)
    return bool(len(reading)) and all(
        _is_such_sunday(moment(day * DAY_US)) and _within_an_hour(reading[reading // DAY_US == day])
        for day in days.tolist()
    )


def _within_an_hour(reading: Array) -> bool:
    return len(np.unique(reading // (3600 * SECOND))) == 1


def _is_such_sunday(day: datetime) -> bool:
    return day.weekday() == 6 and ((day.month == 10 and day.day > 24) or (day.month in (4, 11) and day.day <= 7))
