"""neighbours: item-to-item weights that predict the next item from those a user took. Source: Steck 2019, EASE.

The weights that predict each item best from all others have a closed-form solution, which is approximated by a few factors.
Users have no parameters, so new users get predictions from their items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families import _popularity
from minnow.families._arrays import SEEN
from minnow.families._keras import model
from minnow.families._keras.layers import sum_over_rows
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "l2": {"among": [[10.0, 30.0, 100.0, 300.0], [10.0], [30.0], [100.0], [300.0]]},
        "rank": {"low": 4, "high": 128, "log": True},
    },
    libraries=("tensorflow",),
)
MODALITIES = ("interactions",)
TASKS = ("rank",)
READS = (SEEN,)

load = model.load
_MOST_ITEMS, _USUAL_ITEMS = 12_000, 4_000
"""Most items with weights that fit into memory, and those that there are where params.yaml does not say it."""


class Params(_popularity.Aging):
    """l2: strengths of regularization; rank: number of factors that approximate the weights.

    popularity: weights of the log present popularity; a small weight only orders items of equal scores and items for users
    without a history, a large one leaves popularity alone. Of l2 and popularity, the best on val is used.
    least_rows: smallest number of users of an item with weights; the time to solve grows with the cube of such items. None
    gives weights to the 4,000 items with most users.
    """

    l2: list[float] = Field(default=[10.0, 30.0, 100.0, 300.0], min_length=1)
    rank: int = Field(default=16, ge=1)
    popularity: list[float] = Field(default=[0.001, 0.03, 0.3, 3.0], min_length=1)
    least_rows: int | None = Field(default=None, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Solve for the items in target (n, r) int64; the network reads seen (n, s) int32. Both are padded with -1.

    Raises ValueError for fewer than 2 items, or too many to hold the weights in memory.
    """
    kept = _frequent_items(train, params)
    log_share, settled = _popularity.present(train, val, params)
    counts = _counts(_interactions(train.target, len(train.labels))[:, kept])
    val_seen = _interactions(val.inputs[SEEN], len(val.labels))
    fits = []
    for index, l2 in enumerate(params.l2, 1):
        factors = _factors(_weights(counts, l2), min(params.rank, len(kept)))
        left, right = _of_all_items(kept, len(log_share), *factors)
        loss, share = _popularity.best_share((val_seen @ left) @ right, log_share, params.popularity, val)
        fits.append((loss, index, left, right, share))
        report(index, len(params.l2), _popularity.val_metrics(min(fit[0] for fit in fits), val))
    _, index, left, right, share = min(fits, key=lambda fit: fit[:2])
    bias = (share * log_share).astype(np.float32)
    settled |= {"l2": [params.l2[index - 1]], "popularity": [share]}
    return model.KerasModel(_network(train.inputs[SEEN].shape[1:], left, right, bias), settled=settled)


def _frequent_items(train: Batch, params: Params) -> Array:
    """Indices of the items that enough users took, (m,) int. Raises ValueError for too few or too many."""
    users = _popularity.counts(train)
    if params.least_rows is None:
        most = np.argsort(-users, kind="stable")[:_USUAL_ITEMS]
        kept = np.sort(most[users[most] > 0])
    else:
        kept = np.flatnonzero(users >= params.least_rows)
    if not 1 < len(kept) <= _MOST_ITEMS:
        least = params.least_rows or 1
        raise ValueError(
            f"neighbours needs 2 to {_MOST_ITEMS:,} items that at least {least:,} users took (least_rows). Received: "
            f"{len(kept):,}. Change least_rows."
        )
    return kept


def _interactions(items: Array, count: int) -> Any:
    """Matrix of 0 and 1, (n, count) float32, sparse. items: (n, r), padded with -1."""
    from scipy.sparse import csr_array

    rows, positions = np.nonzero(items >= 0)
    return csr_array((np.ones(len(rows), np.float32), (rows, items[rows, positions])), shape=(len(items), count))


def _counts(interactions: Any) -> Array:
    """Number of users who took both of two items, (items, items) float64."""
    return (interactions.T @ interactions).toarray().astype(np.float64)


def _of_all_items(kept: Array, count: int, left: Array, right: Array) -> tuple[Array, Array]:
    """Factors of all items, (count, rank) and (rank, count): those of the kept items, zeros for the others."""
    all_left, all_right = (np.zeros(shape, np.float32) for shape in ((count, left.shape[1]), (len(right), count)))
    all_left[kept], all_right[:, kept] = left, right
    return all_left, all_right


def _weights(counts: Array, l2: float) -> Array:
    """Weights (items, items) float64 that predict each item from the others; 0 on the diagonal."""
    from scipy.linalg import inv

    inverse = inv(counts + l2 * np.eye(len(counts)), assume_a="pos")
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def _factors(weights: Array, rank: int) -> tuple[Array, Array]:
    """Truncated singular value decomposition: matrices (items, rank) and (rank, items) float32 with the weights as product."""
    from scipy.sparse.linalg import svds

    if rank < len(weights) // 2:
        left, size, right = svds(weights, k=rank, v0=np.ones(len(weights)))
    else:
        left, size, right = (
            part[..., :rank] if i < 2 else part[:rank] for i, part in enumerate(np.linalg.svd(weights))
        )
    root = np.sqrt(size)
    return (left * root).astype(np.float32), (root[:, None] * right).astype(np.float32)


def _network(shape: tuple[int, ...], left: Array, right: Array, bias: Array) -> Any:
    """Build the network: it sums the factors of the seen items; row 0 of the table is for padding. shape: of seen, per row."""
    import keras
    from keras import layers

    seen: Any = keras.Input(shape, dtype="int32", name=SEEN)
    table = layers.Embedding(len(left) + 1, left.shape[1], name="items")
    last = layers.Dense(len(bias), name=model.OUTPUTS["rank"])
    network = keras.Model(seen, last(sum_over_rows(table(seen + 1))), name="neighbours")
    table.set_weights([np.concatenate([np.zeros_like(left[:1]), left])])
    last.set_weights([right, bias])
    return network
