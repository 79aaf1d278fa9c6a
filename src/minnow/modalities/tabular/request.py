"""Rows of a request or of a file of inputs, read column by column as the training rows were."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.tabular.columns import Column, RowSchema
from minnow.modalities.tabular.encoder import TabularEncoder
from minnow.modalities.tabular.options import Options
from minnow.registry import unknown
from minnow.tables import times
from minnow.tables.cells import MISSING_VALUES, array_of, value_of
from minnow.tables.errors import FileError
from minnow.tables.expectations import LARGEST
from minnow.tables.files import SUFFIXES, json_list
from minnow.tables.frames import as_cells, stream
from minnow.types import Array, Columns

REQUEST: dict[str, Any] = {
    "description": "A row: an object of column names and values, null for a missing value. Columns of the training table "
    "that the model does not read are ignored.",
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "number"}, {"type": "string", "maxLength": 1000}, {"type": "boolean"}, {"type": "null"}]
    },
}
NEEDED = {
    "numeric": "a finite number or null",
    "categorical": "a text of up to 1,000 characters or null",
    "boolean": "true, false or null",
    "date": "a date such as {} or null",
}
LONGEST = 1000


class FileRow(dict[str, str | None]):
    """A row of a file, whose columns that the model does not know are ignored."""


def request(encoder: TabularEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input of a request: a row."""
    return REQUEST


def example(encoder: TabularEncoder, rows: Columns) -> dict[str, Any]:
    """Return a valid row, for the documentation of the service."""
    return {column.name: _example_value(column) for column in encoder.schema.columns}


def parse(inputs: Sequence[Any], encoder: TabularEncoder) -> dict[str, Array]:
    """Check the rows of one request. Returns name -> column (n,), of the same types as read returns.

    Unknown categories are accepted: they share an id with rare ones. Raises ValueError with the input, the column and what
    is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one row, received none.")
    rows = [_check(row, f"inputs[{i}]", encoder.schema) for i, row in enumerate(inputs)]
    return {
        column.name: array_of([row[index] for row in rows], column.kind)
        for index, column in enumerate(encoder.schema.columns)
    }


def from_file(path: Path, options: Options, encoder: TabularEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: a table with the feature columns, or a JSON list of rows.

    Other columns of the table are ignored. A file of the training table's form is read, and one in another form too: its
    separator and encoding are found. Raises FileError, a ValueError, with the path of the file.
    """
    if path.suffix == ".json":
        yield from json_list(path)
        return
    if not path.name.lower().endswith(SUFFIXES):
        raise FileError(f"{path} must be one of {', '.join(SUFFIXES)} or .json.")
    names = [column.name for column in encoder.schema.columns]
    for frame in stream(path, options.form, names=names, target=options.target):
        columns = {name: as_cells(frame.columns[name]) for name in names if name in frame.columns}
        for row in zip(*columns.values(), strict=True) if columns else [()] * len(frame):
            yield FileRow(zip(columns, row, strict=True))


def _check(row: Any, where: str, schema: RowSchema) -> list[Any]:
    """Return the values of one row in the order of schema.columns, each of the type of its kind.

    where: name of the input in messages. Raises ValueError that begins with it.
    """
    if not isinstance(row, dict):
        raise ValueError(
            f"{where}: needed an object of column names and values, received {type(row).__name__} {row!r:.40}."
        )
    names = {column.name for column in schema.columns}
    if not isinstance(row, FileRow):
        _refuse_unknown(row, where, names, schema)
    absent = [name for name in names if name not in row]
    if absent:
        raise ValueError(
            f"{where}: needed a value (or null) for every column, received none for {', '.join(sorted(absent))}."
        )
    return [_value(row[column.name], column, where, schema) for column in schema.columns]


def _refuse_unknown(row: Mapping[str, Any], where: str, names: set[str], schema: RowSchema) -> None:
    for name in row:
        if name not in names and name not in schema.unread:
            raise ValueError(
                f"{where}: needed the columns of the model, received '{name}'. {unknown('column', name, names)}"
            )


def _value(value: Any, column: Column, where: str, schema: RowSchema) -> Any:
    try:
        return _read(value, column, schema)
    except (ValueError, OverflowError) as error:
        needed = NEEDED[column.kind].format(_example_value(column))
        raise ValueError(f"{where}: needed {needed} in '{column.name}', received {_sketch(value)}.") from error


def _read(value: Any, column: Column, schema: RowSchema) -> Any:
    """Convert a value of a request, or a cell of a file, to the type of its column. Raises ValueError."""
    if value is None:
        return MISSING_VALUES[column.kind]
    if isinstance(value, str):
        return _read_text(value, column, schema)
    if isinstance(value, bool):
        if column.kind == "boolean":
            return int(value)
    elif isinstance(value, int | float):
        return _read_number(value, column)
    raise ValueError(value)


def _read_text(text: str, column: Column, schema: RowSchema) -> Any:
    """Read a text as a cell of the training table. Raises ValueError."""
    if len(text) > LONGEST or not _is_text(text):
        raise ValueError(text)
    cell = text.strip()
    if cell.lower() in schema.spellings:
        return MISSING_VALUES[column.kind]
    return _bounded(value_of(cell, column.written), column.kind)


def _read_number(value: float, column: Column) -> Any:
    """Read a number; for a date it counts from 1970, in the unit of the training table. Raises ValueError."""
    if column.kind == "numeric":
        return _bounded(float(value), column.kind)
    if column.kind == "boolean" and value in (0, 1) and not isinstance(value, float):
        return int(value)
    if column.kind == "categorical" and isinstance(value, int):
        return str(value)
    if column.kind == "date" and column.form in times.UNITS:
        return times.from_number(value, column.form)
    if column.kind == "date" and column.form == times.DIGITS:
        return times.microseconds(str(value), times.DIGITS)
    raise ValueError(value)


def _bounded(value: Any, kind: str) -> Any:
    if kind == "numeric" and not (math.isfinite(value) and abs(value) <= LARGEST):
        raise ValueError(value)
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _example_value(column: Column) -> Any:
    """Return a typical value of a column."""
    if column.kind == "categorical":
        return column.categories[0] if column.categories else "example"
    if column.kind == "boolean":
        return bool(column.fill >= 0.5)
    if column.kind == "date":
        return str(np.datetime64(int(column.fill), "D"))
    return int(column.fill) if float(column.fill).is_integer() else column.fill


def _sketch(value: Any) -> str:
    text = f"{type(value).__name__} {value!r}"
    return text if len(text) <= 60 else f"{text[:60]}..."
