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


@dataclass
class TreeModel:
    """A scikit-learn estimator over rows of numbers.

    estimator: fitted; layout: how its rows are put together; output: name of the answer; labels: how many there are (0
    for a number); relative: the answer is a change of the anchor.
    """

    estimator: Any
    layout: Layout
    output: str
    labels: int
    history: dict[str, list[float]] = field(default_factory=dict)
    relative: bool = False
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
            found = self.estimator.predict(rows).astype(np.float32)
            return {self.output: _anchor.back(found, inputs) if self.relative else found}
        return {self.output: self.estimator.predict_proba(rows).astype(np.float32)}

    def save(self, folder: Path) -> None:
        """Write the estimator and what it takes."""
        import joblib

        joblib.dump((self.estimator, self.layout, self.output, self.labels, {}, self.relative), folder / FILE)

    def to_onnx(self) -> Any:
        """Convert to an ONNX model that puts its rows together and gives the one answer."""
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType

        flat: Any = [(FLAT, FloatTensorType([None, self.layout.width]))]
        options = {id(self.estimator): {"zipmap": False}} if self.labels else None
        with _plain_attributes():
            made = to_onnx(self.estimator, initial_types=flat, options=options)
        return _completed(made, self.layout, bool(self.labels), self.relative)


def load(folder: Path) -> TreeModel:
    """Read what save wrote."""
    import joblib

    return TreeModel(*joblib.load(folder / FILE))


def tree_model(estimator: Any, layout: Layout, train: Batch, history: dict[str, list[float]]) -> TreeModel:
    """Hand a fitted estimator on, with thresholds that compare alike in float32, as its file will."""
    _round_thresholds(estimator)
    classify = train.task == "classify"
    name, labels = ("probabilities", len(train.labels)) if classify else ("value", 0)
    return TreeModel(estimator, layout, name, labels, history, _anchor.ANCHOR in train.inputs)


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


def _completed(model: Any, layout: Layout, classifies: bool, relative: bool) -> Any:
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
    answer = graph.output[1 if classifies else 0]
    if not classifies:
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


def _drop_unused(graph: Any) -> None:
    """Remove nodes that no output needs, such as the path to the label."""
    while True:
        needed = {value.name for value in graph.output} | {name for node in graph.node for name in node.input}
        idle = [node for node in graph.node if not any(name in needed for name in node.output)]
        if not idle:
            return
        for node in idle:
            graph.node.remove(node)
