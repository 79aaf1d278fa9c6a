"""The ONNX graph of a tree model: from named arrays to rows of numbers to one output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minnow.families._trees import boosting_internals, oblivious, tree_ensemble
from minnow.families._trees.layout import ROW, Layout
from minnow.families._trees.median import add_median
from minnow.families._trees.tree_ensemble import Tree
from minnow.graphs import add_powers
from minnow.types import OFFSET, Array

Kind = Literal["forest", "boosting", "oblivious"]
"""Kind of the estimator: a forest, histogram gradient boosting, or boosted oblivious trees."""
_OPSET = 18
_OF_MANY_CLASSES = 3
"""Version of the operators of trees that have an operator with a number per class in each leaf."""


@dataclass(frozen=True)
class Answer:
    """How the output of a model is computed from that of its estimator.

    output: name; labels: their number, 0 for a number; values: (k,) float32, the values of a number that are the classes of
    the estimator, where the output is their median; has_offset: the offset is added; temperature: the output is proportional to
    the power of 1 / temperature of the probabilities, None leaves them.
    """

    output: str
    labels: int = 0
    values: Array | None = None
    has_offset: bool = False
    temperature: float | None = None


def to_onnx(estimator: Any, kind: Kind, layout: Layout, answer: Answer) -> Any:
    """Convert an estimator to an ONNX model that reads the layout's arrays."""
    classes = answer.labels or (0 if answer.values is None else len(answer.values))
    if kind == "forest" and classes > 2:
        model, name = _of_many_classes(estimator, layout)
    else:
        model = _empty()
        name = _add_estimator(model.graph, estimator, kind, classes)
    _prepend_rows(model.graph, layout)
    _set_output(model.graph, answer, name)
    return model


def _empty() -> Any:
    """A model without nodes."""
    from onnx import helper

    imports = [helper.make_opsetid("", _OPSET), helper.make_opsetid(tree_ensemble.DOMAIN, tree_ensemble.VERSION)]
    return helper.make_model(helper.make_graph([], "trees", [], []), opset_imports=imports, ir_version=8)


def _of_many_classes(estimator: Any, layout: Layout) -> tuple[Any, str]:
    """A forest with a number per class in each leaf. Returns the model and the name of the probabilities."""
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType

    types: Any = [(ROW, FloatTensorType([None, layout.width]))]
    versions = {"": _OPSET, tree_ensemble.DOMAIN: _OF_MANY_CLASSES}
    options = {id(estimator): {"zipmap": False}}
    model: Any = skl2onnx.to_onnx(estimator, initial_types=types, options=options, target_opset=versions)
    name = model.graph.output[1].name
    del model.graph.output[:]
    _drop_unused(model.graph, name)
    for node in model.graph.node:
        if node.op_type == "TreeEnsembleClassifier":
            _drop_zeros(node)
    return model, name


def _drop_zeros(node: Any) -> None:
    """Remove what changes no sum of an older operator: shares of zero, and facts about nodes that finite rows do not need."""
    shares = next(attribute for attribute in node.attribute if attribute.name == "class_weights")
    keep = np.flatnonzero(np.array(shares.floats))
    for attribute in list(node.attribute):
        if attribute.name in ("nodes_hitrates", "nodes_missing_value_tracks_true"):
            node.attribute.remove(attribute)
        elif attribute.name in ("class_ids", "class_nodeids", "class_treeids"):
            attribute.ints[:] = np.array(attribute.ints)[keep].tolist()
    shares.floats[:] = np.array(shares.floats)[keep].tolist()


def _add_estimator(graph: Any, estimator: Any, kind: Kind, classes: int) -> str:
    """Add the nodes of an estimator. Returns the name of its probabilities (n, classes) or numbers (n, 1)."""
    from onnx import helper

    if kind != "forest":
        if kind == "oblivious":
            sums = oblivious.add_trees(graph, ROW, estimator)
        else:
            sums = tree_ensemble.add_trees(graph, ROW, *boosting_internals.trees(estimator))
        if classes > 2:
            graph.node.append(helper.make_node("Softmax", [sums], ["probabilities"], axis=1))
            return "probabilities"
        return _of_two_classes(graph, sums, "Sigmoid") if classes else sums
    sums = tree_ensemble.add_trees(graph, ROW, _trees_of_forest(estimator, classes), np.zeros(1))
    return _of_two_classes(graph, sums, "Clip") if classes else sums


def _of_two_classes(graph: Any, sums: str, operator: str) -> str:
    """Add nodes that compute the probabilities of both classes from what is known of the second, (n, 1)."""
    from onnx import helper, numpy_helper

    tensors = {"zero": np.float32(0), "one": np.float32(1)}
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items())
    bounds = ["zero", "one"] if operator == "Clip" else []  # rounded, a sum of shares can exceed one
    graph.node.extend(
        [
            helper.make_node(operator, [sums, *bounds], ["second"]),
            helper.make_node("Sub", ["one", "second"], ["first"]),
            helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
        ]
    )
    return "probabilities"


def _trees_of_forest(estimator: Any, classes: int) -> list[Tree]:
    """Trees whose leaves are their parts of the mean: of the number, or of the share of the second class."""
    trees = []
    for grown in estimator.estimators_:
        tree = grown.tree_
        value = tree.value[:, 0, 1] if classes == 2 else tree.value[:, 0, 0]
        is_leaf, part = tree.children_left < 0, value / len(estimator.estimators_)
        trees.append(Tree(0, tree.feature, tree.threshold, tree.children_left, tree.children_right, part, is_leaf))
    return trees


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


def _set_output(graph: Any, answer: Answer, name: str) -> None:
    """Make the answer the only output. name: of the probabilities or numbers of the estimator."""
    from onnx import TensorProto, helper

    if answer.values is not None:
        name = add_median(graph, name, answer.values)
    elif not answer.labels:
        name = _flattened(graph, name)
    elif answer.temperature is not None:
        name = add_powers(graph, name, 1 / answer.temperature)
    if answer.has_offset:
        graph.input.append(helper.make_tensor_value_info(OFFSET, TensorProto.FLOAT, [None]))
        graph.node.append(helper.make_node("Add", [name, OFFSET], ["total"]))
        name = "total"
    shape = [None, None] if answer.labels else [None]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _flattened(graph: Any, name: str) -> str:
    """Add a node that reshapes (n, 1) to (n,), and return the name of its output."""
    from onnx import helper, numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), "row_shape"))
    graph.node.append(helper.make_node("Reshape", [name, "row_shape"], ["row"]))
    return "row"


def _drop_unused(graph: Any, needed_output: str) -> None:
    """Remove nodes that an output does not need, such as those that compute the label."""
    while True:
        needed = {needed_output} | {name for node in graph.node for name in node.input}
        unused = [node for node in graph.node if not any(name in needed for name in node.output)]
        if not unused:
            return
        for node in unused:
            graph.node.remove(node)
