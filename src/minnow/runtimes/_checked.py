"""Pyright reads every runtime against its contract here; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Runtime
from minnow.runtimes import litert, onnx

_: tuple[Runtime, ...] = (litert, onnx)
