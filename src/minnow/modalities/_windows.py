"""Windows of a series: what was known when a question was asked, and columns made of it that never see the future."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from minnow.types import Array

DAY_S, WEEK_S = 86_400, 604_800
FEATURES = ("differences", "means", "spreads", "rises", "falls")
"""Columns that can be made of a history, in their order."""
GAP = 5.0
"""Median steps after which a pause is a gap."""


def usual_step(stamp: Array) -> float:
    """Median of the steps between rising time stamps (n,) int64, in seconds; 1 where there is none."""
    steps = np.diff(stamp)
    return float(np.median(steps)) if len(steps) else 1.0


def starts(stamp: Array, max_gap: float | None) -> Array:
    """Index of the first row of each row's unbroken stretch, (n,) int64. stamp: (n,) int64, rising.

    max_gap: seconds between two rows of one stretch at most, None for five usual steps.
    """
    limit = GAP * usual_step(stamp) if max_gap is None else max_gap
    begins = np.concatenate([[True], np.diff(stamp) > limit]) if len(stamp) else np.empty(0, bool)
    return np.maximum.accumulate(np.where(begins, np.arange(len(stamp)), 0))


def asked(start: Array, window: int, horizon: int) -> Array:
    """Rows at which a question can be asked: window rows behind them and horizon ahead, in one stretch. Returns (m,) int64."""
    index = np.arange(len(start) - horizon)
    whole = index - start[index] >= window - 1
    return index[whole & (start[index + horizon] == start[index])]


def history(values: Array, start: Array, rows: Array, length: int) -> Array:
    """The length values (n,) up to each of rows, (m, length); the first of a stretch stands for what was before it."""
    back = rows[:, None] - np.arange(length - 1, -1, -1)
    return values[np.maximum(back, start[rows][:, None])]


def filled(values: Array, fill: Array) -> Array:
    """Carry the last known value on within each history (n, m, s), NaN missing; fill (s,) stands before the first one."""
    known = np.isfinite(values)
    if known.all():
        return values
    place = np.where(known, np.arange(values.shape[1])[None, :, None], -1)
    last = np.maximum.accumulate(place, axis=1)
    carried = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, fill)


def last_known(answers: Array, start: Array) -> Array:
    """The last answer that is there at each row, (n,) str, "" where its stretch has given none yet."""
    place = np.maximum.accumulate(np.where(answers != "", np.arange(len(answers)), -1))
    return np.where(place >= start, answers[np.maximum(place, 0)], "")


def features(values: Array, made: Mapping[str, Sequence[int]]) -> list[Array]:
    """Columns of the last row of each history (n, m, s), each (n, s).

    made: differences, from so many rows before; means, spreads: mean and standard deviation of the last so many rows; rises,
    falls: from the lowest and from the highest of the last so many rows.
    """
    last = values[:, -1]
    of: Mapping[str, Callable[[int], Array]] = {
        "differences": lambda step: last - values[:, -1 - step],
        "means": lambda count: values[:, -count:].mean(axis=1),
        "spreads": lambda count: values[:, -count:].std(axis=1),
        "rises": lambda count: last - values[:, -count:].min(axis=1),
        "falls": lambda count: last - values[:, -count:].max(axis=1),
    }
    return [of[name](rows) for name in FEATURES for rows in made.get(name, ())]


def circle(stamp: Array, period_s: int) -> Array:
    """Where in its day or week each moment lies, (n, 2), a point on a circle. stamp: seconds since 1970."""
    turn = 2 * np.pi * (stamp % period_s) / period_s
    return np.stack([np.sin(turn), np.cos(turn)], axis=1)


def half_hour(stamp: Array) -> Array:
    """Half hour of the day, (n,) int64, 0 to 47; on Saturdays and Sundays 48 to 95."""
    weekend = (stamp // DAY_S + 3) % 7 >= 5  # 1970 began on a Thursday
    return stamp % DAY_S // 1800 + 48 * weekend


def usual_by_clock(stamp: Array, answers: Array) -> Array:
    """The commonest answer of each half_hour, (96,) str; of one that never came, the commonest of all."""
    names, index = np.unique(answers, return_inverse=True)
    counts = np.zeros((96, len(names)))
    np.add.at(counts, (half_hour(stamp), index), 1)
    seen = counts.sum(axis=1, keepdims=True) > 0
    return names[np.where(seen, counts, counts.sum(axis=0)).argmax(axis=1)]


def best_threshold(sensors: Mapping[str, Array], answers: Array) -> tuple[str, float, str, str]:
    """The sensor and limit with the commonest answers below and above it that are right most often on these rows."""
    names, index = np.unique(answers, return_inverse=True)
    one_hot = np.eye(len(names))[index]
    best: tuple[float, str, float, str, str] | None = None
    for name, values in sensors.items():
        known = np.where(np.isfinite(values), values, np.nanmedian(values) if np.isfinite(values).any() else 0.0)
        order = np.argsort(known, kind="stable")
        below = np.cumsum(one_hot[order], axis=0)
        above = below[-1] - below
        right = below.max(axis=1) + above.max(axis=1)
        right[:-1][np.diff(known[order]) == 0] = -1  # equal values cannot be divided
        place = int(right.argmax())
        after = known[order][min(place + 1, len(order) - 1)]
        limit = float((known[order][place] + after) / 2)
        if best is None or right[place] > best[0]:
            best = right[place], name, limit, str(names[below[place].argmax()]), str(names[above[place].argmax()])
    assert best is not None
    return best[1:]


def runs(values: Array) -> Array:
    """Length of the run of equal neighbours that each value is in, (n,) int64; NaN equals NaN."""
    if not len(values):
        return np.empty(0, np.int64)
    same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    group = np.concatenate([[0], np.cumsum(~same)])
    return np.bincount(group)[group]
