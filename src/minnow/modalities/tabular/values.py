"""One value of a request or of a file, read as the cells of its column were in training."""

from __future__ import annotations

import math
from collections.abc import Container
from datetime import date
from typing import Any

import numpy as np

from minnow.modalities.tabular.columns import Column
from minnow.tables import numbers, times
from minnow.tables.cells import FALSE, MISSING_VALUES, TRUE, is_missing, value_of
from minnow.tables.expectations import LARGEST
from minnow.tables.frames import as_cells

LONGEST = 100_000
"""Largest number of characters of a cell."""
NEEDED = {
    "numeric": "a finite number or null",
    "categorical": f"a text of up to {LONGEST:,} characters or null",
    "boolean": "true, false or null",
}


class Unreadable(ValueError):
    """A value that a column cannot have; the message is the reason, "" where the kinds say enough."""


def read_value(value: Any, column: Column, spellings: Container[str]) -> Any:
    """Convert a value to the type of its column, as cells.array_of takes it.

    value: of JSON, or np.datetime64 from Parquet. spellings: of missing values, in lower case. Raises Unreadable.
    """
    if value is None:
        return MISSING_VALUES[column.kind]
    if isinstance(value, np.datetime64):
        return _moment(value, column)
    if isinstance(value, str):
        return _text(value, column, spellings)
    if isinstance(value, bool):
        return _truth(value, column)
    if isinstance(value, int | float):
        return MISSING_VALUES[column.kind] if is_missing(value, spellings) else _number(value, column)
    raise Unreadable("")


def _text(text: str, column: Column, spellings: Container[str]) -> Any:
    """Read a text as a cell of the training table."""
    if len(text) > LONGEST or not _is_text(text):
        raise Unreadable("")
    cell = text.strip()
    if cell.lower() in spellings:
        return MISSING_VALUES[column.kind]
    try:
        return _bounded(value_of(cell, column.written), column)
    except (ValueError, OverflowError) as error:
        raise Unreadable(_why(cell, column)) from error


def _why(cell: str, column: Column) -> str:
    """Reason why a text is not a number of its column, where it is one of another."""
    parts = numbers.written(cell) if column.kind == "numeric" else None
    if parts is None:
        return ""
    if column.unit == numbers.CLOCK:
        return f"while this column holds times, written as {numbers.CLOCK}"
    if parts.unit and numbers.unit_key(parts.unit) != numbers.unit_key(column.unit):
        own = f"are in '{column.unit}'" if column.unit else "have no unit"
        return f"whose unit is '{parts.unit}', while the numbers of this column {own}"
    thousands = f"the thousands sign '{column.thousands}'" if column.thousands else "no thousands sign"
    return f"while the numbers of this column are written with the decimal sign '{column.decimal}' and {thousands}"


def _truth(value: bool, column: Column) -> Any:
    """Read true or false; a category where the column has one of this spelling."""
    if column.kind == "boolean":
        return int(value)
    text = "true" if value else "false"
    spelled = [name for name in column.categories if name.lower() in (TRUE[0], FALSE[0])]
    if column.kind == "categorical" and spelled:
        known = [name for name in spelled if name.lower() == text]
        return known[0] if len(known) == 1 else text
    raise Unreadable("")


def _number(value: float, column: Column) -> Any:
    if column.kind == "numeric":
        return _bounded(value, column)
    if column.kind == "boolean" and value in (0, 1) and not isinstance(value, float):
        return int(value)
    if column.kind == "categorical":
        return _named(value, column)
    if column.kind == "date":
        return _date(value, column)
    raise Unreadable("")


def _named(value: float, column: Column) -> str:
    """Category that a number stands for: the one with this text or this value, else an unknown one."""
    text = repr(value)
    if text in column.categories:
        return text
    if value in column.by_number:
        return column.by_number[value]
    if column.code is not None:
        raise Unreadable(f"while this column holds codes such as '{column.code}', which must be texts")
    if isinstance(value, int) or (column.by_number and math.isfinite(value)):
        return text
    raise Unreadable("")


def _date(value: float, column: Column) -> int:
    """Read a number as a date: since 1970 in the unit of the column, or digits such as 20240131."""
    form = column.form or times.ISO
    try:
        if form in times.UNITS:
            return times.from_number(value, form)
        if isinstance(value, int) and form.startswith("%Y") and not form.replace("%", "").strip("YmdHMS"):
            return times.microseconds(str(value), form)
    except (ValueError, OverflowError) as error:
        raise Unreadable("") from error
    raise Unreadable("while the dates of this column are texts")


def _moment(value: np.datetime64, column: Column) -> Any:
    if column.kind == "date":
        return int(value.astype("datetime64[us]").astype(np.int64))
    if column.kind == "categorical":
        return as_cells(np.array([value]))[0]
    raise Unreadable("")


def _bounded(value: Any, column: Column) -> Any:
    if column.kind != "numeric":
        return value
    try:
        number = float(value)
    except OverflowError as error:
        raise Unreadable("") from error
    if not (math.isfinite(number) and abs(number) <= LARGEST):
        raise Unreadable("")
    return number


def _is_text(value: str) -> bool:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return "\0" not in value


def example_value(column: Column) -> Any:
    """Return a typical value of a column, JSON-ready."""
    if column.kind == "categorical":
        return column.categories[0] if column.categories else "example"
    if column.kind == "boolean":
        return bool(column.fill >= 0.5)
    if column.kind == "date":
        return str(np.datetime64(int(column.fill), "D"))
    return int(column.fill) if float(column.fill).is_integer() else column.fill


def needed(column: Column) -> str:
    """What a column takes, in words, dates with an example as they are written in files."""
    if column.kind != "date":
        return NEEDED[column.kind]
    day = np.datetime64(int(column.fill), "D")
    written, iso = _written(day, column.form or times.ISO), str(day)
    return f"a date such as {iso} or null" if written == iso else f"a date such as {written} or {iso}, or null"


def _written(day: np.datetime64, form: str) -> str:
    if form in times.UNITS:
        microseconds = int(day.astype("datetime64[us]").astype(np.int64))
        return str(microseconds * 1000 if form == "ns" else microseconds // times.UNITS[form])
    if form == times.QUARTER:
        months = int(day.astype("datetime64[M]").astype(np.int64))
        return f"{1970 + months // 12}Q{months % 12 // 3 + 1}"
    return str(day) if form == times.ISO else date.fromisoformat(str(day)).strftime(form)


def sketch(value: Any) -> str:
    """Describe a received value, short enough for a message."""
    text = f"{type(value).__name__} {value!r}" if not isinstance(value, np.datetime64) else f"date {value}"
    return text if len(text) <= 60 else f"{text[:60]}..."
