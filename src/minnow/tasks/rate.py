"""Rate: predict the rating of an item by a user: a number as in `regress`, with the squared error as loss."""

from __future__ import annotations

import numpy as np

from minnow.tasks import regress
from minnow.types import Array, Batch, Outputs

CAPABILITIES = regress.CAPABILITIES
OUTPUT, BINARY_LOSS, ANSWER = regress.OUTPUT, regress.BINARY_LOSS, regress.ANSWER
classes, encode, outputs_from_answers = regress.classes, regress.encode, regress.outputs_from_answers
flips, baselines, answers = regress.flips, regress.baselines, regress.answers

_BY_NAME = {measure.name: measure for measure in regress.MEASURES}
MEASURES = tuple(_BY_NAME[name] for name in ("rmse", "mae", "r2"))


def loss(outputs: Outputs, batch: Batch) -> Array:
    """Squared error, (n,) float64."""
    rows = MEASURES[0].rows
    assert rows is not None
    return rows(outputs, batch)


def margin(loss: Array, setting: float | None) -> float:
    """Absolute margin on the mean squared error, from the relative margin on its root: setting, or that of the measure."""
    return ((1 + MEASURES[0].margin_at(1.0, setting)) ** 2 - 1) * float(np.mean(loss))
