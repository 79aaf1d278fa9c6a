"""Type check of every runtime against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Runtime
from minnow.runtimes import litert, onnx

_: tuple[Runtime, ...] = (litert, onnx)
