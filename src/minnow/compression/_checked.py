"""Type check of every compression against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.compression import float16, int8
from minnow.contracts import Compression

_: tuple[Compression, ...] = (float16, int8)
