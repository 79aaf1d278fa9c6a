"""The interaction log: reading rows in order of time, and the split that holds out the last rows of each user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minnow.modalities.interactions.options import Options
from minnow.tables.errors import FileError
from minnow.tables.frames import read_place
from minnow.tables.options import TableOptions
from minnow.tables.typed import Columnwise, Typed
from minnow.types import Array, Reading, Table, content_key

_US = 1_000_000


def read_log(folder: Path, options: Options) -> Table:
    """Read interactions in order of time from all files but the file of items. Raises FileError.

    Columns, each (n,): user, item str, rating, time float64 (seconds since 1970, or a number that counts), repeats int64.
    """
    without = [] if options.items is None else [options.items.file]
    frame = read_place(folder, options, without=without)
    if not len(frame):
        raise FileError(f"{folder} must hold rows. It holds none.")
    user, item = (_ids(frame.cells(name, role)) for name, role in ((options.user, "user"), (options.item, "item")))
    by_column = Columnwise(frame, _table_options(options))
    time, rating = np.arange(len(frame), dtype=np.float64), np.ones(len(frame))
    read: dict[str, Typed] = {}
    if options.time is not None:
        frame.cells(options.time, "time")
        read[options.time] = by_column.moments(options.time)
        time = _seconds(read[options.time].values)
    if options.rating is not None:
        frame.cells(options.rating, "rating")
        read[options.rating] = by_column.numbers(options.rating)
        rating = read[options.rating].values
    order = np.argsort(time, kind="stable")  # NaN comes last; the validation refuses it
    columns = {"user": user[order], "item": item[order], "rating": rating[order], "time": time[order]}
    table = _last_of_each(columns, np.array(frame.row_id, dtype=str)[order], options.min_interactions)
    notices = (*frame.notices, *(notice for column in read.values() for notice in column.notices))
    formats = {name: column.form for name, column in read.items() if column.form is not None}
    return table.with_reading(Reading(frame.form, formats), notices)


def _table_options(options: Options) -> TableOptions:
    values = {"target": "", "missing": options.missing, "not_missing": options.not_missing, "decimal": options.decimal}
    return TableOptions.model_validate(values | {"dates": options.dates})


def _ids(cells: Sequence[str | None]) -> Array:
    return np.array([cell or "" for cell in cells], dtype=str)


def _seconds(values: Array) -> Array:
    """Seconds since 1970 of moments (n,), NaN where missing; numbers that count something else stay as they are."""
    if values.dtype.kind != "M":
        return values
    return np.where(np.isnat(values), np.nan, values.astype("datetime64[us]").astype(np.int64) / _US)


def _last_of_each(columns: dict[str, Array], row_id: Array, min_interactions: int) -> Table:
    """Keep the last row of each pair of user and item, and users with min_interactions of them. columns: in order of time."""
    pair = _codes(columns["user"]) * (len(row_id) + 1) + _codes(columns["item"])
    _, from_the_end, counts = np.unique(pair[::-1], return_index=True, return_counts=True)
    last = len(pair) - 1 - from_the_end
    order = np.argsort(last)
    kept, repeats = last[order], counts[order] - 1
    users, inverse, rows = np.unique(columns["user"][kept], return_inverse=True, return_counts=True)
    enough = rows[inverse] >= min_interactions
    if not enough.any():
        raise FileError(f"No user of {len(users):,} has {min_interactions} interactions. Lower min_interactions.")
    kept, repeats = kept[enough], repeats[enough]
    kept_columns = {name: column[kept] for name, column in columns.items()} | {"repeats": repeats}
    pairs = zip(kept_columns["user"].tolist(), kept_columns["item"].tolist(), strict=True)
    key = np.array([content_key(u.encode("utf-8"), i.encode("utf-8")) for u, i in pairs], np.uint64)
    return Table(kept_columns, row_id[kept], key)


def _codes(names: Array) -> Array:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def last_out(user: Array, counts: Array) -> Array:
    """Hold out each user's last row for test and the one before for val; returns the split of each row, (n,) str.

    user: (n,) str, in order of time; counts: (n,) bool, which rows may be held out. A user keeps at least one of these rows in
    train: with two such rows there is none in val, with one also none in test.
    """
    split = np.full(len(user), "train", dtype="<U5")
    rows = np.flatnonzero(counts)
    code = _codes(user[rows])
    order = np.argsort(code, kind="stable")
    size = np.bincount(code)
    from_the_end = np.empty(len(rows), np.int64)
    from_the_end[order] = np.repeat(np.cumsum(size), size) - 1 - np.arange(len(rows))
    split[rows[(from_the_end == 0) & (size[code] > 1)]] = "test"
    split[rows[(from_the_end == 1) & (size[code] > 2)]] = "val"
    return split
