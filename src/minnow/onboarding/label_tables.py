"""A table that stands beside pictures or sounds and names each of them with its class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from minnow.folders import Found, find_files
from minnow.onboarding.class_folders import choose_class_folder
from minnow.onboarding.columns import named
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import TARGET_NAMES
from minnow.tables.divisions import word_of
from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, is_prose, listed
from minnow.tables.frames import Cells, Frame, as_cells, read_file
from minnow.tables.label_files import LabelFile, labelled, rows_of
from minnow.tables.numbers import is_plain
from minnow.types import FileFormat

_NAMING = 0.5
"""Least share of a table's rows that name a file, where the table is one of these files."""
_ROWS_PER_CLASS, _MANY_VALUES = 2, 20
"""Least mean number of files of a class; different numbers up to which they are classes."""
_MOST_BYTES = 200_000_000
_MOST_TABLES = 50


def choose_classes(proposal: Proposal, found: Found, place: Path, request: Request) -> Found | None:
    """Choose what says the classes of files: their folders, or a table that names them. Returns the files that have one.

    found: pictures or sounds; place: their folder. Folders that are numbered parts of one set are no classes where there is
    such a table. None where neither says classes. Raises ValueError where --target names no column of the table.
    """
    if not _are_parts(found) and (in_classes := choose_class_folder(proposal, found)).files:
        return in_classes
    option = label_table(found, place, request)  # tables are read only where folders do not say the classes
    if option is None:
        in_classes = choose_class_folder(proposal, found)
        return in_classes if in_classes.files else None
    if request.target and option.label != request.target:
        raise ValueError(
            f"--target must name a column of {listed(option.files)}, which names the files. Received: {request.target!r}. "
            f"Leave --target out for '{option.label}'."
        )
    value = {name: one for name, one in option.model_dump().items() if one is not None}
    how = ASKED_FOR if request.target else "another with --target"
    why = f"column '{option.name}' of {listed(option.files)} names the files, and '{option.label}' is the class ({how})"
    proposal.choose("options.label_file", value, why)
    chosen = labelled(found, place, option)
    answers = list((chosen.labels or {}).values())
    if request.task is None and _are_numbers(answers) and not _are_classes(answers):
        distinct = len(set(answers))
        proposal.choose("task", "regress", f"'{option.label}' is a number with {distinct:,} different values")
    elif request.task is None and _are_codes(answers) and len(set(answers)) > _MANY_VALUES:
        proposal.warnings.append(
            f"The classes are {len(set(answers)):,} whole numbers in '{option.label}'. Where they are quantities, such as "
            "ages, choose the task that predicts numbers: --task regress."
        )
    return chosen


def _are_parts(found: Found) -> bool:
    """Whether the names of class folders differ in numbers alone, as part_1 and part_2 do."""
    names = {re.sub(r"\d+", "", label) for file in found.files if (label := found.label(file.name))}
    return len(names) == 1 and any(sign.isalpha() for sign in next(iter(names)))


def label_table(found: Found, place: Path, request: Request) -> LabelFile | None:
    """Find the table that says the class of most files, and its columns; None where there is none.

    Tables of the same columns, such as train.csv and test.csv, are taken together. Where there are no classes, and for the task
    "regress", the answer is a column of numbers.
    """
    names = [file.name for file in found.files]
    files: dict[_Columns, list[str]] = {}
    counts: Counter[_Columns] = Counter()
    for file, frame in _tables(place):
        if (columns := _columns_of(frame, names, file, request)) is not None:
            files.setdefault(columns[0], []).append(file)
            counts[columns[0]] += columns[1]
    if not counts:
        return None
    best = counts.most_common(1)[0][0]
    one = files[best]
    return LabelFile(file=one[0] if len(one) == 1 else one, name=best.name, label=best.label, split=best.split)


class _Columns(NamedTuple):
    """Columns of a table of labels, as in LabelFile."""

    name: str
    label: str
    split: str | None


def _columns_of(frame: Frame, names: Sequence[str], file: str, request: Request) -> tuple[_Columns, int] | None:
    """The columns of a table that names files with their classes, and how many files it names; None where it does not."""
    texts = {name: as_cells(cells) for name, cells in frame.columns.items()}
    naming = {name: _named(names, cells, file) for name, cells in texts.items()}
    name = max(naming, key=lambda one: len(naming[one]), default="")
    if not name or len(naming[name]) < max(2, _NAMING * len(frame)):
        return None
    rows = [row for indices in naming[name].values() for row in indices]
    others = {one: [cells[row] or "" for row in rows] for one, cells in texts.items() if one != name}
    split = next((one for one, cells in others.items() if _are_splits(cells)), None)
    classes = [one for one, cells in others.items() if one != split and _are_classes(cells)]
    values = [one for one, cells in others.items() if one != split and _are_values(cells)]
    able = (values or classes) if request.task == "regress" else (classes or values)
    label = request.target if request.target in others else named(able, TARGET_NAMES) or (able[0] if able else None)
    if label is None:
        return None
    if label not in (request.target, *values) and _are_codes(others[label]):
        label = next(
            (one for one in able if not _are_codes(others[one]) and _are_same(others[one], others[label])), label
        )
    return _Columns(name, label, split), len(rows)


def _tables(place: Path) -> Iterator[tuple[str, Frame]]:
    """The tables of a folder and its subfolders that can be read, each with its path in it."""
    if not place.is_dir():
        return
    names = [file.name for file in find_files(place, SUFFIXES).files]
    for name in [name for name in names if (place / name).is_file() and not is_prose(place / name)][:_MOST_TABLES]:
        if (place / name).stat().st_size <= _MOST_BYTES:
            with suppress(ValueError):  # what is no table says nothing of the files
                yield name, read_file(place / name, FileFormat())


def _named(names: Sequence[str], cells: Cells, table: str) -> Mapping[str, Sequence[int]]:
    """The files that cells name, with the rows of each; none where a cell may mean several."""
    try:
        return rows_of(names, cells, table)
    except FileError:
        return {}


def _are_classes(cells: Sequence[str]) -> bool:
    """Whether cells are of two classes or more, which have some files each: few numbers, or names that repeat."""
    classes = {cell for cell in cells if cell}
    most = _MANY_VALUES if _are_numbers(cells) and not _are_codes(cells) else len(cells) / _ROWS_PER_CLASS
    return 2 <= len(classes) <= min(most, len(cells) / _ROWS_PER_CLASS)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether cells are numbers, apart from empty ones."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(is_plain(cell) for cell in filled)


def _are_values(cells: Sequence[str]) -> bool:
    """Whether cells are numbers of many values, and no ids, which are whole and all differ."""
    different = {cell for cell in cells if cell}
    is_id = len(different) == len(cells) and _are_codes(cells)
    return len(different) > _MANY_VALUES and _are_numbers(cells) and not is_id


def _are_codes(cells: Sequence[str]) -> bool:
    """Whether cells are whole numbers, which may stand for names."""
    return all(cell.isdecimal() for cell in cells)


def _are_same(cells: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two columns divide rows into the same classes."""
    return len(set(zip(cells, others, strict=True))) == len(set(cells)) == len(set(others))


def _are_splits(cells: Sequence[str]) -> bool:
    """Whether cells name splits."""
    found = {word_of(cell) for cell in cells}
    return ("" not in found and {"train", "test"} <= found) or found == {"train", "val"}
