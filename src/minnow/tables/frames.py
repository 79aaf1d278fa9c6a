"""Rows of delimited text, JSON lines and Parquet as columns of cells, with the file and line of every row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import cast

import numpy as np

from minnow.registry import unknown
from minnow.tables import columnar, indices, parquet
from minnow.tables.delimited import open_delimited
from minnow.tables.encodings import WINDOWS, open_text, windows_notice
from minnow.tables.errors import FileError, MixedError
from minnow.tables.files import (
    JSON,
    JSONL,
    SUFFIXES,
    Known,
    Row,
    RowFile,
    find,
    listed,
    passed_over,
    refuse_twins,
    without_drafts,
)
from minnow.tables.json_lines import open_json_lines
from minnow.tables.options import FileOptions
from minnow.types import Array, FileFormat, Notice

_PARQUET = ".parquet"
_CHUNK, _LARGE_CHUNK = 4096, 1 << 16
SHOWN = 5
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Frame:
    """Columns of files as they are written.

    columns: name -> cells of text without white space around them, None or "" where there is none, or a typed array of Parquet.
    row_id: "rows.csv:12" of each row. file: name of each row's file. form: how the files are written. notices: what was left
    out. unnamed: columns without a name of their own. lacked: columns that a file which is not read lacks as the only one.
    """

    columns: Mapping[str, Cells | Array]
    row_id: list[str]
    file: list[str]
    form: FileFormat = field(default_factory=FileFormat)
    notices: tuple[Notice, ...] = ()
    unnamed: tuple[str, ...] = ()
    lacked: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.row_id)

    def without(self, names: Iterable[str]) -> Frame:
        """The frame without some columns."""
        return replace(self, columns={name: cells for name, cells in self.columns.items() if name not in names})

    def texts(self) -> dict[str, Cells]:
        """The columns that are not typed."""
        return {name: cells for name, cells in self.columns.items() if not isinstance(cells, np.ndarray)}

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
    if options.file is not None:
        return _join(_read_all(paths, options.form, target))
    refuse_twins(paths)
    paths, drafts = without_drafts(paths)
    frames = _read_all(paths, options.form, target)
    parts = _parts(frames, target)
    frame = _join({path: frame for path, frame in frames.items() if path not in parts})
    others = [name for name in passed_over(place, SUFFIXES) if name not in without]
    left_out = [*(_part(path, frames[path], frame, target) for path in parts), *drafts, *_others(others)]
    lacked = [lacking[0] for path in parts if len(lacking := _lacking(frames[path], frame)) == 1]
    return replace(frame, notices=(*frame.notices, *left_out), lacked=tuple(lacked))


def _read_all(paths: Sequence[Path], form: FileFormat, target: str | None) -> dict[Path, Frame]:
    """Read files. Raises FileError, which says how to name the files to read where others can be read."""
    frames, errors = dict[Path, Frame](), list[FileError]()
    for path in paths:
        try:
            frames[path] = read_file(path, form, target=target)
        except FileError as error:
            errors.append(error)
    if errors and not frames:
        raise errors[0]
    if errors:
        raise FileError(f"{errors[0]} If this is no file of rows, name those to read under options.file.") from errors[
            0
        ]
    return frames


def _parts(frames: Mapping[Path, Frame], target: str | None) -> list[Path]:
    """Files whose columns are only a part of those of another file, which has the target."""
    whole = [set(frame.columns) for frame in frames.values() if target is None or target in frame.columns]
    return [path for path, frame in frames.items() if any(set(frame.columns) < columns for columns in whole)]


def _lacking(part: Frame, whole: Frame) -> list[str]:
    return [name for name in whole.columns if name not in part.columns]


def _part(path: Path, part: Frame, whole: Frame, target: str | None) -> Notice:
    lacking = _lacking(part, whole)
    rows = "its rows have no answer to learn from; " if target in lacking else ""
    names = ", ".join(repr(name) for name in lacking[:SHOWN])
    text = f"{path.name} is not read: {rows}it lacks {names} (options.file names the files to read)."
    return Notice("skipped", text, 1, lacking[0] if len(lacking) == 1 else None)


def _others(names: Sequence[str]) -> list[Notice]:
    if not names:
        return []
    files = "One other file is" if len(names) == 1 else f"{len(names):,} other files are"
    return [Notice("skipped", f"{files} not read: {listed(names)} (options.file names the files to read).", len(names))]


def read_file(path: Path, form: FileFormat, *, names: Sequence[str] = (), target: str | None = None) -> Frame:
    """Read one whole file. names, target: as in stream. Raises FileError."""
    if path.name.lower().endswith(_PARQUET):
        return _joined(list(_parquet(path, _LARGE_CHUNK)))
    file = open_rows(path, form, Known(names, target))
    if (first := next(file.rows, None)) is None:
        return _frame(path, file, [])
    if (columns := columnar.read_columns(path, file, first)) is None:
        return _joined(list(_pieces(path, replace(file, rows=chain([first], file.rows)), _LARGE_CHUNK)))
    count = len(columns[file.names[0]])
    row_id = [f"{path.name}:{line}" for line in range(first[0], first[0] + count)]
    return Frame(columns, row_id, [path.name] * count, file.form, tuple(file.notices), file.unnamed)


def stream(
    path: Path, form: FileFormat, *, names: Sequence[str] = (), target: str | None = None, rows: int = _CHUNK
) -> Iterator[Frame]:
    """Read one file in pieces of rows, so that it may be larger than memory. Raises FileError.

    form: what is known of how it is written. names: columns that it is known to have. target: a column that a file without a
    header may lack. A piece has the notices up to its end, so that the last one has all.
    """
    if path.name.lower().endswith(_PARQUET):
        yield from _parquet(path, rows)
    else:
        yield from _pieces(path, open_rows(path, form, Known(names, target)), rows)


def _parquet(path: Path, rows: int) -> Iterator[Frame]:
    notices = list[Notice]()
    for columns, start, count in parquet.pieces(path, rows, notices):
        row_id = [f"{path.name}:{row}" for row in range(start, start + count)]
        unnamed = tuple(name for name in columns if name == parquet.INDEX)
        yield Frame(columns, row_id, [path.name] * count, notices=tuple(notices), unnamed=unnamed)


def _pieces(path: Path, file: RowFile, rows: int) -> Iterator[Frame]:
    part = list(islice(file.rows, rows))
    yield _frame(path, file, part)
    while part := list(islice(file.rows, rows)):
        yield _frame(path, file, part)


def open_rows(path: Path, form: FileFormat, known: Known) -> RowFile:
    """Open delimited text, JSON lines or a list of JSON objects, plain or .gz.

    Rows are read piece by piece; cells are without white space around them.
    form: what is known of how the file is written; the rest is found. Raises FileError with file and line, here or while rows
    are read.
    """
    stream, encoding = open_text(path, form.encoding)
    notices = [windows_notice(path)] if encoding == WINDOWS and form.encoding is None else []
    form = replace(form, encoding=encoding)
    try:
        if path.name.lower().endswith((*JSONL, *JSON)):
            return open_json_lines(path, stream, form, known, notices)
        return open_delimited(path, stream, form, known, notices)
    except BaseException:
        stream.close()
        raise


def _frame(path: Path, file: RowFile, rows: Sequence[Row]) -> Frame:
    cells = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(file.names)
    row_id = [f"{path.name}:{line}" for line, _ in rows]
    columns: dict[str, Cells | Array] = dict(zip(file.names, cells, strict=True))
    return Frame(columns, row_id, [path.name] * len(rows), file.form, tuple(file.notices), file.unnamed)


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
    found = [indices.find(frame.texts(), frame.unnamed, len(frame)) for frame in frames.values()]
    index = {name: why for name, why in found[0].items() if all(name in other for other in found)}
    (first_path, first), *_ = frames.items()
    for path, frame in frames.items():
        if different := set(first.columns) ^ set(frame.columns):
            raise MixedError(
                f"{first_path.name} and {path.name} must have the same columns. Only one has: {', '.join(sorted(different))}. "
                "Name the one to read under options.file, or the columns under options.header.",
                _of_same_columns(frames),
            )
    frame = _joined([frame.without(index) for frame in frames.values()])
    kept = [name for name in first.unnamed if name in frame.columns]
    notices = (*frame.notices, *indices.notices(index), *map(indices.kept_notice, kept))
    return replace(frame, notices=notices)


def _of_same_columns(frames: Mapping[Path, Frame]) -> dict[tuple[str, ...], list[str]]:
    """Names of the files with the same columns -> these columns."""
    alike: dict[frozenset[str], list[Path]] = {}
    for path, frame in frames.items():
        alike.setdefault(frozenset(frame.columns), []).append(path)
    return {tuple(path.name for path in paths): list(frames[paths[0]].columns) for paths in alike.values()}


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
        elif typed:
            columns[name] = [cell for part in parts for cell in as_cells(part)]
        else:
            columns[name] = list(chain.from_iterable(cast("list[Cells]", parts)))
    return replace(
        first,
        columns=columns,
        row_id=list(chain.from_iterable(frame.row_id for frame in frames)),
        file=list(chain.from_iterable(frame.file for frame in frames)),
        form=next((frame.form for frame in frames if frame.form.separator == ";"), first.form),
        notices=tuple(dict.fromkeys(notice for frame in frames for notice in frame.notices)),
    )
