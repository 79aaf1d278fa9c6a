"""cnn: a small convolutional network over images, and over the pictures of sounds; plain or depthwise-separable."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from minnow.families import _keras
from minnow.families._options import SEARCHED, Augmentation, Regularised, refuse
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images", "audio")
TASKS = ("classify", "regress")

SPACE = {
    **SEARCHED,
    "conv": {"among": [[8, "pool", 16, "pool"], [8, 12, "pool", 16, 16, "pool"], [12, 16, "pool", 24, 24, "pool"]]},
    "separable": {"among": [False, True]},
    "head": {"among": ["flatten", "average"]},
}

load = _keras.load


class Params(Regularised):
    """The network, from input to answer.

    conv: channels of each convolution, and "pool" where height and width are halved; separable: depthwise then
    pointwise convolutions (the first stays plain, it sees too few channels); kernel: side of a convolution; head: what
    comes before the answer; dense: units of layers between.
    """

    conv: list[int | Literal["pool"]] = Field(default=[8, 12, "pool", 16, 16, "pool"], min_length=1)
    separable: bool = False
    kernel: int = Field(default=3, ge=1)
    head: Literal["flatten", "average", "max"] = "flatten"
    dense: list[int] = Field(default=[])
    augmentation: Augmentation | None = Augmentation(shift=0.06, rotate=8.0, zoom=0.06)

    @field_validator("conv")
    @classmethod
    def _begins_with_channels(cls, conv: list[Any]) -> list[Any]:
        if conv[0] == "pool" or any(item != "pool" and item < 1 for item in conv):
            raise refuse("conv", "channels of at least 1, the first item among them", conv)
        return conv


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on inputs image (n, h, w, c) float32 in 0..1. Raises ValueError when the image is pooled away."""
    import keras
    from keras import layers

    _keras.start(seed)
    shape = train.inputs["image"].shape[1:]
    pools = params.conv.count("pool")
    if min(shape[:2]) < 2**pools:
        raise ValueError(
            f"An image of {shape[0]} x {shape[1]} cannot be halved {pools} times. Take a 'pool' out of `conv`."
        )
    image = keras.Input(shape, name="image")
    x: Any = image
    for place, item in enumerate(params.conv):
        if item == "pool":
            x = layers.MaxPooling2D()(x)
            x = layers.Dropout(params.dropout, seed=seed + place)(x) if params.dropout else x
        else:
            x = _keras.finish_layer(_convolution(int(item), params, first=place == 0)(x), params)
    ends = {"flatten": layers.Flatten, "average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}
    x = ends[params.head]()(x)
    for units in params.dense:
        x = layers.Dense(units, use_bias=not params.batch_norm, kernel_regularizer=_keras.regulariser(params))(x)
        x = _keras.finish_layer(x, params)
    network = keras.Model(image, _keras.head(x, train), name="cnn")
    return _keras.train(network, train, val, params, seed=seed, report=report, augmentation=params.augmentation)


def _convolution(channels: int, params: Params, *, first: bool) -> Any:
    from keras import layers

    shared: dict[str, Any] = {"padding": "same", "use_bias": not params.batch_norm}
    weights = _keras.regulariser(params)
    if params.separable and not first:
        return layers.SeparableConv2D(
            channels, params.kernel, depthwise_regularizer=weights, pointwise_regularizer=weights, **shared
        )
    return layers.Conv2D(channels, params.kernel, kernel_regularizer=weights, **shared)
