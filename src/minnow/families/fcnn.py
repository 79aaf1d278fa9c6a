"""fcnn: a fully connected network over pixels, a series, or numbers and categories, each category with a vector of its own."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from minnow.families import _keras
from minnow.families._features import CATEGORIES, NUMBERS, ROWS
from minnow.families._options import SEARCHED, Augmentation, Regularised
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")

SPACE = {
    **SEARCHED,
    "units": {"among": [[32], [48, 32], [96, 48], [128, 64]]},
    "activation": {"among": ["relu", "gelu"]},
}

load = _keras.load


class Params(Regularised):
    """units: of each hidden layer; dim: length of a category's vector; augmentation: of images."""

    units: list[int] = Field(default=[48, 32], min_length=1)
    dim: int = Field(default=4, ge=1)
    augmentation: Augmentation | None = None


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on inputs image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    import keras
    from keras import layers

    _keras.start(seed)
    inputs, x = _rows(train, params)
    for units in params.units:
        weights = _keras.regulariser(params)
        x = layers.Dense(units, use_bias=not params.batch_norm, kernel_regularizer=weights)(x)
        x = _keras.finish_layer(x, params)
        if params.dropout:
            x = layers.Dropout(params.dropout, seed=seed)(x)
    network = keras.Model(inputs if len(inputs) > 1 else inputs[0], _keras.head(x, train), name="fcnn")
    return _keras.train(network, train, val, params, seed=seed, report=report, augmentation=params.augmentation)


def _rows(train: Batch, params: Params) -> tuple[list[Any], Any]:
    """Inputs, and one row of numbers made of them."""
    import keras
    from keras import layers

    inputs, parts = [], []
    for name in ROWS:
        if name not in train.inputs:
            continue
        values = train.inputs[name]
        inputs.append(keras.Input(values.shape[1:], dtype=str(values.dtype), name=name))
        part = layers.Embedding(train.sizes[name], params.dim)(inputs[-1]) if name == CATEGORIES else inputs[-1]
        parts.append(layers.Flatten()(part) if name != NUMBERS else part)
    return inputs, layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
