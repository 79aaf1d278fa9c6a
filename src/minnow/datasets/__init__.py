"""Embedded data sets: generated files with the same bytes on every machine. A module is registered by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from minnow.registry import Registry


class DataSet(Protocol):
    """An embedded data set."""

    @property
    def SHA256(self) -> Mapping[str, str]:  # noqa: N802 a constant of a module
        """Name of each file -> sha256 of its bytes."""
        ...

    def write(self, folder: Path) -> None:
        """Write the files to a folder, which is created if necessary."""
        ...


registry: Registry[DataSet] = Registry(__name__, noun="data set")
names, get = registry.names, registry.get


def write_all(folder: Path, wanted: Iterable[str] | None = None) -> list[Path]:
    """Write data sets, each to a subfolder of its name, and return these folders.

    wanted: names of data sets, None for all. Raises KeyError with the nearest known name.
    """
    written = []
    for name in names() if wanted is None else wanted:
        get(name).write(folder / name)
        written.append(folder / name)
    return written
