"""Narrower copies of Keras networks: channels and units are taken out with their weights, and with those that read them.

Which channels of its inputs a layer reads, and which it returns, is followed through the network along the last axis. A layer
whose effect on that axis is not known here keeps all of its inputs, so that those who make them are not cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from minnow.types import Array

WIDTHS = {
    "Dense": "units",
    "Conv1D": "filters",
    "Conv2D": "filters",
    "SeparableConv2D": "filters",
    "SimpleRNN": "units",
    "LSTM": "units",
    "GRU": "units",
    "Embedding": "output_dim",
}
"""Layers that can be cut: class -> the argument that says their width."""
_CHANNELWISE = {
    "Activation", "AveragePooling1D", "AveragePooling2D", "BatchNormalization", "Dropout", "Gelu", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "MaxPooling1D", "MaxPooling2D", "ReLU", "Relu",
    "SpatialDropout1D",
}  # fmt: skip
"""Layers and operations that treat each channel by itself."""
_ELEMENTWISE = {"Add", "Subtract", "Multiply", "TrueDivide", "Divide", "Maximum", "Minimum"}
_OVER_STEPS = {"Max", "Mean", "Sum"}
"""Operations that pool over an axis."""
_RECURRENT = {"SimpleRNN", "LSTM", "GRU"}
Kept = Mapping[str, Array]
"""Layer -> whether each of its channels is kept, (width,) bool."""


class NotCuttable(ValueError):
    """A layer that needs all channels of its inputs; the message names it."""


def cuttable(network: Any) -> dict[tuple[str, ...], int]:
    """Find the layers that can be cut, in their order: names -> width. Two layers whose outputs are added are cut together.

    The layers that make the output are not among them.
    """
    widths = {layer.name: _width(layer) for layer in network.layers if type(layer).__name__ in WIDTHS}
    wide = {name: width for name, width in widths.items() if width > 1}
    single = {(name,): width for name, width in wide.items() if _can_be_cut(network, (name,), width)}
    left = [name for name in wide if (name,) not in single]
    pairs = [pair for pair in combinations(left, 2) if wide[pair[0]] == wide[pair[1]]]
    return single | {pair: wide[pair[0]] for pair in pairs if _can_be_cut(network, pair, wide[pair[0]])}


def narrowed(network: Any, kept: Kept) -> Any:
    """Copy a network without the channels that are not kept. Raises NotCuttable."""
    import keras

    channels = _channels(network, kept)

    def copied(layer: Any) -> Any:
        config = layer.get_config()
        if (mask := kept.get(layer.name)) is not None:
            config[WIDTHS[type(layer).__name__]] = int(mask.sum())
        return type(layer).from_config(config)

    copy: Any = keras.models.clone_model(network, clone_function=copied)
    for old, new in zip(network.layers, copy.layers, strict=True):
        if old.weights:
            new.set_weights(_cut(old, *channels[old.name]))
    return copy


def parameters(network: Any, kept: Kept) -> int:
    """Number of weights of a narrower copy, without making it."""
    channels = _channels(network, kept)
    return sum(w.size for layer in network.layers if layer.weights for w in _cut(layer, *channels[layer.name]))


def _width(layer: Any) -> int:
    return int(getattr(layer, WIDTHS[type(layer).__name__]))


def _can_be_cut(network: Any, names: tuple[str, ...], width: int) -> bool:
    mask = np.arange(width) > 0
    try:
        outputs = _outputs(network, _channels(network, dict.fromkeys(names, mask)))
    except NotCuttable:
        return False
    return all(part.all() for part in outputs)


def _outputs(network: Any, channels: Mapping[str, tuple[Array, Array]]) -> list[Array]:
    return [channels[tensor._keras_history.operation.name][1] for tensor in network.outputs]


def _channels(network: Any, kept: Kept) -> dict[str, tuple[Array, Array]]:
    """Follow the channels through a network. Returns layer -> masks of the channels that it reads, and that it returns."""
    known: dict[int, Array] = {id(tensor): np.ones(_last(tensor), bool) for tensor in network.inputs}
    found: dict[str, tuple[Array, Array]] = {}
    for operation in network.operations:
        if type(operation).__name__ == "InputLayer":
            continue
        inputs = _listed(operation.input)
        # what is no tensor of the network, such as a constant, has all of its channels
        read = [known.get(id(tensor), np.ones(_last(tensor), bool)) for tensor in inputs]
        made = _returned(operation, inputs, read, kept)
        for tensor in _listed(operation.output):
            known[id(tensor)] = made
        found[operation.name] = (read[0] if read else made, made)
    return found


def _returned(operation: Any, inputs: list[Any], read: list[Array], kept: Kept) -> Array:
    """Mask of the channels that an operation returns, (width,) bool. Raises NotCuttable."""
    kind, name, output = type(operation).__name__, operation.name, _listed(operation.output)[0]
    whole = np.ones(_last(output), bool)
    if kind in WIDTHS:
        return kept.get(name, whole)
    if kind in _CHANNELWISE or (kind in _OVER_STEPS and operation.axis in (1, (1,), [1]) and len(inputs[0].shape) == 3):
        return read[0]
    if kind == "Flatten":
        return np.tile(read[0], _last(output) // len(read[0]))
    if kind == "Concatenate" and operation.axis in (-1, len(output.shape) - 1):
        return np.concatenate(read)
    if kind in _ELEMENTWISE:
        wide = [mask for mask in read if len(mask) == len(whole)]
        if all((mask == wide[0]).all() for mask in wide) and all(
            mask.all() for mask in read if len(mask) != len(whole)
        ):
            return wide[0]
    if all(mask.all() for mask in read):
        return whole
    raise NotCuttable(f"'{name}' needs all channels of its inputs.")


def _cut(layer: Any, read: Array, made: Array) -> list[Array]:
    """The weights of a layer for the channels that it reads and returns."""
    kind, weights = type(layer).__name__, layer.get_weights()
    if kind in _RECURRENT:
        return [_cut_gates(w, rows, made) for w, rows in zip(weights, (read, made, None), strict=False)]
    if kind == "SeparableConv2D":
        depth, point, *bias = weights
        return [depth[:, :, read], point[:, :, read][..., made], *(b[made] for b in bias)]
    if kind == "Embedding":
        return [weights[0][:, made]]
    if kind in WIDTHS:
        kernel, *bias = weights
        return [kernel[..., read, :][..., made], *(b[made] for b in bias)]
    if kind == "BatchNormalization":
        return [w[made] for w in weights]
    return weights


def _cut_gates(weights: Array, rows: Array | None, made: Array) -> Array:
    """Cut weights (..., gates * units) of a recurrent layer. rows: channels of the axis before, None for a bias."""
    weights = weights if rows is None else weights[rows]
    return weights[..., np.tile(made, weights.shape[-1] // len(made))]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _last(tensor: Any) -> int:
    return int(tensor.shape[-1] or 1) if len(tensor.shape) > 1 else 1


def answer_of(network: Any, name: str) -> Any:
    """The tensor in which a layer's channels are last seen by themselves: after its normalization, activation and pooling."""
    readers: dict[int, list[Any]] = {}
    for operation in network.operations:
        if type(operation).__name__ != "InputLayer":
            for tensor in _listed(operation.input):
                readers.setdefault(id(tensor), []).append(operation)
    tensor = network.get_layer(name).output
    while len(read := readers.get(id(tensor), [])) == 1 and type(read[0]).__name__ in _CHANNELWISE | _ELEMENTWISE:
        tensor = read[0].output
    return tensor
