"""Rows of a request, or of a file of inputs, read column by column as the training rows were."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from minnow.modalities.tabular.columns import Column, RowSchema
from minnow.modalities.tabular.encoder import TabularEncoder
from minnow.modalities.tabular.file_rows import FileRow
from minnow.modalities.tabular.values import LONGEST, Unreadable, example_value, needed, read_value, sketch
from minnow.registry import unknown
from minnow.tables.cells import array_of
from minnow.types import Array, Columns

REQUEST: dict[str, Any] = {
    "description": "A row: an object of column names and values, null for a missing value. A text is read as a cell of the "
    "training file: with its decimal and thousands signs, units and dates; numbers, booleans and ISO dates are taken too. "
    "Columns of the training table that the model does not read are ignored.",
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "number"}, {"type": "string", "maxLength": LONGEST}, {"type": "boolean"}, {"type": "null"}]
    },
}
_INDEX = re.compile(r"(Unnamed: \d+|__index_level_\d+__)?")
"""Names that a column without a name has in Python: its rows' numbers, which no model reads."""


def request(encoder: TabularEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input of a request: a row."""
    return REQUEST


def example(encoder: TabularEncoder, rows: Columns) -> dict[str, Any]:
    """Return a valid row, for the documentation of the service."""
    return {column.name: example_value(column) for column in encoder.schema.columns}


def parse(inputs: Sequence[Any], encoder: TabularEncoder) -> dict[str, Array]:
    """Check the rows of one request. Returns name -> column (n,), of the same types as read returns.

    Unknown categories are accepted: they share an id with rare ones. Raises ValueError with the input (or file and line), the
    column and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one row, received none.")
    read: list[dict[str, Any]] = [{} for _ in encoder.schema.columns]
    rows = [_check(row, i, encoder.schema, read) for i, row in enumerate(inputs)]
    return {
        column.name: array_of([row[index] for row in rows], column.kind)
        for index, column in enumerate(encoder.schema.columns)
    }


def _check(row: Any, index: int, schema: RowSchema, read: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the values of one row in the order of schema.columns, each of the type of its kind.

    read: of each column the texts that were read before -> value; most are dates and categories that recur. Raises ValueError.
    """
    where = row.where if isinstance(row, FileRow) else f"inputs[{index}]"
    if not isinstance(row, dict):
        raise ValueError(
            f"{where}: needed an object of column names and values, received {type(row).__name__} {row!r:.40}."
        )
    named = row if isinstance(row, FileRow) else _named(row, where, schema)
    absent = [column.name for column in schema.columns if column.name not in named]
    if absent:
        names = ", ".join(f"'{name}'" for name in sorted(absent))
        raise ValueError(f"{where}: needed a value (or null) for every column, received none for {names}.")
    return [_once(named[column.name], column, where, schema, read[i]) for i, column in enumerate(schema.columns)]


def _named(row: Mapping[str, Any], where: str, schema: RowSchema) -> Mapping[str, Any]:
    """Values by the names of columns, which files write with single blanks. Raises ValueError for an unknown name."""
    named = {name if name in schema.names else " ".join(name.split()): value for name, value in row.items()}
    for name in named:
        if name not in schema.names and name not in schema.unread and not _INDEX.fullmatch(name):
            raise ValueError(
                f"{where}: needed the columns of the model, received '{name}'. {unknown('column', name, schema.names)}"
            )
    return named


def _once(value: Any, column: Column, where: str, schema: RowSchema, read: dict[str, Any]) -> Any:
    if not isinstance(value, str):
        return _value(value, column, where, schema)
    if value not in read:
        read[value] = _value(value, column, where, schema)
    return read[value]


def _value(value: Any, column: Column, where: str, schema: RowSchema) -> Any:
    try:
        return read_value(value, column, schema.spellings)
    except Unreadable as error:
        reason = f", {error}" if str(error) else ""
        raise ValueError(
            f"{where}: needed {needed(column)} in '{column.name}', received {sketch(value)}{reason}."
        ) from error
