"""Layout of rows for trees: pixels, series, numbers and encoded categories as one row of numbers per example."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, Literal

import numpy as np

from minnow.families._arrays import CATEGORIES, FLAT_ROWS, grouped_folds, principal, units
from minnow.types import Array, Batch, Columns, Spec

ROW = "flat"
"""Name of the rows in an ONNX graph."""
_MOST_LABELS = 8
_FOLDS = 5
"""Number of folds of the cross-fitted target encoding of the training rows."""
_FREQUENT = 50
"""Groups of rows of a category, or different rows, from which on its encoding is not cross-fitted: a row's own target is a
fiftieth of it or less, and encodings that differ from fold to fold hide which category it is."""
_FEW_IDS, _MOST_INDICATED = 16, 500_000
"""Most ids of a column that are one-hot encoded where nothing else is asked for, and most numbers that this may add to all
rows: with many rows they would take most of a fit."""
Categories = Literal["auto", "target_encoding", "one_hot"]


@dataclass(frozen=True)
class Layout:
    """How arrays become rows of numbers.

    specs: the arrays; ids: number of ids of categories, 0 without; indicated: (k,) int64, ascending, the ids that have a number
    of their own, 1 where a row has the id (one-hot encoding); table: (ids, a) float32, the target encoding of ids; encoded: the
    columns of categories that have it; mean (m,), axes (m, k): principal components that replace the row, None without.
    """

    specs: tuple[Spec, ...]
    table: Array | None = None
    mean: Array | None = None
    axes: Array | None = None
    ids: int = 0
    indicated: Array = field(default_factory=lambda: np.empty(0, np.int64))
    encoded: tuple[int, ...] = ()

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
        return len(self.indicated) + len(self.encoded) * (self.table.shape[1] if self.table is not None else 0)

    def rows(self, inputs: Columns, encoded: Array | None = None) -> Array:
        """Rows of numbers, (n, width) float32. encoded: (n, c, a), the target encoding of the categories where it is known."""
        parts = [
            self._categories(inputs[CATEGORIES], encoded) if spec.name == CATEGORIES else inputs[spec.name]
            for spec in self.specs
        ]
        flat = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1, dtype=np.float32)
        return flat if self.axes is None or self.mean is None else (flat - self.mean) @ self.axes

    def _categories(self, ids: Array, encoded: Array | None) -> Array:
        """Numbers of categories: indicators, and behind them target encodings. ids: (n, c)."""
        place = np.full(self.ids, len(self.indicated))
        place[self.indicated] = np.arange(len(self.indicated))
        one_hot = np.zeros((len(ids), len(self.indicated) + 1), np.float32)  # the last one is of all other ids
        one_hot[np.arange(len(ids))[:, None], place[ids]] = 1.0
        parts = [one_hot[:, :-1]]
        if self.table is not None and self.encoded:
            columns = list(self.encoded)
            values = self.table[ids[:, columns]] if encoded is None else encoded[:, columns]
            parts.append(values.reshape(len(ids), -1))
        return np.concatenate(parts, axis=1)

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
        if spec.name == CATEGORIES:
            nodes, tensors, name = _categories_onnx(self, spec.shape[0] or 0)
        else:
            nodes, tensors, name = [], [], spec.name
        return nodes, tensors, name, self._width(spec)


def fit_layout(
    train: Batch, *, categories: Categories = "target_encoding", components: int | None = None, seed: int = 0
) -> tuple[Layout, Array]:
    """Learn the layout of a batch. Returns it with the rows that a model is fitted to, (n, width) float32.

    categories: how they are encoded; "auto": one-hot where a column has few, by their targets where it has many. components:
    number of principal components that replace the rows. Target encodings of the rows that a model is fitted to are
    cross-fitted for rare categories: they come from other rows, so that a category does not carry the targets of its own rows.
    Raises ValueError for too many components.
    """
    specs = tuple(
        Spec(name, train.inputs[name].shape[1:], str(train.inputs[name].dtype))
        for name in FLAT_ROWS
        if name in train.inputs
    )
    layout, encoded = Layout(specs), None
    if CATEGORIES in train.inputs:
        size = train.cardinalities[CATEGORIES]
        indicated, columns = _divided(train.inputs[CATEGORIES], size, categories)
        layout = Layout(specs, ids=size, indicated=indicated, encoded=columns)
        if columns:
            table, encoded = _target_encoding(train)
            layout = replace(layout, table=table)
    rows = layout.rows(train.inputs, encoded)
    if components is None:
        return layout, rows
    mean, axes = principal(rows, components, seed)
    return replace(layout, mean=mean, axes=axes), (rows - mean) @ axes


def _divided(ids: Array, size: int, categories: Categories) -> tuple[Array, tuple[int, ...]]:
    """The ids that are one-hot encoded, (k,) int64, and the columns that are encoded by their targets.

    Columns of fewest ids are the first to be one-hot encoded. ids: (n, c), of train.
    """
    every = tuple(range(ids.shape[1]))
    if categories == "one_hot":
        return np.arange(size), ()
    indicated = np.empty(0, np.int64)
    if categories == "target_encoding":
        return indicated, every
    found = [np.unique(column).astype(np.int64) for column in ids.T]
    encoded = list(every)
    for place in sorted(every, key=lambda place: len(found[place])):
        more = np.concatenate([indicated, found[place]])
        if len(found[place]) <= _FEW_IDS and len(more) * len(ids) <= _MOST_INDICATED:
            indicated = more
            encoded.remove(place)
    return np.sort(indicated), tuple(encoded)


def _target_encoding(train: Batch) -> tuple[Array, Array]:
    """Target encoding: the mean target of the rows of each id, shrunk towards the overall mean.

    Returns the table of all rows, (ids, a) float32, and the encodings of train's rows, (n, c, a) float32: of rare ids by the
    rows of other folds, of frequent ones by all rows. Source: Micci-Barreca 2001; scikit-learn's TargetEncoder.
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
    everything, others = np.stack(tables, axis=1).astype(np.float32), np.stack(rows, axis=2).astype(np.float32)
    is_frequent = _units_per_id(train) >= _FREQUENT
    return everything, np.where(is_frequent[ids][:, :, None], everything[ids], others)


def _units_per_id(train: Batch) -> Array:
    """In how many groups of rows, or different rows, each id occurs, (ids,) int."""
    _, unit = np.unique(units(train), return_inverse=True)
    count = np.zeros(train.cardinalities[CATEGORIES], np.int64)
    for column in train.inputs[CATEGORIES].T:
        pairs = np.unique(column.astype(np.int64) * (unit.max() + 1) + unit)
        count += np.bincount(pairs // (unit.max() + 1), minlength=len(count))
    return count


def _numeric_targets(train: Batch) -> list[Array]:
    """Targets as numeric arrays (n,): the number; or one indicator, of the second of two labels; or one per frequent label."""
    if not len(train.labels):
        return [train.target.astype(np.float64)]
    if len(train.labels) <= 2:
        return [(train.target == len(train.labels) - 1).astype(np.float64)]
    common = np.argsort(-np.bincount(train.target, minlength=len(train.labels)), kind="stable")[:_MOST_LABELS]
    return [(train.target == label).astype(np.float64) for label in np.sort(common)]


def _categories_onnx(layout: Layout, columns: int) -> tuple[list[Any], list[Any], str]:
    """Nodes and initializers that encode categories (n, columns), and the name of the result."""
    from onnx import helper

    nodes, tensors, parts = list[Any](), list[Any](), list[str]()
    if len(layout.indicated):
        nodes, tensors, name = _one_hot_onnx(CATEGORIES, layout.ids)
        if len(layout.indicated) < layout.ids:
            tensors.append(_tensor(layout.indicated, "indicated"))
            nodes.append(helper.make_node("Gather", [name, "indicated"], ["indicators"], axis=1))
            name = "indicators"
        parts.append(name)
    if layout.encoded:
        ids, width = CATEGORIES, len(layout.encoded) * (layout.table.shape[1] if layout.table is not None else 0)
        if len(layout.encoded) < columns:
            tensors.append(_tensor(np.array(layout.encoded, np.int64), "encoded_columns"))
            nodes.append(helper.make_node("Gather", [CATEGORIES, "encoded_columns"], ["encoded_ids"], axis=1))
            ids = "encoded_ids"
        tensors.append(_tensor(layout.table, "per_id"))
        nodes.append(helper.make_node("Gather", ["per_id", ids], ["looked_up"], axis=0))
        if not parts:
            return nodes, tensors, "looked_up"
        tensors.append(_tensor(np.array([-1, width], np.int64), "looked_up_shape"))
        nodes.append(helper.make_node("Reshape", ["looked_up", "looked_up_shape"], ["encodings"]))
        parts.append("encodings")
    if len(parts) == 1:
        return nodes, tensors, parts[0]
    nodes.append(helper.make_node("Concat", parts, ["encoded_categories"], axis=1))
    return nodes, tensors, "encoded_categories"


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
