"""Parquet: columns of typed values, read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minnow.tables.errors import FileError
from minnow.types import Array, Notice

_INDEX = "__index_level_"
_EXACT = 2**53
"""Largest magnitude up to which float64 holds every whole number; larger ones, such as ids of 64 bits, stay text."""
INDEX = "column 1"
"""Name of an index without one that holds moments, as in the CSV of the same frame."""


class Piece(NamedTuple):
    """Rows of a file. columns: name -> typed array, or texts, None where missing; start: number of the first row."""

    columns: Mapping[str, Array | list[str | None]]
    start: int
    rows: int


def pieces(path: Path, rows: int, notices: list[Notice]) -> Iterator[Piece]:
    """Read a file in pieces, at least one. notices: receives what is left out. Raises FileError.

    An index of a pandas frame without a name is left out, unless it holds moments.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError(f"{path} needs pyarrow, which is not installed: pip install pyarrow.") from error
    try:
        with pq.ParquetFile(path) as parquet:
            names = _names(path, parquet.schema_arrow, notices)
            start = 0
            for batch in parquet.iter_batches(rows, columns=list(names)):
                yield Piece({new: _values(batch.column(name)) for name, new in names.items()}, start, batch.num_rows)
                start += batch.num_rows
            if not start:
                empty = parquet.schema_arrow.empty_table()
                yield Piece({new: _values(empty.column(name)) for name, new in names.items()}, 0, 0)
    except (OSError, pa.ArrowException) as error:
        raise FileError(f"{path} is not readable as Parquet: {error}.") from error


def _names(path: Path, schema: Any, notices: list[Notice]) -> dict[str, str]:
    """Name in the file -> name of the column, of the columns that are read."""
    import pyarrow.types as kinds

    names: dict[str, str] = {}
    for field in schema:
        if field.name.startswith(_INDEX) and not _is_moment(field.type):
            text = f"'{field.name}' is the index of a pandas frame in {path.name} and is not read."
        elif kinds.is_nested(field.type) or kinds.is_binary(field.type) or kinds.is_large_binary(field.type):
            text = f"'{field.name}' holds {field.type} in {path.name} and is not read."
        else:
            names[field.name] = INDEX if field.name.startswith(_INDEX) else " ".join(field.name.split())
            continue
        notices.append(Notice("skipped", text, 1, field.name))
    return dict(sorted(names.items(), key=lambda item: not item[0].startswith(_INDEX)))


def _largest(column: Any) -> int:
    """Largest magnitude of whole numbers, 0 for none."""
    import pyarrow.compute as pc

    ends = pc.min_max(column).as_py().values()  # pyright: ignore
    return max((abs(value) for value in ends if value is not None), default=0)


def _is_moment(kind: Any) -> bool:
    import pyarrow.types as kinds

    return kinds.is_timestamp(kind) or kinds.is_date(kind)


def _values(column: Any) -> Array | list[str | None]:
    """Convert an Arrow column to an array of its kind; to texts where it does not hold numbers, booleans or dates."""
    import pyarrow.types as kinds

    if kinds.is_boolean(column.type):
        return np.array([-1 if value is None else int(value) for value in column.to_pylist()], np.int8)
    if kinds.is_integer(column.type) and _largest(column) > _EXACT:
        return [None if value is None else str(value) for value in column.to_pylist()]
    if kinds.is_integer(column.type) or kinds.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False).astype(np.float64)
    if kinds.is_decimal(column.type):
        return np.array([np.nan if value is None else float(value) for value in column.to_pylist()], np.float64)
    if _is_moment(column.type):
        return column.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return [None if value is None else str(value).strip() for value in column.to_pylist()]
