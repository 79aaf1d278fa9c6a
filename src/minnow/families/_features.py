"""One row of numbers per example, for families that take nothing else: pixels, numbers, and categories by their answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minnow.types import Array, Batch, Columns, Spec

PIXELS, SERIES, NUMBERS, CATEGORIES = "image", "series", "numbers", "categories"
ROWS = (PIXELS, SERIES, NUMBERS, CATEGORIES)
"""What makes up a row, in this order."""
FLAT = "flat"
SMOOTH = 10.0
"""Rows of the whole's mean answer that are added to each category: a rare one says little."""
MOST_LABELS = 8


@dataclass(frozen=True)
class Layout:
    """How a row is put together.

    specs: the arrays that it takes; table: (ids, a) float32, what each category's id becomes; marked: how many ids there are,
    each a number of its own that is 1 where the row has it, instead of a table; mean (m,), axes (m, k): the principal
    components that stand for the row, where there are any.
    """

    specs: tuple[Spec, ...]
    table: Array | None = None
    mean: Array | None = None
    axes: Array | None = None
    marked: int = 0

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return self.axes.shape[1] if self.axes is not None else self._flat_width

    @property
    def _flat_width(self) -> int:
        per_id = self.table.shape[1] if self.table is not None else 1
        sizes = [math.prod(size or 1 for size in spec.shape) for spec in self.specs]
        of_ids = [
            self.marked or n * per_id if s.name == CATEGORIES else n for n, s in zip(sizes, self.specs, strict=True)
        ]
        return sum(of_ids)

    def rows(self, inputs: Columns) -> Array:
        """Put rows together, (n, width) float32."""
        parts = [self._part(inputs[spec.name], spec) for spec in self.specs]
        flat = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1, dtype=np.float32)
        return flat if self.axes is None or self.mean is None else (flat - self.mean) @ self.axes

    def _part(self, values: Array, spec: Spec) -> Array:
        if self.marked and spec.name == CATEGORIES:
            marks = np.zeros((len(values), self.marked), np.float32)
            marks[np.arange(len(values))[:, None], values] = 1.0
            return marks
        return values if self.table is None or spec.name != CATEGORIES else self.table[values]

    def with_components(self, train: Batch, components: int, seed: int) -> Layout:
        """Stand the first principal components of train's rows for the row."""
        mean, axes = principal(self.rows(train.inputs), components, seed)
        return replace(self, mean=mean, axes=axes)

    def onnx(self) -> tuple[list[Any], list[Any]]:
        """Nodes and initialisers that make FLAT of the inputs."""
        from onnx import helper

        nodes, tensors, parts = [], [], []
        for spec in self.specs:
            name, width = spec.name, math.prod(size or 1 for size in spec.shape)
            if spec.name == CATEGORIES and self.marked:
                made, more = _marks(name, self.marked)
                nodes, tensors = nodes + made, tensors + more
                name, width = "marked", self.marked
            if spec.name == CATEGORIES and self.table is not None:
                tensors.append(_tensor(self.table, "per_id"))
                nodes.append(helper.make_node("Gather", ["per_id", name], ["looked_up"], axis=0))
                name, width = "looked_up", width * self.table.shape[1]
            tensors.append(_tensor(np.array([-1, width], np.int64), f"{spec.name}_shape"))
            nodes.append(helper.make_node("Reshape", [name, f"{spec.name}_shape"], [f"{spec.name}_flat"]))
            parts.append(f"{spec.name}_flat")
        nodes.append(helper.make_node("Concat", parts, ["joined" if self.axes is not None else FLAT], axis=1))
        if self.axes is not None:
            tensors += [_tensor(self.mean, "mean"), _tensor(self.axes, "axes")]
            nodes.append(helper.make_node("Sub", ["joined", "mean"], ["centred"]))
            nodes.append(helper.make_node("MatMul", ["centred", "axes"], [FLAT]))
        return nodes, tensors


def layout_of(train: Batch, marks: bool = False) -> Layout:
    """Find which arrays make up a row, and learn what categories become: the mean answers of their rows, or marks."""
    specs = tuple(
        Spec(name, train.inputs[name].shape[1:], str(train.inputs[name].dtype)) for name in ROWS if name in train.inputs
    )
    if CATEGORIES not in train.inputs:
        return Layout(specs)
    return Layout(specs, marked=train.sizes[CATEGORIES]) if marks else Layout(specs, _mean_answers(train))


def _mean_answers(train: Batch) -> Array:
    """Mean answer of the rows of each id, drawn towards the mean of all, (ids, a) float32."""
    ids, size = train.inputs[CATEGORIES], train.sizes[CATEGORIES]
    rows = np.bincount(ids.ravel(), minlength=size)
    means = []
    for answer in _answers(train):
        total = np.bincount(ids.ravel(), weights=np.repeat(answer, ids.shape[1]), minlength=size)
        means.append((total + SMOOTH * answer.mean()) / (rows + SMOOTH))
    return np.stack(means, axis=1).astype(np.float32)


def _answers(train: Batch) -> list[Array]:
    """What a row answers, as numbers: itself, whether it is the second of two labels, or each of the commonest labels."""
    if not len(train.labels):
        return [train.target.astype(np.float64)]
    if len(train.labels) <= 2:
        return [(train.target == len(train.labels) - 1).astype(np.float64)]
    common = np.argsort(-np.bincount(train.target, minlength=len(train.labels)), kind="stable")[:MOST_LABELS]
    return [(train.target == label).astype(np.float64) for label in np.sort(common)]


def principal(rows: Array, components: int, seed: int) -> tuple[Array, Array]:
    """Mean (m,) and principal axes (m, components) of rows (n, m), float32. Raises ValueError for too many."""
    from sklearn.decomposition import PCA

    most = min(rows.shape)
    if components > most:
        raise ValueError(f"pca needs at most {most} components, as many as features and rows. Received: {components}.")
    found: Any = PCA(components, random_state=seed).fit(rows)
    return found.mean_.astype(np.float32), np.ascontiguousarray(found.components_.T, dtype=np.float32)


def _marks(ids: str, size: int) -> tuple[list[Any], list[Any]]:
    """Nodes and initialisers that make "marked" (n, size) of ids (n, c): 1 for each id that a row has."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", [ids], ["long_ids"], to=TensorProto.INT64),
        helper.make_node("OneHot", ["long_ids", "marks_depth", "marks_values"], ["marks"], axis=-1),
        helper.make_node("ReduceMax", ["marks", "marks_axis"], ["marked"], keepdims=0),
    ]
    given = {
        "depth": np.array([size], np.int64),
        "values": np.array([0, 1], np.float32),
        "axis": np.array([1], np.int64),
    }
    return nodes, [_tensor(value, f"marks_{name}") for name, value in given.items()]


def _tensor(value: Any, name: str) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(value), name)
