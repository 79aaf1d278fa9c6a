"""Rows that came with a request: objects by anybody, checked column by column before they are encoded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minnow.modalities._cells import ISO, CellError, Kind, is_missing, number, seconds, truth, values_of
from minnow.modalities._columns import Column
from minnow.registry import unknown
from minnow.types import Array

if TYPE_CHECKING:
    from minnow.modalities._frames import Frame
    from minnow.modalities.tabular import Encoder

NOTHING: dict[Kind, Any] = {"numeric": math.nan, "categorical": "", "boolean": -1, "date": None}
NEEDED = {
    "numeric": "a finite number or null",
    "categorical": "a text of up to 1,000 characters or null",
    "boolean": "true, false or null",
    "date": "a date such as {} or null",
}
LONGEST = 1000
LARGEST = 1e30


class FileRow(dict[str, str]):
    """A row of a file: its cells are text, whatever they mean."""


def of_file(frame: Frame) -> list[Mapping[str, Any]]:
    """Turn the columns of a file into rows of text."""
    from minnow.modalities._frames import as_cells

    columns = {name: as_cells(values) for name, values in frame.columns.items()}
    return [
        FileRow({name: "" if cells[place] is None else str(cells[place]) for name, cells in columns.items()})
        for place in range(len(frame.row_id))
    ]


def check(one: Any, where: str, encoder: Encoder) -> list[Any]:
    """Return the values of one row in the order of the encoder's columns, each as its kind has it.

    Raises ValueError that begins with where.
    """
    if not isinstance(one, dict):
        raise ValueError(
            f"{where}: needed an object of column names and values, received {type(one).__name__} {one!r:.40}."
        )
    of_file = isinstance(one, FileRow)
    names = {column.name for column in encoder.columns}
    if not of_file:
        for name in one:
            if name not in names and name not in encoder.unread:
                raise ValueError(
                    f"{where}: needed the columns of the model, received '{name}'. {unknown('column', name, names)}"
                )
    absent = [name for name in names if name not in one]
    if absent:
        raise ValueError(
            f"{where}: needed a value (or null) for every column, received none for {', '.join(sorted(absent))}."
        )
    read = _read_cell if of_file else _read_value
    return [_value(one[column.name], column, where, encoder, read) for column in encoder.columns]


def _value(value: Any, column: Column, where: str, encoder: Encoder, read: Any) -> Any:
    try:
        return read(value, column, encoder)
    except (ValueError, OverflowError) as error:
        needed = NEEDED[column.kind].format(example(column))
        raise ValueError(f"{where}: needed {needed} in '{column.name}', received {_sketch(value)}.") from error


def _read_value(value: Any, column: Column, encoder: Encoder) -> Any:
    """Read a JSON value. Raises ValueError."""
    kind = column.kind
    if value is None:
        return NOTHING[kind]
    if kind == "numeric" and type(value) in (int, float) and math.isfinite(value) and abs(value) <= LARGEST:
        return float(value)
    if kind == "boolean" and (isinstance(value, bool) or value in (0, 1)) and not isinstance(value, float):
        return int(value)
    if kind == "categorical" and type(value) is int:
        return str(value)
    if kind == "categorical" and isinstance(value, str) and len(value) <= LONGEST and _is_text(value):
        stripped = value.strip()
        return "" if is_missing(encoder.missing)(stripped) else stripped
    if kind == "date" and isinstance(value, str):
        return _date(value.strip(), column)
    raise ValueError(value)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _read_cell(text: str, column: Column, encoder: Encoder) -> Any:
    """Read a cell of a file. Raises ValueError."""
    if is_missing(encoder.missing)(text):
        return NOTHING[column.kind]
    if column.kind == "numeric":
        found = number(text, encoder.decimal)
        if not math.isfinite(found):
            raise ValueError(text)
        return found
    if column.kind == "boolean":
        return truth(text)
    return _date(text, column) if column.kind == "date" else text


def _date(text: str, column: Column) -> int:
    """Read a date as train wrote it, or as ISO 8601."""
    if column.form is not None:
        try:
            return seconds(text, column.form)
        except ValueError:
            return seconds(text, ISO)
    try:
        return int(values_of([text], "date").astype(np.int64)[0])
    except CellError as error:
        raise ValueError(text) from error


def as_array(values: Sequence[Any], kind: Kind) -> Array:
    """Put values of one kind into the array that tabular.read would have made of them."""
    if kind == "categorical":
        return np.array(values, dtype=object)
    if kind == "date":
        nothing = np.iinfo(np.int64).min
        return np.array([nothing if v is None else v for v in values], np.int64).astype("datetime64[s]")
    return np.array(values, np.int8 if kind == "boolean" else np.float64)


def example(column: Column) -> Any:
    """A value of a column that could be asked."""
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
