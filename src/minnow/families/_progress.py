"""What families report of their progress on val: their own loss, and the task's first measure, which all families share."""

from __future__ import annotations

import math

import numpy as np

from minnow import tasks
from minnow.types import Batch, Outputs

_ENOUGH_ROWS = 5_000
"""Most rows of val that are predicted only to be reported; the scores of an outcome are those of all rows."""


def some(val: Batch) -> Batch:
    """At most _ENOUGH_ROWS rows of val, evenly spaced."""
    if len(val) <= _ENOUGH_ROWS:
        return val
    return val.take(np.linspace(0, len(val) - 1, _ENOUGH_ROWS).astype(int))


def val_measure(outputs: Outputs, val: Batch) -> dict[str, float]:
    """Return the measure that decides as a metric of a report, such as "val_mae" -> value.

    outputs: predictions for the rows of val, in the units of their targets.
    """
    measure = tasks.measure(val.task, val.measure)
    assert measure.rows is not None
    if measure.rule:
        outputs = tasks.decider(val.task, measure.rule(outputs, val, val), val.labels)(outputs)
    value = float(np.nanmean(measure.rows(outputs, val)))
    return {f"val_{measure.name}": math.sqrt(value) if measure.root else value}
