"""content: what a user liked is known by its attributes, and so is what comes next. Nobody needs to have taken it before.

A user's profile is the mean of the attributes of what they took; a ridge tells from it what the next item will be like, and
items are scored by how much likelier such attributes make them than their popularity alone. A new user is known after two
likes, and a new item by what the catalogue says. Source: Lops et al. 2011, on content-based recommenders.
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
    "l2": {"among": [[10.0, 100.0, 1000.0], [1.0], [10.0], [100.0], [1000.0]]},
    "popularity": {"among": [[0.1, 0.3, 0.6, 1.0], [0.1], [0.3], [0.6], [1.0]]},
}

load = _keras.load
OF_LABELS = "attributes"
LEAST = 1.0
"""Likes of nothing in particular that are added to each profile: the fewer it stands on, the nearer it is to nobody's."""


class Params(Strict):
    """l2: how far the ridge is held back; popularity: weights of the log of popularity. Of both the best on val is taken."""

    l2: list[float] = Field(default=[10.0, 100.0, 1000.0], min_length=1)
    popularity: list[float] = Field(default=[0.1, 0.3, 0.6, 1.0], min_length=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Solve on the items in target (n, r) int64 and their attributes; the network reads seen (n, s) int32.

    Raises ValueError where nothing is known of items.
    """
    attributes = train.of_labels.get(OF_LABELS)
    if attributes is None or not attributes.shape[1]:
        raise ValueError(
            "content needs attributes of items. Received: none. Name their file under options.items, or take `neighbours`."
        )
    popular = _prior(train)
    row, column = np.nonzero(train.target >= 0)
    items = attributes - attributes[train.target[row, column]].mean(axis=0)
    profiles, taken = _others(items, train.target)
    held = _profiles(items, val.inputs["seen"])
    found = []
    for place, l2 in enumerate(params.l2, 1):
        weights = _weights(profiles, taken, items, l2)
        scores = held @ weights
        for share in params.popularity:
            loss = float(ranking.loss({ranking.OUTPUT: scores + share * popular}, val).mean())
            found.append((loss, len(found), weights, share))
        report(place, len(params.l2), {"val_loss": min(one[0] for one in found)})
    _, _, weights, share = min(found, key=lambda one: one[:2])
    shape, popular = train.inputs["seen"].shape[1:], (share * popular).astype(np.float32)
    return _keras.KerasModel(_network(shape, items, weights, popular))


def _prior(train: Batch) -> Array:
    """Log of popularity, (k,) float32; an item that nobody took yet counts as an average one."""
    known = _popular.log_share(train)
    taken = _popular.counts(train) > 0
    return np.where(taken, known, known[taken].mean()).astype(np.float32)


def _others(items: Array, target: Array) -> tuple[Array, Array]:
    """For each item that somebody took: their profile without it, and its own attributes, both (m, a)."""
    there = target >= 0
    total = np.where(there[:, :, None], items[np.maximum(target, 0)], 0).sum(axis=1)
    count = there.sum(axis=1)
    row, column = np.nonzero(there & (count > 1)[:, None])
    own = items[target[row, column]]
    return (total[row] - own) / (count[row, None] - 1 + LEAST), own


def _profiles(items: Array, seen: Array) -> Array:
    """Mean attributes of what was seen, (n, a), held back towards nothing. seen: (n, s), padded with -1."""
    there = seen >= 0
    total = np.stack([items[row[known]].sum(axis=0) for row, known in zip(seen, there, strict=True)])
    return total / (there.sum(axis=1, keepdims=True) + LEAST)


def _weights(profiles: Array, taken: Array, items: Array, l2: float) -> Array:
    """From a profile to how much likelier it makes each item, (a, k) float32.

    The ridge gives the mean of the next item's attributes; with the covariance of all that is taken, the log of how much
    likelier a normal distribution around that mean makes an item than one around the mean of all.
    """
    ridge = l2 * np.eye(items.shape[1])
    mean = np.linalg.solve(profiles.T @ profiles + ridge, profiles.T @ taken)
    covariance = (taken.T @ taken + ridge) / max(len(taken), 1)
    return (mean @ np.linalg.solve(covariance, items.T.astype(np.float64))).astype(np.float32)


def _network(shape: tuple[int, ...], items: Array, weights: Array, popular: Array) -> Any:
    """Sum the attributes of the seen items, divide by how many there are, weigh; number 0 stands for nothing.

    shape: of seen, per row.
    """
    import keras
    from keras import layers

    ops: Any = keras.ops
    seen: Any = keras.Input(shape, dtype="int32", name="seen")
    table = layers.Embedding(len(items) + 1, items.shape[1], name="items")
    last = layers.Dense(len(popular), name=_keras.OUTPUTS["rank"])
    count = ops.sum(ops.cast(seen >= 0, "float32"), axis=1, keepdims=True)
    network = keras.Model(seen, last(_keras.sum_over_rows(table(seen + 1)) / (count + LEAST)), name="content")
    table.set_weights([np.concatenate([np.zeros_like(items[:1]), items])])
    last.set_weights([weights, popular])
    return network
