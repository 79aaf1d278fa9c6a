"""LiteRT: the runtime of small devices. It is imported when a file is opened, since the service does not install it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from minnow.runtimes._rows import rows_of
from minnow.types import Array, Columns, Spec

SUFFIX = ".tflite"


class _Session:
    """An open .tflite file. Calls are serialized, since an interpreter holds the arrays of one batch."""

    def __init__(self, interpreter: Any) -> None:
        """interpreter: of a file with one signature, which has the names of its tensors."""
        self._interpreter = interpreter
        self._lock = threading.Lock()
        signature = _signature(interpreter)
        inputs, outputs = signature.get_input_details(), signature.get_output_details()
        self.inputs: tuple[Spec, ...] = tuple(_spec(name, inputs[name]) for name in sorted(inputs))
        self.outputs: tuple[Spec, ...] = tuple(_spec(name, outputs[name]) for name in sorted(outputs))
        self._input_index = {name: int(detail["index"]) for name, detail in inputs.items()}
        self._output_index = {name: int(detail["index"]) for name, detail in outputs.items()}
        self._fixed = _fixed_rows(inputs)
        self._shapes: dict[str, tuple[int, ...]] = {}

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays, each (n, ...); extra arrays are ignored.

        With a fixed batch size of the file, rows are predicted in batches of that size. Raises ValueError where an array is
        missing or has a shape that the model does not accept.
        """
        feed = {spec.name: rows_of(spec, inputs) for spec in self.inputs}
        n = len(next(iter(feed.values())))
        with self._lock:
            if self._fixed is None or n == self._fixed:
                return self._invoke(feed)
            return self._in_pieces(feed, n, self._fixed)

    def _in_pieces(self, feed: dict[str, Array], n: int, step: int) -> dict[str, Array]:
        """Predict n rows in batches of step rows."""
        pieces = []
        for start in range(0, n, step):
            index = np.minimum(np.arange(start, start + step), n - 1)  # the last batch repeats its last row
            pieces.append(self._invoke({name: value[index] for name, value in feed.items()}))
        return {name: np.concatenate([piece[name] for piece in pieces])[:n] for name in self._output_index}

    def _invoke(self, feed: dict[str, Array]) -> dict[str, Array]:
        shapes = {name: value.shape for name, value in feed.items()}
        try:
            if shapes != self._shapes:  # a resize allocates all memory again
                self._resize(shapes)
            for name, value in feed.items():
                self._interpreter.set_tensor(self._input_index[name], value)
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            self._shapes = {}
            received = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(f"The model does not accept these arrays. Received: {received}. ({error})") from error
        return {name: self._interpreter.get_tensor(index) for name, index in self._output_index.items()}

    def _resize(self, shapes: dict[str, tuple[int, ...]]) -> None:
        for name, shape in shapes.items():
            self._interpreter.resize_tensor_input(self._input_index[name], shape, strict=True)
        self._interpreter.allocate_tensors()
        self._shapes = shapes


def open_model(path: Path, threads: int = 1, device: str = "cpu") -> _Session:
    """Open a .tflite file. Raises ValueError for another file, without LiteRT, and for "gpu", which is not supported."""
    if device != "cpu":
        raise ValueError(f"A .tflite file runs on the CPU. Received: device={device!r}. Serve the .onnx file instead.")
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ValueError(f"{path} needs LiteRT, which is not installed: pip install ai-edge-litert.") from error
    if not Path(path).is_file():
        raise ValueError(f"LiteRT cannot open {path}: no such file.")
    try:
        return _Session(Interpreter(model_path=str(path), num_threads=threads))
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"LiteRT cannot open {path}: {error}") from error


def _signature(interpreter: Any) -> Any:
    """The runner of the file's only signature. Raises ValueError for none or several."""
    names = list(interpreter.get_signature_list())
    if len(names) != 1:
        raise ValueError(
            f"a file needs one signature, since LiteRT does not keep the order of arrays. Received: {names}."
        )
    return interpreter.get_signature_runner(names[0])


def _fixed_rows(inputs: dict[str, Any]) -> int | None:
    """The fixed batch size of a file; None where any number of rows is accepted."""
    fixed = {int(detail["shape_signature"][0]) for detail in inputs.values()}
    return None if fixed == {-1} else max(fixed)


def _spec(name: str, detail: dict[str, Any]) -> Spec:
    shape = tuple(None if size < 0 else int(size) for size in detail["shape_signature"][1:])
    return Spec(name, shape, np.dtype(detail["dtype"]).name)
