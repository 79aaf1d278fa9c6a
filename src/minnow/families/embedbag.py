"""embedbag: the mean of learned embeddings of words or n-grams, then a small network. Source: Joulin et al. 2016."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import NGRAMS, TOKENS
from minnow.families._keras import model, training
from minnow.families._keras.layers import finish_layer, head, regularizer
from minnow.families._keras.options import SEARCHED, Regularized
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={**SEARCHED, "dim": {"low": 4, "high": 32, "log": True}, "features": {"among": ["tokens", "ngrams"]}},
    libraries=("tensorflow",),
    resume=training.resume,
)
MODALITIES = ("text",)
TASKS = ("classify",)
READS = (TOKENS, NGRAMS)

load = model.load


class Params(Regularized):
    """features: words ("tokens"), or words and word n-grams ("ngrams"); dim: of an embedding; units: of hidden layers."""

    EPOCHS: ClassVar[int] = 20

    features: Literal["tokens", "ngrams"] = "ngrams"
    dim: int = Field(default=12, ge=1)
    units: list[int] = Field(default=[])
    learning_rate: float = Field(default=0.01, gt=0)
    batch_norm: bool = False


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on tokens or ngrams, (n, m) int32 padded with 0; padding is masked."""
    import keras
    from keras import layers

    ops: Any = keras.ops
    training.start(seed)
    ids = keras.Input(train.inputs[params.features].shape[1:], dtype="int32", name=params.features)
    weights = regularizer(params)
    vectors = layers.Embedding(train.cardinalities[params.features], params.dim, embeddings_regularizer=weights)(ids)
    mask = ops.expand_dims(ops.cast(ops.not_equal(ids, 0), "float32"), -1)
    x: Any = ops.sum(vectors * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)
    if params.dropout:
        x = layers.Dropout(params.dropout, seed=seed)(x)
    for units in params.units:
        x = finish_layer(layers.Dense(units, kernel_regularizer=weights)(x), params)
    network = keras.Model(ids, head(x, train), name="embedbag")
    return training.train(network, train, val, training.TrainingPlan(params, seed, report))
