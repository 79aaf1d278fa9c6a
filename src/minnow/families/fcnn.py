"""fcnn: a fully connected network over pixels, a series, or numbers and categories, which have embeddings."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import CATEGORIES, FLAT_ROWS, NUMBERS
from minnow.families._keras import feed, model, numeric, training
from minnow.families._keras.layers import finish_layer, head, regularizer
from minnow.families._keras.options import SEARCHED, Augmentation, Regularized
from minnow.types import Batch, Report, silent

_WIDE: dict[str, Any] = {"units": [128, 64], "dropout": 0.2, "optimizer": "adamw", "weight_decay": 0.01}
CAPABILITIES = FamilyCapabilities(
    space={
        **SEARCHED,
        "units": {"among": [[32], [48, 32], [96, 48], [128, 64]]},
        "activation": {"among": ["relu", "gelu"]},
    },
    portfolio=lambda train: {"wide": _WIDE},
    libraries=("tensorflow",),
)
MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")
READS = FLAT_ROWS
_TABLE = "tabular"

load = model.load


class Params(Regularized):
    """units: of each hidden layer; dim: of the embedding of a category; augmentation: of training images.

    bins: most bins per number of a table; None: by the number of rows of train; 0: numbers are read as they are.
    """

    units: list[int] = Field(default=[48, 32], min_length=1)
    dim: int = Field(default=4, ge=1)
    bins: int | None = Field(default=None, ge=0)
    augmentation: Augmentation | None = None


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    import keras
    from keras import layers

    training.start(seed)
    inputs, x = _rows(train, params)
    for units in params.units:
        x = layers.Dense(units, use_bias=not params.batch_norm, kernel_regularizer=regularizer(params))(x)
        x = finish_layer(x, params)
        if params.dropout:
            x = layers.Dropout(params.dropout, seed=seed)(x)
    network = keras.Model(model.one_or_list(inputs), head(x, train), name="fcnn")
    plan = training.TrainingPlan(params, seed, report, change=feed.augment(params.augmentation))
    return training.train(network, train, val, plan)


def _rows(train: Batch, params: Params) -> tuple[list[Any], Any]:
    """Inputs, and their concatenation to one row of numbers."""
    import keras
    from keras import layers

    inputs, parts = [], []
    for name in FLAT_ROWS:
        if name not in train.inputs:
            continue
        values = train.inputs[name]
        inputs.append(keras.Input(values.shape[1:], dtype=str(values.dtype), name=name))
        if name == NUMBERS:
            parts.append(_numbers(inputs[-1], train, params))
            continue
        is_ids = name == CATEGORIES
        part = layers.Embedding(train.cardinalities[name], params.dim)(inputs[-1]) if is_ids else inputs[-1]
        parts.append(layers.Flatten()(part))
    return inputs, layers.Concatenate()(parts) if len(parts) > 1 else parts[0]


def _numbers(numbers: Any, train: Batch, params: Params) -> Any:
    """Encode the numbers of a table; those beside pixels, a series or ratings are read as they are."""
    bins = _bins_for(len(train)) if params.bins is None else params.bins
    if train.modality != _TABLE or not bins:
        return numbers
    return numeric.encoding_of(train.inputs[NUMBERS], bins).apply(numbers)


def _bins_for(rows: int) -> int:
    """Most bins per number, for so many rows of train."""
    return 16
