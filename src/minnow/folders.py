"""Files in class folders, in zips or one by one: what is read, and what is left out, counted and named."""

from __future__ import annotations

import lzma
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from minnow.types import Notice

_ZIP = ".zip"
_SHOWN = 3
_STRAY = 0.1
"""Share of the files that may lie less deep than the class folders."""
_SYSTEM = frozenset((
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle", "$recycle.bin",
    "system volume information", "__pycache__", "lost+found",
))  # fmt: skip
"""Files and folders that operating systems, file servers and Python leave behind, in lower case."""
_VALIDATION = frozenset(("val", "valid", "validation", "dev"))
_ENCRYPTED = 0x1
_UTF_8 = 0x800
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error, lzma.LZMAError)


class FolderError(ValueError):
    """A folder or zip that cannot be read, or a class that loses too many of its files."""


@dataclass(frozen=True)
class RowFile:
    """One file of a row. name: its path inside the folder or zip, with "/"; read: returns its bytes, or raises OSError."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Skipped:
    """A file that is not read. why: completes "Not read: ..."; detail: what is wrong with this one.

    lost: whether it would have been a row, so that its class loses it.
    """

    name: str
    why: str
    detail: str = ""
    lost: bool = False

    def __str__(self) -> str:
        """The name, with what is wrong with it."""
        return f"{self.name} ({self.detail})" if self.detail else self.name


@dataclass(frozen=True)
class Found:
    """The files of a folder. files: in the order of their names; skipped: what is not read.

    class_folder: which folder names the class of a file, counted from 0 without a folder that all files share and without a
    folder named train, val or test; negative numbers count from the file. None takes the folder that the file is in, or, where
    files lie at different depths, the folder at the least depth at which more than a tenth of them lie.
    """

    files: tuple[RowFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    class_folder: int | None = None

    def label(self, name: str) -> str:
        """Name of the class folder of a file, "" for a file outside of them. name: as in RowFile."""
        folders = self._below(_folders(name))
        position = self._depth - 1 if self.class_folder is None else self.class_folder
        if not -len(folders) <= position < len(folders):
            return ""
        return folders[position]

    def split(self, name: str) -> str:
        """Split that a file's folder fixes: "train", "val", "test", or "" where none does.

        A folder fixes a split where one of them is named test*, or val beside train*; there, val is the test set.
        """
        folders = _folders(name)[self._shared :]
        split = _split_of(folders[0]) if len(folders) > 1 else ""
        return {"val": "test", "train": "train"}.get(split, "") if "test" not in self._splits else split

    @cached_property
    def _rows(self) -> tuple[tuple[str, ...], ...]:
        """Folders of each file that is read or lost, for files that are in one."""
        names = [file.name for file in self.files] + [item.name for item in self.skipped if item.lost]
        return tuple(folders for name in names if (folders := _folders(name)))

    @cached_property
    def _shared(self) -> int:
        """Number of folders that all files lie in, without the class folder where that is the only one."""
        first, last = min(self._rows, default=()), max(self._rows, default=())
        common = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        return max(0, common - 1) if first == last else common

    @cached_property
    def _splits(self) -> frozenset[str]:
        """Splits that folders directly below the shared ones are named after, where these hold folders."""
        below = (folders[self._shared :] for folders in self._rows)
        splits = frozenset(_split_of(folders[0]) for folders in below if len(folders) > 1)
        return splits if "test" in splits or {"train", "val"} <= splits else frozenset()

    @cached_property
    def _depth(self) -> int:
        """Number of folders down to the class folder: the least at which more than a few files lie."""
        depths = sorted(len(below) for folders in self._rows if (below := self._below(folders)))
        return depths[int(_STRAY * len(depths))] if depths else 1

    def _below(self, folders: tuple[str, ...]) -> tuple[str, ...]:
        """Folders of a file without those that all files share and without those of splits."""
        folders = folders[self._shared :]
        is_in_split = self._splits and (len(folders) > 1 or (folders and _split_of(folders[0])))
        return folders[1:] if is_in_split else folders

    @property
    def notices(self) -> tuple[Notice, ...]:
        """One sentence for each reason that files are skipped for."""
        reasons = sorted({item.why for item in self.skipped})
        return tuple(_notice(why, [item for item in self.skipped if item.why == why]) for why in reasons)

    def without(self, details: Mapping[str, str], why: str) -> Found:
        """Take out files that turned out not to be readable; their classes lose them. details: name -> what is wrong."""
        skipped = tuple(Skipped(name, why, detail, lost=True) for name, detail in details.items())
        files = tuple(file for file in self.files if file.name not in details)
        return replace(self, files=files, skipped=self.skipped + skipped)

    def in_classes(self) -> Found:
        """Take out the files that are outside of class folders."""
        outside = {file.name: "" for file in self.files if not self.label(file.name)}
        return self.without(outside, "files outside of class folders") if outside else self

    def check_losses(self, max_lost: float) -> None:
        """Raise FolderError where a class loses more than a share max_lost of its files."""
        lost: dict[str, list[str]] = defaultdict(list)
        for item in self.skipped:
            if item.lost:
                lost[self.label(item.name)].append(str(item))
        check_losses(Counter(self.label(file.name) for file in self.files), lost, max_lost)


def check_losses(kept: Mapping[str, int], lost: Mapping[str, Sequence[str]], max_lost: float) -> None:
    """Raise FolderError where a class loses more than a share max_lost of its files.

    kept: class -> number of files that are read; lost: class -> names of those that are not, each with its reason. A class of
    "" stands for the files outside of class folders, which may be a share max_lost of all files.
    """
    everything = sum(kept.values()) + sum(len(names) for names in lost.values())
    for label, names in sorted(lost.items()):
        count = len(names) + kept.get(label, 0) if label else everything
        if len(names) > max_lost * count:
            which = f"files of the class '{label}'" if label else "files, outside of class folders,"
            raise FolderError(
                f"{len(names):,} of {count:,} {which} cannot be read: {_listed(names)}. At most a share of {max_lost:g} may be "
                "missing. Convert or remove these files, or raise options.max_lost."
            )


def find_files(
    place: Path, suffixes: Sequence[str], known: Sequence[str] = (), class_folder: int | None = None
) -> Found:
    """Find the files with one of the suffixes in a folder, its subfolders and zips, or in one zip, or one such file.

    known: suffixes of files that would be rows if they could be read; their classes lose them. class_folder: see Found. A zip
    stands for a folder of its name. Hidden files and folders and those of the system are skipped. Links are followed; a folder
    is read once, so that links which lead in a circle end. Raises FolderError for a zip that cannot be read.
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
    """A search for files. seen: folders that were read, as real paths."""

    suffixes: frozenset[str]
    known: frozenset[str]
    files: list[RowFile] = field(default_factory=list[RowFile])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    seen: set[Path] = field(default_factory=set[Path])

    def walk(self, top: Path) -> None:
        """Read a folder, and then the folders that links in it lead to, so that a folder keeps its own name."""
        links = self._folder(top, "")
        while links:
            path, name = links.pop(0)
            target = path.resolve()
            if target in self.seen or path.parent.resolve().is_relative_to(target):
                self.skipped.append(Skipped(name, "links to folders that are read already"))
            else:
                links += self._folder(path, f"{name}/")

    def _folder(self, folder: Path, prefix: str) -> list[tuple[Path, str]]:
        """Read a folder and its subfolders. Returns the links to folders that are in them, each with its name."""
        if folder.resolve() in self.seen:
            self.skipped.append(Skipped(prefix.rstrip("/"), "links to folders that are read already"))
            return []
        self.seen.add(folder.resolve())
        links: list[tuple[Path, str]] = []
        for path in sorted(folder.iterdir()):
            name = prefix + path.name
            if _is_hidden(path.name):
                self.skipped.append(Skipped(name, _HIDDEN))
            elif path.is_dir() and path.is_symlink():
                links.append((path, name))
            elif path.is_dir():
                links += self._folder(path, f"{name}/")
            elif path.exists():
                self.take(path, name)
            else:
                self.skipped.append(Skipped(name, "links that lead nowhere", lost=self._is_row(name)))
        return links

    def take(self, path: Path, name: str) -> None:
        """Take one file, or the files of a zip."""
        if path.suffix.lower() == _ZIP:
            self.unzip(path, name[: -len(_ZIP)] + "/")
        else:
            self._keep(RowFile(name, path.read_bytes))

    def unzip(self, path: Path, prefix: str) -> None:
        """Take the files of a zip, each named with a prefix; a zip that is unpacked beside itself is skipped."""
        inside = _zipped(path)
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
            self.skipped.append(Skipped(file.name, _HIDDEN))
        elif suffix in self.suffixes:
            self.files.append(file)
        else:
            why = f"files with the ending {suffix}" if suffix else "files without an ending"
            self.skipped.append(Skipped(file.name, why, lost=self._is_row(file.name)))

    def _is_row(self, name: str) -> bool:
        return _suffix(name) in self.suffixes | self.known


_HIDDEN = "hidden files and folders"


def _zipped(path: Path) -> dict[str, Callable[[], bytes]]:
    """Files of a zip, path inside -> read, in its order. The zip stays open as long as one of them is kept."""
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise FolderError(f"{path} is not readable as a zip: {error}. Download or make it anew.") from error
    items = [item for item in archive.infolist() if not item.is_dir()]
    if any(item.flag_bits & _ENCRYPTED for item in items):
        raise FolderError(f"{path} is protected with a password. Make a zip without one, or a folder.")
    return {_name_of(item): partial(_unzipped, archive, item) for item in items}


def _unzipped(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(item)
    except _ZIP_ERRORS as error:
        raise OSError(f"it cannot be taken out of the zip: {error}") from error


def _name_of(item: zipfile.ZipInfo) -> str:
    """Path of a file inside its zip. The Finder writes UTF-8 without the mark of it, which zipfile reads as code page 437."""
    name = item.filename.replace("\\", "/")
    if not item.flag_bits & _UTF_8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return unicodedata.normalize("NFC", name)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _folders(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts[:-1]


def _split_of(folder: str) -> str:
    name = folder.lower()
    if name in _VALIDATION:
        return "val"
    return next((split for split in ("train", "test") if name.startswith(split)), "")


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM


def _is_hidden_inside(name: str) -> bool:
    return any(_is_hidden(part) for part in PurePosixPath(name).parts)


def _notice(why: str, items: Sequence[Skipped]) -> Notice:
    return Notice("skipped", f"Not read: {why} ({len(items):,}): {_listed(map(str, items))}.", len(items))


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN:,} more" if len(listed) > _SHOWN else "")
