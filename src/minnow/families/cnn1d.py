"""cnn1d: parallel one-dimensional convolutions of several widths over a sequence. Source: Kim 2014."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import PIXELS
from minnow.families._keras import model, sequence, training
from minnow.families._keras.layers import finish_layer, regularizer
from minnow.families._keras.options import SEARCHED
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        **SEARCHED,
        "dim": {"low": 8, "high": 64, "log": True},
        "filters": {"low": 8, "high": 64, "log": True},
        "widths": {"among": [[3], [2, 3], [3, 4, 5], [1, 2, 3]]},
    },
    libraries=("tensorflow",),
)
MODALITIES, TASKS, READS = sequence.MODALITIES, sequence.TASKS, sequence.READS

load = model.load
_SOUNDS: dict[str, Any] = {"widths": [3, 5, 9], "filters": 32, "epochs": 60}
_OTHERS: dict[str, Any] = {"widths": [2, 3], "filters": 16, "epochs": 12}


class Params(sequence.Stepwise):
    """widths: steps per convolution; filters: number per width, each followed by the maximum over all steps.

    None takes, with epochs, [3, 5, 9], 32 and 60 for sounds, and [2, 3], 16 and 12 for texts and series.
    """

    widths: list[int] | None = Field(default=None, min_length=1)
    filters: int | None = Field(default=None, ge=1)
    epochs: int | None = Field(default=None, ge=1)  # pyright: ignore
    dropout: float = Field(default=0.3, ge=0, lt=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on tokens (n, m) int32 padded with 0, series (n, m, d) float32 or image (n, m, d, 1) float32.

    A convolution that is wider than the sequence is narrowed to its length.
    """
    from keras import layers

    training.start(seed)
    params = _filled(params, train)
    assert params.widths
    steps = sequence.begin(train, params, seed)
    features = []
    for width in params.widths:
        kernel = min(width, steps.vectors.shape[1])
        x = layers.Conv1D(params.filters, kernel, padding="same", kernel_regularizer=regularizer(params))(steps.vectors)
        features.append(layers.GlobalMaxPooling1D()(finish_layer(x, params)))
    x = layers.Concatenate()(features) if len(features) > 1 else features[0]
    network = sequence.end(steps, x, train, params, "cnn1d", seed)
    return training.train(network, train, val, training.TrainingPlan(params, seed, report))


def _filled(params: Params, train: Batch) -> Params:
    """Fill in what is None by what is read."""
    usual = _SOUNDS if PIXELS in train.inputs else _OTHERS
    return params.model_copy(update={name: value for name, value in usual.items() if getattr(params, name) is None})
