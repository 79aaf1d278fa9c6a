"""recommender: two towers, a vector per user and per item, trained so that a user's own items rank first."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _keras
from minnow.families._options import SEARCHED, Training
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("interactions",)
TASKS = ("rank",)

SPACE = {
    **SEARCHED,
    "dim": {"low": 4, "high": 48, "log": True},
    "l2": {"among": [0.0, 1e-6, 1e-5, 1e-4, 1e-3]},
    "id_dropout": {"low": 0.02, "high": 0.5},
}

load = _keras.load


class Params(Training):
    """dim: length of a vector; l2: on vectors; dropout: of a user's vector.

    id_dropout: share of training users who are made unknown, so that number 0, the user whom nobody knows, learns what
    is liked by all.
    """

    dim: int = Field(default=16, ge=1)
    l2: float = Field(default=0.0, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    id_dropout: float = Field(default=0.1, gt=0, lt=1)
    epochs: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=0.02, gt=0)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on input user (n,) int32, 0 for an unknown one, against the items in target (n, r)."""
    import keras
    from keras import layers

    _keras.start(seed)
    weights = keras.regularizers.L2(params.l2) if params.l2 else None
    user = keras.Input((), dtype="int32", name="user")
    vector: Any = layers.Embedding(train.sizes["user"], params.dim, embeddings_regularizer=weights, name="users")(user)
    if params.dropout:
        vector = layers.Dropout(params.dropout, seed=seed)(vector)
    items = layers.Dense(len(train.labels), kernel_regularizer=weights, name=_keras.OUTPUTS["rank"])
    network = keras.Model(user, items(vector), name="recommender")
    items.set_weights([items.get_weights()[0], _log_popularity(train)])
    return _keras.train(
        network,
        train,
        val,
        params,
        seed=seed,
        report=report,
        loss=_softmax_loss(len(train.labels)),
        train_inputs=_forget_users(params.id_dropout),
    )


def _log_popularity(train: Batch) -> Array:
    counts = np.bincount(train.target[train.target >= 0], minlength=len(train.labels))
    return np.log((counts + 1) / (counts.sum() + len(counts))).astype(np.float32)


def _softmax_loss(items: int) -> Any:
    """Mean negative log probability of a row's own items among all items, in nats."""
    import keras

    ops: Any = keras.ops

    def loss(target: Any, scores: Any) -> Any:
        target = ops.cast(target, "int32")
        there = ops.cast(target >= 0, "float32")
        own = ops.sum(ops.one_hot(ops.maximum(target, 0), items) * ops.expand_dims(there, -1), axis=1)
        chosen = ops.sum(ops.log_softmax(scores, axis=-1) * own, axis=-1)
        return -chosen / ops.maximum(ops.sum(there, axis=-1), 1.0)

    return loss


def _forget_users(share: float) -> Any:
    import tensorflow as tf

    def change(inputs: dict[str, Any], seeds: Any) -> dict[str, Any]:
        user = inputs["user"]
        drawn = tf.random.stateless_uniform(tf.shape(user), seeds)
        return {**inputs, "user": tf.where(drawn < share, tf.zeros_like(user), user)}

    return change
