"""Weights alone in eight bits in an ONNX graph, with a scale per output channel.

They are converted to float32 when a file is opened, so that answers take the time that they took before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_LEAST = 64
"""Fewest numbers of an array that is converted: the two operators behind it take about 200 bytes."""
_CHANNELS = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1, "Gemm": 1}
"""Operators whose second input is weights -> the axis of their output channels."""


def quantize(model: Any) -> None:
    """Store the weights of layers in eight bits, and convert them before they are used. model: ONNX; it is changed."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    axes = {node.input[1]: _axis(node) for node in graph.node if node.op_type in _CHANNELS and node.input[1] in tensors}
    nodes = []
    for name, axis in axes.items():
        values = numpy_helper.to_array(tensors[name])
        if values.dtype != np.float32 or values.ndim < 2 or values.size < _LEAST:
            continue
        others = tuple(one for one in range(values.ndim) if one != axis % values.ndim)
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
        small = np.clip(np.round(values / scale), -127, 127).astype(np.int8)
        tensors[name].CopyFrom(numpy_helper.from_array(small, f"{name}_8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        nodes += [
            helper.make_node("Cast", [f"{name}_8"], [f"{name}_32"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_32", f"{name}_scale"], [name]),
        ]
    for node in reversed(nodes):
        graph.node.insert(0, node)


def _axis(node: Any) -> int:
    """The axis of the output channels in the weights of a node."""
    turned = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    return 0 if turned else _CHANNELS[node.op_type]
