"""Rate: an answer is the rating that a user gives an item. A number as in `regress`, but errors count by their squares."""

from __future__ import annotations

import numpy as np

from minnow.tasks import regress
from minnow.types import Array, Batch, Outputs

CAPABILITIES = regress.CAPABILITIES
OUTPUT, BINARY_LOSS, ANSWER = regress.OUTPUT, regress.BINARY_LOSS, regress.ANSWER
MARGIN = 0.02
"""Share of the root mean squared error."""
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
    """Absolute margin on the mean squared error: what its root may grow by, 2 % unless set, in squares."""
    share = MARGIN if setting is None else setting
    return ((1 + share) ** 2 - 1) * float(np.mean(loss))
