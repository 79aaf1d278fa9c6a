"""Labels of pictures, sounds or other files, from a table that stands beside them and names each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pydantic import Field

from minnow.contracts import Parameters
from minnow.folders import Found
from minnow.tables.divisions import divide, word_of
from minnow.tables.files import FileError, listed
from minnow.tables.frames import Cells, read_file
from minnow.types import FileFormat, Notice

_SHOWN = 3


class LabelFile(Parameters):
    """A table of labels, or several of the same columns, in the folder of the files.

    file: its path in the folder; of several, names such as train.csv and test.csv fix the split of their rows. name: the column
    that names a file, by its path or the end of it, with or without its suffix. label: the column of its class. split: a column
    of "train", "val" and "test".
    """

    file: str | list[str] = Field(min_length=1)
    name: str
    label: str
    split: str | None = None

    @property
    def files(self) -> list[str]:
        """The paths of its tables."""
        return [self.file] if isinstance(self.file, str) else self.file


def labelled(found: Found, place: Path, option: LabelFile) -> Found:
    """Give files the labels of a table, and leave out those without one. place: folder of files and table.

    Raises FileError where a table does not name the files, names one twice with different labels, or a row can be meant for
    several files.
    """
    found = replace(found, skipped=tuple(one for one in found.skipped if one.name not in option.files))
    names, labels, splits = [file.name for file in found.files], dict[str, str](), dict[str, str]()
    division, without = divide(option.files), list[str]()
    for file in option.files:
        cells, classes, fixed = _columns(place, file, option, division.splits[file])
        rows = rows_of(names, cells, file)
        if not rows:
            first = next((repr(cell) for cell in cells if cell), "no name")
            raise FileError(
                f"options.label_file: column '{option.name}' of {file} must name the files. Received: {first}, where the first "
                f"file is {names[0]}."
            )
        named = {row for indices in rows.values() for row in indices}
        without += [str(cell) for row, cell in enumerate(cells) if row not in named]
        for name, indices in rows.items():
            several = {classes[row] or "" for row in indices} | ({labels[name]} if name in labels else set())
            if len(several) > 1:
                raise FileError(
                    f"{file}: a file must have one label. Received for {name}: {', '.join(sorted(several))}. Keep one."
                )
            labels[name], splits[name] = several.pop(), word_of(fixed[indices[0]] or "")
    text = f"{len(without):,} rows of {listed(option.files)} name no file that is read: {', '.join(without[:_SHOWN])}."
    notices = (Notice("skipped", text, len(without)),) if without else ()
    return found.with_labels(labels, splits, notices + division.notices)


def _columns(place: Path, file: str, option: LabelFile, split: str) -> tuple[Cells, Cells, Cells]:
    """Names, labels and splits of the rows of a table. split: that the name of the table fixes. Raises FileError."""
    path = place / file
    if not path.is_file():
        raise FileError(f"options.label_file: {file} must be a file in {place}. Received: no such file.")
    frame = read_file(path, FileFormat())
    names, labels = (frame.cells(column, "label_file") for column in (option.name, option.label))
    return names, labels, frame.cells(option.split, "label_file") if option.split else [split] * len(names)


def rows_of(names: Sequence[str], cells: Cells, table: str = "") -> dict[str, list[int]]:
    """Find the rows of a column that name files: name of a file -> indices of its rows.

    names: of files, as in RowFile; table: path of the table. A row that could mean files of several folders means the one below
    the folder of the table, or the one in a folder that is named after the same split as the table. Raises FileError where
    several remain.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for index, cell in enumerate(cells):
        if cell:
            rows[_plain(cell)].append(index)
    claims: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if key := next((key for key in _ends(name) if key in rows), None):
            claims[key].append(name)
    return {_one(key, files, table): rows[key] for key, files in claims.items()}


def _one(key: str, files: Sequence[str], table: str) -> str:
    """The one of several files that a row means. Raises FileError."""
    path = PurePosixPath(table)
    split = word_of(path.name)
    below = [name for name in files if PurePosixPath(name).is_relative_to(path.parent)]
    named = [name for name in files if split and split in map(word_of, PurePosixPath(name).parts[:-1])]
    left = next((some for some in (files, below, named) if len(some) == 1), files)
    if len(left) != 1:
        raise FileError(
            f"{table}: '{key}' must name one file. Received: {listed(list(files)[:_SHOWN])}. Write the folder too, as in "
            f"{files[0]}."
        )
    return left[0]


def _plain(cell: str) -> str:
    """A path as it is compared."""
    return cell.strip().replace("\\", "/").removeprefix("./").lstrip("/")


def _ends(name: str) -> Iterator[str]:
    """A path, then without its folders one by one, and all of these without the suffix."""
    path = PurePosixPath(name)
    for whole in (path, path.with_suffix("")):
        for start in range(len(whole.parts)):
            yield "/".join(whole.parts[start:])
