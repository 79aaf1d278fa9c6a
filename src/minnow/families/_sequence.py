"""What comes in steps: words, rows of sensors, frames of sound. How families that read in order begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from minnow.families import _keras
from minnow.families._features import NUMBERS, PIXELS, SERIES
from minnow.families._options import Regularised
from minnow.types import Batch

TOKENS = "tokens"
MODALITIES = ("text", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")


class Stepwise(Regularised):
    """What families that read in order share.

    dim: length of a word's vector; word_dropout: share of a text's words that are left out while it is learned from, so that
    no few of them are known by heart; series and sounds have no words. dense: units of layers before the answer.
    """

    dim: int = Field(default=16, ge=1)
    word_dropout: float = Field(default=0.0, ge=0, lt=1)
    dense: list[int] = Field(default=[])
    epochs: int = Field(default=12, ge=1)
    batch_norm: bool = False


@dataclass(frozen=True)
class Steps:
    """The beginning of a network. inputs: what it takes; vectors: (n, m, d); there: (n, m, 1), 0 at padding, None for none."""

    inputs: list[Any]
    vectors: Any
    there: Any


def begin(train: Batch, params: Stepwise, seed: int) -> Steps:
    """Take tokens (n, m) int32, 0 where padded, series (n, m, d) float32 or image (n, m, d, 1) float32 step by step."""
    import keras
    from keras import layers

    ops: Any = keras.ops
    name = next(name for name in (TOKENS, SERIES, PIXELS) if name in train.inputs)
    shape = train.inputs[name].shape[1:]
    taken: Any = keras.Input(shape, dtype=str(train.inputs[name].dtype), name=name)
    there, x = None, taken
    if name == TOKENS:
        weights = _keras.regulariser(params)
        x = layers.Embedding(train.sizes[TOKENS], params.dim, embeddings_regularizer=weights)(taken)
        there = ops.expand_dims(ops.cast(ops.not_equal(taken, 0), "float32"), -1)
        x = layers.Dropout(params.dropout, seed=seed)(x) if params.dropout else x
        if params.word_dropout:
            x = layers.Dropout(params.word_dropout, noise_shape=(None, None, 1), seed=seed + 2)(x)
    elif name == PIXELS:
        x = layers.Reshape((shape[0], shape[1] * shape[2]))(taken)
    return Steps([taken], x, there)


def end(steps: Steps, x: Any, train: Batch, params: Stepwise, name: str, seed: int) -> Any:
    """Put the numbers that stand beside the steps to what was made of these, and answer."""
    import keras
    from keras import layers

    inputs = steps.inputs
    x = layers.Dropout(params.dropout, seed=seed + 1)(x) if params.dropout else x
    if NUMBERS in train.inputs:
        numbers = keras.Input(train.inputs[NUMBERS].shape[1:], name=NUMBERS)
        inputs, x = [*inputs, numbers], layers.Concatenate()([x, numbers])
    for units in params.dense:
        x = layers.Dense(units, use_bias=not params.batch_norm, kernel_regularizer=_keras.regulariser(params))(x)
        x = _keras.finish_layer(x, params)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], _keras.head(x, train), name=name)
