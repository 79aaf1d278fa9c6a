"""float16: weights in half precision, computation in single precision: half the size, nearly equal predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import Field

from minnow.compression import _members
from minnow.contracts import CompressionSource, Model, Parameters, UnsupportedModel
from minnow.graphs import write_canonical

_LARGEST = float(np.finfo(np.float16).max)

KIND = "file"
SHRINKS = True
SUFFIXES = (".onnx",)


class Params(Parameters):
    """min_numbers: arrays with fewer numbers are not converted, since a cast needs more bytes than it saves."""

    min_numbers: int = Field(default=64, ge=1)


def suits(model: Model) -> str | None:
    """Return why a model is not supported, or None."""
    if _members.is_supported(model):
        return None
    return f"float16 supports networks. Received: a model of {model.framework}, without arrays of weights."


def apply(source: CompressionSource, out: Path, params: Params) -> None:
    """Write the file with its large arrays of weights in float16, each followed by a cast.

    Of an average, those of its networks. Raises UnsupportedModel for a weight that float16 cannot hold.
    """
    _members.compress(source, out, lambda own, path: _halve(own, path, params))


def _halve(source: CompressionSource, out: Path, params: Params) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(source.path)
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < params.min_numbers:
            continue
        if np.abs(values).max() > _LARGEST:
            raise UnsupportedModel(f"float16 holds weights up to {_LARGEST:g}. Received: {np.abs(values).max():g}.")
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    write_canonical(model, out)
