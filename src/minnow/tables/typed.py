"""Tables of files: typed columns, labels, and the keys and groups of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.registry import unknown
from minnow.tables import columnar
from minnow.tables.cells import values_of
from minnow.tables.columns import Columnwise, Typed
from minnow.tables.divisions import divide
from minnow.tables.errors import ColumnError, FileError, ReadingError
from minnow.tables.frames import SHOWN, Frame, as_cells, read_place
from minnow.tables.keys import key_columns, rule_of
from minnow.tables.options import Split, TableOptions
from minnow.types import Array, ColumnFormat, Columns, KeyRule, Reading, Table, content_key, content_keys, part_of_key

_KEYED = 1 << 16
"""Number of rows whose bytes are in memory at once when they are hashed."""


def read(folder: Path, options: TableOptions, split: Split, keys: KeyRule | None = None) -> Table:
    """Read a folder (or one file) into typed columns, (n,) each, and the target as labels, (n,) str.

    Keys are hashes of the columns that a rule names, by default of the features, without the target and the column of the
    split, so equal features have equal keys. Raises FileError, and KeyRuleError for a rule that cannot be kept.
    """
    table = _read(folder, options, split, keys)
    columnar.release_memory()
    return table


def _read(folder: Path, options: TableOptions, split: Split, keys: KeyRule | None) -> Table:
    frame = read_place(folder, options, target=options.target)
    if not len(frame):
        raise FileError(f"{folder} must hold rows. It holds none.")
    _check_names(frame, folder, options, split)
    by_column = Columnwise(frame, options)
    typed = {
        name: by_column.labels(name) if name == options.target else by_column.column(name)
        for name in frame.columns
        if name == options.target or name not in options.drop
    }
    columns = {name: column.values for name, column in typed.items()}
    features = [name for name in columns if name not in (options.target, split.column, options.weight)]
    if not features:
        raise FileError(
            f"{folder} must have a column besides the target that a model can use. Received: {', '.join(frame.columns)}."
        )
    row_id = np.array(frame.row_id, dtype=str)
    keys = keys or rule_of(columns, features, options, split)
    hashed = key_columns(frame, options, split, columns, keys)
    division = divide(frame.file, options.file_splits)
    table = Table(columns, row_id, row_keys(hashed), division.rows(frame.file), keys=keys)
    formats = _formats(typed)
    notices = (*frame.notices, *division.notices, *(notice for column in typed.values() for notice in column.notices))
    group = _groups(columns, row_id, split)
    return replace(table, group=group, reading=Reading(frame.form, formats), notices=notices)


def _formats(typed: Mapping[str, Typed]) -> dict[str, ColumnFormat]:
    """Formats of the columns. Whole numbers take the decimal comma of the other columns, for cells that are still to come."""
    formats = {name: column.form for name, column in typed.items() if column.form is not None}
    if {column.sign for column in typed.values()} - {None} != {","}:
        return formats
    return {name: replace(form, decimal=",") if typed[name].whole else form for name, form in formats.items()}


def look(place: Path, options: TableOptions) -> tuple[Frame, dict[str, Typed], list[FileError]]:
    """Read every column of a folder's files without a target; columns of mixed cells become categorical.

    options: target and drop are ignored. Returns the frame, name -> column, and for each column that can be read in two ways or
    has odd cells what was wrong. Raises FileError for files that cannot be read.
    """
    frame = read_place(place, options)
    by_column, columns = Columnwise(frame, options), {}
    questions: list[FileError] = []
    for name in frame.columns:
        try:
            columns[name] = by_column.column(name)
        except (ReadingError, ColumnError) as error:
            questions.append(error)
            columns[name] = Typed(values_of(as_cells(frame.columns[name]), ColumnFormat()), ColumnFormat())
    return frame, columns, questions


def _check_names(frame: Frame, folder: Path, options: TableOptions, split: Split) -> None:
    """Raise FileError for options that name unknown columns, with the key and the nearest name."""
    named = {"target": [options.target], "drop": options.drop, "kinds": options.kinds, "dates": options.dates}
    named["split.column"] = [split.column] if split.column else []
    named["weight"] = [options.weight] if options.weight else []
    for file in options.file_splits:
        if file not in frame.file and not (folder / file).exists():
            raise FileError(f"options.file_splits: {unknown('file', file, dict.fromkeys(frame.file))}")
    left_out = {notice.where for notice in frame.notices}
    for key, names in named.items():
        for name in names:
            if name not in frame.columns and not (key == "drop" and name in left_out):
                raise FileError(f"options.{key}: {unknown('column', name, frame.columns)}")


def row_keys(columns: Sequence[Array]) -> Array:
    """Hash the values of each row, (n,) uint64."""
    rows = len(columns[0]) if columns else 0
    parts = [_keys_of([column[start : start + _KEYED] for column in columns]) for start in range(0, rows, _KEYED)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _keys_of(columns: Sequence[Array]) -> Array:
    """Hash the values of each row, in memory at once, (n,) uint64."""
    numeric = [_as_hashed(column) for column in columns if column.dtype != object]
    texts = [_texts_of_key(column) for column in columns if column.dtype == object]
    as_bytes = [np.ascontiguousarray(column.astype(f"<{column.dtype.kind}8")) for column in numeric]
    length = np.full(len(columns[0]), 8 * len(numeric), "<u8")
    block = np.stack([column.view("<u8") for column in (length, *as_bytes)], axis=1)
    return content_keys(map(b"".join, zip(block.view(f"V{8 * block.shape[1]}")[:, 0].tolist(), *texts, strict=True)))


def _texts_of_key(column: Array) -> Iterator[bytes]:
    """The part of each row's key that a text is."""
    texts = column.tolist()
    known = {text: part_of_key(text.encode()) for text in set(texts)}
    return map(known.__getitem__, texts)


def _as_hashed(column: Array) -> Array:
    """Numbers by which a column is hashed: moments of whole seconds as seconds, as in all versions."""
    if column.dtype.kind == "M":
        moments = column.astype("datetime64[us]").astype(np.int64)
        return np.where(moments % 1_000_000 == 0, moments // 1_000_000, moments)
    return column.astype(np.int64) if column.dtype.kind == "i" else column + 0.0


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
