"""scikit-learn families of trees: the model that they hand on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minnow.families import _anchor
from minnow.families._features import FLAT, Layout
from minnow.types import Array, Batch, Columns, Spec

FILE = "model.joblib"
HALF = 0.4999
"""Where the median lies. Just below a half, so that two halves give the lower one in float32 as in float64."""


@dataclass
class TreeModel:
    """A scikit-learn estimator over rows of numbers.

    estimator: fitted; layout: how its rows are put together; output: name of the answer; labels: how many there are (0
    for a number); relative: the answer is a change of the anchor; values: (k,) float32, where the estimator tells numbers
    apart as classes, which the answer is the median of.
    """

    estimator: Any
    layout: Layout
    output: str
    labels: int
    history: dict[str, list[float]] = field(default_factory=dict)
    relative: bool = False
    values: Array | None = None
    framework: str = "sklearn"

    @property
    def native(self) -> TreeModel:
        """Itself: it knows how to become ONNX."""
        return self

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays it needs."""
        return self.layout.specs + ((_anchor.SPEC,) if self.relative else ())

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array it gives."""
        return (Spec(self.output, (self.labels,) if self.labels else (), "float32"),)

    @property
    def parameters(self) -> int:
        """A threshold per inner node and a value per leaf, over all trees."""
        if hasattr(self.estimator, "estimators_"):
            return sum(int(tree.tree_.node_count) for tree in self.estimator.estimators_)
        return sum(len(tree.nodes) for stage in self.estimator._predictors for tree in stage)

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored."""
        rows = self.layout.rows(inputs)
        if not self.labels:
            found = self._numbers(rows)
            return {self.output: _anchor.back(found, inputs) if self.relative else found}
        return {self.output: self.estimator.predict_proba(rows).astype(np.float32)}

    def _numbers(self, rows: Array) -> Array:
        if self.values is None:
            return self.estimator.predict(rows).astype(np.float32)
        return self.values[(np.cumsum(self.estimator.predict_proba(rows), axis=1) >= HALF).argmax(axis=1)]

    def save(self, folder: Path) -> None:
        """Write the estimator and what it takes."""
        import joblib

        joblib.dump(
            (self.estimator, self.layout, self.output, self.labels, {}, self.relative, self.values), folder / FILE
        )

    def to_onnx(self) -> Any:
        """Convert to an ONNX model that puts its rows together and gives the one answer."""
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType

        flat: Any = [(FLAT, FloatTensorType([None, self.layout.width]))]
        tells_apart = bool(self.labels) or self.values is not None
        options = {id(self.estimator): {"zipmap": False}} if tells_apart else None
        with _plain_attributes():
            made = to_onnx(self.estimator, initial_types=flat, options=options)
        return _completed(made, self.layout, bool(self.labels), self.relative, self.values)


def load(folder: Path) -> TreeModel:
    """Read what save wrote."""
    import joblib

    return TreeModel(*joblib.load(folder / FILE))


def tree_model(
    estimator: Any, layout: Layout, train: Batch, history: dict[str, list[float]], values: Array | None = None
) -> TreeModel:
    """Hand a fitted estimator on, with thresholds that compare alike in float32, as its file will."""
    _round_thresholds(estimator)
    classify = train.task == "classify"
    name, labels = ("probabilities", len(train.labels)) if classify else ("value", 0)
    return TreeModel(estimator, layout, name, labels, history, _anchor.ANCHOR in train.inputs, values)


def _round_thresholds(estimator: Any) -> None:
    """Round thresholds down to float32: rounded up, one may reach the value that it should lie below."""
    if hasattr(estimator, "estimators_"):
        arrays = [tree.tree_.threshold for tree in estimator.estimators_]
    else:
        arrays = [tree.nodes["num_threshold"] for stage in estimator._predictors for tree in stage]
    for thresholds in arrays:
        single = thresholds.astype(np.float32)
        above = single > thresholds
        single[above] = np.nextafter(single[above], np.float32(-np.inf))
        thresholds[...] = single


class _plain_attributes:  # noqa: N801  reads as a verb where it is used
    """Cast NumPy numbers in node attributes while skl2onnx converts: this protobuf refuses them."""

    def __enter__(self) -> None:
        from onnx import helper

        self.original = original = helper.make_attribute

        def make_attribute(key: str, value: Any, *rest: Any, **named: Any) -> Any:
            if isinstance(value, (list, tuple, np.ndarray)):
                value = [int(v) if isinstance(v, (bool, np.bool_, np.integer)) else v for v in value]
            return original(key, value, *rest, **named)

        helper.make_attribute = make_attribute

    def __exit__(self, *_: object) -> None:
        from onnx import helper

        helper.make_attribute = self.original


def _completed(model: Any, layout: Layout, classifies: bool, relative: bool, values: Array | None) -> Any:
    """Put the making of rows in front, and leave the predicted label out: it follows from the probabilities."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    nodes, tensors = layout.onnx()
    graph.initializer.extend(tensors)
    later = list(graph.node)
    del graph.node[:], graph.input[:]
    graph.node.extend([*nodes, *later])
    for spec in layout.specs:
        kind = TensorProto.INT32 if spec.dtype == "int32" else TensorProto.FLOAT
        graph.input.append(helper.make_tensor_value_info(spec.name, kind, [None, *spec.shape]))
    answer = graph.output[1 if classifies or values is not None else 0]
    if values is not None:
        answer = _median(graph, answer.name, values)
    elif not classifies:
        graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), "row_shape"))
        graph.node.append(helper.make_node("Reshape", [answer.name, "row_shape"], ["row"]))
        answer = helper.make_tensor_value_info("row", TensorProto.FLOAT, [None])
    if relative:
        graph.input.append(helper.make_tensor_value_info(_anchor.ANCHOR, TensorProto.FLOAT, [None]))
        graph.node.append(helper.make_node("Add", [answer.name, _anchor.ANCHOR], ["total"]))
        answer = helper.make_tensor_value_info("total", TensorProto.FLOAT, [None])
    kept = helper.make_tensor_value_info(answer.name, TensorProto.FLOAT, [None] + ([None] if classifies else []))
    del graph.output[:]
    graph.output.append(kept)
    _drop_unused(graph)
    return model


def _median(graph: Any, chances: str, values: Array) -> Any:
    """Nodes that give the first of values at which the chances of it and of all below make a half."""
    from onnx import TensorProto, helper, numpy_helper

    given = {"last_axis": np.array(1, np.int64), "half": np.array(HALF, np.float32), "known_values": values}
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in given.items())
    graph.node.extend(
        [
            helper.make_node("CumSum", [chances, "last_axis"], ["up_to_it"]),
            helper.make_node("Less", ["up_to_it", "half"], ["is_below"]),
            helper.make_node("Cast", ["is_below"], ["below"], to=TensorProto.INT32),
            helper.make_node("ArgMin", ["below"], ["place"], axis=1, keepdims=0),
            helper.make_node("Gather", ["known_values", "place"], ["row"], axis=0),
        ]
    )
    return helper.make_tensor_value_info("row", TensorProto.FLOAT, [None])


def _drop_unused(graph: Any) -> None:
    """Remove nodes that no output needs, such as the path to the label."""
    while True:
        needed = {value.name for value in graph.output} | {name for node in graph.node for name in node.input}
        idle = [node for node in graph.node if not any(name in needed for name in node.output)]
        if not idle:
            return
        for node in idle:
            graph.node.remove(node)
