"""fcnn: a fully connected network over pixels, a series, or numbers and categories, which have embeddings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
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
        "bins": {"among": [0, 8, 16, 32]},
    },
    portfolio=lambda train: {"wide": _WIDE},
    libraries=("tensorflow",),
    resume=lambda fitted, train, val, params, **options: training.resume(
        fitted, train, val, _completed(params, train), change=feed.augment(params.augmentation), **options
    ),
)
MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")
READS = FLAT_ROWS
_TABLE = "tabular"
_CHOSEN_BY_ROWS = ("bins", "dropout", "batch_size")
_OF_OTHERS = {"bins": 0, "dropout": 0.0, "batch_size": 64}
_ROWS_PER_BIN, _FEWEST_BINS, _MOST_BINS = 300, 4, 32
_VERY_FEW, _FEW, _EPOCHS_OF_FEW = 1_000, 4_000, 60
"""Rows of train of a table below which batches are of 16 and of 32 rows, and how often fewer than _FEW rows are read."""

load = model.load


class Params(Regularized):
    """units: of each hidden layer; dim: of the embedding of a category; augmentation: of training images.

    bins: most bins per number of a table, where steps and bends of its effect are learned; 0: numbers are read as they are.
    bins, dropout, batch_size and epochs follow, where they are None, the rows of train of a table; otherwise there are no bins
    and no dropout, and 64 rows are a batch.
    """

    units: list[int] = Field(default=[48, 32], min_length=1)
    dim: int = Field(default=4, ge=1)
    bins: int | None = Field(default=None, ge=0)
    augmentation: Augmentation | None = None
    dropout: float | None = Field(default=None, ge=0, lt=1)  # pyright: ignore[reportIncompatibleVariableOverride]
    batch_size: int | None = Field(default=None, ge=1)  # pyright: ignore[reportIncompatibleVariableOverride]


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    import keras
    from keras import layers

    training.start(seed)
    params = _completed(params, train)
    encoding = numeric.encoding_of(train.inputs[NUMBERS], params.bins) if params.bins else None
    inputs, x, positions = _rows(train, params, encoding)
    for units in params.units:
        x = layers.Dense(units, use_bias=not params.batch_norm, kernel_regularizer=regularizer(params))(x)
        if positions is not None:
            x, positions = numeric.add_positions(x, positions, regularizer(params)), None
        x = finish_layer(x, params)
        if params.dropout:
            x = layers.Dropout(params.dropout, seed=seed)(x)
    network = keras.Model(model.one_or_list(inputs), head(x, train), name="fcnn")
    plan = training.TrainingPlan(params, seed, report, change=feed.augment(params.augmentation))
    fitted = training.train(network, train, val, plan)
    chosen = {name: getattr(params, name) for name in _CHOSEN_BY_ROWS}
    return replace(fitted, settled=chosen | dict(fitted.settled)) if fitted.settled else fitted


def _completed(params: Params, train: Batch) -> Params:
    """Set what follows the rows of train where params do not; numbers beside pixels, a series or ratings have no bins."""
    rows, is_table = len(train), train.modality == _TABLE
    values = _of_tables(rows) if is_table else _OF_OTHERS
    values = {name: value for name, value in values.items() if getattr(params, name) is None}
    if not is_table or NUMBERS not in train.inputs:
        values["bins"] = 0
    epochs = params.epochs_for(rows, _EPOCHS_OF_FEW if is_table and rows < _FEW else None)
    return params.model_copy(update=values | {"epochs": epochs})


def _of_tables(rows: int) -> dict[str, Any]:
    """Return what is chosen by rows of train: few rows have fewer bins, and smaller batches so that there are enough steps."""
    bins = int(np.clip(rows // _ROWS_PER_BIN, _FEWEST_BINS, _MOST_BINS))
    if rows >= _FEW:
        return {"bins": bins, "dropout": 0.1, "batch_size": 64}
    return {"bins": bins, "dropout": 0.2, "batch_size": 16 if rows < _VERY_FEW else 32}


def _rows(train: Batch, params: Params, encoding: numeric.NumericEncoding | None) -> tuple[list[Any], Any, Any]:
    """Inputs, their concatenation to one row of numbers, and the positions of the numbers in their bins, None without bins.

    encoding: of the numbers; None reads them as they are.
    """
    import keras
    from keras import layers

    inputs, parts, positions = [], [], None
    for name in FLAT_ROWS:
        if name not in train.inputs:
            continue
        values = train.inputs[name]
        part = keras.Input(values.shape[1:], dtype=str(values.dtype), name=name)
        inputs.append(part)
        if name == NUMBERS:
            part, positions = encoding.apply(part) if encoding else (part, None)
            parts.append(part)
            continue
        part = layers.Embedding(train.cardinalities[name], params.dim)(part) if name == CATEGORIES else part
        parts.append(layers.Flatten()(part))
    return inputs, layers.Concatenate()(parts) if len(parts) > 1 else parts[0], positions
