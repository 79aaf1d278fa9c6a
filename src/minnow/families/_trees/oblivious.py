"""Boosted oblivious trees: every split of one level has the same test, so that a tree of depth d is d tests and 2**d leaves.

A row reaches the leaf whose bits are the results of its d tests, the first of them the highest. Tests are stored once for all
trees, leaves in four or eight bits with one scale per tree. Source: Kohavi & Li 1995; Prokhorenkova et al. 2018 (CatBoost).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minnow.types import Array

_ROWS = 4096
"""Number of rows that are answered at once."""


@dataclass(frozen=True)
class ObliviousTrees:
    """T trees of depth d over K tests, in the order of iterations: one tree for each of the k numbers that are learned.

    feature: (K,) int; threshold: (K,) float32, which a feature is above or not; test: (T, d) int, which tests a tree has;
    leaf: (T, 2**d) int8; scale: (T,) float16, of the leaves of a tree; unit: of all scales; base: (k,) float64, what the values
    of all trees are added to; bits: of a leaf, 4 or 8; classes: number of labels, 0 for a number.
    """

    feature: Array
    threshold: Array
    test: Array
    leaf: Array
    scale: Array
    unit: float
    base: Array
    bits: int
    classes: int

    @property
    def parameters(self) -> int:
        """Number of thresholds, tests and leaves."""
        return self.threshold.size + self.test.size + self.leaf.size

    @property
    def values(self) -> Array:
        """Of the leaves, (T, 2**d) float32."""
        return self.leaf * self.scale.astype(np.float32)[:, None] * np.float32(self.unit)

    def scaled(self, factor: float) -> ObliviousTrees:
        """Return the trees with sums, the logits of labels, that are theirs times a factor."""
        return replace(self, unit=self.unit * factor, base=self.base * factor)

    def sums(self, rows: Array) -> Array:
        """The base plus the leaves that rows (n, width) reach: (n, k) float64."""
        values = self.values
        parts = [self._sums(rows[start : start + _ROWS], values) for start in range(0, max(len(rows), 1), _ROWS)]
        return np.concatenate(parts)

    def _sums(self, rows: Array, values: Array) -> Array:
        over = (rows[:, self.feature] > self.threshold).astype(np.uint8)
        index = np.zeros((len(rows), len(self.test)), np.uint8 if self.test.shape[1] <= 8 else np.uint16)
        for level in range(self.test.shape[1]):
            index = 2 * index + over[:, self.test[:, level]]
        reached = values[np.arange(len(self.test)), index]
        numbers = len(self.base)
        return self.base + reached.reshape(len(rows), -1, numbers).sum(axis=1, dtype=np.float64)

    def predict(self, rows: Array) -> Array:
        """Numbers, (n,) float64."""
        return self.sums(rows)[:, 0]

    def predict_proba(self, rows: Array) -> Array:
        """Probabilities of the labels, (n, classes) float64."""
        from scipy.special import expit, softmax

        sums = self.sums(rows)
        if self.classes > 2:
            return softmax(sums, axis=1)
        second = expit(sums[:, 0])
        return np.stack([1 - second, second], axis=1)


def add_trees(graph: Any, rows: str, trees: ObliviousTrees) -> str:
    """Add nodes that compute the sums of trees, (n, k) float32, and return their name. rows: of numbers, (n, width) float32."""
    from onnx import TensorProto, helper

    add = lambda operator, inputs, output, **attributes: graph.node.append(  # noqa: E731
        helper.make_node(operator, inputs, [output], **attributes)
    )
    (count, depth), numbers = trees.test.shape, len(trees.base)
    order = _add_tests(graph, rows, trees)
    tensors = {
        "test": _unsigned(order[trees.test].T.reshape(depth, -1, numbers)),
        "first_leaf": np.arange(count, dtype=np.int32).reshape(-1, numbers, 1) * 2**depth,
        "first_axes": np.array([0, 1], np.int64),
        "base": trees.base.astype(np.float32),
    }
    _initialize(graph, tensors)
    _add_leaves(graph, trees)
    add("Cast", ["test"], "test_ids", to=TensorProto.INT32)
    add("Gather", ["over", "test_ids"], "results", axis=0)  # (d, T / k, k, n)
    index, *lower = results = [f"result{level}" for level in range(depth)]
    graph.node.append(helper.make_node("Split", ["results"], results, axis=0, num_outputs=depth))
    for result in lower:
        add("Add", [index, index], f"{result}_room")
        add("Add", [f"{result}_room", result], f"{result}_index")
        index = f"{result}_index"
    add("Add", [index, "first_leaf"], "leaf_ids")
    add("Gather", ["leaf_values", "leaf_ids"], "reached", axis=0)  # (1, T / k, k, n)
    add("ReduceSum", ["reached", "first_axes"], "of_trees", keepdims=0)
    add("Transpose", ["of_trees"], "per_row", perm=[1, 0])
    add("Add", ["per_row", "base"], "sums")
    return "sums"


def _add_tests(graph: Any, rows: str, trees: ObliviousTrees) -> Array:
    """Add nodes that say which tests rows are above: over (K, n) int32. Returns the position of each test there, (K,) int.

    Thresholds that half precision holds are stored so, and stand first.
    """
    from onnx import TensorProto, helper

    with np.errstate(over="ignore"):
        half = trees.threshold.astype(np.float16)
    is_half = half == trees.threshold
    position = np.argsort(~is_half, kind="stable")
    order = np.argsort(position)
    known = int(is_half.sum())
    tensors = {"tested": _unsigned(trees.feature[position])}
    if known:
        tensors["half_thresholds"] = half[position][:known, None]
    if known < len(half):
        tensors["single_thresholds"] = trees.threshold[position][known:, None]
    _initialize(graph, tensors)
    parts = (["half_as_single"] if known else []) + (["single_thresholds"] if known < len(half) else [])
    if known:
        graph.node.append(helper.make_node("Cast", ["half_thresholds"], ["half_as_single"], to=TensorProto.FLOAT))
    graph.node.extend(
        [
            helper.make_node("Concat", parts, ["thresholds"], axis=0),
            helper.make_node("Cast", ["tested"], ["tested_ids"], to=TensorProto.INT32),
            helper.make_node("Transpose", [rows], ["columns"], perm=[1, 0]),
            helper.make_node("Gather", ["columns", "tested_ids"], ["values"], axis=0),
            helper.make_node("Greater", ["values", "thresholds"], ["is_over"]),
            helper.make_node("Cast", ["is_over"], ["over"], to=TensorProto.INT32),
        ]
    )
    return order


def _add_leaves(graph: Any, trees: ObliviousTrees) -> None:
    """Add nodes that compute leaf_values (T * 2**d,) float32 from leaves and scales; a session does so once, when it opens."""
    from onnx import TensorProto, helper

    scale = trees.scale[:, None]
    _initialize(
        graph, {"scale": scale, "unit": np.array(trees.unit, np.float32), "all_leaves": np.array([-1], np.int64)}
    )
    nodes = [helper.make_node("Cast", ["scale"], ["scale_in_units"], to=TensorProto.FLOAT)]
    if trees.bits == 4:
        half = trees.leaf.shape[1] // 2
        stored = (trees.leaf.astype(np.int16) + 8).astype(np.uint8)
        _initialize(
            graph,
            {
                "leaf": stored[:, :half] | stored[:, half:] << 4,
                "low": np.uint8(15),
                "four": np.uint8(4),
                "zero_leaf": np.float32(8),
            },
        )
        nodes += [
            helper.make_node("BitwiseAnd", ["leaf", "low"], ["low_leaf"]),
            helper.make_node("BitShift", ["leaf", "four"], ["high_leaf"], direction="RIGHT"),
            helper.make_node("Concat", ["low_leaf", "high_leaf"], ["both_leaves"], axis=1),
            helper.make_node("Cast", ["both_leaves"], ["from_zero"], to=TensorProto.FLOAT),
            helper.make_node("Sub", ["from_zero", "zero_leaf"], ["leaf_steps"]),
        ]
    else:
        _initialize(graph, {"leaf": trees.leaf})
        nodes += [helper.make_node("Cast", ["leaf"], ["leaf_steps"], to=TensorProto.FLOAT)]
    graph.node.extend(
        [
            *nodes,
            helper.make_node("Mul", ["leaf_steps", "scale_in_units"], ["leaf_units"]),
            helper.make_node("Mul", ["leaf_units", "unit"], ["leaves"]),
            helper.make_node("Reshape", ["leaves", "all_leaves"], ["leaf_values"]),
        ]
    )


def _unsigned(values: Array) -> Array:
    """Whole numbers in the smallest type that holds them."""
    return values.astype(np.uint8 if values.max(initial=0) < 2**8 else np.uint16)


def _initialize(graph: Any, tensors: dict[str, Any]) -> None:
    from onnx import numpy_helper

    graph.initializer.extend(
        numpy_helper.from_array(np.array(value, order="C"), name) for name, value in tensors.items()
    )
