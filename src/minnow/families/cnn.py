"""cnn: a small convolutional network for images and spectrograms, with plain or depthwise-separable convolutions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import PIXELS
from minnow.families._keras import feed, model, training
from minnow.families._keras.layers import dense_layers, finish_layer, head, regularizer
from minnow.families._keras.options import SEARCHED, Augmentation, Regularized
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        **SEARCHED,
        "conv": {"among": [[8, "pool", 16, "pool"], [8, 12, "pool", 16, 16, "pool"], [12, 16, "pool", 24, 24, "pool"]]},
        "separable": {"among": [False, True]},
        "head": {"among": ["flatten", "average"]},
    },
    libraries=("tensorflow",),
    resume=lambda fitted, train, val, params, **options: training.resume(
        fitted, train, val, params, change=feed.augment(params.augmentation), **options
    ),
)
MODALITIES = ("images", "audio")
TASKS = ("classify", "regress")
READS = (PIXELS,)

load = model.load
_Conv = list[int | Literal["pool"]]
_SIDE, _PIXELS = 16, 1600
_TINY: _Conv = [8, 12, "pool", 16, 16, "pool"]
_SMALL: _Conv = [16, 16, "pool", 32, 32, "pool", 48, "pool"]
_LARGE: _Conv = [8, "pool", 16, 16, "pool", 32, 32, "pool", 48, "pool"]
"""Layers for images of less than _SIDE pixels in height or width, of at most _PIXELS in all, and of more."""


class Params(Regularized):
    """Parameters of the network and of its training.

    conv: channels of each convolution, and "pool" for max pooling that halves height and width; None takes more of them for
    images of at least 16 x 16 pixels, and with more than 1,600 pixels begins with a pooling; separable: depthwise then
    pointwise convolutions (the first one is plain, since it has few input channels); kernel: height and width of a
    convolution; padding: "same" keeps height and width, "valid" computes only where the whole kernel lies inside, which
    halves the computation on small images; head: how the last feature maps become one vector; dense: units of the dense
    layers before the output; augmentation: of training images.
    """

    conv: list[int | Literal["pool"]] | None = Field(default=None, min_length=1)
    separable: bool = False
    kernel: int = Field(default=3, ge=1)
    padding: Literal["same", "valid"] = "same"
    head: Literal["flatten", "average", "max"] = "flatten"
    dense: list[int] = Field(default=[])
    augmentation: Augmentation | None = Augmentation(shift=0.06, rotate=8.0, zoom=0.06)

    @field_validator("conv")
    @classmethod
    def _begins_with_channels(cls, conv: list[Any] | None) -> list[Any] | None:
        if conv is None:
            return None
        if conv[0] == "pool" or any(item != "pool" and item < 1 for item in conv):
            raise ValueError(f"conv needs channels of at least 1, and must begin with channels. Received: {conv!r}.")
        return conv


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on image (n, h, w, c) float32 in 0..1. Raises ValueError where pooling leaves no pixel of the image."""
    import keras
    from keras import layers

    training.start(seed)
    shape = train.inputs[PIXELS].shape[1:]
    conv = params.conv or _conv_for(shape, params)
    _refuse_empty_maps(shape, conv, params)
    image = keras.Input(shape, name=PIXELS)
    x: Any = image
    for index, item in enumerate(conv):
        if item == "pool":
            x = layers.MaxPooling2D()(x)
            x = layers.Dropout(params.dropout, seed=seed + index)(x) if params.dropout else x
        else:
            x = finish_layer(_convolution(int(item), params, first=index == 0)(x), params)
    ends = {"flatten": layers.Flatten, "average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}
    x = dense_layers(ends[params.head]()(x), params.dense, params)
    network = keras.Model(image, head(x, train), name="cnn")
    plan = training.TrainingPlan(params, seed, report, change=feed.augment(params.augmentation))
    return training.train(network, train, val, plan)


def _conv_for(shape: tuple[int, ...], params: Params) -> _Conv:
    """Layers for images of a shape (h, w, c)."""
    conv = _SMALL if shape[0] * shape[1] <= _PIXELS else _LARGE
    return conv if min(shape[:2]) >= _SIDE and _is_map_left(shape, conv, params) else _TINY


def _is_map_left(shape: tuple[int, ...], conv: _Conv, params: Params) -> bool:
    """Whether the last maps of images of a shape (h, w, c) have a pixel."""
    size = min(shape[:2])
    for item in conv:
        size = size // 2 if item == "pool" else size - (params.kernel - 1) * (params.padding == "valid")
        if size < 1:
            return False
    return True


def _refuse_empty_maps(shape: tuple[int, ...], conv: _Conv, params: Params) -> None:
    if not _is_map_left(shape, conv, params):
        pools = conv.count("pool")
        raise ValueError(
            f"Nothing is left of an image of {shape[0]} x {shape[1]} after {len(conv) - pools} convolutions with "
            f"padding '{params.padding}' and {pools} times 'pool'. Take a 'pool' out of `conv`, or set padding: same."
        )


def _convolution(channels: int, params: Params, *, first: bool) -> Any:
    from keras import layers

    shared: dict[str, Any] = {"padding": params.padding, "use_bias": not params.batch_norm}
    weights = regularizer(params)
    if params.separable and not first:
        return layers.SeparableConv2D(
            channels, params.kernel, depthwise_regularizer=weights, pointwise_regularizer=weights, **shared
        )
    return layers.Conv2D(channels, params.kernel, kernel_regularizer=weights, **shared)
