"""content: a content-based recommender. It needs attributes of items, and no earlier interactions with an item.

A user's profile is the mean of the attributes of the items that they took; a ridge predicts the attributes of the next item
from it, and items are scored by how much likelier such attributes make them than their popularity alone. A new user is known
after two likes, and a new item by its attributes. Source: Lops et al. 2011, on content-based recommenders.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.contracts import FamilyCapabilities, Parameters
from minnow.families import _popularity
from minnow.families._arrays import SEEN
from minnow.families._keras import model
from minnow.families._keras.layers import sum_over_rows
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "l2": {"among": [[10.0, 100.0, 1000.0], [1.0], [10.0], [100.0], [1000.0]]},
        "popularity": {"among": [[0.1, 0.3, 0.6, 1.0], [0.1], [0.3], [0.6], [1.0]]},
    }
)
MODALITIES = ("interactions",)
TASKS = ("rank",)
READS = (SEEN,)

load = model.load
_LABEL_FEATURE = "attributes"
_PRIOR_ITEMS = 1.0
"""Average items that are added to each profile: a profile of few items is near that of nobody."""


class Params(Parameters):
    """l2: strengths of the ridge; popularity: weights of the log of popularity. Of both, the best on val are taken."""

    l2: list[float] = Field(default=[10.0, 100.0, 1000.0], min_length=1)
    popularity: list[float] = Field(default=[0.1, 0.3, 0.6, 1.0], min_length=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Solve on the items in target (n, r) int64 and their attributes; the network reads seen (n, s) int32.

    Raises ValueError where no attributes are known.
    """
    items, log_share = _centered_attributes(train), _prior(train)
    profiles, following = _profiles_of_others(items, train.target)
    val_profiles = _profiles(items, val.inputs[SEEN])
    fits = []
    for index, l2 in enumerate(params.l2, 1):
        weights = _weights(profiles, following, items, l2)
        loss, share = _popularity.best_share(val_profiles @ weights, log_share, params.popularity, val)
        fits.append((loss, index, weights, share))
        report(index, len(params.l2), {"val_loss": min(fit[0] for fit in fits)})
    _, _, weights, share = min(fits, key=lambda fit: fit[:2])
    bias = (share * log_share).astype(np.float32)
    return model.KerasModel(_network(train.inputs[SEEN].shape[1:], items, weights, bias))


def _centered_attributes(train: Batch) -> Array:
    """Attributes of items (k, a), less their mean over interactions. Raises ValueError where there are none."""
    attributes = train.label_features.get(_LABEL_FEATURE)
    if attributes is None or not attributes.shape[1]:
        raise ValueError(
            "content needs attributes of items. Received: none. Name their file under options.items, or take `neighbours`."
        )
    row, column = np.nonzero(train.target >= 0)
    return attributes - attributes[train.target[row, column]].mean(axis=0)


def _prior(train: Batch) -> Array:
    """Log of popularity, (k,) float32; an item that nobody took yet counts as an average one."""
    known = _popularity.log_share(train)
    is_taken = _popularity.counts(train) > 0
    return np.where(is_taken, known, known[is_taken].mean()).astype(np.float32)


def _profiles_of_others(items: Array, target: Array) -> tuple[Array, Array]:
    """For each item that a user took: their profile without it, and its own attributes, both (m, a)."""
    is_item = target >= 0
    total = np.where(is_item[:, :, None], items[np.maximum(target, 0)], 0).sum(axis=1)
    count = is_item.sum(axis=1)
    row, column = np.nonzero(is_item & (count > 1)[:, None])
    own = items[target[row, column]]
    return (total[row] - own) / (count[row, None] - 1 + _PRIOR_ITEMS), own


def _profiles(items: Array, seen: Array) -> Array:
    """Mean attributes of what was seen, (n, a), shrunk towards zero. seen: (n, s), padded with -1."""
    is_item = seen >= 0
    total = np.stack([items[row[known]].sum(axis=0) for row, known in zip(seen, is_item, strict=True)])
    return total / (is_item.sum(axis=1, keepdims=True) + _PRIOR_ITEMS)


def _weights(profiles: Array, following: Array, items: Array, l2: float) -> Array:
    """Weights from a profile to how much likelier it makes each item, (a, k) float32.

    The ridge predicts the mean of the next item's attributes; with the covariance of all items that were taken, the log of
    how much likelier a normal distribution around that mean makes an item than one around the mean of all.
    """
    ridge = l2 * np.eye(items.shape[1])
    mean = np.linalg.solve(profiles.T @ profiles + ridge, profiles.T @ following)
    covariance = (following.T @ following + ridge) / max(len(following), 1)
    return (mean @ np.linalg.solve(covariance, items.T.astype(np.float64))).astype(np.float32)


def _network(shape: tuple[int, ...], items: Array, weights: Array, bias: Array) -> Any:
    """Average the attributes of the seen items, and weight them; row 0 of the table is the padding's.

    shape: of seen, per row.
    """
    import keras
    from keras import layers

    ops: Any = keras.ops
    seen: Any = keras.Input(shape, dtype="int32", name=SEEN)
    table = layers.Embedding(len(items) + 1, items.shape[1], name="items")
    last = layers.Dense(len(bias), name=model.OUTPUTS["rank"])
    count = ops.sum(ops.cast(seen >= 0, "float32"), axis=1, keepdims=True)
    network = keras.Model(seen, last(sum_over_rows(table(seen + 1)) / (count + _PRIOR_ITEMS)), name="content")
    table.set_weights([np.concatenate([np.zeros_like(items[:1]), items])])
    last.set_weights([weights, bias])
    return network
