"""Tables on disk: delimited text or Parquet, read into columns of one kind each, with the place of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minnow.modalities._cells import BadCells, CellError, Kind, is_missing, kind_of, values_of
from minnow.modalities._files import FileError, find, fixed_sides, side_of, whole
from minnow.registry import unknown
from minnow.types import Array, Table, content_key

if TYPE_CHECKING:
    from minnow.modalities._table import Split, TableOptions

TEXT = (".csv", ".tsv", ".txt", ".data")
SUFFIXES = (*TEXT, *(f"{suffix}.gz" for suffix in TEXT), ".parquet")
SHOWN = 5
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Frame:
    """Columns as they came: cells of text, None where missing, or typed arrays of Parquet; row_id (n,), for people."""

    columns: Mapping[str, Cells | Array]
    row_id: list[str]


def frame(path: Path, options: TableOptions) -> Frame:
    """Read one file. Raises FileError."""
    if path.name.lower().endswith(".parquet"):
        return _parquet(path)
    found = whole(path, options.separator, options.header, options.quote)
    nothing = is_missing(options.missing)
    columns = {name: [None if nothing(cell) else cell for cell in cells] for name, cells in found.columns.items()}
    return Frame(columns, [f"{path.name}:{line}" for line in found.lines])


def _parquet(path: Path) -> Frame:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError(f"{path} needs pyarrow, which is not installed: pip install pyarrow.") from error
    try:
        read = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise FileError(f"{path} is not readable as Parquet: {error}.") from error
    columns = {name: _typed(read.column(name)) for name in read.column_names}
    return Frame(columns, [f"{path.name}:{place}" for place in range(read.num_rows)])


def _typed(column: Any) -> Cells | Array:
    """Turn an Arrow column into the array of its kind, or into cells where it is neither number, truth nor date."""
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
    """Read a folder (or one file) as the options say; see tabular.read. split: the column that it names is in no key."""
    paths = find(folder, options.file, SUFFIXES)
    frames = [frame(path, options) for path in paths]
    joined = _join(paths, frames)
    if not joined.row_id:
        raise FileError(f"{folder} must hold rows. It holds none.")
    _check_names(joined, options, split)
    columns: dict[str, Array] = {}
    for name, values in joined.columns.items():
        if name == options.target:
            columns[name] = labels(values, options.label_as)
        elif name not in options.drop:
            columns[name] = _column(name, values, joined.row_id, options)
    sides = [_side(path, options) for path, one in zip(paths, frames, strict=True) for _ in one.row_id]
    read_by_models = [name for name in columns if name not in (options.target, split.column)]
    if not read_by_models:
        raise FileError(
            f"{folder} must have a column beside the target that a model may read. Received: {', '.join(joined.columns)}."
        )
    key = _keys([columns[name] for name in read_by_models])
    row_id, unit = np.array(joined.row_id, dtype=str), _units(columns, joined, split)
    return Table(columns, row_id, key, fixed_sides(sides), unit)


def look(place: Path, options: TableOptions) -> dict[str, Array]:
    """Read every column of a folder's files, mixed ones as categories; see tabular.look."""
    paths = find(place, None, SUFFIXES)
    joined = _join(paths, [frame(path, options) for path in paths])
    found: dict[str, Array] = {}
    for name, values in joined.columns.items():
        try:
            found[name] = _column(name, values, joined.row_id, options)
        except FileError:
            found[name] = values_of(as_cells(values), "categorical")
    return found


def _side(path: Path, options: TableOptions) -> str:
    return options.sides.get(path.name) or side_of(path.name)


def _join(paths: Sequence[Path], frames: Sequence[Frame]) -> Frame:
    """Put files under each other, by the names of their columns."""
    first = frames[0]
    for path, one in zip(paths, frames, strict=True):
        if different := set(first.columns) ^ set(one.columns):
            raise FileError(
                f"{paths[0].name} and {path.name} must have the same columns. Only one has: {', '.join(sorted(different))}. "
                "Name the one to read under options.file, or the columns under options.header."
            )
    columns: dict[str, Cells | Array] = {}
    for name in first.columns:
        parts = [one.columns[name] for one in frames]
        typed = [part for part in parts if isinstance(part, np.ndarray)]
        if len(typed) == len(parts):
            columns[name] = np.concatenate(typed)
        else:
            columns[name] = [cell for part in parts for cell in as_cells(part)]
    return Frame(columns, [row for one in frames for row in one.row_id])


def _check_names(joined: Frame, options: TableOptions, split: Split) -> None:
    """Refuse names of columns that are not there, each with its key and the nearest name."""
    named = {"target": [options.target], "drop": options.drop, "kinds": options.kinds, "dates": options.dates}
    named["split.column"] = [split.column] if split.column else []
    for key, names in named.items():
        for name in names:
            if name not in joined.columns:
                raise FileError(f"options.{key}: {unknown('column', name, joined.columns)}")


def as_cells(values: Cells | Array) -> Cells:
    """Write typed values as text."""
    if not isinstance(values, np.ndarray) or values.dtype == object:
        return [cell or None for cell in values]
    if values.dtype.kind == "M":
        return [None if np.isnat(value) else str(value) for value in values]
    if values.dtype.kind == "i":
        return [None if value < 0 else ("false", "true")[value] for value in values.tolist()]
    return [None if np.isnan(v) else str(int(v)) if float(v).is_integer() else repr(v) for v in values.tolist()]


def labels(values: Cells | Array, label_as: Mapping[str, str]) -> Array:
    """Write values as labels, (n,) str, "" where missing. label_as: spelling -> label."""
    return np.array([label_as.get(cell, cell) if cell else "" for cell in as_cells(values)], dtype=str)


def _column(name: str, values: Cells | Array, row_id: Sequence[str], options: TableOptions) -> Array:
    """Give a column the one type of its kind. Raises FileError that names the rows which do not have it."""
    asked = options.kinds.get(name)
    if isinstance(values, np.ndarray) and asked is None:
        return values
    cells = as_cells(values)
    try:
        return values_of(cells, asked or _kind(cells, name, options), options.dates.get(name), options.decimal)
    except BadCells as error:
        rows = ", ".join(f"{text!r:.40} ({row_id[place]})" for place, text in list(error.cells.items())[:SHOWN])
        raise FileError(
            f"column '{name}': {len(error.cells):,} different cells are not {error.kind}: {rows}. Name their spelling under "
            f"options.missing, or set options.kinds.{name} to another kind."
        ) from error
    except CellError as error:
        raise FileError(f"column '{name}': {error}{_where(name, cells, row_id)}") from error


def _kind(cells: Cells, name: str, options: TableOptions) -> Kind:
    if name in options.dates:
        return "date"
    counts = Counter(cell for cell in cells if cell is not None)
    return kind_of(list(counts), options.decimal, counts)


def _where(name: str, cells: Cells, row_id: Sequence[str]) -> str:
    """List the first rows of a column whose cells are no numbers."""
    from minnow.modalities._cells import number

    found = []
    for place, cell in enumerate(cells):
        try:
            number(cell or "0")
        except ValueError:
            found.append(row_id[place])
        if len(found) == SHOWN:
            break
    return f" First rows: {', '.join(found)}." if found else ""


def _keys(columns: Sequence[Array]) -> Array:
    """Hash each row's values, (n,) uint64."""
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


def _units(columns: Mapping[str, Array], joined: Frame, split: Split) -> Array | None:
    """Hash the groups of a split by group, (n,) uint64; None for any other split."""
    if split.by == "hash" or split.column is None:
        return None
    values = columns[split.column]
    nothing = np.array([cell is None for cell in as_cells(values)] if values.dtype != object else values == "")
    if nothing.any():
        rows = ", ".join(joined.row_id[i] for i in np.flatnonzero(nothing)[:SHOWN])
        raise FileError(
            f"column '{split.column}' divides the rows and must be filled. {nothing.sum():,} are not: {rows}."
        )
    if split.by == "time":
        if values.dtype == object:
            raise FileError(f"options.split.column: '{split.column}' must hold dates or numbers to split by time.")
        return None
    return np.array([content_key(str(value).encode()) for value in values.tolist()], np.uint64)
