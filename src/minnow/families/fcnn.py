"""fcnn: a fully connected network over pixels."""

from __future__ import annotations

from pydantic import Field

from minnow.families import _keras
from minnow.families._options import Augmentation, Regularised
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images",)
TASKS = ("classify", "regress")

load = _keras.load


class Params(Regularised):
    """units: of each hidden layer."""

    units: list[int] = Field(default=[48, 32], min_length=1)
    augmentation: Augmentation | None = None


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on inputs image (n, h, w, c) float32 in 0..1."""
    import keras
    from keras import layers

    _keras.start(seed)
    image = keras.Input(train.inputs["image"].shape[1:], name="image")
    x = layers.Flatten()(image)
    for units in params.units:
        weights = _keras.regulariser(params)
        x = layers.Dense(units, use_bias=not params.batch_norm, kernel_regularizer=weights)(x)
        x = _keras.finish_layer(x, params)
        if params.dropout:
            x = layers.Dropout(params.dropout, seed=seed)(x)
    network = keras.Model(image, _keras.head(x, train), name="fcnn")
    return _keras.train(network, train, val, params, seed=seed, report=report, augmentation=params.augmentation)
