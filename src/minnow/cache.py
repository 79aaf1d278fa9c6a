"""A cache of folders, each named by what it was made from. A folder is there whole or not at all.

The time of the file that says what a folder was made from is that of its last use.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.lineage import key_of
from minnow.records.files import file_hashes, write_json

ORIGIN = "made_from.json"
_MAKING = ".making-"


@dataclass(frozen=True)
class Entry:
    """A cached folder. fresh: it was made just now."""

    folder: Path
    fresh: bool


@dataclass(frozen=True)
class Kept:
    """A folder of the cache, or what a killed run left of one. used: time of its last use, in seconds; 0 for a leftover."""

    folder: Path
    size_bytes: int
    used: float


@dataclass(frozen=True)
class Cache:
    """Folders under root, by kind and key."""

    root: Path

    def path(self, kind: str, origin: Mapping[str, Any]) -> Path:
        """Where the folder made from origin stands, whether or not it is there."""
        return self.root / kind / key_of(origin)

    def has(self, kind: str, origin: Mapping[str, Any]) -> bool:
        """Whether it is there with every byte as it was written; one that is broken is made again."""
        return self.is_whole(self.path(kind, origin))

    def is_whole(self, path: Path) -> bool:
        """Whether a folder of the cache is there, every byte as it was written."""
        try:
            written = json.loads((path / ORIGIN).read_text())["files"]
        except (OSError, ValueError, KeyError):
            return False
        present = file_hashes(path)
        present.pop(ORIGIN)
        return present == written

    def use(self, path: Path) -> bool:
        """Whether a folder is whole; it counts as used now."""
        whole = self.is_whole(path)
        if whole:
            with contextlib.suppress(OSError):  # a cache that only its owner may write to is used all the same
                os.utime(path / ORIGIN)
        return whole

    def get_or_make(
        self,
        kind: str,
        origin: Mapping[str, Any],
        make: Callable[[Path], None],
        usable: Callable[[Path], bool] = lambda folder: True,
    ) -> Entry:
        """Return the folder made from origin; make(folder) fills it when it is missing, or there and not usable.

        The folder appears under its name by one rename, so a run that is killed leaves nothing half-written.
        """
        path = self.path(kind, origin)
        if self.use(path) and usable(path):
            return Entry(path, fresh=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=_MAKING, dir=path.parent))
        try:
            make(scratch)
            write_json(scratch / ORIGIN, {"origin": dict(origin), "files": file_hashes(scratch)})
            shutil.rmtree(path, ignore_errors=True)
            scratch.replace(path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return Entry(path, fresh=True)

    def entries(self) -> Iterator[Kept]:
        """List every folder of every kind."""
        for folder in sorted(path for path in self.root.glob("*/*") if path.is_dir()):
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            origin = folder / ORIGIN
            whole = origin.exists() and not folder.name.startswith(_MAKING)
            yield Kept(folder, size, origin.stat().st_mtime if whole else 0.0)

    def made_from(self, folder: Path) -> dict[str, Any]:
        """What a folder was made from; empty where it does not say."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            return json.loads((folder / ORIGIN).read_text())["origin"]
        return {}

    def trim(self, max_bytes: float, needed: Container[Path]) -> list[Kept]:
        """Remove leftovers, and the folders that were not used for longest until the rest is within max_bytes.

        needed: folders that stay in any case. No run may be making folders meanwhile. Returns what was removed.
        """
        entries = sorted(self.entries(), key=lambda one: (one.used, one.folder))
        total, removed = sum(one.size_bytes for one in entries), list[Kept]()
        for one in entries:
            if one.used and (total <= max_bytes or one.folder in needed):
                continue
            shutil.rmtree(one.folder)
            total -= one.size_bytes
            removed.append(one)
        return removed
