"""How popular items are at present: the prior of every ranking, and all that is known of a new user."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minnow.tasks import rank as ranking
from minnow.types import Array, Batch

LABEL_FEATURE = "popularity"
_AGELESS_WEIGHT = 1e-3
"""Weight of an interaction of any age: it orders the items that nobody took recently."""


def counts(train: Batch) -> Array:
    """Count the rows of train that hold each item, (k,) int64."""
    return np.bincount(train.target[train.target >= 0], minlength=len(train.labels))


def log_share(train: Batch) -> Array:
    """Log of each item's share of present interactions, (k,) float32; of all interactions where no ages are known."""
    total = counts(train)
    present = train.label_features.get(LABEL_FEATURE, total) + _AGELESS_WEIGHT * (total + 1)
    return np.log(present / present.sum()).astype(np.float32)


def best_share(scores: Array, log_share: Array, shares: Sequence[float], val: Batch) -> tuple[float, float]:
    """Choose how much of log_share (k,) is added to scores (n, k): the loss on val and the share, the first of equal ones."""
    losses = [float(ranking.loss({ranking.OUTPUT: scores + share * log_share}, val).mean()) for share in shares]
    loss, index = min((loss, index) for index, loss in enumerate(losses))
    return loss, shares[index]
