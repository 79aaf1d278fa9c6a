"""The median of a target whose few values are the classes of an estimator: in NumPy and in ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.types import Array

_HALF = 0.4999
"""Slightly below a half, so that a cumulative probability of a half gives the lower value in float32 and float64."""


def median(probabilities: Array, values: Array) -> Array:
    """First of the ascending values (k,) at which the cumulative probability reaches a half, (n,) float32.

    probabilities: (n, k).
    """
    return values[(np.cumsum(probabilities, axis=1) >= _HALF).argmax(axis=1)]


def add_median(graph: Any, probabilities: str, values: Array) -> str:
    """Add nodes to an ONNX graph that compute the median, and return the name of their output."""
    from onnx import TensorProto, helper, numpy_helper

    tensors = {"last_axis": np.array(1, np.int64), "half": np.array(_HALF, np.float32), "known_values": values}
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in tensors.items())
    graph.node.extend(
        [
            helper.make_node("CumSum", [probabilities, "last_axis"], ["cumulative"]),
            helper.make_node("Less", ["cumulative", "half"], ["is_below"]),
            helper.make_node("Cast", ["is_below"], ["below"], to=TensorProto.INT32),
            helper.make_node("ArgMin", ["below"], ["index"], axis=1, keepdims=0),
            helper.make_node("Gather", ["known_values", "index"], ["median"], axis=0),
        ]
    )
    return "median"
