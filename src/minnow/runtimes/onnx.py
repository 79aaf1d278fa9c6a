"""ONNX Runtime: the runtime of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime as ort

from minnow.runtimes._rows import rows_of
from minnow.types import Array, Columns, Spec

SUFFIX = ".onnx"
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}
_ERRORS_ONLY = 3


class _Session:
    """An open .onnx file. Safe to call from several threads at once."""

    def __init__(self, session: ort.InferenceSession) -> None:
        """session: of ONNX Runtime, already on its device."""
        self._session = session
        self.inputs: tuple[Spec, ...] = tuple(_spec(node) for node in session.get_inputs())
        self.outputs: tuple[Spec, ...] = tuple(_spec(node) for node in session.get_outputs())
        self._names = [spec.name for spec in self.outputs]

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays, each (n, ...); extra arrays are ignored.

        Raises ValueError where an array is missing or has a shape that the model does not accept.
        """
        feed = {spec.name: rows_of(spec, inputs) for spec in self.inputs}
        try:
            answers: Any = self._session.run(self._names, feed)
        except Exception as error:  # onnxruntime has a class per status, whose common base is private
            shapes = ", ".join(f"{name} {value.shape}" for name, value in feed.items())
            raise ValueError(f"The model does not accept these arrays. Received: {shapes}. ({error})") from error
        return dict(zip(self._names, answers, strict=True))


def open_model(path: Path, threads: int = 1, device: str = "cpu") -> _Session:
    """Open a .onnx file. Raises ValueError for another file, and for "gpu" where CUDA is not available."""
    try:
        session = ort.InferenceSession(str(path), _options(threads, device), providers=_providers(device))
    except Exception as error:  # as in _Session.predict
        if isinstance(error, ValueError):
            raise
        raise ValueError(f"ONNX Runtime cannot open {path}: {error}") from error
    if device == "gpu" and "CUDAExecutionProvider" not in session.get_providers():
        raise ValueError(
            "device='gpu' needs CUDA and cuDNN of the version that onnxruntime-gpu was built for, and a free GPU. "
            f"Received: a session on {', '.join(session.get_providers())}. Or serve with device='cpu'."
        )
    return _Session(session)


def _options(threads: int, device: str) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    # An arena never frees the memory of the largest batch, and does not make small models faster.
    options.enable_cpu_mem_arena = device == "gpu"
    for pool in ("intra_op", "inter_op"):  # a spinning thread occupies a core that another request could use
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    return options


def _providers(device: str) -> list[str]:
    if device == "cpu":
        return ["CPUExecutionProvider"]
    available = ort.get_available_providers()
    if "CUDAExecutionProvider" not in available:
        raise ValueError(
            f"device='gpu' needs ONNX Runtime with CUDA. Received: a build with {', '.join(available)}. "
            "Replace it: pip uninstall onnxruntime && pip install onnxruntime-gpu. Or serve with device='cpu'."
        )
    ort.preload_dlls()  # CUDA and cuDNN may be in Python packages, where the loader does not search
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _spec(node: Any) -> Spec:
    shape = tuple(size if isinstance(size, int) else None for size in node.shape[1:])
    if node.type not in _DTYPES:
        raise ValueError(f"The array '{node.name}' must be of a numeric type. Received: {node.type}.")
    return Spec(node.name, shape, _DTYPES[node.type])
