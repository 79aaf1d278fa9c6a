"""Popularity of items: the prior of every family that ranks, and the ranking for new users."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minnow import tasks
from minnow.tasks import rank as ranking
from minnow.types import Array, Batch

LABEL_FEATURE = "popularity"
_AGELESS_WEIGHT = 1e-3
"""Weight of an interaction regardless of its age, which orders items without recent interactions."""


def counts(train: Batch) -> Array:
    """Number of rows of train with each item, (k,) int64."""
    return np.bincount(train.target[train.target >= 0], minlength=len(train.labels))


def log_share(train: Batch) -> Array:
    """Log of each item's share of present popularity, (k,) float32; of all interactions where their ages are unknown."""
    total = counts(train)
    present = train.label_features.get(LABEL_FEATURE, total) + _AGELESS_WEIGHT * (total + 1)
    return np.log(present / present.sum()).astype(np.float32)


def val_metrics(loss: float, val: Batch) -> dict[str, float]:
    """Return the metrics of a report: the loss on val, which is one minus the measure that decides, and that measure."""
    return {"val_loss": loss, f"val_{tasks.measure(val.task, val.measure).name}": 1.0 - loss}


def best_share(scores: Array, log_share: Array, shares: Sequence[float], val: Batch) -> tuple[float, float]:
    """Choose the weight of log_share (k,) in scores (n, k) by the loss on val. Returns the loss and the weight."""
    loss_of = tasks.measure(val.task, val.measure).loss
    losses = [float(loss_of({ranking.OUTPUT: scores + share * log_share}, val).mean()) for share in shares]
    loss, index = min((loss, index) for index, loss in enumerate(losses))
    return loss, shares[index]
