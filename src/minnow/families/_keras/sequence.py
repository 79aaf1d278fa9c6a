"""First and last layers of networks that read sequences: words, sensor readings, frames of sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from minnow.families._arrays import NUMBERS, PIXELS, STEPS, TOKENS
from minnow.families._keras.layers import dense_layers, head, regularizer
from minnow.families._keras.model import one_or_list
from minnow.families._keras.options import Regularized
from minnow.types import Batch

MODALITIES = ("text", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")
READS = (*STEPS, NUMBERS)


class Stepwise(Regularized):
    """Parameters of the families that read sequences.

    dim: of the embedding of a word; word_dropout: share of the words of a text that are dropped in training, against
    overfitting; dim and word_dropout are not used for series and sounds. dense: units of the dense layers before the output.
    """

    EPOCHS: ClassVar[int] = 12

    dim: int = Field(default=16, ge=1)
    word_dropout: float = Field(default=0.0, ge=0, lt=1)
    dense: list[int] = Field(default=[])
    batch_norm: bool = False


@dataclass(frozen=True)
class Steps:
    """The first layers of a network. vectors: (n, m, d); mask: (n, m, 1), 0 at padding, None where there is no padding."""

    inputs: list[Any]
    vectors: Any
    mask: Any


def begin(train: Batch, params: Stepwise, seed: int) -> Steps:
    """Build the first layers for tokens (n, m) int32, 0 at padding, series (n, m, d) or image (n, m, d, 1) float32."""
    import keras
    from keras import layers

    name = next(name for name in STEPS if name in train.inputs)
    shape = train.inputs[name].shape[1:]
    steps: Any = keras.Input(shape, dtype=str(train.inputs[name].dtype), name=name)
    if name == TOKENS:
        return _word_vectors(steps, train.cardinalities[TOKENS], params, seed)
    vectors = layers.Reshape((shape[0], shape[1] * shape[2]))(steps) if name == PIXELS else steps
    return Steps([steps], vectors, None)


def _word_vectors(tokens: Any, vocabulary: int, params: Stepwise, seed: int) -> Steps:
    import keras
    from keras import layers

    ops: Any = keras.ops
    x = layers.Embedding(vocabulary, params.dim, embeddings_regularizer=regularizer(params))(tokens)
    mask = ops.expand_dims(ops.cast(ops.not_equal(tokens, 0), "float32"), -1)
    x = layers.Dropout(params.dropout, seed=seed)(x) if params.dropout else x
    if params.word_dropout:
        x = layers.Dropout(params.word_dropout, noise_shape=(None, None, 1), seed=seed + 2)(x)
    return Steps([tokens], x, mask)


def end(steps: Steps, x: Any, train: Batch, params: Stepwise, name: str, seed: int) -> Any:
    """Concatenate the features x (n, u) of the sequence and the array of numbers, and append the output layers.

    name: of the network.
    """
    import keras
    from keras import layers

    inputs = steps.inputs
    x = layers.Dropout(params.dropout, seed=seed + 1)(x) if params.dropout else x
    if NUMBERS in train.inputs:
        numbers = keras.Input(train.inputs[NUMBERS].shape[1:], name=NUMBERS)
        inputs, x = [*inputs, numbers], layers.Concatenate()([x, numbers])
    x = dense_layers(x, params.dense, params)
    return keras.Model(one_or_list(inputs), head(x, train), name=name)
