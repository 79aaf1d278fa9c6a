"""int8: weights and activations in eight bits, with ranges from rows of train (static quantization per channel).

A .tflite file is quantized by litert-quantizer (_int8_tflite.py), an .onnx file here. Its weights use seven of the eight bits.
Otherwise the sum of two products would overflow on processors without VNNI, and predictions would depend on the machine.
Source: ONNX Runtime's page on quantization.

Embedding tables are stored in eight bits, and rows are converted to float32 after the lookup. This reduces tables to a quarter
and takes almost no time.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from minnow.compression import _calibration, _int8_tflite, _int8_weights, _members
from minnow.contracts import CompressionSource, Model, Parameters, UnsupportedModel
from minnow.graphs import write_canonical
from minnow.types import Array, Columns

KIND = "file"
SHRINKS = True
SUFFIXES = (".onnx", ".tflite")
_LEAST_ROWS = 20
"""Fewest rows that ranges were tried with: the loss of fully connected networks and a CNN rose no more than with 100 rows."""
_NARROW = 4
"""Width of a table below which a scale per row would need more bytes than it saves."""
_LINEAR = ["MatMul", "Gemm", "Add"]
"""Operators whose outputs are quantized only as inputs of a next layer: final scores of 256 levels could not be ranked."""


class Params(Parameters):
    """Parameters of int8.

    calibration_rows: number of rows of train that determine the ranges; all of them where train has fewer. weights_only: leave
    the activations in floating point (docs/compression.md).
    """

    calibration_rows: int = Field(default=512, ge=_LEAST_ROWS)
    weights_only: bool = False


def suits(model: Model) -> str | None:
    """Return why a model is not supported, or None."""
    if _members.is_supported(model):
        return None
    return f"int8 supports networks. Received: a model of {model.framework}, whose trees are not quantized."


def apply(source: CompressionSource, out: Path, params: Params) -> None:
    """Write the file quantized, its ranges set on rows of train; of an average, its networks.

    Raises UnsupportedModel for fewer than 20 rows.
    """
    if source.path.suffix == ".tflite":
        _check_rows(source, params)
        _int8_tflite.write(source, out, params.calibration_rows, weights_only=params.weights_only)
    else:
        _members.compress(source, out, lambda own, path: _write(own, path, params))


def _check_rows(source: CompressionSource, params: Params) -> None:
    """Raise UnsupportedModel where the rows are too few for ranges."""
    rows = len(source.train)
    if rows < _LEAST_ROWS and not params.weights_only:
        raise UnsupportedModel(
            f"int8 needs at least {_LEAST_ROWS} calibration rows to set its ranges. Received: {rows}. "
            "Provide more rows, or remove int8 from the compression of the use case."
        )


def _write(source: CompressionSource, out: Path, params: Params) -> None:
    import onnx

    _check_rows(source, params)
    model = onnx.load(source.path)
    tables = _tables(model)
    if params.weights_only:
        _int8_weights.quantize(model)
    elif any(node.op_type in ("Conv", "MatMul", "Gemm") for node in model.graph.node):
        with tempfile.TemporaryDirectory() as folder:
            model = _quantize(source.path, Path(folder), source.train.inputs, params.calibration_rows)
    _quantize_tables(model, tables)
    write_canonical(model, out)


def _tables(model: Any) -> dict[str, Array]:
    """Find the embedding tables: output of the lookup -> table (ids, d)."""
    from onnx import numpy_helper

    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    lookups = [node for node in model.graph.node if node.op_type == "Gather" and node.input[0] in values]
    tables = {node.output[0]: values[node.input[0]] for node in lookups}
    return {name: table for name, table in tables.items() if table.dtype == np.float32 and table.ndim == 2}


def _quantize(source: Path, folder: Path, calibration: Columns, rows: int) -> Any:
    """Run the static quantization of ONNX Runtime, with temporary files in a folder. Returns the model."""
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quant_pre_process, quantize_static

    reader: Any = _Rows(source, calibration, rows)
    with _quiet():
        quant_pre_process(str(source), str(folder / "ready.onnx"), skip_symbolic_shape=True)
        quantize_static(
            str(folder / "ready.onnx"),
            str(folder / "int8.onnx"),
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", *_LINEAR, "MaxPool", "Relu", "GlobalAveragePool"],
            per_channel=True,
            reduce_range=True,  # seven bits: processors without VNNI add two products in 16 bits
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"QuantizeBias": True, "OpTypesToExcludeOutputQuantization": _LINEAR},
        )
    return onnx.load(folder / "int8.onnx")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's warnings to itself: it writes them to the root logger, whose level is put back."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)


class _Rows:
    """The batches that the calibrator reads."""

    def __init__(self, source: Path, calibration: Columns, rows: int) -> None:
        import onnx

        names = [value.name for value in onnx.load(source).graph.input]
        self._batches = iter(_calibration.batches(calibration, names, rows))

    def get_next(self) -> dict[str, Array] | None:
        """Return the next batch, None after the last."""
        return next(self._batches, None)


def _quantize_tables(model: Any, tables: dict[str, Array]) -> None:
    """Store each table in eight bits, and convert rows after the lookup. A wide table has one scale per row."""
    from onnx import helper, numpy_helper

    graph = model.graph
    for node in [n for n in graph.node if n.op_type == "Gather" and n.output[0] in tables]:
        output, ids = node.output[0], node.input[1]
        table = tables[output]
        if table.shape[1] < _NARROW:
            _quantize_narrow(graph, node, table)
            continue
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
        small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
        half = scale.astype(np.float16)
        graph.initializer.extend(
            [numpy_helper.from_array(small, f"{output}_table8"), numpy_helper.from_array(half, f"{output}_table_scale")]
        )
        nodes = [
            helper.make_node("Gather", [f"{output}_table8", ids], [f"{output}_row8"]),
            helper.make_node("Cast", [f"{output}_row8"], [f"{output}_row"], to=1),
            helper.make_node("Gather", [f"{output}_table_scale", ids], [f"{output}_row_scale16"]),
            helper.make_node("Cast", [f"{output}_row_scale16"], [f"{output}_row_scale"], to=1),
            helper.make_node("Mul", [f"{output}_row", f"{output}_row_scale"], [output]),
        ]
        _replace(graph, node, nodes)


def _replace(graph: Any, node: Any, nodes: list[Any]) -> None:
    """Replace a node by several nodes at its position."""
    start = list(graph.node).index(node)
    graph.node.remove(node)
    for position, new in enumerate(nodes, start):
        graph.node.insert(position, new)


def _quantize_narrow(graph: Any, node: Any, table: Array) -> None:
    """Store a table of few columns in eight bits with a single scale."""
    from onnx import helper, numpy_helper

    output, ids = node.output[0], node.input[1]
    scale = np.float32(max(float(np.abs(table).max()), 1e-12) / 127)
    small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
    graph.initializer.extend(
        [
            numpy_helper.from_array(small, f"{output}_table8"),
            numpy_helper.from_array(np.asarray(scale), f"{output}_scale"),
        ]
    )
    nodes = [
        helper.make_node("Gather", [f"{output}_table8", ids], [f"{output}_row8"]),
        helper.make_node("Cast", [f"{output}_row8"], [f"{output}_row"], to=1),
        helper.make_node("Mul", [f"{output}_row", f"{output}_scale"], [output]),
    ]
    _replace(graph, node, nodes)
