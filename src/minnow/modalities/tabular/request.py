"""Rows of a request or of a file of inputs, checked column by column before they are encoded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.tabular.columns import Column, RowSchema
from minnow.modalities.tabular.encoder import TabularEncoder
from minnow.modalities.tabular.options import Options
from minnow.registry import unknown
from minnow.tables.cells import ISO, CellError, Kind, boolean, is_missing, number, seconds, values_of
from minnow.tables.expectations import LARGEST
from minnow.tables.files import FileError, json_list
from minnow.tables.frames import SUFFIXES, Frame, as_cells, read_frame
from minnow.types import Array, Columns

REQUEST: dict[str, Any] = {
    "description": "A row: an object of column names and values, null for a missing value. Columns of the training table "
    "that the model does not read are ignored.",
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "number"}, {"type": "string", "maxLength": 1000}, {"type": "boolean"}, {"type": "null"}]
    },
}
MISSING: dict[Kind, Any] = {"numeric": math.nan, "categorical": "", "boolean": -1, "date": None}
NEEDED = {
    "numeric": "a finite number or null",
    "categorical": "a text of up to 1,000 characters or null",
    "boolean": "true, false or null",
    "date": "a date such as {} or null",
}
LONGEST = 1000
NO_DATE = np.iinfo(np.int64).min


class FileRow(dict[str, str]):
    """A row of a file: values are cells of text for columns of every kind."""


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
        column.name: _as_array([row[index] for row in rows], column.kind)
        for index, column in enumerate(encoder.schema.columns)
    }


def from_file(path: Path, options: Options, encoder: TabularEncoder) -> Sequence[Any]:
    """Read inputs for a prediction: a table with the feature columns, or a JSON list of rows.

    Other columns of the table are ignored. Raises FileError, a ValueError, with the path of the file.
    """
    if path.suffix == ".json":
        return json_list(path)
    if not path.name.lower().endswith(SUFFIXES):
        raise FileError(f"{path} must be one of {', '.join(SUFFIXES)} or .json.")
    return _file_rows(read_frame(path, options))


def _file_rows(frame: Frame) -> list[FileRow]:
    columns = {name: as_cells(values) for name, values in frame.columns.items()}
    return [
        FileRow({name: "" if cells[index] is None else str(cells[index]) for name, cells in columns.items()})
        for index in range(len(frame.row_id))
    ]


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
    read = _read_cell if isinstance(row, FileRow) else _read_value
    return [_value(row[column.name], column, where, schema, read) for column in schema.columns]


def _refuse_unknown(row: Mapping[str, Any], where: str, names: set[str], schema: RowSchema) -> None:
    for name in row:
        if name not in names and name not in schema.unread:
            raise ValueError(
                f"{where}: needed the columns of the model, received '{name}'. {unknown('column', name, names)}"
            )


def _value(value: Any, column: Column, where: str, schema: RowSchema, read: Callable[..., Any]) -> Any:
    try:
        return read(value, column, schema)
    except (ValueError, OverflowError) as error:
        needed = NEEDED[column.kind].format(_example_value(column))
        raise ValueError(f"{where}: needed {needed} in '{column.name}', received {_sketch(value)}.") from error


def _read_value(value: Any, column: Column, schema: RowSchema) -> Any:
    """Convert a JSON value to the type of its column. Raises ValueError."""
    kind = column.kind
    if value is None:
        return MISSING[kind]
    if kind == "numeric" and type(value) in (int, float) and math.isfinite(value) and abs(value) <= LARGEST:
        return float(value)
    if kind == "boolean" and (isinstance(value, bool) or value in (0, 1)) and not isinstance(value, float):
        return int(value)
    if kind == "categorical" and type(value) is int:
        return str(value)
    if kind == "categorical" and isinstance(value, str) and len(value) <= LONGEST and _is_text(value):
        stripped = value.strip()
        return "" if is_missing(schema.missing)(stripped) else stripped
    if kind == "date" and isinstance(value, str):
        return _date(value.strip(), column)
    raise ValueError(value)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _read_cell(text: str, column: Column, schema: RowSchema) -> Any:
    """Convert a cell of a file to the type of its column. Raises ValueError."""
    if is_missing(schema.missing)(text):
        return MISSING[column.kind]
    if column.kind == "numeric":
        value = number(text, schema.decimal)
        if not math.isfinite(value):
            raise ValueError(text)
        return value
    if column.kind == "boolean":
        return boolean(text)
    return _date(text, column) if column.kind == "date" else text


def _date(text: str, column: Column) -> int:
    """Parse a date in the format of train, or in ISO 8601, as seconds since 1970. Raises ValueError."""
    if column.form is not None:
        try:
            return seconds(text, column.form)
        except ValueError:
            return seconds(text, ISO)
    try:
        return int(values_of([text], "date").astype(np.int64)[0])
    except CellError as error:
        raise ValueError(text) from error


def _as_array(values: Sequence[Any], kind: Kind) -> Array:
    """Convert values of one kind to an array of the type that read returns."""
    if kind == "categorical":
        return np.array(values, dtype=object)
    if kind == "date":
        moments = [NO_DATE if value is None else value for value in values]
        return np.array(moments, np.int64).astype("datetime64[s]")
    return np.array(values, np.int8 if kind == "boolean" else np.float64)


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
