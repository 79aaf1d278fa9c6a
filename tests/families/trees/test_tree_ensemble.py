"""Trees as the operator TreeEnsemble: what ONNX Runtime answers, with trees of every shape, and what a split costs."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import tiny
from onnx import TensorProto, helper

from minnow import exporters, families
from minnow.families._trees import tree_ensemble
from minnow.families._trees.tree_ensemble import Tree

ROWS = np.array([[0, 0], [1, 2], [-5, 3]], np.float32)


def _leaf(target, value):
    zero = np.zeros(1, int)
    return Tree(target, zero, zero.astype(float), zero, zero, np.array([value]), np.array([True]))


def _stump(target, feature, threshold, left, right):
    is_leaf, children = np.array([False, True, True]), np.array([[1, 0, 0], [2, 0, 0]])
    values = np.array([0.0, left, right])
    return Tree(target, np.array([feature, 0, 0]), np.array([threshold, 0, 0]), *children, values, is_leaf)


def _answers(trees, base):
    sizes = {"x": 2, "sums": len(base)}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, size]) for name, size in sizes.items()]
    graph = helper.make_graph([], "trees", ends[:1], ends[1:])
    assert tree_ensemble.add_trees(graph, "x", trees, np.array(base)) == "sums"
    imports = [helper.make_opsetid("", 18), helper.make_opsetid(tree_ensemble.DOMAIN, tree_ensemble.VERSION)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": ROWS})[0]


@pytest.mark.parametrize(
    ("trees", "base", "expected"),
    [
        ([], [3.0], [[3], [3], [3]]),
        ([_leaf(0, 0.5), _leaf(1, 2.0)], [1.0, 1.0], [[1.5, 3], [1.5, 3], [1.5, 3]]),
        ([_stump(0, 0, 0.0, 1.0, 2.0), _leaf(0, 10.0)], [0.5], [[11.5], [12.5], [11.5]]),
        ([_stump(0, 0, 0.0, 1.0, 2.0), _stump(1, 1, 2.0, 1.0, 2.0)], [0.5, 0.0], [[1.5, 1], [2.5, 1], [1.5, 2]]),
    ],
    ids=["no tree", "no split", "a split and none", "two numbers"],
)
def test_a_row_gets_the_base_and_the_leaves_that_it_reaches(trees, base, expected):
    np.testing.assert_array_equal(_answers(trees, base), np.array(expected, np.float32))


@pytest.mark.parametrize("task", ["classify", "regress"])
@pytest.mark.parametrize("name", ["gboost", "forest"])
def test_a_node_costs_few_bytes(name, task, tmp_path):
    family, (train, val) = families.get(name), tiny.splits("tabular", task)
    model = family.fit(train, val, family.Params(), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < 2_000 + 13 * model.parameters


def test_a_share_of_zero_costs_nothing(tmp_path):
    """Trees of three labels have their shares in the older operator."""
    train, val = tiny.splits("images", "classify")
    assert len(train.labels) > 2
    model = families.get("forest").fit(train, val, families.get("forest").Params(), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    (node,) = (one for one in onnx.load(tmp_path / "model.onnx").graph.node if one.op_type == "TreeEnsembleClassifier")
    attributes = {attribute.name: attribute for attribute in node.attribute}
    assert 0 not in attributes["class_weights"].floats
    assert len(attributes["class_ids"].ints) == len(attributes["class_weights"].floats)
