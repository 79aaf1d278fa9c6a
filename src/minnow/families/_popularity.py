"""Popularity of items: the prior of every family that ranks, and the ranking for new users."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from minnow import tasks
from minnow.contracts import Duration, Parameters
from minnow.tasks import rank as ranking
from minnow.types import Array, Batch

_POPULARITY, _BY_AGE, _AGES = "popularity", "by_age", "ages"
_AGELESS_WEIGHT = 1e-3
"""Weight of an interaction regardless of its age, which orders items without recent interactions."""
_HALVINGS = 9
"""Half-lives that are tried by default: the age of the oldest interaction, halved once to so many times."""
_ROWS = 1024
"""Rows that are ranked at once."""

HalfLives = list[Duration | None]


class Aging(Parameters):
    """How interactions age in the popularity of items.

    half_life: half-lives, each a number of seconds or with a unit; null counts all interactions alike. The one with which
    popularity alone ranks val best is used. By default these are 1/2, 1/4, ... 1/512 of the time that train spans, and null.
    Where options.half_life is set, that one holds.
    """

    half_life: HalfLives | None = Field(default=None, min_length=1)


def counts(train: Batch) -> Array:
    """Number of rows of train with each item, (k,) int64."""
    return np.bincount(train.target[train.target >= 0], minlength=len(train.labels))


def present(train: Batch, val: Batch, params: Aging) -> tuple[Array, dict[str, HalfLives]]:
    """Log of each item's share of present popularity, (k,) float32, and what val settled of it, as parameters.

    Of all interactions alike where their ages are unknown.
    """
    features, total = train.label_features, counts(train)
    if _BY_AGE not in features:
        return _log_share(features.get(_POPULARITY, total), total), {}
    by_age, ages = features[_BY_AGE], features[_AGES].astype(np.float64)
    half_lives = params.half_life or _usual(ages)
    shares = [_log_share(by_age @ _weights(ages, half_life), total) for half_life in half_lives]
    chosen = 0 if len(shares) == 1 else int(np.argmin([loss(share, val) for share in shares]))
    return shares[chosen], {"half_life": [half_lives[chosen]]}


def _usual(ages: Array) -> HalfLives:
    """Half-lives to be tried, the longest first. ages: (b,)."""
    oldest = float(ages.max(initial=0.0))
    return [None, *(oldest / 2**halvings for halvings in range(1, _HALVINGS + 1))] if oldest > 0 else [None]


def _weights(ages: Array, half_life: float | None) -> Array:
    return np.ones_like(ages) if half_life is None else 0.5 ** (ages / half_life)


def _log_share(popularity: Array, total: Array) -> Array:
    """Log of the share of each item. popularity: (k,), with weights by age; total: (k,), without."""
    weighted = popularity + _AGELESS_WEIGHT * (total + 1)
    return np.log(weighted / weighted.sum()).astype(np.float32)


def loss(log_share: Array, val: Batch) -> float:
    """Mean loss on val of one ranking for all rows."""
    loss_of = tasks.measure(val.task, val.measure).loss
    starts = range(0, len(val), _ROWS)
    parts = [val.take(np.arange(start, min(start + _ROWS, len(val)))) for start in starts]
    losses = [loss_of({ranking.OUTPUT: np.tile(log_share, (len(part), 1))}, part) for part in parts]
    return float(np.concatenate(losses).mean())


def val_metrics(loss: float, val: Batch) -> dict[str, float]:
    """Return the metrics of a report: the loss on val, which is one minus the measure that decides, and that measure."""
    return {"val_loss": loss, f"val_{tasks.measure(val.task, val.measure).name}": 1.0 - loss}


def best_share(scores: Array, log_share: Array, shares: Sequence[float], val: Batch) -> tuple[float, float]:
    """Choose the weight of log_share (k,) in scores (n, k) by the loss on val. Returns the loss and the weight."""
    loss_of = tasks.measure(val.task, val.measure).loss
    losses = [float(loss_of({ranking.OUTPUT: scores + share * log_share}, val).mean()) for share in shares]
    loss, index = min((loss, index) for index, loss in enumerate(losses))
    return loss, shares[index]
