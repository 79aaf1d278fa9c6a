"""Trees as the operator TreeEnsemble of ONNX: about 24 bytes per split, a third of what the older operators need.

It needs ai.onnx.ml 5, which ONNX Runtime has since 1.20. A leaf has one number, so forests of three or more labels are not
written by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minnow.types import Array

DOMAIN, VERSION = "ai.onnx.ml", 5
_SUM = 1
"""The attribute aggregate_function of a sum over trees."""


@dataclass(frozen=True)
class Tree:
    """A tree of m nodes, the first of which is its root. A row goes left where its feature is not above the threshold.

    target: index of the number that its leaves are added to; feature, left, right: (m,) int, of splits; threshold: (m,)
    float, float32 values; value: (m,) float, of leaves; is_leaf: (m,) bool.
    """

    target: int
    feature: Array
    threshold: Array
    left: Array
    right: Array
    value: Array
    is_leaf: Array


def add_trees(graph: Any, rows: str, trees: Sequence[Tree], base: Array) -> str:
    """Add nodes that compute the base (k,) plus the leaves of all trees that a row reaches, (n, k) float32.

    rows: name of the rows of numbers, which are finite. Returns the name of the sums.
    """
    from onnx import helper, numpy_helper

    grown = [tree for tree in trees if not tree.is_leaf[0]]
    base = np.array(base, np.float64)
    for tree in trees:
        if tree.is_leaf[0]:
            base[tree.target] += tree.value[0]
    graph.initializer.append(numpy_helper.from_array(base.astype(np.float32), "base"))
    attributes = _attributes(grown, len(base)) if grown else _nothing(len(base))
    graph.node.extend(
        [
            helper.make_node("TreeEnsemble", [rows], ["of_trees"], domain=DOMAIN, **attributes),
            helper.make_node("Add", ["of_trees", "base"], ["sums"]),
        ]
    )
    return "sums"


def _attributes(trees: Sequence[Tree], targets: int) -> dict[str, Any]:
    """Attributes of the operator: nodes of all trees one after the other, and their leaves likewise."""
    parts = []
    splits = leaves = 0
    for tree in trees:
        inner = ~tree.is_leaf
        place = np.where(tree.is_leaf, leaves + np.cumsum(tree.is_leaf), splits + np.cumsum(inner)) - 1
        left, right = tree.left[inner], tree.right[inner]
        parts.append(
            {
                "tree_roots": [splits],
                "nodes_featureids": tree.feature[inner],
                "nodes_splits": tree.threshold[inner],
                "nodes_truenodeids": place[left],
                "nodes_trueleafs": tree.is_leaf[left],
                "nodes_falsenodeids": place[right],
                "nodes_falseleafs": tree.is_leaf[right],
                "leaf_weights": tree.value[tree.is_leaf],
                "leaf_targetids": np.full(int(tree.is_leaf.sum()), tree.target),
            }
        )
        splits, leaves = splits + int(inner.sum()), leaves + int(tree.is_leaf.sum())
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _typed(joined, targets)


def _nothing(targets: int) -> dict[str, Any]:
    """Attributes of a tree without a split: one node whose branches are the same leaf."""
    names = ("tree_roots", "nodes_featureids", "nodes_splits", "nodes_truenodeids", "nodes_falsenodeids")
    zeros: dict[str, Array] = dict.fromkeys((*names, "leaf_weights", "leaf_targetids"), np.zeros(1))
    return _typed(zeros | dict.fromkeys(("nodes_trueleafs", "nodes_falseleafs"), np.ones(1)), targets)


def _typed(joined: dict[str, Array], targets: int) -> dict[str, Any]:
    from onnx import numpy_helper

    floats = {"nodes_splits", "leaf_weights"}
    typed: dict[str, Any] = {
        name: numpy_helper.from_array(values.astype(np.float32)) if name in floats else [int(v) for v in values]
        for name, values in joined.items()
    }
    modes = numpy_helper.from_array(np.zeros(len(joined["nodes_splits"]), np.uint8))  # 0: not above the threshold
    return typed | {"nodes_modes": modes, "n_targets": targets, "aggregate_function": _SUM}
