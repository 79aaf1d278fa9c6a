"""The ONNX graph of a linear model.

It adds with Sum: int8 would quantize the operands of Add, and final scores of 256 levels could not be ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minnow.families._linear.expansion import FARTHEST, Expansion
from minnow.families._linear.function import HALVES, SHORTEST, Ids, LinearFunction, Numbers
from minnow.types import OFFSET, Spec

_OPSET = 18


def to_onnx(function: LinearFunction, output: Spec) -> Any:
    """Convert a linear function to an ONNX model that reads its arrays. output: of the model."""
    graph = _Graph()
    parts = [graph.numbers(function.numbers, function.bias)] if function.numbers else []
    parts += [graph.ids(ids) for ids in function.ids]
    if function.is_shared:
        parts = [graph.add("Mul", [graph.sum(parts), graph.tensor(HALVES)])]
    if not function.numbers:
        parts.append(graph.tensor(function.bias))
    name = graph.sum(parts)
    if function.labels:
        name = graph.add("Softmax", [name], axis=1)
    else:
        name = graph.add("Reshape", [name, graph.tensor(np.array([-1], np.int64))])
        name = graph.sum([name, OFFSET]) if function.has_offset else name
    return graph.model(function.inputs, output, name)


class _Graph:
    """Collects nodes and tensors."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._tensors: list[Any] = []

    def tensor(self, value: Any) -> str:
        """Add a tensor. Returns its name."""
        from onnx import numpy_helper

        name = f"t{len(self._tensors)}"
        self._tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output. Returns the name of the output."""
        from onnx import helper

        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def sum(self, parts: Sequence[str]) -> str:
        """Add up parts. Returns the name of the sum."""
        return self.add("Sum", parts) if len(parts) > 1 else parts[0]

    def numbers(self, part: Numbers, bias: Any) -> str:
        """Add numbers times weights, with a bias. Returns the name of the sum, (n, k)."""
        flat = [self.add("Flatten", [s.name], axis=1) if len(s.shape) > 1 else s.name for s in part.specs]
        if part.expansion:
            flat += self.expansion(part.expansion, flat[-1])
        row = self.add("Concat", flat, axis=1) if len(flat) > 1 else flat[0]
        return self.add("Gemm", [row, self.tensor(part.weights), self.tensor(bias)])

    def expansion(self, part: Expansion, numbers: str) -> list[str]:
        """Add further features of numbers (n, d). Returns the names of their parts."""
        parts = []
        if len(part.knots):
            chosen = self.add("Gather", [numbers, self.tensor(part.columns)], axis=1)
            parts.append(self.add("Relu", [self.add("Sub", [chosen, self.tensor(part.knots)])]))
        if len(part.left):
            centered = self.add("Sub", [numbers, self.tensor(part.center)])
            factors = self.add("Mul", [centered, self.tensor(part.scale)])
            factors = self.add("Clip", [factors, self.tensor(-FARTHEST), self.tensor(FARTHEST)])
            sides = [self.add("Gather", [factors, self.tensor(side)], axis=1) for side in (part.left, part.right)]
            parts.append(self.add("Mul", sides))
        return parts

    def ids(self, part: Ids) -> str:
        """Add the sum of the weights of ids. Returns its name, (n, k)."""
        ids, axis = part.spec.name, self.tensor(np.array([1], np.int64))
        total = self.add("ReduceSum", [self.add("Gather", [self.tensor(part.weights), ids]), axis], keepdims=0)
        if part.norm == "none":
            return total
        if part.scales is None:
            known = self.add("Cast", [self.add("Sign", [ids])], to=1)
            count = self.add("ReduceSum", [known, axis], keepdims=1)
            divisor = self.add("Sqrt", [self.add("Max", [count, self.tensor(np.float32(1))])])
        else:
            scales = self.add("Gather", [self.tensor(part.scales[:, None]), ids])
            length = self.add("ReduceL2", [scales, axis], keepdims=0)
            divisor = self.add("Max", [length, self.tensor(np.float32(SHORTEST))])
        return self.add("Div", [total, divisor])

    def model(self, specs: Sequence[Spec], output: Spec, name: str) -> Any:
        """Make the ONNX model. specs, output: of its arrays; name: of the value that is returned."""
        from onnx import TensorProto, helper

        kinds = {"int32": TensorProto.INT32, "float32": TensorProto.FLOAT}
        inputs = [helper.make_tensor_value_info(s.name, kinds[s.dtype], [None, *s.shape]) for s in specs]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, *output.shape])]
        graph = helper.make_graph(self._nodes, "linear", inputs, outputs, self._tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
