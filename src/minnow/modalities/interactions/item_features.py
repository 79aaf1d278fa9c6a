"""Item features: attributes of items, from a file beside the interactions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from minnow.contracts import Parameters
from minnow.modalities.interactions.number_columns import read_numbers
from minnow.tables.errors import ColumnError, FileError, ReadingError
from minnow.tables.files import find
from minnow.tables.frames import Frame, read_file
from minnow.tables.options import Separator, TableOptions
from minnow.tables.typed import Typed
from minnow.types import Array, FileFormat, Notice

ITEMS, _ATTRIBUTES, _NAMES = "items", "attributes", "attribute names"
_BINS = 8
"""Number of quantile bins of a numeric attribute."""
_SHOWN = 5


class NumberInText(Parameters):
    """A number within a text. column: of the text; pattern: a regular expression whose first group is the number."""

    column: str
    pattern: str


class ItemOptions(Parameters):
    """A file of items and their attributes.

    file: its name, in the folder of the interactions; separator, header, encoding, decimal, missing: as for interactions; item:
    column of the item's id.
    categories: columns with one value each; several: columns with several values -> their separator; numbers: numeric
    columns; within: name -> a number within a text, such as {year: {column: title, pattern: "([0-9]{4})"}}.
    min_items: values of fewer items are left out, since they say nothing about other items.
    """

    SHORT: ClassVar[str | None] = "file"

    file: str
    separator: Separator | None = None
    encoding: str | None = None
    header: list[str] | None = None
    decimal: Literal[".", ","] | None = None
    missing: list[str] = Field(default_factory=list)
    item: str = "item"
    categories: list[str] = Field(default_factory=list)
    several: dict[str, str] = Field(default_factory=dict)
    numbers: list[str] = Field(default_factory=list)
    within: dict[str, NumberInText] = Field(default_factory=dict)
    min_items: int = Field(2, ge=1)


def items_file(place: Path, name: str) -> Path:
    """Path of the file of items. place: the folder of interactions, or their file, which it stands beside."""
    return (place.parent if place.is_file() else place) / name


def read_items(place: Path, options: ItemOptions | None) -> tuple[dict[str, Array], tuple[Notice, ...]]:
    """Read the file of items: items (m,) str, sorted; attributes (m, a) float32 of 0 and 1, and their names (a,) str.

    place: the folder of interactions, or their file. Returns also what was found; nothing without options. Raises FileError
    with the rows.
    """
    if options is None:
        return {}, ()
    (path,) = find(place.parent if place.is_file() else place, options.file, ())
    sources = [part.column for part in options.within.values()]
    texts = list(dict.fromkeys([*options.categories, *options.several, *options.numbers, *sources]))
    header = None if options.header is None else tuple(options.header)
    form = FileFormat(options.separator, encoding=options.encoding, header=header)
    frame = read_file(path, form, names=[options.item, *texts])
    names = np.array([cell or "" for cell in frame.cells(options.item, "items.item")], dtype=str)
    _refuse_repeats(path, names, frame.row_id)
    cells = {name: [cell or "" for cell in frame.cells(name, "items")] for name in texts}
    numbers = {name: _numbers(frame, options, name) for name in options.numbers}
    values = _values(cells, {name: read.values for name, read in numbers.items()}, options, frame.row_id)
    order = np.argsort(names)
    attribute_names, attributes = _one_hot(values, options.min_items)
    side_tables = {ITEMS: names[order], _ATTRIBUTES: attributes[order], _NAMES: attribute_names}
    return side_tables, (*frame.notices, *(notice for read in numbers.values() for notice in read.notices))


def _numbers(frame: Frame, options: ItemOptions, name: str) -> Typed:
    """Read a column of numbers as it is written. Raises FileError with the rows."""
    as_table = {"target": "", "missing": options.missing, "decimal": options.decimal}
    try:
        return read_numbers(frame, TableOptions.model_validate(as_table), name, "options.items.decimal")
    except ReadingError as error:
        readings = " or ".join(f"{shown} ({value})" for value, shown in error.readings)
        text = f"{options.file}: '{name}' holds numbers that may be {readings}. Say which under options.items.decimal."
        raise ReadingError(text, name, error.option, error.readings, error.example) from error
    except ColumnError as error:
        row, cell = next(iter(error.cells.items()))
        raise FileError(
            f"{row}: '{name}' needs a number. Received: {cell!r:.40}. List spellings of a missing value under "
            "options.items.missing."
        ) from error


def without_attributes(items: Array, side_tables: Mapping[str, Array], options: ItemOptions) -> list[Notice]:
    """Say which items of the interactions are not in the file of items. Raises FileError where none is.

    items: (n,) str; side_tables: as read_items returns them.
    """
    taken = np.unique(items)
    lacking = taken[~np.isin(taken, side_tables[ITEMS])]
    if len(lacking) == len(taken):
        raise FileError(
            f"{options.file} must hold the items of the interactions, such as '{taken[0]}'. Received in '{options.item}': "
            f"{', '.join(map(repr, side_tables[ITEMS][:_SHOWN].tolist()))}."
        )
    if not len(lacking):
        return []
    shown = ", ".join(lacking[:_SHOWN].tolist()) + (", ..." if len(lacking) > _SHOWN else "")
    text = f"{len(lacking):,} of {len(taken):,} items are not in {options.file} and have no attributes: {shown}."
    return [Notice("missing", text, len(lacking), options.item)]


def _refuse_repeats(path: Path, names: Array, row_id: Sequence[str]) -> None:
    if empty := [row for name, row in zip(names.tolist(), row_id, strict=True) if not name]:
        raise FileError(f"{empty[0]}: an item needs an id. Received: an empty one.")
    _, first, counts = np.unique(names, return_index=True, return_counts=True)
    if (counts > 1).any():
        again = names[first[counts > 1]][:_SHOWN]
        rows = [row for name, row in zip(names.tolist(), row_id, strict=True) if name in again]
        raise FileError(f"Each item must occur in {path.name} once. {', '.join(again)} do not: {', '.join(rows)}.")


def _values(
    cells: Mapping[str, list[str]], numbers: Mapping[str, Array], options: ItemOptions, row_id: Sequence[str]
) -> dict[str, list[list[str]]]:
    """Attribute -> values of each item as text: the categories themselves, and the bins of numbers."""
    values = {name: [[cell] if cell else [] for cell in cells[name]] for name in options.categories}
    for name, between in options.several.items():
        values[name] = [[part.strip() for part in cell.split(between) if part.strip()] for cell in cells[name]]
    for name in options.numbers:
        values[name] = _binned(numbers[name].tolist())
    for name, part in options.within.items():
        matches = [re.search(part.pattern, cell) for cell in cells[part.column]]
        texts = [match.group(1) if match else "" for match in matches]
        values[name] = _binned([_number(row, name, text) for text, row in zip(texts, row_id, strict=True)])
    return values


def _number(row: str, name: str, cell: str) -> float:
    try:
        return float(cell) if cell else float("nan")
    except ValueError as error:
        raise FileError(f"{row}: '{name}' needs a number. Received: {cell!r:.40}.") from error


def _binned(numbers: Sequence[float]) -> list[list[str]]:
    """Quantile bin of each number, as a list of one text; an empty list for a missing number."""
    values = np.array(numbers, np.float64)
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(known) else np.empty(0)
    index = np.searchsorted(edges, values)
    return [[f"group {i}"] if np.isfinite(value) else [] for i, value in zip(index.tolist(), numbers, strict=True)]


def _one_hot(values: Mapping[str, list[list[str]]], min_items: int) -> tuple[Array, Array]:
    """One-hot columns of the values of m items: names (a,) str, columns (m, a) float32. min_items: see ItemOptions."""
    names: list[str] = []
    columns = []
    for attribute, rows in values.items():
        for value in sorted({value for row in rows for value in row}):
            column = np.array([value in row for row in rows], np.float32)
            if column.sum() >= min_items:
                names.append(f"{attribute}: {value}")
                columns.append(column)
    count = len(next(iter(values.values()), []))
    return np.array(names, dtype=str), np.stack(columns, axis=1) if columns else np.zeros((count, 0), np.float32)


def attributes(side_tables: Mapping[str, Array], labels: Array) -> Array:
    """Attributes of labels (k,) str, (k, a) float32; zeros for items that are not in the file of items.

    side_tables: as read_items returns them; without a file of items the result is (k, 0).
    """
    if ITEMS not in side_tables or not len(side_tables[ITEMS]):
        return np.zeros((len(labels), 0), np.float32)
    index = np.minimum(np.searchsorted(side_tables[ITEMS], labels), len(side_tables[ITEMS]) - 1)
    known = side_tables[ITEMS][index] == labels
    return np.where(known[:, None], side_tables[_ATTRIBUTES][index], 0).astype(np.float32)
