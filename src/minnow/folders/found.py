"""The files that were found: their classes and splits by their folders, and what is not read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

from minnow.folders.errors import listed
from minnow.folders.losses import check_losses
from minnow.types import Notice

_STRAY = 0.1
"""Share of the files that may lie less deep than the class folders."""
_OPTION = "options.class_folder"
_VALIDATION = frozenset(("val", "valid", "validation", "dev"))


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
    labels, splits: file -> what a table says of it, in the place of its folders; None where there is no table. said: of the
    table.
    """

    files: tuple[RowFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    class_folder: int | None = None
    labels: Mapping[str, str] | None = None
    splits: Mapping[str, str] = field(default_factory=dict[str, str])
    said: tuple[Notice, ...] = ()

    def label(self, name: str) -> str:
        """Label of a file: the name of its class folder, "" for a file outside of them. name: as in RowFile."""
        if self.labels is not None:
            return self.labels.get(name, "")
        folders = self._below(_folders(name))
        position = self._depth - 1 if self.class_folder is None else self.class_folder
        return _at(folders, position)

    def split(self, name: str) -> str:
        """Split that a file's folder fixes: "train", "val", "test", or "" where none does.

        A folder fixes a split where one of them is named test*, or val beside train*; there, val is the test set.
        """
        if any(self.splits.values()):
            return self.splits.get(name, "")
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
        """Splits that the folders directly below the shared ones are named after, as long as these hold folders.

        Where there are only train and test (or val), they are no classes, whatever they hold.
        """
        below = [folders for row in self._rows if (folders := row[self._shared :])]
        every = {_split_of(folders[0]) for folders in below}
        splits = frozenset(_split_of(folders[0]) for folders in below if len(folders) > 1)
        if "" not in every and "train" in every:
            splits = frozenset(every)
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
        """What is said of a table of labels, and one sentence for each reason that files are skipped for."""
        reasons = sorted({item.why for item in self.skipped})
        return self.said + tuple(_notice(why, [item for item in self.skipped if item.why == why]) for why in reasons)

    @property
    def class_notices(self) -> tuple[Notice, ...]:
        """What is said about classes and splits of folders: files below their class folder, other readings, val as test."""
        notices = []
        if self.labels is not None:
            return ()
        deeper = [file.name for file in self.files if len(self._below(_folders(file.name))) > self._depth]
        if deeper and self.class_folder is None:
            example = f"{deeper[0]} has the class '{self.label(deeper[0])}'"
            text = f"{len(deeper):,} files lie in folders below their class folder: {example}."
            notices.append(Notice("label", f"{text} {_OPTION} chooses another folder.", len(deeper)))
        elif self.class_folder is None and len(readings := self.readings) > 1:
            name = next(file.name for file in self.files if self.label(file.name))
            others = ", ".join(
                f"{_OPTION}: {i} takes '{_at(self._below(_folders(name)), i)}'" for i in range(len(readings) - 1)
            )
            text = f"The class is the folder that a file is in, '{self.label(name)}' for {name}; {others}."
            notices.append(Notice("label", text))
        if "val" in self._splits and "test" not in self._splits:
            notices.append(
                Notice("format", "The folder of validation files is the test set, since there is no folder test.")
            )
        return tuple(notices)

    @property
    def readings(self) -> dict[int, list[str]]:
        """Possible values of class_folder -> the classes that it gives, for the folders that lie above all files but a few."""
        below = [folders for file in self.files if len(folders := self._below(_folders(file.name))) >= self._depth]
        return {i: sorted({folders[i] for folders in below}) for i in range(self._depth)}

    def without(self, details: Mapping[str, str], why: str) -> Found:
        """Take out files that turned out not to be readable; their classes lose them. details: name -> what is wrong."""
        skipped = tuple(Skipped(name, why, detail, lost=True) for name, detail in details.items())
        files = tuple(file for file in self.files if file.name not in details)
        return replace(self, files=files, skipped=self.skipped + skipped)

    def in_classes(self) -> Found:
        """Take out the files that are outside of class folders."""
        outside = {file.name: "" for file in self.files if not self.label(file.name)}
        return self.without(outside, "files outside of class folders") if outside else self

    def with_labels(self, labels: Mapping[str, str], splits: Mapping[str, str], said: tuple[Notice, ...] = ()) -> Found:
        """Give files the labels of a table, and take out those without one. splits: file -> split, "" where none is fixed."""
        without = tuple(
            Skipped(f.name, "files that the table of labels does not name")
            for f in self.files
            if not labels.get(f.name)
        )
        files = tuple(file for file in self.files if labels.get(file.name))
        return replace(self, files=files, skipped=self.skipped + without, labels=labels, splits=splits, said=said)

    def check_losses(self, max_lost: float) -> None:
        """Raise FolderError where a class loses more than a share max_lost of its files."""
        lost: dict[str, list[str]] = defaultdict(list)
        for item in self.skipped:
            if item.lost:
                lost[self.label(item.name)].append(str(item))
        check_losses(Counter(self.label(file.name) for file in self.files), lost, max_lost)


def _folders(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts[:-1]


def _at(folders: Sequence[str], position: int) -> str:
    return folders[position] if -len(folders) <= position < len(folders) else ""


def _split_of(folder: str) -> str:
    name = folder.lower()
    if name in _VALIDATION:
        return "val"
    return next((split for split in ("train", "test") if name.startswith(split)), "")


def _notice(why: str, items: Sequence[Skipped]) -> Notice:
    return Notice("skipped", f"Not read: {why} ({len(items):,}): {listed(map(str, items))}.", len(items))
