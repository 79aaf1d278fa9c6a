"""How popular items are at present: the prior of every ranking, and all that is known of a user who is new."""

from __future__ import annotations

import numpy as np

from minnow.types import Array, Batch

OF_LABELS = "popularity"
ALWAYS = 1e-3
"""Weight of an interaction of any age: it orders what nobody took of late."""


def counts(train: Batch) -> Array:
    """How many rows of train hold each item, (k,) int64."""
    return np.bincount(train.target[train.target >= 0], minlength=len(train.labels))


def log_share(train: Batch) -> Array:
    """Log of each item's share of what is taken at present, (k,) float32; of all times where no ages are known."""
    total = counts(train)
    present = train.of_labels.get(OF_LABELS, total) + ALWAYS * (total + 1)
    return np.log(present / present.sum()).astype(np.float32)
