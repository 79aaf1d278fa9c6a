"""recommender: matrix factorization: a learned vector per user and per item, for rankings or ratings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from minnow import tasks
from minnow.contracts import FamilyCapabilities
from minnow.families import _popularity
from minnow.families._arrays import ITEM, USER
from minnow.families._keras import feed, model, training
from minnow.families._keras.layers import head
from minnow.families._keras.options import SEARCHED, Training
from minnow.tasks import rank as ranking
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        **SEARCHED,
        "dim": {"low": 4, "high": 48, "log": True},
        "l2": {"among": [0.0, 1e-6, 1e-5, 1e-4, 1e-3]},
        "id_dropout": {"low": 0.02, "high": 0.5},
    },
    libraries=("tensorflow",),
)
MODALITIES = ("interactions",)
TASKS = ("rank", "rate")
READS = (USER, ITEM)

load = model.load


class Params(Training, _popularity.Aging):
    """dim: length of a vector; l2: on vectors; dropout: on the vector of a user.

    id_dropout: share of the ids of users (and of items, for ratings) that are replaced by 0 in training. 0 is the id of
    unknown users, whose vector is trained in this way.
    shares: for rankings, weights of the scores by vectors relative to present popularity, in place of the learned popularity;
    null keeps that. The best on val is used: the smaller the weight, the more the ranking follows popularity.
    """

    EPOCHS: ClassVar[int] = 60
    MOST_ROWS: ClassVar[int] = 20_000_000

    dim: int = Field(default=16, ge=1)
    l2: float = Field(default=0.0, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    id_dropout: float = Field(default=0.1, gt=0, lt=1)
    learning_rate: float = Field(default=0.02, gt=0)
    shares: list[float | None] = Field(default=[None, 0.0, 0.1, 0.3, 1.0], min_length=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on user (n,) int32, 0 for an unknown one, with the items in target (n, r) int64.

    For ratings, train on user and item (n,) int32 with target (n,) float32, usually the difference from the offset.
    """
    training.start(seed)
    change = _id_dropout(params.id_dropout)
    if train.task == "rate":
        network = _rating_network(train, params, seed)
        return training.train(network, train, val, training.TrainingPlan(params, seed, report, change=change))
    network = _ranking_network(train, params, seed)
    plan = training.TrainingPlan(params, seed, report, loss=_softmax_loss(), change=change)
    fitted = training.train(network, train, val, plan)
    settled = _update_popularity(network, train, val, params)
    return replace(fitted, settled={**(fitted.settled or {}), **settled})


def _vector(name: str, ids: int, params: Params) -> tuple[Any, Any]:
    """An input of ids (n,), and their vectors (n, dim)."""
    import keras
    from keras import layers

    weights = keras.regularizers.L2(params.l2) if params.l2 else None
    index = keras.Input((), dtype="int32", name=name)
    return index, layers.Embedding(ids, params.dim, embeddings_regularizer=weights, name=f"{name}s")(index)


def _ranking_network(train: Batch, params: Params, seed: int) -> Any:
    import keras
    from keras import layers

    user, vector = _vector(USER, train.cardinalities[USER], params)
    if params.dropout:
        vector = layers.Dropout(params.dropout, seed=seed)(vector)
    weights = keras.regularizers.L2(params.l2) if params.l2 else None
    items = layers.Dense(len(train.labels), kernel_regularizer=weights, name=model.OUTPUTS["rank"])
    network = keras.Model(user, items(vector), name="recommender")
    counts = _popularity.counts(train)
    items.set_weights([items.get_weights()[0], np.log((counts + 1) / (counts.sum() + len(counts)))])
    return network


def _rating_network(train: Batch, params: Params, seed: int) -> Any:
    """Build the network of ratings: linear in both vectors and their product. Source: Koren et al. 2009."""
    import keras
    from keras import layers

    (user, of_user), (item, of_item) = (_vector(name, train.cardinalities[name], params) for name in (USER, ITEM))
    if params.dropout:
        of_user = layers.Dropout(params.dropout, seed=seed)(of_user)
    x = layers.Concatenate()([layers.Multiply()([of_user, of_item]), of_user, of_item])
    return keras.Model([user, item], head(x, train), name="recommender")


def _update_popularity(network: Any, train: Batch, val: Batch, params: Params) -> dict[str, Any]:
    """Replace the learned bias of items by their present popularity, with a weight of the vectors, where val is ranked better.

    Returns what val settled, as parameters.
    """
    last, users = network.get_layer(model.OUTPUTS["rank"]), network.get_layer(f"{USER}s").get_weights()[0]
    kernel, learned = last.get_weights()
    scores = users[val.inputs[USER]] @ kernel
    (present, settled), loss_of = _popularity.present(train, val, params), tasks.measure(val.task, val.measure).loss

    def updated(share: float | None) -> tuple[float, Array]:
        return (1.0, learned) if share is None else (share, present)

    def loss(choice: float | None) -> float:
        share, popularity = updated(choice)
        return float(loss_of({ranking.OUTPUT: share * scores + popularity}, val).mean())

    choice = min(params.shares, key=loss)
    share, popularity = updated(choice)
    last.set_weights([share * kernel, popularity])
    return settled | {"shares": [choice]}


def _softmax_loss() -> Any:
    """Make the loss: mean negative log probability of a row's items among all items, in nats."""
    import keras

    ops: Any = keras.ops

    def loss(target: Any, scores: Any) -> Any:
        target = ops.cast(target, "int32")
        mask = ops.cast(target >= 0, "float32")
        own = ops.take_along_axis(ops.log_softmax(scores, axis=-1), ops.maximum(target, 0), axis=1)
        return -ops.sum(own * mask, axis=-1) / ops.maximum(ops.sum(mask, axis=-1), 1.0)

    return loss


def _id_dropout(share: float) -> feed.Change:
    """Make the change of training rows that replaces ids by 0 at random, those of users and of items independently."""
    import tensorflow as tf

    def change(inputs: dict[str, Any], seeds: Any) -> dict[str, Any]:
        changed = dict(inputs)
        for index, name in enumerate(name for name in (USER, ITEM) if name in inputs):
            random = tf.random.stateless_uniform(tf.shape(inputs[name]), seeds + index)
            changed[name] = tf.where(random < share, tf.zeros_like(inputs[name]), inputs[name])
        return changed

    return change
