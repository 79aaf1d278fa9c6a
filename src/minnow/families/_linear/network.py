"""The Keras network of a linear model, which LiteRT converts and ensembles join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minnow.families._keras.layers import sum_over_rows
from minnow.families._keras.model import KerasModel, one_or_list
from minnow.families._linear.expansion import FARTHEST, Expansion
from minnow.families._linear.function import HALVES, SHORTEST, Ids, LinearFunction, Numbers
from minnow.types import OFFSET, Array


def network_of(function: LinearFunction) -> Any:
    """Build the network of a linear function, with the same arrays in the same order."""
    import keras
    from keras import layers

    specs = [spec for spec in function.inputs if spec.name != OFFSET]
    inputs: dict[str, Any] = {spec.name: keras.Input(spec.shape, dtype=spec.dtype, name=spec.name) for spec in specs}
    if function.numbers:
        parts = [_of_numbers(function.numbers, function.bias, inputs), *(_of_ids(ids, inputs) for ids in function.ids)]
        total = layers.Add()(parts) if len(parts) > 1 else parts[0]
    else:
        total = _of_ids_alone(function, inputs)
    network = keras.Model(one_or_list(list(inputs.values())), _answer(total, function), name="linear")
    return KerasModel(network).with_offset().native if function.has_offset else network


def _of_ids_alone(function: LinearFunction, inputs: Mapping[str, Any]) -> Any:
    """Sums of the weights of ids with the bias, which is that of a layer after them; or a part of each weight.

    Each row has one number of ids, the padding included, so that equal parts of the bias add up to it.
    """
    import keras

    first, *others = function.ids
    is_part = first.norm == "none" and not function.is_shared
    share = function.bias / first.spec.shape[0] if is_part else np.float32(0)
    totals = [_of_ids(first, inputs, share), *(_of_ids(ids, inputs) for ids in others)]
    # a sum over a new axis, since int8 would quantize the sum of two tensors
    total = keras.ops.sum(keras.ops.stack(totals, axis=-1), axis=-1) if len(totals) > 1 else totals[0]
    return (
        total if is_part else _dense(total, HALVES if function.is_shared else np.eye(len(function.bias)), function.bias)
    )


def _of_numbers(part: Numbers, bias: Array, inputs: Mapping[str, Any]) -> Any:
    from keras import layers

    flat = [layers.Flatten()(inputs[s.name]) if len(s.shape) > 1 else inputs[s.name] for s in part.specs]
    if part.expansion:
        flat += _expanded(part.expansion, flat[-1])
    return _dense(layers.Concatenate()(flat) if len(flat) > 1 else flat[0], part.weights, bias)


def _expanded(part: Expansion, numbers: Any) -> list[Any]:
    """Further features of numbers."""
    import keras

    ops: Any = keras.ops
    parts = [ops.relu(ops.take(numbers, part.columns, axis=1) - part.knots)] if len(part.knots) else []
    if len(part.left):
        factors = ops.clip(
            (numbers - part.center) * part.scale, -float(FARTHEST), float(FARTHEST)
        )  # Keras saves no numbers of NumPy
        parts.append(ops.take(factors, part.left, axis=1) * ops.take(factors, part.right, axis=1))
    return parts


def _of_ids(part: Ids, inputs: Mapping[str, Any], share: Any = 0) -> Any:
    """Sum of the weights of ids, divided by its norm. share: added to each weight."""
    import keras

    ops: Any = keras.ops
    ids, name = inputs[part.spec.name], part.spec.name
    total: Any = sum_over_rows(_lookup(ids, part.weights + share, f"weights_{name}"))
    if part.norm == "none":
        return total
    if part.scales is None:
        count = ops.sum(ops.cast(ops.not_equal(ids, 0), "float32"), axis=1, keepdims=True)
        return total / ops.sqrt(ops.maximum(count, 1.0))
    scales = _lookup(ids, part.scales[:, None], f"scales_{name}")
    return total / ops.maximum(ops.sqrt(sum_over_rows(scales * scales)), SHORTEST)


def _dense(rows: Any, weights: Array, bias: Array) -> Any:
    from keras import layers

    layer: Any = layers.Dense(weights.shape[1], name="logits")
    x = layer(rows)
    layer.set_weights([weights, bias])
    return x


def _lookup(ids: Any, values: Array, name: str) -> Any:
    """Look up rows of values (size, k) by id."""
    from keras import layers

    table: Any = layers.Embedding(*values.shape, name=name)
    rows = table(ids)
    table.set_weights([values])
    return rows


def _answer(total: Any, function: LinearFunction) -> Any:
    from keras import layers

    return (
        layers.Softmax(name=function.output)(total)
        if function.labels
        else layers.Reshape((), name=function.output)(total)
    )
