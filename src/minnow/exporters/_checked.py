"""Pyright reads every exporter against its contract here; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Exporter
from minnow.exporters import litert, onnx

_: tuple[Exporter, ...] = (litert, onnx)
