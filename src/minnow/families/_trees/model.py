"""The model that families of trees return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from minnow.families._trees import boosting_internals, export
from minnow.families._trees.export import Answer
from minnow.families._trees.layout import Layout
from minnow.families._trees.median import median
from minnow.types import OFFSET, Array, Batch, Columns, Spec

Kind = Literal["forest", "boosting"]
"""What holds the trees: estimators_ of a forest, or the predictors of histogram gradient boosting."""
_FILE = "model.joblib"


@dataclass(frozen=True)
class TreeModel:
    """A fitted scikit-learn estimator over rows of numbers. layout: how its rows are made; answer: what its output becomes."""

    estimator: Any
    kind: Kind
    layout: Layout
    answer: Answer
    history: Mapping[str, list[float]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    framework: str = "sklearn"

    @property
    def native(self) -> TreeModel:
        """Itself: it has to_onnx."""
        return self

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays it needs."""
        return self.layout.specs + ((Spec(OFFSET, (), "float32"),) if self.answer.has_offset else ())

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array it gives."""
        return (Spec(self.answer.output, (self.answer.labels,) if self.answer.labels else (), "float32"),)

    @property
    def parameters(self) -> int:
        """A threshold per inner node and a value per leaf, over all trees."""
        if self.kind == "forest":
            return sum(int(tree.tree_.node_count) for tree in self.estimator.estimators_)
        return sum(len(nodes) for nodes in boosting_internals.nodes(self.estimator))

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored."""
        rows = self.layout.rows(inputs)
        if self.answer.labels:
            return {self.answer.output: self.estimator.predict_proba(rows).astype(np.float32)}
        numbers = self._numbers(rows)
        return {self.answer.output: numbers + inputs[OFFSET] if self.answer.has_offset else numbers}

    def _numbers(self, rows: Array) -> Array:
        if self.answer.values is None:
            return self.estimator.predict(rows).astype(np.float32)
        return median(self.estimator.predict_proba(rows), self.answer.values)

    def with_offset(self) -> TreeModel:
        """The same trees, with the offset of rows added to their answers."""
        return replace(self, answer=replace(self.answer, has_offset=True))

    def save(self, folder: Path) -> None:
        """Write the estimator and how it is used."""
        import joblib

        joblib.dump((self.estimator, self.kind, self.layout, self.answer), folder / _FILE)

    def to_onnx(self) -> Any:
        """Convert to an ONNX model over named arrays."""
        return export.to_onnx(self.estimator, self.layout, self.answer)


def load(folder: Path) -> TreeModel:
    """Read what save wrote."""
    import joblib

    return TreeModel(*joblib.load(folder / _FILE))


def tree_model(
    estimator: Any, kind: Kind, layout: Layout, answer: Answer, history: Mapping[str, list[float]]
) -> TreeModel:
    """Wrap a fitted estimator, with thresholds that compare alike in float32, as those of its file do."""
    _round_thresholds(estimator, kind)
    return TreeModel(estimator, kind, layout, answer, history)


def answer_of(train: Batch, values: Array | None = None) -> Answer:
    """The answer that the task of rows asks for. values: see Answer."""
    if train.task == "classify":
        return Answer("probabilities", len(train.labels))
    return Answer("value", values=values)


def _round_thresholds(estimator: Any, kind: Kind) -> None:
    """Round thresholds down to float32, in which the file compares: rounded up, one may reach the value above it."""
    if kind == "forest":
        arrays = [tree.tree_.threshold for tree in estimator.estimators_]
    else:
        arrays = [nodes["num_threshold"] for nodes in boosting_internals.nodes(estimator)]
    for thresholds in arrays:
        single = thresholds.astype(np.float32)
        above = single > thresholds
        single[above] = np.nextafter(single[above], np.float32(-np.inf))
        thresholds[...] = single
