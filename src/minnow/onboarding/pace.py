"""The pace of rows: times at even steps, in a file or within each of its series, of rows that depend on earlier ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from minnow.insight.association import numbers
from minnow.modalities.timeseries.stamps import readings
from minnow.onboarding.columns import Columns, has_id_name, has_time_name
from minnow.tables.numbers import CLOCK
from minnow.types import Array, ColumnFormat

_EVEN, _JITTER = 0.8, 0.1
"""Least share of steps of time that are the usual one, give or take a tenth of it."""
_DEPENDENT = 0.3
"""Rank correlation of neighbouring rows from which on a column depends on the row before."""
_LEAST_ROWS, _REPEATED = 20, 0.005
_MOST_SERIES_SHARE = 0.1
_US, _DAY_S = 1_000_000, 86_400
_BEGAN = 30 * _DAY_S
"""Seconds since 1970 within which numbers count from the beginning of a recording."""
_PARTS = (
    (("year", "yr", "yyyy", "yy", "jahr", "annee", "année", "ano", "año", "anno", "jaar", "rok", "年"), 1600, 2200),
    (("month", "mnth", "mon", "mo", "mm", "monat", "mois", "mes", "mês", "mese", "maand", "月"), 1, 12),
    (("day", "dd", "dy", "mday", "dom", "day_of_month", "dayofmonth", "tag", "jour", "dia", "día", "giorno", "日"), 1, 31),
    (("hour", "hr", "hh", "stunde", "heure", "hora", "ora", "uur", "時", "时"), 0, 23),
    (("minute", "min", "mi", "mm", "mn", "minuto", "minuut", "分"), 0, 59),
    (("second", "sec", "ss", "sekunde", "seconde", "segundo", "secondo", "秒"), 0, 59.999_999),
)  # fmt: skip
"""Parts of a moment, the largest first: names of their columns, their least and their largest value."""
_FIRST = (1970, 1, 1, 0, 0, 0)
"""What a moment without its last parts begins with."""
_SIGNS = " _#.-"
_COUNTS = ("t", "step", "tick", "decimal_date", "decimal_year", "decimal date", "decimal year")
"""Names of columns of numbers that are times, beside those of columns.has_time_name."""
_CALENDAR_STEPS = (("month", 28, 31), ("quarter", 90, 92), ("year", 365, 366))
"""Steps of the calendar, with the least and the largest number of days of one."""
_SAME = 1e-6
"""Share by which steps of a counter may differ, as fractions do that are rounded in a file."""


class Pace(NamedTuple):
    """Rows at an even pace.

    times: the column of times, or one of dates and one of times of the day, or those of year, month, day and so on; series:
    column that names the series, None for one; step_s: seconds. stamps: microseconds since 1970, (n,) int64; group: number of
    the series, (n,) int64; both of each row, in the order of the file.
    """

    times: Sequence[str]
    series: str | None
    step_s: float
    stamps: Array
    group: Array

    @property
    def has_beginning(self) -> bool:
        """Whether times are numbers since the beginning of a recording, not moments of the calendar."""
        return len(self.times) == 1 and bool(
            self.stamps.max() - self.stamps.min() < _BEGAN * _US > abs(self.stamps.min())
        )

    @property
    def order(self) -> Array:
        """Rows in order of series and time, (n,) int64."""
        return np.lexsort((self.stamps, self.group))


def find_pace(columns: Columns) -> Pace | None:
    """Find the times of rows at an even pace that depend on earlier rows, and the column that names their series.

    Columns of dates come first. Of parts of a moment as many are taken as there are, but fewer where steps are evener without
    the last ones: a column `min` may hold the least value of an hour. Numbers that are named after a time come last.
    """
    if len(columns) < _LEAST_ROWS:
        return None
    of_dates = (_pace(columns, times, stamps) for times, stamps in _dates(columns))
    if found := next((pace for pace in of_dates if pace), None):
        return found
    of_parts = [_pace(columns, times, stamps) for times, stamps in _moments(columns)]
    if found := max((pace for pace in of_parts if pace), key=_usual_share, default=None):
        return found
    of_numbers = (_pace(columns, times, stamps) for times, stamps in _numbers(columns))
    return next((pace for pace in of_numbers if pace), None)


def _pace(columns: Columns, times: tuple[str, ...], stamps: Array) -> Pace | None:
    """The pace of rows with these times, with the first column of series that makes it even; None where it is not."""
    of_time = (name for name in columns.values if has_time_name(name))
    others = {*of_time, *_clock_columns(columns), *calendar_columns(columns)}
    texts = [None, *(name for name in columns.values if name not in others and _names_series(columns, name))]
    counts = [name for name in columns.values if name not in (*others, *texts) and _counts_series(columns.values[name])]
    taken_in_turns = 2 * len(np.unique(stamps)) <= len(stamps)
    for series in [*texts, *(counts if taken_in_turns else ())]:
        group = _group(columns, series)
        step = _even_step(stamps, group)
        if step and _depends(columns, pace := Pace(times, series, step / _US, stamps, group)):
            return pace
    return None


def _usual_share(pace: Pace) -> float:
    """Share of the steps of time that are exactly the usual one."""
    stamps, group = pace.stamps[pace.order], pace.group[pace.order]
    steps = np.diff(stamps)[np.diff(group) == 0]
    return float(np.mean(steps == np.median(steps)))


def any_pace(columns: Columns) -> Pace | None:
    """Find the times of rows at any pace, of one series."""
    for times, stamps in chain(_dates(columns), _moments(columns), _numbers(columns)):
        steps = np.diff(np.unique(stamps))
        step_s = float(np.median(steps)) / _US if len(steps) else 1.0
        return Pace(times, None, step_s, stamps, np.zeros(len(stamps), np.int64))
    return None


def _dates(columns: Columns) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Columns of dates, alone and with each column of times of the day: names, and microseconds since 1970, (n,) int64."""
    for name, values in columns.values.items():
        if values.dtype.kind == "M" and not np.isnat(values).any():
            days = values.astype("datetime64[us]").astype(np.int64)
            yield (name,), days
            yield from (((name, one), _at(days, columns.values[one])) for one in _clock_columns(columns))


def _moments(columns: Columns) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Columns of year, month, day and so on, as many of them as there are, and then fewer; as _dates.

    Those with a moment that the calendar lacks are left out.
    """
    parts = calendar_columns(columns)
    for count in range(len(parts), 0, -1):
        values = (columns.values[name] for name in parts[:count])
        year, month, day, *of_day = (*values, *(np.full(len(columns), first) for first in _FIRST[count:]))
        months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
        days = months.astype("datetime64[D]") + (day - 1).astype(np.int64)
        if (days.astype("datetime64[M]") == months).all():
            seconds = sum(part * size for part, size in zip(of_day, (3600, 60, 1), strict=True))
            yield (
                parts[:count],
                days.astype("datetime64[us]").astype(np.int64) + np.round(seconds * _US).astype(np.int64),
            )


def _numbers(columns: Columns) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Columns of numbers that are named after a time, as a run reads them: since 1970, or since a beginning; as _dates."""
    for name, values in columns.values.items():
        if values.dtype.kind == "f" and (has_time_name(name) or name.lower() in _COUNTS) and np.isfinite(values).all():
            reading, _ = readings({name: values}, (name,), ColumnFormat("numeric"))
            yield (name,), reading.astype(np.int64)


def _clock_columns(columns: Columns) -> list[str]:
    """Columns of times of the day."""
    return [name for name, column in columns.typed.items() if column.form and column.form.unit == CLOCK]


def calendar_columns(columns: Columns) -> tuple[str, ...]:
    """Columns that hold year, month, day, hour, minute and second of each row, by names and values; as far as there are any."""
    found: list[str] = []
    for names, least, most in _PARTS:
        whole = names is not _PARTS[-1][0]
        able = [name for name in columns.values if name not in found and name.lower().strip(_SIGNS) in names]
        held = [name for name in able if _within(columns.values[name], least, most, whole)]
        if not held:
            break
        found.append(held[0])
    return tuple(found)


def _within(values: Array, least: float, most: float, whole: bool) -> bool:
    """Whether each row has a number of a range, and none has a fraction where they must be whole."""
    if values.dtype.kind != "f" or not ((values >= least) & (values <= most)).all():
        return False
    return not (whole and (values % 1 != 0).any())


def _at(days: Array, of_day: Array) -> Array:
    """Days, in microseconds since 1970, at times of the day in seconds: (n,) int64. A missing time is midnight."""
    return days + np.round(np.nan_to_num(of_day) * _US).astype(np.int64)


def _group(columns: Columns, series: str | None) -> Array:
    """Number of the series of each row, (n,) int64."""
    return np.zeros(len(columns), np.int64) if series is None else numbers(columns.values[series]).astype(np.int64)


def _names_series(columns: Columns, name: str) -> bool:
    """Whether a column may name series: few different texts, or whole numbers with the name of an id, each with many rows."""
    values = columns.values[name]
    if values.dtype.kind == "f":
        return has_id_name(name) and _counts_series(values)
    return values.dtype == object and 2 <= len(set(values.tolist())) <= _MOST_SERIES_SHARE * len(values)


def _counts_series(values: Array) -> bool:
    """Whether values are few different whole numbers, each with many rows: names of series where each time has several rows."""
    if values.dtype.kind != "f" or not np.isfinite(values).all() or (values % 1 != 0).any():
        return False
    return 2 <= len(np.unique(values)) <= _MOST_SERIES_SHARE * len(values)


def _even_step(stamps: Array, group: Array) -> float | None:
    """The usual step in microseconds, None where steps within groups are not even, or times occur twice in one."""
    order = np.lexsort((stamps, group))
    steps = np.diff(stamps[order])[np.diff(group[order]) == 0]
    if len(steps) < _LEAST_ROWS // 2 or (steps == 0).mean() > _REPEATED:
        return None
    usual = float(np.median(steps))
    return usual if usual > 0 and np.mean(np.abs(steps - usual) <= _JITTER * usual) >= _EVEN else None


def _depends(columns: Columns, pace: Pace) -> bool:
    """Whether some column depends on the row before: events that merely happen at even times do not.

    Counters of rows and the parts of the calendar do so in every file, and show nothing. A single column of numbers besides
    the times can be predicted from its past alone.
    """
    order, others = pace.order, (*pace.times, pace.series, *calendar_columns(columns), *counters(columns, pace))
    same = np.diff(pace.group[order]) == 0
    able = {name: values for name, values in columns.values.items() if name not in others}
    if len(able) == 1 and all(values.dtype.kind == "f" for values in able.values()):
        return True
    return any(_dependence(numbers(values)[order], same) >= _DEPENDENT for values in able.values())


def _dependence(values: Array, same: Array) -> float:
    """Correlation of the ranks of neighbouring values (n,); 0 for a constant. same: (n - 1,), both are in one series."""
    from scipy.stats import rankdata

    pairs = np.stack([values[:-1], values[1:]])[:, same]
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    if pairs.shape[1] < _LEAST_ROWS // 2 or (pairs.std(axis=1) == 0).any():
        return 0.0
    return abs(float(np.corrcoef(rankdata(pairs[0]), rankdata(pairs[1]))[0, 1]))


def counters(columns: Columns, pace: Pace) -> list[str]:
    """Columns that count rows or time: in each series their numbers change by the same step, from row to row or by the time."""
    order = pace.order
    same = np.diff(pace.group[order]) == 0
    time = np.diff(pace.stamps[order])[same] / (pace.step_s * _US)
    return [
        name
        for name, values in columns.values.items()
        if name not in (*pace.times, pace.series) and values.dtype.kind == "f" and _counts(values[order], same, time)
    ]


def _counts(values: Array, same: Array, time: Array) -> bool:
    """Whether steps of ordered values are one and the same number, or that number for each usual step of time.

    values: (n,); same: (n - 1,), both rows are in one series; time: usual steps from row to row of those, (m,).
    """
    steps = np.diff(values)[same]
    if not len(steps) or not np.isfinite(steps).all():
        return False
    usual = float(np.median(steps))
    within = _SAME * max(abs(usual), float(np.abs(values).max()) * _SAME)
    return usual != 0 and any(bool((np.abs(steps - one) <= within).all()) for one in (usual, usual * time))


def step_words(seconds: float) -> str:
    """A step in words: hour, 15 minutes, month."""
    days = seconds / _DAY_S
    if found := [word for word, least, most in _CALENDAR_STEPS if least <= days <= most]:
        return found[0]
    for unit, size in (("day", _DAY_S), ("hour", 3600), ("minute", 60)):
        if seconds >= size and (seconds / size).is_integer():
            count = int(seconds / size)
            return unit if count == 1 else f"{count} {unit}s"
    return f"{seconds:g} s"
