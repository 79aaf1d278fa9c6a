"""How many rows are few for trees, and how many iterations of boosting are enough."""

from __future__ import annotations

import numpy as np

from minnow.types import Array

FEW_ROWS = 3_000
"""Rows of train below which trees are smaller and fewer. Measured by `make bench-choice`."""
_TAIL = {True: 0.005, False: 0.001}
"""Share of the gain on val that is given up for fewer trees, where there are few rows and where there are not."""


def enough(val_loss: Array, rows: int) -> int:
    """The first iteration, from 1 on, that has all of the gain on val but the share _TAIL.

    val_loss: before the first iteration, and after each; rows: of train.
    """
    most = val_loss.min() + _TAIL[rows < FEW_ROWS] * (val_loss[0] - val_loss.min())
    return max(1, int(np.flatnonzero(val_loss <= most)[0]))
