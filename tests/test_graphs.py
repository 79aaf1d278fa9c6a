import itertools

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from minnow.graphs import write_canonical


def graph(order=(0, 1, 2), names=("left", "right"), doc=""):
    """y = relu(x + a) + (x + b), written in some order and under some names."""
    left, right = names
    nodes = [
        helper.make_node("Add", ["x", "a"], [left], name=f"{doc}1"),
        helper.make_node("Add", ["x", "b"], [right], name=f"{doc}2"),
        helper.make_node("Relu", [left], ["positive"], name=f"{doc}3"),
    ]
    values = {"a": [1.0, 2.0], "b": [3.0, 4.0], "b_again": [3.0, 4.0]}
    tensors = [numpy_helper.from_array(np.array(v, np.float32), name) for name, v in values.items()]
    last = helper.make_node("Add", ["positive", right], ["y"])
    used = [helper.make_node("Add", ["y", "b_again"], ["z"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2]) for name in ("x", "z")]
    graph = helper.make_graph([*(nodes[i] for i in order), last, *used], f"g{doc}", ends[:1], ends[1:], tensors, doc)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name=doc or "x", ir_version=9)


def test_order_names_and_remarks_do_not_matter(tmp_path):
    written = set()
    variants = itertools.product([(0, 1, 2), (1, 0, 2), (0, 2, 1)], [("left", "right"), ("v9", "v1")], ["", "remark"])
    for number, (order, names, doc) in enumerate(variants):
        write_canonical(graph(order, names, doc), tmp_path / str(number))
        written.add((tmp_path / str(number)).read_bytes())
    assert len(written) == 1


def test_equal_arrays_are_stored_once_and_the_batch_is_free(tmp_path):
    write_canonical(graph(), tmp_path / "m.onnx", {"z": "answer"})
    model = onnx.load(tmp_path / "m.onnx")
    assert len(model.graph.initializer) == 2
    assert [value.name for value in model.graph.output] == ["answer"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_another_weight_gives_other_bytes(tmp_path):
    other = graph()
    other.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.array([1.0, 2.5], np.float32), "a"))
    write_canonical(graph(), tmp_path / "first")
    write_canonical(other, tmp_path / "second")
    assert (tmp_path / "first").read_bytes() != (tmp_path / "second").read_bytes()


def test_a_graph_that_runs_in_a_circle_is_refused(tmp_path):
    broken = graph()
    broken.graph.node[0].input[1] = "y"
    with pytest.raises(ValueError, match="circle"):
        write_canonical(broken, tmp_path / "m.onnx")
