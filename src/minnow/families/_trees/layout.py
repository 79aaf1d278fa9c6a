"""Layout of rows for trees: pixels, series, numbers and encoded categories as one row of numbers per example."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np

from minnow.families._arrays import CATEGORIES, FLAT_ROWS, grouped_folds, principal
from minnow.types import Array, Batch, Columns, Spec

ROW = "flat"
"""Name of the rows in an ONNX graph."""
_MOST_LABELS = 8
_FOLDS = 5
"""Number of folds of the cross-fitted target encoding of the training rows."""


@dataclass(frozen=True)
class Layout:
    """How arrays become rows of numbers.

    specs: the arrays; table: (ids, a) float32, the target encoding of the ids of categories; one_hot_ids: number of ids where
    categories are one-hot encoded instead, otherwise 0; mean (m,), axes (m, k): principal components that replace the row,
    None without.
    """

    specs: tuple[Spec, ...]
    table: Array | None = None
    mean: Array | None = None
    axes: Array | None = None
    one_hot_ids: int = 0

    @property
    def width(self) -> int:
        """Number of numbers in a row."""
        return self.axes.shape[1] if self.axes is not None else sum(self._width(spec) for spec in self.specs)

    def place(self, name: str) -> int:
        """Place in the row of the first number of an array."""
        return sum(self._width(spec) for spec in takewhile(lambda spec: spec.name != name, self.specs))

    def _width(self, spec: Spec) -> int:
        size = math.prod(length or 1 for length in spec.shape)
        if spec.name != CATEGORIES:
            return size
        return self.one_hot_ids or size * (self.table.shape[1] if self.table is not None else 1)

    def rows(self, inputs: Columns, encoded: Array | None = None) -> Array:
        """Rows of numbers, (n, width) float32. encoded: (n, c, a), the target encoding of the categories where it is known."""
        parts = [
            encoded if spec.name == CATEGORIES and encoded is not None else self._part(inputs[spec.name], spec)
            for spec in self.specs
        ]
        flat = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1, dtype=np.float32)
        return flat if self.axes is None or self.mean is None else (flat - self.mean) @ self.axes

    def _part(self, values: Array, spec: Spec) -> Array:
        if spec.name != CATEGORIES:
            return values
        if self.one_hot_ids:
            one_hot = np.zeros((len(values), self.one_hot_ids), np.float32)
            one_hot[np.arange(len(values))[:, None], values] = 1.0
            return one_hot
        return values if self.table is None else self.table[values]

    def onnx(self) -> tuple[list[Any], list[Any]]:
        """Nodes and initializers that compute ROW from the inputs."""
        from onnx import helper

        nodes, tensors, parts = [], [], []
        for spec in self.specs:
            part_nodes, part_tensors, name, width = self._part_onnx(spec)
            nodes, tensors = nodes + part_nodes, tensors + part_tensors
            tensors.append(_tensor(np.array([-1, width], np.int64), f"{spec.name}_shape"))
            nodes.append(helper.make_node("Reshape", [name, f"{spec.name}_shape"], [f"{spec.name}_flat"]))
            parts.append(f"{spec.name}_flat")
        nodes.append(helper.make_node("Concat", parts, ["joined" if self.axes is not None else ROW], axis=1))
        if self.axes is not None:
            tensors += [_tensor(self.mean, "mean"), _tensor(self.axes, "axes")]
            nodes.append(helper.make_node("Sub", ["joined", "mean"], ["centered"]))
            nodes.append(helper.make_node("MatMul", ["centered", "axes"], [ROW]))
        return nodes, tensors

    def _part_onnx(self, spec: Spec) -> tuple[list[Any], list[Any], str, int]:
        """Nodes and initializers of one array's part of the row, the name of the part and its width."""
        from onnx import helper

        if spec.name == CATEGORIES and self.one_hot_ids:
            nodes, tensors, name = _one_hot_onnx(spec.name, self.one_hot_ids)
        elif spec.name == CATEGORIES and self.table is not None:
            nodes = [helper.make_node("Gather", ["per_id", spec.name], ["looked_up"], axis=0)]
            tensors, name = [_tensor(self.table, "per_id")], "looked_up"
        else:
            nodes, tensors, name = [], [], spec.name
        return nodes, tensors, name, self._width(spec)


def fit_layout(
    train: Batch, *, one_hot: bool = False, components: int | None = None, seed: int = 0
) -> tuple[Layout, Array]:
    """Learn the layout of a batch. Returns it with the rows that a model is fitted to, (n, width) float32.

    one_hot: one-hot encoding of categories instead of target encoding. components: number of principal components that replace
    the rows. Target encodings of the rows that a model is fitted to are cross-fitted: they come from other rows, so that a
    rare category does not carry the targets of its own rows. Raises ValueError for too many components.
    """
    specs = tuple(
        Spec(name, train.inputs[name].shape[1:], str(train.inputs[name].dtype))
        for name in FLAT_ROWS
        if name in train.inputs
    )
    encoded = None
    if CATEGORIES not in train.inputs:
        layout = Layout(specs)
    elif one_hot:
        layout = Layout(specs, one_hot_ids=train.cardinalities[CATEGORIES])
    else:
        table, encoded = _target_encoding(train)
        layout = Layout(specs, table)
    rows = layout.rows(train.inputs, encoded)
    if components is None:
        return layout, rows
    mean, axes = principal(rows, components, seed)
    return replace(layout, mean=mean, axes=axes), (rows - mean) @ axes


def _target_encoding(train: Batch) -> tuple[Array, Array]:
    """Target encoding: the mean target of the rows of each id, shrunk towards the overall mean.

    Returns the table of all rows, (ids, a) float32, and the encodings of train's rows by the rows of other folds, (n, c, a)
    float32. Source: Micci-Barreca 2001; scikit-learn's TargetEncoder.
    """
    from sklearn.preprocessing import TargetEncoder

    ids, size = train.inputs[CATEGORIES], train.cardinalities[CATEGORIES]
    folds: Any = grouped_folds(train, _FOLDS)
    tables, rows = [], []
    for target in _numeric_targets(train):
        encoder = TargetEncoder(target_type="continuous", smooth="auto", cv=folds or 2)
        if folds:
            rows.append(encoder.fit_transform(ids, target))
        else:  # all rows are of one group
            rows.append(encoder.fit(ids, target).transform(ids))
        table = np.full(size, encoder.target_mean_)
        for known, values in zip(encoder.categories_, encoder.encodings_, strict=True):
            table[known] = values
        tables.append(table)
    return np.stack(tables, axis=1).astype(np.float32), np.stack(rows, axis=2).astype(np.float32)


def _numeric_targets(train: Batch) -> list[Array]:
    """Targets as numeric arrays (n,): the number; or one indicator, of the second of two labels; or one per frequent label."""
    if not len(train.labels):
        return [train.target.astype(np.float64)]
    if len(train.labels) <= 2:
        return [(train.target == len(train.labels) - 1).astype(np.float64)]
    common = np.argsort(-np.bincount(train.target, minlength=len(train.labels)), kind="stable")[:_MOST_LABELS]
    return [(train.target == label).astype(np.float64) for label in np.sort(common)]


def _one_hot_onnx(ids: str, size: int) -> tuple[list[Any], list[Any], str]:
    """Nodes and initializers that one-hot encode ids (n, c) to (n, size), and the name of the result."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", [ids], ["long_ids"], to=TensorProto.INT64),
        helper.make_node("OneHot", ["long_ids", "one_hot_depth", "one_hot_values"], ["one_hots"], axis=-1),
        helper.make_node("ReduceMax", ["one_hots", "one_hot_axis"], ["one_hot"], keepdims=0),
    ]
    tensors = {
        "depth": np.array([size], np.int64),
        "values": np.array([0, 1], np.float32),
        "axis": np.array([1], np.int64),
    }
    return nodes, [_tensor(value, f"one_hot_{name}") for name, value in tensors.items()], "one_hot"


def _tensor(value: Any, name: str) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(value), name)
