"""The ONNX graph of a tree model: from named arrays to rows of numbers to one output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minnow.families._trees.layout import ROW, Layout
from minnow.families._trees.median import add_median
from minnow.families._trees.skl2onnx_attributes import integer_attributes
from minnow.types import OFFSET, Array


@dataclass(frozen=True)
class Answer:
    """How the output of a model is computed from that of its estimator.

    output: name; labels: their number, 0 for a number; values: (k,) float32, the values of a number that are the classes of
    the estimator, where the output is their median; has_offset: the offset is added.
    """

    output: str
    labels: int = 0
    values: Array | None = None
    has_offset: bool = False


def to_onnx(estimator: Any, layout: Layout, answer: Answer) -> Any:
    """Convert an estimator to an ONNX model that reads the layout's arrays."""
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType

    types: Any = [(ROW, FloatTensorType([None, layout.width]))]
    is_classifier = bool(answer.labels) or answer.values is not None
    options = {id(estimator): {"zipmap": False}} if is_classifier else None
    with integer_attributes():
        model: Any = skl2onnx.to_onnx(estimator, initial_types=types, options=options)
    _prepend_rows(model.graph, layout)
    _set_output(model.graph, answer)
    _drop_unused(model.graph)
    return model


def _prepend_rows(graph: Any, layout: Layout) -> None:
    """Replace the input of a graph, rows of numbers, by named arrays from which they are computed."""
    from onnx import TensorProto, helper

    nodes, tensors = layout.onnx()
    graph.initializer.extend(tensors)
    of_estimator = list(graph.node)
    del graph.node[:], graph.input[:]
    graph.node.extend([*nodes, *of_estimator])
    for spec in layout.specs:
        kind = TensorProto.INT32 if spec.dtype == "int32" else TensorProto.FLOAT
        graph.input.append(helper.make_tensor_value_info(spec.name, kind, [None, *spec.shape]))


def _set_output(graph: Any, answer: Answer) -> None:
    """Make the answer the only output; the predicted label, which follows from the probabilities, is removed."""
    from onnx import TensorProto, helper

    if answer.labels:
        name = graph.output[1].name
    elif answer.values is not None:
        name = add_median(graph, graph.output[1].name, answer.values)
    else:
        name = _flattened(graph, graph.output[0].name)
    if answer.has_offset:
        graph.input.append(helper.make_tensor_value_info(OFFSET, TensorProto.FLOAT, [None]))
        graph.node.append(helper.make_node("Add", [name, OFFSET], ["total"]))
        name = "total"
    shape = [None, None] if answer.labels else [None]
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _flattened(graph: Any, name: str) -> str:
    """Add a node that reshapes (n, 1) to (n,), and return the name of its output."""
    from onnx import helper, numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), "row_shape"))
    graph.node.append(helper.make_node("Reshape", [name, "row_shape"], ["row"]))
    return "row"


def _drop_unused(graph: Any) -> None:
    """Remove nodes that no output needs, such as those that compute the label."""
    while True:
        needed = {value.name for value in graph.output} | {name for node in graph.node for name in node.input}
        unused = [node for node in graph.node if not any(name in needed for name in node.output)]
        if not unused:
            return
        for node in unused:
            graph.node.remove(node)
