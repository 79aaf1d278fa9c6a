"""neighbours: what a user took says what comes next, by weights from item to item. Source: Steck 2019, EASE.

The weights that predict each item best from all others are solved for exactly and held in a few factors; nothing is iterated.
A user has no vector of their own, so one who is new is answered from what they took.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _keras
from minnow.families._options import Strict
from minnow.tasks import rank as ranking
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("interactions",)
TASKS = ("rank",)

SPACE = {
    "l2": {"among": [[10.0, 30.0, 100.0, 300.0], [10.0], [30.0], [100.0], [300.0]]},
    "rank": {"low": 4, "high": 128, "log": True},
}

load = _keras.load

MOST_ITEMS = 12_000
POPULAR = 1e-3
"""Weight of popularity: it orders what the weights leave equal, and is all there is for a user of whom nothing is known."""


class Params(Strict):
    """l2: how far weights are held back, the best on val is taken; rank: factors that stand for the weights."""

    l2: list[float] = Field(default=[10.0, 30.0, 100.0, 300.0], min_length=1)
    rank: int = Field(default=16, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Solve on the items in target (n, r) int64; the network reads input seen (n, s) int32. Both are padded with -1.

    Raises ValueError where weights from item to item would not fit in memory.
    """
    taken = _taken(train.target, len(train.labels))
    popular = (POPULAR * np.log1p(taken.sum(axis=0))).astype(np.float32)
    known = _taken(val.inputs["seen"], len(val.labels))
    found = []
    for place, l2 in enumerate(params.l2, 1):
        left, right = _factors(_weights(taken, l2), min(params.rank, len(popular)))
        loss = float(ranking.loss({ranking.OUTPUT: known @ left @ right + popular}, val).mean())
        found.append((loss, place, left, right))
        report(place, len(params.l2), {"val_loss": loss})
    _, _, left, right = min(found, key=lambda one: one[:2])
    return _keras.KerasModel(_network(train, left, right, popular))


def _taken(items: Array, count: int) -> Array:
    """Rows of 0 and 1, (n, items) float32."""
    if count > MOST_ITEMS:
        raise ValueError(
            f"neighbours solves for weights from item to item, of at most {MOST_ITEMS:,} items. Received: {count:,}."
        )
    found = np.zeros((len(items), count), np.float32)
    rows, places = np.nonzero(items >= 0)
    found[rows, items[rows, places]] = 1.0
    return found


def _weights(taken: Array, l2: float) -> Array:
    """Weights (items, items) float64 that predict each item from the others; none from an item to itself."""
    inverse = np.linalg.inv((taken.T @ taken).astype(np.float64) + l2 * np.eye(taken.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def _factors(weights: Array, rank: int) -> tuple[Array, Array]:
    """Two matrices (items, rank) and (rank, items) float32 whose product is next to the weights."""
    from scipy.sparse.linalg import svds

    if rank < len(weights) // 2:
        left, size, right = svds(weights, k=rank, v0=np.ones(len(weights)))
    else:
        left, size, right = (
            part[..., :rank] if i < 2 else part[:rank] for i, part in enumerate(np.linalg.svd(weights))
        )
    root = np.sqrt(size)
    return (left * root).astype(np.float32), (root[:, None] * right).astype(np.float32)


def _network(train: Batch, left: Array, right: Array, popular: Array) -> Any:
    """Sum the factors of the seen items; number 0 stands for nothing."""
    import keras
    from keras import layers

    seen: Any = keras.Input(train.inputs["seen"].shape[1:], dtype="int32", name="seen")
    table = layers.Embedding(len(left) + 1, left.shape[1], name="items")
    last = layers.Dense(len(popular), name=_keras.OUTPUTS["rank"])
    network = keras.Model(seen, last(_keras.sum_over_rows(table(seen + 1))), name="neighbours")
    table.set_weights([np.concatenate([np.zeros_like(left[:1]), left])])
    last.set_weights([right, popular])
    return network
