"""embedbag: the mean of learned word vectors, then a small network. Source: Joulin et al. 2016, fastText."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from minnow.families import _keras
from minnow.families._options import SEARCHED, Regularised
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("text",)
TASKS = ("classify",)

SPACE = {**SEARCHED, "dim": {"low": 4, "high": 32, "log": True}, "features": {"among": ["tokens", "ngrams"]}}

load = _keras.load


class Params(Regularised):
    """features: words in order, or words and pairs of words; dim: length of a vector; units: of hidden layers."""

    features: Literal["tokens", "ngrams"] = "ngrams"
    dim: int = Field(default=12, ge=1)
    units: list[int] = Field(default=[])
    epochs: int = Field(default=20, ge=1)
    learning_rate: float = Field(default=0.01, gt=0)
    batch_norm: bool = False


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on inputs tokens or ngrams, (n, m) int32 padded with 0, which counts for nothing."""
    import keras
    from keras import layers

    ops: Any = keras.ops
    _keras.start(seed)
    ids = keras.Input(train.inputs[params.features].shape[1:], dtype="int32", name=params.features)
    weights = _keras.regulariser(params)
    vectors = layers.Embedding(train.sizes[params.features], params.dim, embeddings_regularizer=weights)(ids)
    there = ops.expand_dims(ops.cast(ops.not_equal(ids, 0), "float32"), -1)
    x: Any = ops.sum(vectors * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
    if params.dropout:
        x = layers.Dropout(params.dropout, seed=seed)(x)
    for units in params.units:
        x = _keras.finish_layer(layers.Dense(units, kernel_regularizer=weights)(x), params)
    network = keras.Model(ids, _keras.head(x, train), name="embedbag")
    return _keras.train(network, train, val, params, seed=seed, report=report)
