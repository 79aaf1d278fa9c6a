"""onnx: .onnx files for the service and for most devices."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

from minnow.contracts import Model
from minnow.exporters._average import averaged
from minnow.graphs import write_canonical

SUFFIX = ".onnx"
_OPSET = 18
"""Version of the operators of models that have to_onnx, and so of all members of an average."""


def suits(model: Model) -> str | None:
    """Return why a model cannot be exported, or None."""
    known = ("keras", "sklearn", "mixed")
    return (
        None if model.framework in known else f"ONNX export supports {', '.join(known)}. Received: {model.framework}."
    )


def write(model: Model, path: Path) -> None:
    """Write a model to an .onnx file with a free batch axis and the model's own names."""
    converted = _converted(model)
    outputs = zip(converted.graph.output, model.outputs, strict=True)
    write_canonical(converted, path, {value.name: spec.name for value, spec in outputs})


def _converted(model: Model, opset: int | None = None) -> Any:
    """Convert a model. opset: version of the operators of networks, by default that of Keras. Returns the ONNX model."""
    if model.framework == "keras":
        return _from_keras(model, opset)
    if model.framework == "mixed":
        (output,), parts = model.outputs, model.native.parts
        members = [_converted(member, _OPSET) for member, _ in parts]
        return averaged(members, [share for _, share in parts], output, model.native.temperature)
    return model.native.to_onnx()


def _from_keras(model: Model, opset: int | None) -> Any:
    """Export a Keras model. Returns the ONNX model."""
    import keras
    import onnx

    signature = [keras.InputSpec(shape=(None, *s.shape), dtype=s.dtype, name=s.name) for s in model.inputs]
    arguments = signature if len(signature) == 1 else [signature]  # several arrays are passed as one list
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        file = Path(folder) / "model.onnx"
        zeros = [keras.ops.zeros((1, *s.shape), s.dtype) for s in model.inputs]
        model.native(zeros[0] if len(zeros) == 1 else zeros)  # Keras does not export a network that was never called
        model.native.export(str(file), format="onnx", verbose=False, input_signature=arguments, opset_version=opset)
        return onnx.load(file)
