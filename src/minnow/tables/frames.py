"""Reading delimited text and Parquet into typed columns, with the file and line of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.registry import unknown
from minnow.tables.cells import BadCells, CellError, Kind, is_missing, kind_of, number, values_of
from minnow.tables.files import FileError, find, fixed_splits, read_delimited, split_of
from minnow.tables.options import Split, TableOptions
from minnow.types import Array, Columns, Table, content_key

TEXT = (".csv", ".tsv", ".txt", ".data")
SUFFIXES = (*TEXT, *(f"{suffix}.gz" for suffix in TEXT), ".parquet")
SHOWN = 5
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Frame:
    """The columns of a file, not yet typed.

    columns: name -> cells of text, None where missing, or a typed array of Parquet. row_id: (n,), "rows.csv:12".
    """

    columns: Mapping[str, Cells | Array]
    row_id: list[str]


def read_frame(path: Path, options: TableOptions) -> Frame:
    """Read one file. Raises FileError."""
    if path.name.lower().endswith(".parquet"):
        return _parquet(path)
    file = read_delimited(path, options.separator, options.header, options.quote)
    missing = is_missing(options.missing)
    columns = {name: [None if missing(cell) else cell for cell in cells] for name, cells in file.columns.items()}
    return Frame(columns, [f"{path.name}:{line}" for line in file.lines])


def _parquet(path: Path) -> Frame:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError(f"{path} needs pyarrow, which is not installed: pip install pyarrow.") from error
    try:
        parquet = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise FileError(f"{path} is not readable as Parquet: {error}.") from error
    columns = {name: _typed(parquet.column(name)) for name in parquet.column_names}
    return Frame(columns, [f"{path.name}:{index}" for index in range(parquet.num_rows)])


def _typed(column: Any) -> Cells | Array:
    """Convert an Arrow column to an array of its kind; to cells where it does not hold numbers, booleans or dates."""
    import pyarrow.types as kinds

    values = column.to_pylist()
    if kinds.is_boolean(column.type):
        return np.array([-1 if value is None else int(value) for value in values], np.int8)
    if kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_decimal(column.type):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    if kinds.is_timestamp(column.type) or kinds.is_date(column.type):
        return column.to_numpy(zero_copy_only=False).astype("datetime64[s]")
    return [None if value is None or str(value).strip() == "" else str(value).strip() for value in values]


def read(folder: Path, options: TableOptions, split: Split) -> Table:
    """Read a folder (or one file) into typed columns, (n,) each, and the target as labels, (n,) str.

    Keys are hashes of the features, without the target and the column of the split, so equal features have equal keys.
    Raises FileError.
    """
    paths = find(folder, options.file, SUFFIXES)
    frames = [read_frame(path, options) for path in paths]
    joined = _join(paths, frames)
    if not joined.row_id:
        raise FileError(f"{folder} must hold rows. It holds none.")
    _check_names(joined, options, split)
    columns = _columns(joined, options)
    features = [name for name in columns if name not in (options.target, split.column)]
    if not features:
        raise FileError(
            f"{folder} must have a column besides the target that a model can use. Received: {', '.join(joined.columns)}."
        )
    key = _keys([columns[name] for name in features])
    splits = [_split_of(path, options) for path, frame in zip(paths, frames, strict=True) for _ in frame.row_id]
    row_id = np.array(joined.row_id, dtype=str)
    return Table(columns, row_id, key, fixed_splits(splits), _groups(columns, row_id, split))


def _columns(joined: Frame, options: TableOptions) -> dict[str, Array]:
    """Convert every column that is not dropped to the type of its kind, and the target to labels."""
    return {
        name: labels(values, options.label_as)
        if name == options.target
        else _column(name, values, joined.row_id, options)
        for name, values in joined.columns.items()
        if name == options.target or name not in options.drop
    }


def look(place: Path, options: TableOptions) -> dict[str, Array]:
    """Read every column of a folder's files without a target; columns of mixed cells become categorical.

    options: target, drop and file are ignored. Raises FileError.
    """
    paths = find(place, None, SUFFIXES)
    joined = _join(paths, [read_frame(path, options) for path in paths])
    columns: dict[str, Array] = {}
    for name, values in joined.columns.items():
        try:
            columns[name] = _column(name, values, joined.row_id, options)
        except FileError:
            columns[name] = values_of(as_cells(values), "categorical")
    return columns


def _split_of(path: Path, options: TableOptions) -> str:
    return options.file_splits.get(path.name) or split_of(path.name)


def _join(paths: Sequence[Path], frames: Sequence[Frame]) -> Frame:
    """Concatenate files by the names of their columns."""
    first = frames[0]
    for path, frame in zip(paths, frames, strict=True):
        if different := set(first.columns) ^ set(frame.columns):
            raise FileError(
                f"{paths[0].name} and {path.name} must have the same columns. Only one has: {', '.join(sorted(different))}. "
                "Name the one to read under options.file, or the columns under options.header."
            )
    columns: dict[str, Cells | Array] = {}
    for name in first.columns:
        parts = [frame.columns[name] for frame in frames]
        typed = [part for part in parts if isinstance(part, np.ndarray)]
        if len(typed) == len(parts):
            columns[name] = np.concatenate(typed)
        else:
            columns[name] = [cell for part in parts for cell in as_cells(part)]
    return Frame(columns, [row for frame in frames for row in frame.row_id])


def _check_names(joined: Frame, options: TableOptions, split: Split) -> None:
    """Raise FileError for options that name unknown columns, with the key and the nearest name."""
    named = {"target": [options.target], "drop": options.drop, "kinds": options.kinds, "dates": options.dates}
    named["split.column"] = [split.column] if split.column else []
    for key, names in named.items():
        for name in names:
            if name not in joined.columns:
                raise FileError(f"options.{key}: {unknown('column', name, joined.columns)}")


def as_cells(values: Cells | Array) -> Cells:
    """Convert typed values to cells of text, None where missing."""
    if not isinstance(values, np.ndarray) or values.dtype == object:
        return [cell or None for cell in values]
    if values.dtype.kind == "M":
        return [None if np.isnat(value) else str(value) for value in values]
    if values.dtype.kind == "i":
        return [None if value < 0 else ("false", "true")[value] for value in values.tolist()]
    return [None if np.isnan(v) else str(int(v)) if float(v).is_integer() else repr(v) for v in values.tolist()]


def labels(values: Cells | Array, label_as: Mapping[str, str]) -> Array:
    """Convert values to labels, (n,) str, "" where missing. label_as: spelling -> label."""
    return np.array([label_as.get(cell, cell) if cell else "" for cell in as_cells(values)], dtype=str)


def _column(name: str, values: Cells | Array, row_id: Sequence[str], options: TableOptions) -> Array:
    """Convert a column to the type of its kind. Raises FileError with the rows of another kind."""
    chosen = options.kinds.get(name)
    if isinstance(values, np.ndarray) and chosen is None:
        return values
    cells = as_cells(values)
    try:
        return values_of(cells, chosen or _kind(cells, name, options), options.dates.get(name), options.decimal)
    except BadCells as error:
        rows = ", ".join(f"{text!r:.40} ({row_id[index]})" for index, text in list(error.cells.items())[:SHOWN])
        raise FileError(
            f"column '{name}': {len(error.cells):,} different cells are not {error.kind}: {rows}. List missing values "
            f"under options.missing, or set options.kinds.{name} to another kind."
        ) from error
    except CellError as error:
        raise FileError(f"column '{name}': {error}{_first_rows(cells, row_id)}") from error


def _kind(cells: Cells, name: str, options: TableOptions) -> Kind:
    if name in options.dates:
        return "date"
    counts = Counter(cell for cell in cells if cell is not None)
    return kind_of(list(counts), options.decimal, counts)


def _first_rows(cells: Cells, row_id: Sequence[str]) -> str:
    """Text with the first rows of a column whose cells are not numbers."""
    rows: list[str] = []
    for index, cell in enumerate(cells):
        try:
            number(cell or "0")
        except ValueError:
            rows.append(row_id[index])
        if len(rows) == SHOWN:
            break
    return f" First rows: {', '.join(rows)}." if rows else ""


def _keys(columns: Sequence[Array]) -> Array:
    """Hash the values of each row, (n,) uint64."""
    numeric = [column for column in columns if column.dtype != object]
    text = [column.tolist() for column in columns if column.dtype == object]
    fixed = [(column.astype(np.int64) if column.dtype.kind in "Mi" else column + 0.0) for column in numeric]
    as_bytes = [np.ascontiguousarray(column.astype(f"<{column.dtype.kind}8")).view("V8") for column in fixed]
    block = np.stack(as_bytes, axis=1) if as_bytes else None
    rows = len(columns[0]) if columns else 0
    return np.array(
        [
            content_key(block[i].tobytes() if block is not None else b"", *(column[i].encode() for column in text))
            for i in range(rows)
        ],
        np.uint64,
    )


def _groups(columns: Columns, row_id: Array, split: Split) -> Array | None:
    """Hash the group of each row, (n,) uint64; None unless rows are split by group. Raises FileError."""
    if split.by == "hash" or split.column is None:
        return None
    values = columns[split.column]
    missing = np.array([cell is None for cell in as_cells(values)] if values.dtype != object else values == "")
    if missing.any():
        rows = ", ".join(row_id[missing][:SHOWN].tolist())
        raise FileError(
            f"column '{split.column}' divides the rows and must have no missing value. {missing.sum():,} are missing: {rows}."
        )
    if split.by == "time":
        if values.dtype == object:
            raise FileError(f"options.split.column: '{split.column}' must hold dates or numbers to split by time.")
        return None
    return np.array([content_key(str(value).encode()) for value in values.tolist()], np.uint64)
