"""Baselines for series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from minnow.modalities.timeseries import clocks
from minnow.modalities.timeseries.clocks import DAY_S, SECOND
from minnow.modalities.timeseries.options import PAST, SEASON, SENSOR, STAMP, Options, sensors_of
from minnow.types import Array, Table


def baselines(train: Table, labels: Array, options: Options) -> dict[str, Callable[[Table], Array]]:
    """Baselines: name -> (examples) -> labels (n,) str. train: examples; labels: (k,) str, empty for numbers.

    threshold: the label by one sensor and one limit, those with the highest accuracy on train; clock: the most frequent label
    of the half hour, weekends separately. With a horizon, persistence: the last known value; seasonal persistence: the value
    one season before the target.
    """
    if options.horizon:
        return {
            "persistence": lambda rows: rows.columns[PAST],
            "seasonal persistence": lambda rows: rows.columns[SEASON],
        }
    if not len(labels):
        return {}
    target = train.columns[options.target]
    zone = options.time_zone
    usual = _usual_by_clock(_half_hour(train.columns[STAMP], zone), target)
    last = {name: train.columns[SENSOR + name][:, -1] for name in sensors_of(train.columns)}
    rule = _best_threshold(last, target)
    return {
        "clock": lambda rows: usual[_half_hour(rows.columns[STAMP], zone)],
        f"threshold: {rule.sensor} over {rule.limit:.6g}": rule.predict,
    }


@dataclass(frozen=True)
class _Threshold:
    """A decision rule on the last value of one sensor. below, above: the labels below and above the limit."""

    sensor: str
    limit: float
    below: str
    above: str

    def predict(self, rows: Table) -> Array:
        """Predict the labels of examples, (n,) str."""
        return np.where(rows.columns[SENSOR + self.sensor][:, -1] > self.limit, self.above, self.below)


def _half_hour(stamp: Array, zone: str | None) -> Array:
    """Half hour of the day of each time stamp, (n,) int64: 0 to 47, on Saturdays and Sundays 48 to 95."""
    second = clocks.wall(stamp, zone) // SECOND
    weekend = (second // DAY_S + 3) % 7 >= 5  # 1970 began on a Thursday
    return second % DAY_S // 1800 + 48 * weekend


def _usual_by_clock(half_hour: Array, labels: Array) -> Array:
    """Most frequent label of each half hour, (96,) str; for a half hour without rows that of all rows."""
    names, index = np.unique(labels, return_inverse=True)
    counts = np.zeros((96, len(names)))
    np.add.at(counts, (half_hour, index), 1)
    seen = counts.sum(axis=1, keepdims=True) > 0
    return names[np.where(seen, counts, counts.sum(axis=0)).argmax(axis=1)]


def _best_threshold(sensors: Mapping[str, Array], labels: Array) -> _Threshold:
    """Find the rule with the highest accuracy on these rows. sensors: name -> last values (n,), NaN missing."""
    names, index = np.unique(labels, return_inverse=True)
    one_hot = np.eye(len(names))[index]
    best: tuple[float, _Threshold] | None = None
    for sensor, values in sensors.items():
        known = np.where(np.isfinite(values), values, np.nanmedian(values) if np.isfinite(values).any() else 0.0)
        order = np.argsort(known, kind="stable")
        below = np.cumsum(one_hot[order], axis=0)
        above = below[-1] - below
        right = below.max(axis=1) + above.max(axis=1)
        right[:-1][np.diff(known[order]) == 0] = -1  # no limit lies between equal values
        cut = int(right.argmax())
        after = known[order][min(cut + 1, len(order) - 1)]
        limit = float((known[order][cut] + after) / 2)
        if best is None or right[cut] > best[0]:
            rule = _Threshold(sensor, limit, str(names[below[cut].argmax()]), str(names[above[cut].argmax()]))
            best = right[cut], rule
    assert best is not None
    return best[1]
