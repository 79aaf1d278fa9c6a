"""Data sets that Minnow makes itself, the same bytes on every machine. A module's name is its registration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from minnow.registry import Registry


class DataSet(Protocol):
    """A data set that is embedded in the code."""

    @property
    def SHA256(self) -> Mapping[str, str]:  # noqa: N802 a constant of a module
        """Its files by name, each with the hash of its bytes."""
        ...

    def write(self, folder: Path) -> None:
        """Write its files to a folder, which is made where there is none."""
        ...


registry: Registry[DataSet] = Registry(__name__, noun="data set")
names, get = registry.names, registry.get


def write_all(folder: Path, wanted: Iterable[str] | None = None) -> list[Path]:
    """Write data sets, each to a folder of its name, and return those folders.

    wanted: names of data sets, None for all of them. Raises KeyError with the nearest known name.
    """
    written = []
    for name in names() if wanted is None else wanted:
        get(name).write(folder / name)
        written.append(folder / name)
    return written
