"""Layers that several Keras families have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minnow.families._keras.model import OUTPUTS
from minnow.families._keras.options import Regularized
from minnow.types import Batch

ESTIMATE = "estimate"
"""Name of the layer whose one unit is a number before it is brought to the target's units."""


def head(x: Any, batch: Batch) -> Any:
    """End a network with the answer that the batch's task asks for."""
    from keras import layers

    if batch.task == "classify":
        logits = layers.Dense(len(batch.labels), name="logits")(x)
        return layers.Softmax(name=OUTPUTS["classify"])(logits)
    values = layers.Dense(1, name=ESTIMATE)(x)
    return layers.Reshape((), name=OUTPUTS[batch.task])(values)


def sum_over_rows(x: Any) -> Any:
    """Sum (n, m, d) over m."""
    import keras

    return keras.ops.sum(x, axis=1)


def regularizer(params: Regularized) -> Any:
    """L1 and L2 on weights, or None."""
    import keras

    return keras.regularizers.L1L2(params.l1, params.l2) if params.l1 or params.l2 else None


def finish_layer(x: Any, params: Regularized) -> Any:
    """Append normalization and activation to a linear layer."""
    import keras
    from keras import layers

    if params.batch_norm:
        x = layers.BatchNormalization(momentum=0.95)(x)  # small data: few steps to average over
    if params.activation == "gelu":  # the exact form needs an operator that ONNX does not have
        ops: Any = keras.ops
        return ops.gelu(x, approximate=True)
    return layers.Activation(params.activation)(x)


def dense_layers(x: Any, units: Sequence[int], params: Regularized) -> Any:
    """Append dense layers, each with normalization and activation; without a bias where normalization has one."""
    from keras import layers

    for count in units:
        x = layers.Dense(count, use_bias=not params.batch_norm, kernel_regularizer=regularizer(params))(x)
        x = finish_layer(x, params)
    return x
