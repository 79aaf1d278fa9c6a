"""Data sets that Minnow makes itself, the same bytes on every machine. A module's name is its registration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from minnow.registry import Registry

registry = Registry(__name__, noun="data set")
names, get = registry.names, registry.get


def write_all(folder: Path, wanted: Iterable[str] | None = None) -> list[Path]:
    """Write data sets, each to a folder of its name, and return those folders.

    wanted: names of data sets, None for all there are. Raises KeyError with the nearest known name.
    """
    written = []
    for name in names() if wanted is None else wanted:
        get(name).write(folder / name)
        written.append(folder / name)
    return written
