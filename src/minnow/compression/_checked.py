"""Type check of every compression against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.compression import distill, float16, int8, prune
from minnow.contracts import FileCompression, ModelCompression

_: tuple[FileCompression, ...] = (float16, int8)
__: tuple[ModelCompression, ...] = (distill, prune)
