"""recommender: two towers, a vector per user and per item, trained so that a user's own items rank first, or on ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _keras, _popular
from minnow.families._options import SEARCHED, Training
from minnow.tasks import rank as ranking
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("interactions",)
TASKS = ("rank", "rate")

SPACE = {
    **SEARCHED,
    "dim": {"low": 4, "high": 48, "log": True},
    "l2": {"among": [0.0, 1e-6, 1e-5, 1e-4, 1e-3]},
    "id_dropout": {"low": 0.02, "high": 0.5},
}

load = _keras.load
USER, ITEM = "user", "item"
SHARES = (0.0, 0.1, 0.3, 1.0)
"""How much of a user's taste is put on what is popular at present; the best on val is taken."""


class Params(Training):
    """dim: length of a vector; l2: on vectors; dropout: of a user's vector.

    id_dropout: share of training users (and items, of ratings) who are made unknown, so that number 0, whom nobody knows,
    learns what is liked by all.
    """

    dim: int = Field(default=16, ge=1)
    l2: float = Field(default=0.0, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    id_dropout: float = Field(default=0.1, gt=0, lt=1)
    epochs: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=0.02, gt=0)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on input user (n,) int32, 0 for an unknown one, against the items in target (n, r).

    Or on user and item (n,) int32 against ratings (n,), where a rating is the anchor and what the two vectors add to it.
    """
    _keras.start(seed)
    forget = _forget(params.id_dropout)
    if train.task == "rate":
        network = _factors(train, params, seed)
        return _keras.train(network, train, val, params, seed=seed, report=report, train_inputs=forget)
    network, loss = _towers(train, params, seed), _softmax_loss()
    model = _keras.train(network, train, val, params, seed=seed, report=report, loss=loss, train_inputs=forget)
    _bring_up_to_date(network, train, val)
    return model


def _vector(name: str, size: int, params: Params) -> tuple[Any, Any]:
    """An input of ids, and the vector of each."""
    import keras
    from keras import layers

    weights = keras.regularizers.L2(params.l2) if params.l2 else None
    ids = keras.Input((), dtype="int32", name=name)
    return ids, layers.Embedding(size, params.dim, embeddings_regularizer=weights, name=f"{name}s")(ids)


def _towers(train: Batch, params: Params, seed: int) -> Any:
    import keras
    from keras import layers

    user, vector = _vector(USER, train.sizes[USER], params)
    if params.dropout:
        vector = layers.Dropout(params.dropout, seed=seed)(vector)
    weights = keras.regularizers.L2(params.l2) if params.l2 else None
    items = layers.Dense(len(train.labels), kernel_regularizer=weights, name=_keras.OUTPUTS["rank"])
    network = keras.Model(user, items(vector), name="recommender")
    counts = _popular.counts(train)
    items.set_weights([items.get_weights()[0], np.log((counts + 1) / (counts.sum() + len(counts)))])
    return network


def _factors(train: Batch, params: Params, seed: int) -> Any:
    """What a user and an item have in common, number by number, and each of them alone. Source: Koren et al. 2009."""
    import keras
    from keras import layers

    (user, of_user), (item, of_item) = (_vector(name, train.sizes[name], params) for name in (USER, ITEM))
    if params.dropout:
        of_user = layers.Dropout(params.dropout, seed=seed)(of_user)
    x = layers.Concatenate()([layers.Multiply()([of_user, of_item]), of_user, of_item])
    return keras.Model([user, item], _keras.head(x, train), name="recommender")


def _bring_up_to_date(network: Any, train: Batch, val: Batch) -> None:
    """Put what is popular at present in the place of what was popular over all times, where val is ranked better by it.

    A user's vector says how they differ from everybody; the less of it is kept, the more everybody decides.
    """
    last, users = network.get_layer(_keras.OUTPUTS["rank"]), network.get_layer(f"{USER}s").get_weights()[0]
    kernel, learned = last.get_weights()
    taste = users[val.inputs[USER]] @ kernel
    present = _popular.log_share(train)

    def loss(share: float, popular: Array) -> float:
        return float(ranking.loss({ranking.OUTPUT: share * taste + popular}, val).mean())

    choices = [(1.0, learned), *((share, present) for share in SHARES)]
    share, popular = min(choices, key=lambda one: loss(*one))
    last.set_weights([share * kernel, popular])


def _softmax_loss() -> Any:
    """Mean negative log probability of a row's own items among all items, in nats."""
    import keras

    ops: Any = keras.ops

    def loss(target: Any, scores: Any) -> Any:
        target = ops.cast(target, "int32")
        there = ops.cast(target >= 0, "float32")
        own = ops.take_along_axis(ops.log_softmax(scores, axis=-1), ops.maximum(target, 0), axis=1)
        return -ops.sum(own * there, axis=-1) / ops.maximum(ops.sum(there, axis=-1), 1.0)

    return loss


def _forget(share: float) -> Any:
    """Make ids unknown at random, users and items apart."""
    import tensorflow as tf

    def change(inputs: dict[str, Any], seeds: Any) -> dict[str, Any]:
        changed = dict(inputs)
        for place, name in enumerate(name for name in (USER, ITEM) if name in inputs):
            drawn = tf.random.stateless_uniform(tf.shape(inputs[name]), seeds + place)
            changed[name] = tf.where(drawn < share, tf.zeros_like(inputs[name]), inputs[name])
        return changed

    return change
