"""int8: weights and activations in eight bits, ranges set on rows of train (static quantization, per channel).

Of the eight bits of a weight seven are used: on processors without VNNI the sum of two products would not fit otherwise, and
a model that is right on one machine would be wrong on another. Source: ONNX Runtime's page on quantization.

Tables of vectors (embeddings) are stored in eight bits and widened where they are read: what is looked up costs nothing
to widen, and the file shrinks to a quarter.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from minnow.graphs import write_canonical
from minnow.types import Array, Columns

LEAST_ROWS = 100
BATCH = 64
NARROW = 4
"""Columns below which a scale per row would take more room than it saves."""
LINEAR = ["MatMul", "Gemm", "Add"]
"""Their output is quantized only where the next layer reads it: 256 levels of a final score could not be ranked."""


class Params(BaseModel):
    """calibration_rows: of train, that set the ranges."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    calibration_rows: int = Field(default=512, ge=LEAST_ROWS)


def suits(framework: str) -> str | None:
    """Say why a model of a framework cannot be shrunk so, or None."""
    return (
        None
        if framework == "keras"
        else f"int8 quantizes networks. Received: {framework}; its trees are left as they are."
    )


def apply(source: Path, out: Path, calibration: Columns, params: Params) -> None:
    """Write source quantized. calibration: encoded rows of train, each (n, ...). Raises ValueError for fewer than 100."""
    import onnx

    rows = len(next(iter(calibration.values())))
    if rows < LEAST_ROWS:
        raise ValueError(
            f"int8 needs at least {LEAST_ROWS} calibration rows to set its ranges. Received: {rows}. "
            "Give the use case more rows or take int8 out of its compression."
        )
    model = onnx.load(source)
    tables = _gathered(model)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if any(node.op_type in ("Conv", "MatMul", "Gemm") for node in model.graph.node):
            model = _quantize(source, place, calibration, params.calibration_rows)
    _quantize_tables(model, tables)
    write_canonical(model, out)


def _gathered(model: Any) -> dict[str, Array]:
    """Find the tables that nodes look up rows of: first output -> values."""
    from onnx import numpy_helper

    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    found = {
        n.output[0]: values[n.input[0]] for n in model.graph.node if n.op_type == "Gather" and n.input[0] in values
    }
    return {name: table for name, table in found.items() if table.dtype == np.float32 and table.ndim == 2}


def _quantize(source: Path, place: Path, calibration: Columns, rows: int) -> Any:
    """Run ONNX Runtime's static quantization. Returns the model."""
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    logging.getLogger().setLevel(logging.ERROR)
    reader: Any = _Rows(source, calibration, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quant_pre_process(str(source), str(place / "ready.onnx"), skip_symbolic_shape=True)
        quantize_static(
            str(place / "ready.onnx"),
            str(place / "int8.onnx"),
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", *LINEAR, "MaxPool", "Relu", "GlobalAveragePool"],
            per_channel=True,
            reduce_range=True,  # processors without VNNI add two products in 16 bits: of eight bits they would overflow
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"QuantizeBias": True, "OpTypesToExcludeOutputQuantization": LINEAR},
        )
    return onnx.load(place / "int8.onnx")


class _Rows:
    """Hand rows to the calibrator, a batch at a time, spread over all of train."""

    def __init__(self, source: Path, calibration: Columns, rows: int) -> None:
        import onnx

        names = [value.name for value in onnx.load(source).graph.input]
        total = len(calibration[names[0]])
        picked = np.unique(np.linspace(0, total - 1, min(rows, total)).astype(int))
        chunks = [picked[start : start + BATCH] for start in range(0, len(picked), BATCH)]
        self._batches = iter([{name: calibration[name][chunk] for name in names} for chunk in chunks])

    def get_next(self) -> dict[str, Array] | None:
        """Return the next batch, None after the last."""
        return next(self._batches, None)


def _quantize_tables(model: Any, tables: dict[str, Array]) -> None:
    """Store each table in eight bits with one scale per row, or in all where rows are narrow; widen what is looked up."""
    from onnx import helper, numpy_helper

    graph = model.graph
    for node in [n for n in graph.node if n.op_type == "Gather" and n.output[0] in tables]:
        output, ids = node.output[0], node.input[1]
        table = tables[output]
        if table.shape[1] < NARROW:
            _quantize_narrow(graph, node, table)
            continue
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
        small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
        half = scale.astype(np.float16)
        graph.initializer.extend(
            [numpy_helper.from_array(small, f"{output}_table8"), numpy_helper.from_array(half, f"{output}_table_scale")]
        )
        made = [
            helper.make_node("Gather", [f"{output}_table8", ids], [f"{output}_row8"]),
            helper.make_node("Cast", [f"{output}_row8"], [f"{output}_row"], to=1),
            helper.make_node("Gather", [f"{output}_table_scale", ids], [f"{output}_row_scale16"]),
            helper.make_node("Cast", [f"{output}_row_scale16"], [f"{output}_row_scale"], to=1),
            helper.make_node("Mul", [f"{output}_row", f"{output}_row_scale"], [output]),
        ]
        _replace(graph, node, made)


def _replace(graph: Any, node: Any, made: list[Any]) -> None:
    """Put nodes in the place of one."""
    place = list(graph.node).index(node)
    graph.node.remove(node)
    for offset, new in enumerate(made):
        graph.node.insert(place + offset, new)


def _quantize_narrow(graph: Any, node: Any, table: Array) -> None:
    """Store a table of few columns with one scale for all of it."""
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
    made = [
        helper.make_node("Gather", [f"{output}_table8", ids], [f"{output}_row8"]),
        helper.make_node("Cast", [f"{output}_row8"], [f"{output}_row"], to=1),
        helper.make_node("Mul", [f"{output}_row", f"{output}_scale"], [output]),
    ]
    _replace(graph, node, made)
