"""litert: .tflite files for devices, with built-in operators only."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

from minnow.contracts import Model, UnsupportedModel

SUFFIX = ".tflite"
_FLEX = b"Flex"
"""Prefix of the names of operators that need TensorFlow on the device."""


def suits(model: Model) -> str | None:
    """Return why a model cannot be exported, or None."""
    return None if model.network is not None else f"LiteRT export supports networks. Received: {model.framework}."


def write(model: Model, path: Path) -> None:
    """Write a model to a .tflite file with a free batch axis and the model's own names.

    Raises UnsupportedModel for an operator that is not built into LiteRT, such as the loops of recurrent layers.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        _save(model, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            converted: bytes = converter.convert()
        except ConverterError as error:
            raise UnsupportedModel(_unsupported(str(error))) from error
    if _FLEX in converted:
        raise UnsupportedModel(_unsupported(""))
    path.write_bytes(converted)


def _unsupported(error: str) -> str:
    """Say which operators the converter refused. error: its message, which names them between lines of positions."""
    names = dict.fromkeys(re.findall(r"'tf\.(\w+)' op|operation 'tf\.(\w+)'", error))
    operators = ", ".join(dict.fromkeys(one or other for one, other in names)) or "a Flex operator"
    return (
        f"LiteRT needs built-in operators only. Received: {operators}. Change the family's layers, or leave litert out."
    )


def _save(model: Model, folder: str) -> None:
    """Write a SavedModel with one endpoint, whose arrays have the names of the model's arrays."""
    import keras
    import tensorflow as tf

    assert model.network is not None
    network, inputs, (output,) = model.network(), model.inputs, model.outputs

    def answer(*arrays: Any) -> dict[str, Any]:
        return {output.name: network(arrays[0] if len(arrays) == 1 else list(arrays), training=False)}

    archive: Any = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        "serve", answer, input_signature=[tf.TensorSpec((None, *s.shape), s.dtype, s.name) for s in inputs]
    )
    archive.write_out(folder, verbose=False)
