"""Rows of delimited text, JSON lines and Parquet as columns of cells, with the file and line of every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from minnow.registry import unknown
from minnow.tables.errors import FileError
from minnow.tables.files import ROW_NAME, SUFFIXES, RowFile, find, open_rows, passed_over
from minnow.tables.options import FileOptions
from minnow.types import Array, FileFormat, Notice

_PARQUET = ".parquet"
_INDEX = "__index_level_"
_CHUNK = 4096
_EXACT = 2**53
"""Largest whole number up to which float64 holds every one."""
SHOWN = 5
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Frame:
    """Columns of files as they are written.

    columns: name -> cells of text without white space around them, None where there is none, or a typed array of Parquet.
    row_id: "rows.csv:12" of each row. file: name of each row's file. form: how the files are written. notices: what was left
    out. unnamed: columns without a name of their own.
    """

    columns: Mapping[str, Cells | Array]
    row_id: list[str]
    file: list[str]
    form: FileFormat = field(default_factory=FileFormat)
    notices: tuple[Notice, ...] = ()
    unnamed: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.row_id)

    def cells(self, name: str, option: str) -> Cells:
        """Cells of one column. option: where its name stands, for the message. Raises FileError where it is not there."""
        if name not in self.columns:
            raise FileError(f"options.{option}: {unknown('column', name, self.columns)}")
        return as_cells(self.columns[name])


def read_place(place: Path, options: FileOptions, *, target: str | None = None, without: Sequence[str] = ()) -> Frame:
    """Read the files of a folder, or one file, and join them by the names of their columns.

    target: a file that has all columns of another but this one, and no others, is not read, since its rows have no answer.
    without: names of files that hold something else. Raises FileError.
    """
    paths = [path for path in find(place, options.file, SUFFIXES) if path.name not in without]
    frames = {path: read_file(path, options.form, target=target) for path in paths}
    parts = _parts(frames, target) if options.file is None else []
    frame = _join({path: frame for path, frame in frames.items() if path not in parts})
    others = [] if options.file is not None else [n for n in passed_over(place, SUFFIXES) if n not in without]
    notices = [*frame.notices, *(_part(path, frames[path], frame, target) for path in parts), *_others(others)]
    return _without_index(replace(frame, notices=tuple(notices)))


def _parts(frames: Mapping[Path, Frame], target: str | None) -> list[Path]:
    """Files whose columns are only a part of those of another file, which has the target."""
    whole = [set(frame.columns) for frame in frames.values() if target is None or target in frame.columns]
    return [path for path, frame in frames.items() if any(set(frame.columns) < columns for columns in whole)]


def _part(path: Path, part: Frame, whole: Frame, target: str | None) -> Notice:
    lacking = [name for name in whole.columns if name not in part.columns]
    rows = "its rows have no answer to learn from; " if target in lacking else ""
    names = ", ".join(repr(name) for name in lacking[:SHOWN])
    text = f"{path.name} is not read: {rows}it lacks {names} (options.file names the files to read)."
    return Notice("skipped", text, 1, lacking[0] if len(lacking) == 1 else None)


def _others(names: Sequence[str]) -> list[Notice]:
    if not names:
        return []
    shown = ", ".join(names[:SHOWN]) + (" and others" if len(names) > SHOWN else "")
    text = f"{len(names):,} other files are not read: {shown} (options.file names the files to read)."
    return [Notice("skipped", text, len(names))]


def read_file(path: Path, form: FileFormat, *, names: Sequence[str] = (), target: str | None = None) -> Frame:
    """Read one whole file. names, target: as in stream. Raises FileError."""
    return _joined(list(stream(path, form, names=names, target=target)))


def stream(
    path: Path, form: FileFormat, *, names: Sequence[str] = (), target: str | None = None, rows: int = _CHUNK
) -> Iterator[Frame]:
    """Read one file in pieces of rows, so that it may be larger than memory.

    form: what is known of how it is written. names: columns that it is known to have. target: a column that a file without a
    header may lack. Raises FileError.
    """
    if path.name.lower().endswith(_PARQUET):
        yield from _parquet(path, rows)
        return
    file = open_rows(path, form, names, target)
    part = list(islice(file.rows, rows))
    yield _frame(path, file, part)
    while part := list(islice(file.rows, rows)):
        yield _frame(path, file, part)


def _frame(path: Path, file: RowFile, rows: Sequence[tuple[int, list[str]]]) -> Frame:
    cells = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(file.names)
    row_id = [f"{path.name}:{line}" for line, _ in rows]
    columns: dict[str, Cells | Array] = dict(zip(file.names, cells, strict=True))
    return Frame(columns, row_id, [path.name] * len(rows), file.form, tuple(file.notices), file.unnamed)


def _parquet(path: Path, rows: int) -> Iterator[Frame]:
    """Read Parquet in pieces. The index of a pandas frame is left out where it has no name."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError(f"{path} needs pyarrow, which is not installed: pip install pyarrow.") from error
    try:
        with pq.ParquetFile(path) as parquet:
            names = [name for name in parquet.schema_arrow.names if not name.startswith(_INDEX)]
            index = [name for name in parquet.schema_arrow.names if name.startswith(_INDEX)]
            text = f"{', '.join(index)} is the index of a pandas frame and not read."
            notices = (Notice("skipped", text, 1, index[0]),) if index else ()
            start = 0
            for batch in parquet.iter_batches(rows, columns=names):
                columns = {" ".join(name.split()): _typed(batch.column(name)) for name in names}
                row_id = [f"{path.name}:{row}" for row in range(start, start + batch.num_rows)]
                yield Frame(columns, row_id, [path.name] * batch.num_rows, notices=notices)
                start += batch.num_rows
    except (OSError, pa.ArrowInvalid) as error:
        raise FileError(f"{path} is not readable as Parquet: {error}.") from error


def _typed(column: Any) -> Cells | Array:
    """Convert an Arrow column to an array of its kind; to cells where it does not hold numbers, booleans or dates.

    Whole numbers that float64 cannot hold, such as ids of 64 bits, are cells.
    """
    import pyarrow.types as kinds

    values = column.to_pylist()
    if kinds.is_boolean(column.type):
        return np.array([-1 if value is None else int(value) for value in values], np.int8)
    if kinds.is_integer(column.type) and any(value is not None and abs(value) > _EXACT for value in values):
        return [None if value is None else str(value) for value in values]
    if kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_decimal(column.type):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    if kinds.is_timestamp(column.type) or kinds.is_date(column.type):
        return column.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return [None if value is None else str(value).strip() for value in values]


def as_cells(values: Cells | Array) -> Cells:
    """Convert typed values to cells of text, None where missing."""
    if not isinstance(values, np.ndarray) or values.dtype == object:
        return [cell or None for cell in values]
    if values.dtype.kind == "M":
        return [None if np.isnat(value) else _moment(value) for value in values]
    if values.dtype.kind == "i":
        return [None if value < 0 else ("false", "true")[value] for value in values.tolist()]
    return [None if np.isnan(v) else str(int(v)) if float(v).is_integer() else repr(v) for v in values.tolist()]


def _moment(value: np.datetime64) -> str:
    """Format a moment in ISO 8601, without a fraction of zero."""
    return str(value.astype("datetime64[s]") if value.astype("datetime64[s]") == value else value)


def _join(frames: Mapping[Path, Frame]) -> Frame:
    """Concatenate files by the names of their columns. Raises FileError for files with other columns."""
    (first_path, first), *_ = frames.items()
    for path, frame in frames.items():
        if different := set(first.columns) ^ set(frame.columns):
            raise FileError(
                f"{first_path.name} and {path.name} must have the same columns. Only one has: {', '.join(sorted(different))}. "
                "Name the one to read under options.file, or the columns under options.header."
            )
    return _joined(list(frames.values()))


def _joined(frames: Sequence[Frame]) -> Frame:
    """Concatenate frames with the same columns."""
    first = frames[0]
    if len(frames) == 1:
        return first
    columns: dict[str, Cells | Array] = {}
    for name in first.columns:
        parts = [frame.columns[name] for frame in frames]
        typed = [part for part in parts if isinstance(part, np.ndarray)]
        if len(typed) == len(parts):
            columns[name] = np.concatenate(typed)
        else:
            columns[name] = [cell for part in parts for cell in as_cells(part)]
    return replace(
        first,
        columns=columns,
        row_id=[row for frame in frames for row in frame.row_id],
        file=[name for frame in frames for name in frame.file],
        notices=tuple(dict.fromkeys(notice for frame in frames for notice in frame.notices)),
    )


def _without_index(frame: Frame) -> Frame:
    """Leave out columns without a name that are empty, or number or name the rows, as pandas and R write them."""
    columns, notices = dict(frame.columns), list(frame.notices)
    for name in frame.unnamed:
        cells = [cell for cell in as_cells(columns.get(name, ())) if cell]
        if name in columns and len(columns) > 1 and len(set(cells)) == len(cells) and len(cells) in (0, len(frame)):
            del columns[name]
            what = "numbers or names the rows" if cells else "is empty"
            title = "The first column" if name == ROW_NAME else f"Column {name.split()[-1]}"
            notices.append(Notice("skipped", f"{title}, which has no name, {what} and is not read.", 1, name))
    return replace(frame, columns=columns, notices=tuple(notices))
