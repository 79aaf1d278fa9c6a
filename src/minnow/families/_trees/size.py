"""How many rows are few for trees, how many iterations of boosting are enough, and how fewer of them learn as much."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.types import Array

FEW_ROWS = 3_000
"""Rows of train below which trees are smaller and fewer. Measured by `make bench-choice`."""
FASTEST = 0.5
"""Learning rate above which fewer trees are not made up for."""
_TAIL = {True: 0.005, False: 0.001}
"""Share of the gain on val that is given up for fewer trees, where there are few rows and where there are not."""


def enough(val_loss: Array, rows: int) -> int:
    """The first iteration, from 1 on, that has all of the gain on val but the share _TAIL.

    val_loss: before the first iteration, and after each; rows: of train.
    """
    most = val_loss.min() + _TAIL[rows < FEW_ROWS] * (val_loss[0] - val_loss.min())
    return max(1, int(np.flatnonzero(val_loss <= most)[0]))


def fewer(params: Any, fitted: Any, share: float) -> Any:
    """Parameters of boosting with a share of the iterations, whose learning rate is higher by as much, up to FASTEST.

    params: with what val settled of them; fitted: TreeModel of an estimator that was boosted with them.
    """
    rate = params.learning_rate
    iterations = params.iterations or fitted.iterations // getattr(params, "n_bags", 1)
    changed = {"iterations": max(1, round(share * iterations)), "learning_rate": max(rate, min(FASTEST, rate / share))}
    return params.model_copy(update={**changed, "patience": None})
