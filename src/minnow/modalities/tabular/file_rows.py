"""Rows of a file of inputs for a prediction, one by one, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Located
from minnow.modalities.tabular.encoder import TabularEncoder
from minnow.modalities.tabular.options import Options
from minnow.tables.errors import FileError, HeaderError
from minnow.tables.files import JSON, JSONL, SUFFIXES, find, json_list
from minnow.tables.frames import Cells, stream
from minnow.tables.json_lines import KEY_ROWS, json_objects
from minnow.types import Array


class FileRow(dict[str, Any], Located):
    """A row of a file, whose columns that the model does not know are left out or ignored."""

    def __init__(self, values: Iterable[tuple[str, Any]], where: str) -> None:
        """where: such as "rows.csv:17"."""
        super().__init__(values)
        self.where = where


def from_file(path: Path, options: Options, encoder: TabularEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: a table with the feature columns, a folder of them, or a JSON list of rows.

    Rows come one by one. Other columns of the table are ignored, and columns may be in any order. What the options say of the
    form of files holds; the rest is found in this file. Raises FileError, a ValueError, with the path of the file.
    """
    if path.is_dir():
        return _folder(path, options, encoder)
    name = path.name.lower()
    if not name.endswith((*SUFFIXES, *JSON)):
        raise FileError(f"{path} must be one of {', '.join(SUFFIXES)} or .json.")
    names = [column.name for column in encoder.schema.columns]
    if name.endswith(JSON):
        return _json_inputs(path, names)
    return _json_lines(path, options, names) if name.endswith(JSONL) else _rows(path, options, names)


def _folder(path: Path, options: Options, encoder: TabularEncoder) -> Iterator[Any]:
    """Rows of the files of a folder in the order of their names: those of options.file where it holds them, else all tables."""
    named = [options.file] if isinstance(options.file, str) else options.file or []
    file = named if named and all((path / name).is_file() for name in named) else None
    return chain.from_iterable(from_file(one, options, encoder) for one in find(path, file, SUFFIXES))


def _rows(path: Path, options: Options, names: Sequence[str]) -> Iterator[FileRow]:
    """Rows of delimited text and Parquet. names: of the columns that the model reads."""
    frames = stream(path, options.form, names=names, target=options.target)
    try:
        first = next(frames, None)
    except HeaderError as error:
        raise FileError(
            f"{path} must begin with the names of its columns: {_listed(names)}. Received: {', '.join(error.first)[:100]}."
        ) from error
    for frame in chain([] if first is None else [first], frames):
        _refuse_missing(path, names, list(frame.columns))
        columns = [_values(frame.columns[name]) for name in names]
        for where, row in zip(frame.row_id, zip(*columns, strict=True), strict=True):
            yield FileRow(zip(names, row, strict=True), where)


def _json_lines(path: Path, options: Options, names: Sequence[str]) -> Iterator[FileRow]:
    """Rows of JSON lines. A column that some of the first rows have is missing where a row does not have it."""
    objects = json_objects(path, options.encoding)
    first = list(islice(objects, KEY_ROWS))
    _refuse_missing(path, names, list(dict.fromkeys(name for _, row in first for name in row)))
    for line, row in chain(first, objects):
        yield FileRow(((name, _plain(row.get(name))) for name in names), f"{path.name}:{line}")


def _json_inputs(path: Path, names: Sequence[str]) -> Iterator[Any]:
    """Inputs of a list of JSON; objects are rows as those of a file, of which some may lack a key."""
    inputs = json_list(path)
    if not inputs or not all(isinstance(row, dict) for row in inputs):
        yield from inputs
        return
    _refuse_missing(path, names, list(dict.fromkeys(name for row in inputs for name in row)))
    for number, row in enumerate(inputs, 1):
        yield FileRow(((name, _plain(row.get(name))) for name in names), f"{path.name}:{number}")


def _refuse_missing(path: Path, names: Sequence[str], received: Sequence[str]) -> None:
    missing = [name for name in names if name not in received]
    if missing:
        raise FileError(f"{path} must have the columns {_listed(missing)}. It has: {_listed(received)}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _values(values: Cells | Array) -> Sequence[Any]:
    """Values of a column, as read_value takes them: cells as they are, numbers, booleans and dates of Parquet as such."""
    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind == "M":
        return [None if np.isnat(value) else value for value in values]
    if values.dtype.kind == "i":
        return [None if value < 0 else bool(value) for value in values.tolist()]
    return [_plain(int(value) if value.is_integer() else value) for value in values.tolist()]


def _plain(value: Any) -> Any:
    """Return None for a number that is none."""
    return None if isinstance(value, float) and np.isnan(value) else value
