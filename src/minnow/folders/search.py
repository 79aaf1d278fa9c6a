"""The search for files in folders, zips and what links in them lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from minnow.folders.errors import FolderError
from minnow.folders.found import Found, RowFile, Skipped
from minnow.folders.walk import State, walk
from minnow.folders.zips import zipped

_ZIP = ".zip"
_SYSTEM = frozenset((
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle", "$recycle.bin",
    "system volume information", "__pycache__", "lost+found",
))  # fmt: skip
"""Files and folders that operating systems, file servers and Python leave behind, in lower case."""


def find_files(
    place: Path, suffixes: Sequence[str], known: Sequence[str] = (), class_folder: int | None = None
) -> Found:
    """Find the files with one of the suffixes in a folder, its subfolders and zips, or in one zip, or one such file.

    known: suffixes of files that would be rows if they could be read; their classes lose them. class_folder: see Found. A zip
    stands for a folder of its name, unless .zip is among the suffixes. Hidden files and folders and those of the system are
    skipped. Links are followed; a folder is read once, so that links which lead in a circle end. Raises FolderError for a zip
    that cannot be read.
    """
    search = _Search(frozenset(suffixes), frozenset(known))
    if place.is_dir():
        search.walk(place)
    elif place.suffix.lower() == _ZIP:
        search.unzip(place, "")
    elif place.exists():
        search.take(place, place.name)
    else:
        raise FolderError(f"{place} must be a folder or a file. It does not exist.")
    files = sorted(search.files, key=lambda file: PurePosixPath(file.name).parts)
    skipped = sorted(search.skipped, key=lambda item: PurePosixPath(item.name).parts)
    return Found(tuple(files), tuple(skipped), class_folder)


@dataclass
class _Search:
    """A search for files. files, skipped: what was found so far."""

    suffixes: frozenset[str]
    known: frozenset[str]
    files: list[RowFile] = field(default_factory=list[RowFile])
    skipped: list[Skipped] = field(default_factory=list[Skipped])

    def walk(self, top: Path) -> None:
        """Take the files of a folder."""
        for path, name, state in walk(top, _is_hidden):
            if state is State.FILE:
                self.take(path, name)
            else:
                lost = state is State.NOWHERE and self._is_row(name)
                self.skipped.append(Skipped(name, state.value, lost=lost))

    def take(self, path: Path, name: str) -> None:
        """Take one file, or the files of a zip."""
        if path.suffix.lower() == _ZIP and _ZIP not in self.suffixes:
            self.unzip(path, name[: -len(_ZIP)] + "/")
        else:
            self._keep(RowFile(name, path.read_bytes))

    def unzip(self, path: Path, prefix: str) -> None:
        """Take the files of a zip, each named with a prefix; a zip that is unpacked beside itself is skipped."""
        inside = zipped(path)
        visible = [name for name in inside if not _is_hidden_inside(name)]
        beside = (path.parent, path.parent / path.stem)
        if prefix and visible and any(all((folder / name).exists() for name in visible) for folder in beside):
            self.skipped.append(Skipped(f"{prefix[:-1]}{path.suffix}", "zips whose files lie beside them"))
            return
        for name, read in inside.items():
            self._keep(RowFile(prefix + name, read))

    def _keep(self, file: RowFile) -> None:
        suffix = _suffix(file.name)
        if _is_hidden_inside(file.name):
            self.skipped.append(Skipped(file.name, State.HIDDEN.value))
        elif suffix in self.suffixes:
            self.files.append(file)
        else:
            why = f"files with the ending {suffix}" if suffix else "files without an ending"
            self.skipped.append(Skipped(file.name, why, lost=self._is_row(file.name)))

    def _is_row(self, name: str) -> bool:
        return _suffix(name) in self.suffixes | self.known


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM


def _is_hidden_inside(name: str) -> bool:
    return any(_is_hidden(part) for part in PurePosixPath(name).parts)
