"""content: a content-based recommender; it needs attributes of items, but no interactions with an item.

The profile of a user is the mean of the attributes of the items that the user took. A ridge regression predicts the attributes
of the next item from the profile. The score of an item is its log popularity plus the log likelihood ratio of its attributes
under that prediction. New users are described by their likes, new items by their attributes. Source: Lops et al. 2011.
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
        "l2": {"among": [[10.0, 100.0, 1000.0], [1.0], [10.0], [100.0], [1000.0]]},
        "popularity": {"among": [[0.1, 0.3, 0.6, 1.0], [0.1], [0.3], [0.6], [1.0]]},
    },
    libraries=("tensorflow",),
)
MODALITIES = ("interactions",)
TASKS = ("rank",)
READS = (SEEN,)

load = model.load
_LABEL_FEATURE = "attributes"
_PRIOR_ITEMS = 1.0
"""Number of average items that are added to each profile, which shrinks profiles of few items towards zero."""


class Params(_popularity.Aging):
    """l2: strengths of the ridge; popularity: weights of the log popularity. Of both, the best on val is used."""

    l2: list[float] = Field(default=[10.0, 100.0, 1000.0], min_length=1)
    popularity: list[float] = Field(default=[0.1, 0.3, 0.6, 1.0], min_length=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Solve for the items in target (n, r) int64 with their attributes; the network reads seen (n, s) int32.

    Raises ValueError where items have no attributes.
    """
    items, (present, settled) = _centered_attributes(train), _popularity.present(train, val, params)
    log_share = _prior(train, present)
    profiles, following = _profiles_of_others(items, train.target)
    val_profiles = _profiles(items, val.inputs[SEEN])
    fits = []
    for index, l2 in enumerate(params.l2, 1):
        weights = _weights(profiles, following, items, l2)
        loss, share = _popularity.best_share(val_profiles @ weights, log_share, params.popularity, val)
        fits.append((loss, index, weights, share))
        report(index, len(params.l2), _popularity.val_metrics(min(fit[0] for fit in fits), val))
    _, index, weights, share = min(fits, key=lambda fit: fit[:2])
    bias = (share * log_share).astype(np.float32)
    settled |= {"l2": [params.l2[index - 1]], "popularity": [share]}
    return model.KerasModel(_network(train.inputs[SEEN].shape[1:], items, weights, bias), settled=settled)


def _centered_attributes(train: Batch) -> Array:
    """Attributes of items minus their mean over interactions, (k, a). Raises ValueError where there are none."""
    attributes = train.label_features.get(_LABEL_FEATURE)
    if attributes is None or not attributes.shape[1]:
        raise ValueError(
            "content needs attributes of items. Received: none. Set their file under options.items, or use `neighbours`."
        )
    row, column = np.nonzero(train.target >= 0)
    return attributes - attributes[train.target[row, column]].mean(axis=0)


def _prior(train: Batch, known: Array) -> Array:
    """Log popularity, (k,) float32; the mean of the other items for items without interactions. known: (k,), of all items."""
    is_taken = _popularity.counts(train) > 0
    return np.where(is_taken, known, known[is_taken].mean()).astype(np.float32)


def _profiles_of_others(items: Array, target: Array) -> tuple[Array, Array]:
    """For each item that a user took: the user's profile without it, and its attributes, both (m, a)."""
    is_item = target >= 0
    total = np.where(is_item[:, :, None], items[np.maximum(target, 0)], 0).sum(axis=1)
    count = is_item.sum(axis=1)
    row, column = np.nonzero(is_item & (count > 1)[:, None])
    own = items[target[row, column]]
    return (total[row] - own) / (count[row, None] - 1 + _PRIOR_ITEMS), own


def _profiles(items: Array, seen: Array) -> Array:
    """Mean attributes of the seen items, (n, a), shrunk towards zero. seen: (n, s), padded with -1."""
    is_item = seen >= 0
    total = np.stack([items[row[known]].sum(axis=0) for row, known in zip(seen, is_item, strict=True)])
    return total / (is_item.sum(axis=1, keepdims=True) + _PRIOR_ITEMS)


def _weights(profiles: Array, following: Array, items: Array, l2: float) -> Array:
    """Weights from a profile to the log likelihood ratios of items, (a, k) float32.

    The ridge predicts the mean of the next item's attributes. The ratio is that of a normal distribution around this mean to
    one around the mean of all taken items, both with the covariance of these.
    """
    ridge = l2 * np.eye(items.shape[1])
    mean = np.linalg.solve(profiles.T @ profiles + ridge, profiles.T @ following)
    covariance = (following.T @ following + ridge) / max(len(following), 1)
    return (mean @ np.linalg.solve(covariance, items.T.astype(np.float64))).astype(np.float32)


def _network(shape: tuple[int, ...], items: Array, weights: Array, bias: Array) -> Any:
    """Build the network: it averages the attributes of the seen items and weights them; row 0 of the table is for padding.

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
