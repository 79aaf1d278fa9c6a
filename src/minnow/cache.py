"""A cache of folders, each named by what it was made from. A folder is there whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.lineage import key_of
from minnow.records.files import file_hashes, write_json

ORIGIN = "made_from.json"


@dataclass(frozen=True)
class Entry:
    """A cached folder. fresh: it was made just now."""

    folder: Path
    fresh: bool


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
        if self.has(kind, origin) and usable(path):
            return Entry(path, fresh=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=path.parent))
        try:
            make(scratch)
            write_json(scratch / ORIGIN, {"origin": dict(origin), "files": file_hashes(scratch)})
            shutil.rmtree(path, ignore_errors=True)
            scratch.replace(path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return Entry(path, fresh=True)
