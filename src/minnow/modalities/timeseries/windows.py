"""Windows of a series: the rows of an example, and features of them that use no later row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from minnow.modalities.timeseries.clocks import SECOND
from minnow.types import Array

FEATURES = ("diff", "rolling_mean", "rolling_std", "above_rolling_min", "below_rolling_max")
"""Features of a history, in the order of the encoded numbers."""
RENAMED_FEATURES = {
    "differences": "diff",
    "means": "rolling_mean",
    "spreads": "rolling_std",
    "rises": "above_rolling_min",
    "falls": "below_rolling_max",
}
"""Names of features in older versions -> current names."""
GAP = 5.0
"""Multiple of the usual step above which a step is a gap."""


def within(stamp: Array, code: Array | None) -> Array:
    """Whether each row but the first is of the series of the row before it, (n - 1,) bool. code: of each series, (n,) int."""
    return np.ones(max(len(stamp) - 1, 0), bool) if code is None else code[1:] == code[:-1]


def usual_step(stamp: Array, code: Array | None = None) -> float:
    """Median of the steps between the rows of a series, in seconds; 1 where there are none.

    stamp: (n,) int64, microseconds, ascending within each series; code: of the series, (n,) int, None for a single one.
    """
    steps = np.diff(stamp)[within(stamp, code)]
    return float(np.median(steps)) / SECOND if len(steps) else 1.0


def stretch_starts(stamp: Array, max_gap: float | None, code: Array | None = None) -> Array:
    """Index of the first row of the stretch that each row is in, (n,) int64: rows of one series without gaps.

    stamp, code: as in usual_step. max_gap: largest number of seconds between two rows of one stretch, None for five usual
    steps.
    """
    limit = GAP * usual_step(stamp, code) if max_gap is None else max_gap
    breaks = is_gap(np.diff(stamp), limit) | ~within(stamp, code)
    begins = np.concatenate([[True], breaks]) if len(stamp) else np.empty(0, bool)
    return np.maximum.accumulate(np.where(begins, np.arange(len(stamp)), 0))


def is_gap(steps: Array, max_gap: float) -> Array:
    """Whether steps, (n,) int64 in microseconds, are longer than max_gap seconds, (n,) bool."""
    return steps > np.round(max_gap * SECOND)


def example_rows(start: Array, window: int, horizon: int) -> Array:
    """Index of the last row of each example, (m,) int64: the window before it and the horizon after it are in one stretch.

    start: (n,) int64, as stretch_starts returns it.
    """
    index = np.arange(len(start) - horizon)
    full = index - start[index] >= window - 1
    return index[full & (start[index + horizon] == start[index])]


def histories(values: Array, start: Array, rows: Array, length: int) -> Array:
    """The last length values (n,) up to each of rows (m,), (m, length); the first row of a stretch is repeated before it."""
    back = rows[:, None] - np.arange(length - 1, -1, -1)
    return values[np.maximum(back, start[rows][:, None])]


def fill_forward(values: Array, fill: Array) -> Array:
    """Replace missing values (NaN) in histories (n, m, s) by the last known value, or by fill (s,) before the first one."""
    known = np.isfinite(values)
    if known.all():
        return values
    index = np.where(known, np.arange(values.shape[1])[None, :, None], -1)
    last = np.maximum.accumulate(index, axis=1)
    carried = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, fill)


def last_known(labels: Array, start: Array) -> Array:
    """The last known label at each row, (n,) str, "" where its stretch has none yet. start: as stretch_starts returns it."""
    index = np.maximum.accumulate(np.where(labels != "", np.arange(len(labels)), -1))
    return np.where(index >= start, labels[np.maximum(index, 0)], "")


def rolling_features(values: Array, features: Mapping[str, Sequence[int]]) -> list[Array]:
    """Features of the last row of each history (n, m, s), each (n, s).

    features: kind -> numbers of rows n. diff: the difference from the value n rows before; rolling_mean, rolling_std: mean
    and standard deviation of the last n rows; above_rolling_min, below_rolling_max: the difference from the lowest and from
    the highest of the last n rows.
    """
    last = values[:, -1]
    functions: Mapping[str, Callable[[int], Array]] = {
        "diff": lambda step: last - values[:, -1 - step],
        "rolling_mean": lambda count: values[:, -count:].mean(axis=1),
        "rolling_std": lambda count: values[:, -count:].std(axis=1),
        "above_rolling_min": lambda count: last - values[:, -count:].min(axis=1),
        "below_rolling_max": lambda count: last - values[:, -count:].max(axis=1),
    }
    return [functions[name](rows) for name in FEATURES for rows in features.get(name, ())]


def cyclic(stamp: Array, period_s: int) -> Array:
    """Sine and cosine of the position in a period, (n, 2). stamp: (n,) int64, microseconds; period_s: a day or a week."""
    angle = 2 * np.pi * (stamp % (period_s * SECOND) / SECOND) / period_s
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def run_lengths(values: Array, code: Array | None = None) -> Array:
    """Length of the run of equal values that each value (n,) is part of, (n,) int64; NaN equals NaN.

    code: of the series of each value, (n,) int; a run is of one series.
    """
    if not len(values):
        return np.empty(0, np.int64)
    same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    run = np.concatenate([[0], np.cumsum(~(same & within(values, code)))])
    return np.bincount(run)[run]
