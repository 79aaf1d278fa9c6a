"""Layers of several Keras families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minnow.families._keras.model import LOGITS, OUTPUTS
from minnow.families._keras.options import Regularized
from minnow.types import Batch

ESTIMATE = "estimate"
"""Name of the layer with the predicted number, in which the target is unscaled after training."""


def head(x: Any, batch: Batch) -> Any:
    """Append the output layers of the batch's task to features x (n, d)."""
    from keras import layers

    if batch.task == "classify":
        logits = layers.Dense(len(batch.labels), name=LOGITS)(x)
        return layers.Softmax(name=OUTPUTS["classify"])(logits)
    values = layers.Dense(1, name=ESTIMATE)(x)
    return layers.Reshape((), name=OUTPUTS[batch.task])(values)


def sum_over_rows(x: Any) -> Any:
    """Sum x (n, m, d) over m. Returns (n, d)."""
    import keras

    return keras.ops.sum(x, axis=1)


def regularizer(params: Regularized) -> Any:
    """Return the L1 and L2 regularizer of weights, or None."""
    import keras

    return keras.regularizers.L1L2(params.l1, params.l2) if params.l1 or params.l2 else None


def finish_layer(x: Any, params: Regularized) -> Any:
    """Append normalization and activation to a linear layer."""
    import keras
    from keras import layers

    if params.batch_norm:
        x = layers.BatchNormalization(momentum=0.95)(x)  # small data has few steps to average over
    if params.activation == "gelu":  # ONNX has no operator for the exact form
        ops: Any = keras.ops
        return ops.gelu(x, approximate=True)
    return layers.Activation(params.activation)(x)


def dense_layers(x: Any, units: Sequence[int], params: Regularized) -> Any:
    """Append dense layers, each with normalization and activation; batch normalization replaces the bias."""
    from keras import layers

    for count in units:
        x = layers.Dense(count, use_bias=not params.batch_norm, kernel_regularizer=regularizer(params))(x)
        x = finish_layer(x, params)
    return x
