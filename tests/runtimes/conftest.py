"""Model files small enough to check by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

WEIGHT = np.array([[1, 2], [0, -1], [3, 0.5]], np.float32)


def write_onnx(path: Path) -> Path:
    """value = image @ WEIGHT + bias, the bias an input of its own: (n, 3) and (n, 2) -> (n, 2)."""
    from onnx import TensorProto, helper, numpy_helper, save

    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["image", "w"], ["product"]),
            helper.make_node("Add", ["product", "bias"], ["value"]),
        ],
        "affine",
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("bias", TensorProto.FLOAT, ["n", 2]),
        ],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(WEIGHT, "w")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture(scope="session")
def onnx_file(tmp_path_factory):
    return write_onnx(tmp_path_factory.mktemp("runtimes") / "model.onnx")


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(0)
    return {"image": rng.normal(size=(5, 3)).astype(np.float32), "bias": rng.normal(size=(5, 2)).astype(np.float32)}


def write_tflite(path: Path, rows: int | None = None) -> Path:
    """The same function as a LiteRT file, taking any number of rows or just `rows`."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    weights = schema.BufferT()
    weights.data = np.frombuffer(WEIGHT.T.copy().tobytes(), np.uint8)
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = _names({"image": 1, "bias": 0}), _names({"value": 4})
    model = schema.ModelT()
    model.version, model.subgraphs, model.buffers = 3, [_graph(rows)], [schema.BufferT(), weights]
    model.operatorCodes = [_code(schema.BuiltinOperator.FULLY_CONNECTED), _code(schema.BuiltinOperator.ADD)]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


def _graph(rows: int | None) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.SubGraphT()
    graph.name = "main"
    graph.tensors = [
        _tensor("t_bias", [-1, 2], rows),
        _tensor("t_image", [-1, 3], rows),
        _tensor("w", [2, 3], rows, buffer=1),
        _tensor("product", [-1, 2], rows),
        _tensor("t_value", [-1, 2], rows),
    ]
    graph.inputs, graph.outputs = [0, 1], [4]
    dense, add = schema.FullyConnectedOptionsT(), schema.AddOptionsT()
    graph.operators = [
        _operator(0, [1, 2, -1], 3, schema.BuiltinOptions.FullyConnectedOptions, dense),
        _operator(1, [3, 0], 4, schema.BuiltinOptions.AddOptions, add),
    ]
    return graph


def _tensor(name: str, shape: list[int], rows: int | None, buffer: int = 0) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    entry = schema.TensorT()
    entry.name, entry.buffer, entry.type = name, buffer, schema.TensorType.FLOAT32
    entry.shape = [rows or 1, *shape[1:]] if shape[0] < 0 else shape
    entry.shapeSignature = [rows or -1, *shape[1:]] if shape[0] < 0 else shape
    return entry


def _operator(code: int, inputs: list[int], output: int, kind: int, options: object) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    entry = schema.OperatorT()
    entry.opcodeIndex, entry.inputs, entry.outputs = code, inputs, [output]
    entry.builtinOptionsType, entry.builtinOptions = kind, options
    return entry


def _code(builtin: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    entry = schema.OperatorCodeT()
    entry.builtinCode = entry.deprecatedBuiltinCode = builtin
    entry.version = 1
    return entry


def _names(pairs: dict[str, int]) -> list[Any]:
    from ai_edge_litert import schema_py_generated as schema

    entries = [schema.TensorMapT() for _ in pairs]
    for entry, (name, index) in zip(entries, pairs.items(), strict=True):
        entry.name, entry.tensorIndex = name, index
    return entries


@pytest.fixture(scope="session")
def tflite_file(tmp_path_factory):
    return write_tflite(tmp_path_factory.mktemp("runtimes") / "model.tflite")


@pytest.fixture(scope="session")
def tflite_file_of_two_rows(tmp_path_factory):
    return write_tflite(tmp_path_factory.mktemp("runtimes") / "model.tflite", rows=2)
