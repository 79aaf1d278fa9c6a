"""Proposals for series: rows at an even pace that depend on the rows before them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minnow.insight.association import numbers
from minnow.onboarding.columns import Columns, has_id_name
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class, choose_measure, choose_task, target_of
from minnow.tables.numbers import CLOCK
from minnow.types import Array

_EVEN, _JITTER = 0.8, 0.1
"""Least share of steps of time that are the usual one, give or take a tenth of it."""
_DEPENDENT = 0.3
"""Rank correlation of neighbouring rows from which on a column depends on the row before."""
_LEAST_ROWS, _REPEATED = 20, 0.005
_MOST_SERIES_SHARE = 0.1
_WINDOW, _FAST_WINDOW_S, _WIDEST = 12, 2.0, 256
_WINDOWS = 7
"""Least number of windows that a series has room for, one after the other."""
_US = 1_000_000


class Pace(NamedTuple):
    """Rows at an even pace.

    times: the column of times, or one of dates and one of times of the day; series: column that names the series, None for one;
    step_s: seconds.
    """

    times: Sequence[str]
    series: str | None
    step_s: float


def find_pace(columns: Columns) -> Pace | None:
    """Find a column of times at even steps, in the file as a whole or within each series, where rows depend on earlier ones."""
    clocks = [name for name, column in columns.typed.items() if column.form and column.form.unit == CLOCK]
    texts = [None, *(name for name in columns.values if name not in clocks and _names_series(columns, name))]
    counts = [name for name in columns.values if name not in (*clocks, *texts) and _counts_series(columns.values[name])]
    for name, values in columns.values.items():
        if values.dtype.kind != "M" or len(values) < _LEAST_ROWS or np.isnat(values).any():
            continue
        days = values.astype("datetime64[us]").astype(np.int64)
        for times, stamps in [((name,), days), *(((name, one), _at(days, columns.values[one])) for one in clocks)]:
            taken_in_turns = 2 * len(np.unique(stamps)) <= len(stamps)
            for series in [*texts, *(counts if taken_in_turns else ())]:
                group = _group(columns, series)
                step = _even_step(stamps, group)
                if step and _depends(columns, np.lexsort((stamps, group)), group, (*times, series)):
                    return Pace(times, series, step / _US)
    return None


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


def _depends(columns: Columns, order: Array, group: Array, names: Sequence[str | None]) -> bool:
    """Whether some column depends on the row before: events that merely happen at even times do not."""
    same = np.diff(group[order]) == 0
    return any(
        _dependence(numbers(values)[order], same) >= _DEPENDENT
        for name, values in columns.values.items()
        if name not in names
    )


def _dependence(values: Array, same: Array) -> float:
    """Correlation of the ranks of neighbouring values (n,); 0 for a constant. same: (n - 1,), both are in one series."""
    from scipy.stats import rankdata

    pairs = np.stack([values[:-1], values[1:]])[:, same]
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    if pairs.shape[1] < _LEAST_ROWS // 2 or (pairs.std(axis=1) == 0).any():
        return 0.0
    return abs(float(np.corrcoef(rankdata(pairs[0]), rankdata(pairs[1]))[0, 1]))


def propose_series(proposal: Proposal, columns: Columns, request: Request) -> None:
    """Propose a time series: a class is predicted at the same row, a number at the next one."""
    dates = [name for name, values in columns.values.items() if values.dtype.kind == "M"]
    pace = find_pace(columns) or (Pace((dates[0],), None, 1.0) if dates else None)
    if pace is None:
        raise ValueError(f"A series needs a column of times, each once. Received: {', '.join(columns.values)}.")
    target, why = target_of(columns, proposal, request, [*dates, *pace.times, pace.series])
    named = " and ".join(f"'{name}'" for name in pace.times)
    proposal.choose("modality", "timeseries", f"{named} is the time of each row, every {_step(pace.step_s)}")
    proposal.choose("options.target", target, why)
    if len(pace.times) > 1:
        proposal.choose("options.time", list(pace.times), "the columns of the day and of the time of the day")
    elif "time" not in pace.times:
        proposal.choose("options.time", pace.times[0], "the column of time stamps")
    if pace.series:
        count = len(set(columns.values[pace.series].tolist()))
        proposal.choose("options.series", pace.series, f"it names {count} series, each in order of time")
    choose_task(proposal, columns, target, request)
    if proposal.task in ("regress", "forecast"):
        _forecast(proposal, request)
    read = (*pace.times, pace.series, target)
    no_sensors = [name for name, values in columns.values.items() if name not in read and values.dtype.kind in "OM"]
    if no_sensors:
        proposal.choose("options.drop", no_sensors, "not a sensor: its values are not numbers")
    _window(proposal, pace, columns)
    if proposal.task == "classify":
        allow_rare_class(proposal, columns.labels(target))
        choose_measure(proposal, columns.labels(target))


def _step(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and (seconds / size).is_integer():
            count = int(seconds / size)
            return unit if count == 1 else f"{count} {unit}s"
    return f"{seconds:g} s"


def _window(proposal: Proposal, pace: Pace, columns: Columns) -> None:
    """Choose how far back models read: twelve rows, or two seconds of a fast recording, but no more than short files allow.

    A split has a fifth of the rows of a series, and no example reaches beyond its split.
    """
    rows, why = _WINDOW, "number of rows that a model reads; as far back as rows affect the target"
    if pace.step_s < 1:
        rows = int(min(_WIDEST, max(_WINDOW, round(_FAST_WINDOW_S / pace.step_s))))
        why = f"{rows * pace.step_s:g} s, {rows} rows at {1 / pace.step_s:g} Hz; as far back as rows affect the target"
        proposal.choose("options.clock", False, "a recording of seconds says nothing about the time of the day")
    shortest = _shortest(columns, pace)
    if rows > (most := max(1, shortest // _WINDOWS)):
        rows, why = most, f"no more, since there are only {shortest} rows" + (" in a series" if pace.series else "")
    proposal.choose("options.window", rows, why)


def _shortest(columns: Columns, pace: Pace) -> int:
    if pace.series is None:
        return len(columns)
    _, counts = np.unique(numbers(columns.values[pace.series]), return_counts=True)
    return int(counts.min())


def _forecast(proposal: Proposal, request: Request) -> None:
    why = ASKED_FOR if request.task else "the target is a number that changes over time"
    proposal.choose("task", "forecast", why)
    proposal.choose("options.horizon", 1, "the next row is predicted; a larger number predicts further ahead")
    proposal.choose("options.relative", True, "the change from the last value is learned")
