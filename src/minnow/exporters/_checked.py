"""Type check of every exporter against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Exporter
from minnow.exporters import litert, onnx

_: tuple[Exporter, ...] = (litert, onnx)
