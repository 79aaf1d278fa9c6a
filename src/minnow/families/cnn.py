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
    pointwise convolutions (the first stays plain, it sees too few channels); kernel: side of a convolution; padding:
    "same" keeps height and width, "valid" computes only where the whole kernel lies inside, which halves the work on small
    images; head: what comes before the answer; dense: units of layers between.
    """

    conv: list[int | Literal["pool"]] = Field(default=[8, 12, "pool", 16, 16, "pool"], min_length=1)
    separable: bool = False
    kernel: int = Field(default=3, ge=1)
    padding: Literal["same", "valid"] = "same"
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
    _must_leave_something(shape, params)
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


def _must_leave_something(shape: tuple[int, ...], params: Params) -> None:
    side = min(shape[:2])
    for item in params.conv:
        side = side // 2 if item == "pool" else side - (params.kernel - 1) * (params.padding == "valid")
        if side < 1:
            pools = params.conv.count("pool")
            raise ValueError(
                f"Nothing is left of an image of {shape[0]} x {shape[1]} after {len(params.conv) - pools} convolutions with "
                f"padding '{params.padding}' and {pools} times 'pool'. Take a 'pool' out of `conv`, or set padding: same."
            )


def _convolution(channels: int, params: Params, *, first: bool) -> Any:
    from keras import layers

    shared: dict[str, Any] = {"padding": params.padding, "use_bias": not params.batch_norm}
    weights = _keras.regulariser(params)
    if params.separable and not first:
        return layers.SeparableConv2D(
            channels, params.kernel, depthwise_regularizer=weights, pointwise_regularizer=weights, **shared
        )
    return layers.Conv2D(channels, params.kernel, kernel_regularizer=weights, **shared)
