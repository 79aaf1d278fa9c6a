"""neighbours: what a user took says what comes next, by weights from item to item. Source: Steck 2019, EASE.

The weights that predict each item best from all others are solved for exactly and held in a few factors; nothing is iterated.
A user has no vector of their own, so one who is new is answered from what they took.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _keras, _popular
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


class Params(Strict):
    """l2: how far weights are held back; rank: factors that stand for the weights.

    popularity: weights of the log of how popular an item is at present: small, it orders what is equal else and answers a
    user of whom nothing is known; large, it leads. Of l2 and popularity the best on val is taken.
    least_rows: users that an item needs to have weights; fewer say little, and the time to solve grows with the cube of items.
    """

    l2: list[float] = Field(default=[10.0, 30.0, 100.0, 300.0], min_length=1)
    rank: int = Field(default=16, ge=1)
    popularity: list[float] = Field(default=[0.001, 0.03, 0.3], min_length=1)
    least_rows: int = Field(default=1, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Solve on the items in target (n, r) int64; the network reads input seen (n, s) int32. Both are padded with -1.

    Raises ValueError where weights from item to item would not fit in memory.
    """
    kept = np.flatnonzero(_popular.counts(train) >= params.least_rows)
    if not 1 < len(kept) <= MOST_ITEMS:
        raise ValueError(
            f"neighbours solves for weights from item to item, of 2 to {MOST_ITEMS:,} items that {params.least_rows:,} users "
            f"took. Received: {len(kept):,}. Change least_rows."
        )
    popular, together = _popular.log_share(train), _together(_taken(train.target, len(train.labels))[:, kept])
    known = _taken(val.inputs["seen"], len(val.labels))
    found = []
    for place, l2 in enumerate(params.l2, 1):
        left, right = _spread(kept, len(popular), *_factors(_weights(together, l2), min(params.rank, len(kept))))
        scores = (known @ left) @ right
        for share in params.popularity:
            loss = float(ranking.loss({ranking.OUTPUT: scores + share * popular}, val).mean())
            found.append((loss, len(found), left, right, share))
        report(place, len(params.l2), {"val_loss": min(one[0] for one in found)})
    _, _, left, right, share = min(found, key=lambda one: one[:2])
    shape, popular = train.inputs["seen"].shape[1:], (share * popular).astype(np.float32)
    return _keras.KerasModel(_network(shape, left, right, popular))


def _taken(items: Array, count: int) -> Any:
    """Rows of 0 and 1, (n, items) float32, sparse. items: (n, r), padded with -1."""
    from scipy.sparse import csr_array

    rows, places = np.nonzero(items >= 0)
    return csr_array((np.ones(len(rows), np.float32), (rows, items[rows, places])), shape=(len(items), count))


def _together(taken: Any) -> Array:
    """How many users took both of two items, (items, items) float64."""
    return (taken.T @ taken).toarray().astype(np.float64)


def _spread(kept: Array, count: int, left: Array, right: Array) -> tuple[Array, Array]:
    """Factors of all items, (count, rank) and (rank, count), of those of the kept ones; the others have none."""
    wide_left, wide_right = (np.zeros(shape, np.float32) for shape in ((count, left.shape[1]), (len(right), count)))
    wide_left[kept], wide_right[:, kept] = left, right
    return wide_left, wide_right


def _weights(together: Array, l2: float) -> Array:
    """Weights (items, items) float64 that predict each item from the others; none from an item to itself."""
    inverse = np.linalg.inv(together + l2 * np.eye(len(together)))
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


def _network(shape: tuple[int, ...], left: Array, right: Array, popular: Array) -> Any:
    """Sum the factors of the seen items; number 0 stands for nothing. shape: of seen, per row."""
    import keras
    from keras import layers

    seen: Any = keras.Input(shape, dtype="int32", name="seen")
    table = layers.Embedding(len(left) + 1, left.shape[1], name="items")
    last = layers.Dense(len(popular), name=_keras.OUTPUTS["rank"])
    network = keras.Model(seen, last(_keras.sum_over_rows(table(seen + 1))), name="neighbours")
    table.set_weights([np.concatenate([np.zeros_like(left[:1]), left])])
    last.set_weights([right, popular])
    return network
