"""Files in class folders, in zips or one by one: what is read, and what is left out, counted and named."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from minnow.types import Notice

_ZIP = ".zip"
_SHOWN = 3


class FolderError(ValueError):
    """A folder or zip that cannot be read."""


@dataclass(frozen=True)
class RowFile:
    """One file of a row. name: its path inside the folder or zip; read: returns its bytes."""

    name: str
    read: Callable[[], bytes]

    @property
    def folder(self) -> str:
        """Name of the folder that it is in, "" for a file beside the class folders."""
        parts = PurePosixPath(self.name).parts
        return parts[-2] if len(parts) > 1 else ""


@dataclass(frozen=True)
class Found:
    """The files of a folder. files: in the order of their names; skipped: path -> why it is not read."""

    files: list[RowFile] = field(default_factory=list[RowFile])
    skipped: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def notices(self) -> tuple[Notice, ...]:
        """One sentence for each reason that files are skipped for."""
        return tuple(_notice(why, self.skipped) for why in sorted(set(self.skipped.values())))

    def lost(self) -> dict[str, float]:
        """Share of each class folder's files that are skipped, hidden files apart; classes that lose none are left out."""
        lost = Counter(RowFile(name, bytes).folder for name, why in self.skipped.items() if why != HIDDEN)
        kept = Counter(file.folder for file in self.files)
        return {name: count / (count + kept[name]) for name, count in sorted(lost.items()) if name}


HIDDEN = "hidden files and folders of the system"


def find_files(place: Path, suffixes: Sequence[str]) -> Found:
    """Find the files with one of the suffixes in a folder, its subfolders and zips, or in one zip, or one such file.

    Links to files and folders are followed; one that leads back to a folder above it is skipped. Hidden files and folders
    (a name that begins with a dot, __MACOSX) are skipped. Raises FolderError for a broken zip.
    """
    found = Found()
    if place.is_file():
        _take(place, place.name, suffixes, found)
    else:
        _walk(place, place, suffixes, found, (place.resolve(),))
    found.files.sort(key=lambda file: file.name)
    return found


def _walk(folder: Path, top: Path, suffixes: Sequence[str], found: Found, above: tuple[Path, ...]) -> None:
    for path in sorted(folder.iterdir()):
        name = path.relative_to(top).as_posix()
        if _is_hidden(path.name):
            found.skipped[name] = HIDDEN
        elif path.is_dir():
            target = path.resolve()
            if target in above:
                found.skipped[name] = "links that lead back to a folder above them"
            else:
                _walk(path, top, suffixes, found, (*above, target))
        elif path.exists():
            _take(path, name, suffixes, found)
        else:
            found.skipped[name] = "links that lead nowhere"


def _take(path: Path, name: str, suffixes: Sequence[str], found: Found) -> None:
    if path.suffix.lower() == _ZIP and _ZIP not in suffixes:
        _open_zip(path, suffixes, found)
    else:
        _keep(RowFile(name, path.read_bytes), suffixes, found)


def _open_zip(path: Path, suffixes: Sequence[str], found: Found) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [item.filename for item in archive.infolist() if not item.is_dir()]
    except zipfile.BadZipFile as error:
        raise FolderError(f"{path} is not readable as a zip: {error}.") from error
    for name in names:
        if any(_is_hidden(part) for part in PurePosixPath(name).parts):
            found.skipped[name] = HIDDEN
        else:
            _keep(RowFile(name, partial(_from_zip, path, name)), suffixes, found)


def _from_zip(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def _keep(file: RowFile, suffixes: Sequence[str], found: Found) -> None:
    suffix = PurePosixPath(file.name).suffix.lower()
    if suffix in suffixes:
        found.files.append(file)
    else:
        found.skipped[file.name] = f"files with the ending {suffix}" if suffix else "files without an ending"


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _notice(why: str, skipped: dict[str, str]) -> Notice:
    names = [name for name, reason in skipped.items() if reason == why]
    shown = ", ".join(names[:_SHOWN]) + (" and others" if len(names) > _SHOWN else "")
    return Notice("skipped", f"{len(names):,} {why} are not read: {shown}.", len(names))


def each(files: Sequence[RowFile]) -> Iterator[tuple[str, bytes]]:
    """Read files one by one: (name, bytes)."""
    for file in files:
        yield file.name, file.read()
