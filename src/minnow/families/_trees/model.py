"""The model of the families of trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.families._calibration import TINY, noted, tempered
from minnow.families._trees import boosting_internals, export
from minnow.families._trees.export import Answer, Kind
from minnow.families._trees.layout import Layout
from minnow.families._trees.median import median
from minnow.graphs import LEAST_SHARE
from minnow.types import OFFSET, Array, Batch, Columns, Spec

_FILE = "model.joblib"


@dataclass(frozen=True)
class TreeModel:
    """A fitted estimator. layout: how arrays become its rows; answer: how its output becomes that of the model."""

    estimator: Any
    kind: Kind
    layout: Layout
    answer: Answer
    history: Mapping[str, list[float]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    framework: str = "sklearn"
    settled: Mapping[str, Any] | None = None
    network: None = None

    @property
    def native(self) -> TreeModel:
        """The model itself, which has to_onnx."""
        return self

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that it needs."""
        return self.layout.specs + ((Spec(OFFSET, (), "float32"),) if self.answer.has_offset else ())

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array that it returns."""
        return (Spec(self.answer.output, (self.answer.labels,) if self.answer.labels else (), "float32"),)

    @property
    def parameters(self) -> int:
        """Number of thresholds and leaf values over all trees."""
        if self.kind == "forest":
            return sum(int(tree.tree_.node_count) for tree in self.estimator.estimators_)
        if self.kind == "oblivious":
            return self.estimator.parameters
        return sum(len(nodes) for nodes in boosting_internals.nodes(self.estimator))

    @property
    def iterations(self) -> int:
        """Number of trees of a forest, and of the iterations of boosting over all bags."""
        if self.kind == "forest":
            return len(self.estimator.estimators_)
        if self.kind == "oblivious":
            return len(self.estimator.test) // len(self.estimator.base)
        return len(self.estimator._predictors)

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays, (n, ...) each; extra arrays are ignored."""
        rows = self.layout.rows(inputs)
        if self.answer.labels:
            probabilities = self.estimator.predict_proba(rows)
            if self.answer.temperature is not None:
                probabilities = tempered(probabilities, self.answer.temperature, LEAST_SHARE)
            return {self.answer.output: probabilities.astype(np.float32)}
        numbers = self._numbers(rows)
        return {self.answer.output: numbers + inputs[OFFSET] if self.answer.has_offset else numbers}

    def _numbers(self, rows: Array) -> Array:
        if self.answer.values is None:
            return self.estimator.predict(rows).astype(np.float32)
        return median(self.estimator.predict_proba(rows), self.answer.values)

    def with_offset(self) -> TreeModel:
        """Return the model with the offset as a further input, which is added to the output."""
        return replace(self, answer=replace(self.answer, has_offset=True))

    @property
    def least_probability(self) -> float:
        """That of a forest's shares; of boosting as of logits."""
        return LEAST_SHARE if self.kind == "forest" else TINY

    def with_temperature(self, temperature: float) -> TreeModel:
        """Return the model with powers of a forest's shares, or with values of boosted leaves divided by a temperature."""
        same = noted(self, temperature)
        if temperature == 1:
            return same
        if self.kind == "forest":
            return replace(same, answer=replace(self.answer, temperature=temperature))
        if self.kind == "oblivious":
            return replace(same, estimator=self.estimator.scaled(1 / temperature))
        return replace(same, estimator=boosting_internals.scaled(self.estimator, 1 / temperature))

    def save(self, folder: Path) -> None:
        """Write estimator, layout and answer to a folder."""
        import joblib

        joblib.dump((self.estimator, self.kind, self.layout, self.answer), folder / _FILE)

    def to_onnx(self) -> Any:
        """Convert to an ONNX model with named arrays."""
        return export.to_onnx(self.estimator, self.kind, self.layout, self.answer)


def load(folder: Path) -> TreeModel:
    """Read what save wrote."""
    import joblib

    return TreeModel(*joblib.load(folder / _FILE))


def tree_model(
    estimator: Any,
    kind: Kind,
    layout: Layout,
    answer: Answer,
    *,
    settled: Mapping[str, Any],
    history: Mapping[str, list[float]] | None = None,
) -> TreeModel:
    """Make the model of a fitted estimator, with thresholds rounded to float32 as in the exported file.

    settled: see contracts.Model.
    """
    if kind != "oblivious":  # whose thresholds are of float32
        _round_thresholds(estimator, kind)
    return TreeModel(estimator, kind, layout, answer, history or {}, settled=settled)


def answer_of(train: Batch, values: Array | None = None) -> Answer:
    """The answer of the task of a batch. values: see Answer."""
    if train.task == "classify":
        return Answer("probabilities", len(train.labels))
    return Answer("value", values=values)


def _round_thresholds(estimator: Any, kind: Kind) -> None:
    """Round thresholds down to float32, as the exported file compares; rounded up, one could exceed the next value."""
    if kind == "forest":
        arrays = [tree.tree_.threshold for tree in estimator.estimators_]
    else:
        arrays = [nodes["num_threshold"] for nodes in boosting_internals.nodes(estimator)]
    for thresholds in arrays:
        single = thresholds.astype(np.float32)
        above = single > thresholds
        single[above] = np.nextafter(single[above], np.float32(-np.inf))
        thresholds[...] = single
