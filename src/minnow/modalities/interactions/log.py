"""The interaction log: reading rows in order of time, and the split that holds out the last rows of each user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minnow.modalities.interactions.log_times import Times, read_times
from minnow.modalities.interactions.number_columns import read_numbers
from minnow.modalities.interactions.options import Options
from minnow.registry import unknown
from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, find
from minnow.tables.frames import Cells, Frame, read_place
from minnow.tables.options import TableOptions
from minnow.tables.typed import Typed
from minnow.types import Array, Reading, Table, content_key


def read_log(folder: Path, options: Options) -> Table:
    """Read interactions in order of time from all files but the file of items. Raises FileError.

    Columns, each (n,): user, item str, rating, time float64 (seconds since 1970, or a number that counts), repeats int64.
    """
    frame = read_frame(folder, options)
    if not len(frame):
        raise FileError(f"{folder} must hold rows. It holds none.")
    row_id = np.array(frame.row_id, dtype=str)
    user, item = (_ids(frame, name, role) for name, role in ((options.user, "user"), (options.item, "item")))
    time, rating = _times(frame, options), _ratings(frame, options)
    order = np.argsort(time.seconds, kind="stable")  # NaN comes last; the validation refuses it
    columns = {"user": user[order], "item": item[order], "rating": rating.values[order], "time": time.seconds[order]}
    table = _last_of_each(columns, row_id[order], options.min_interactions)
    formats = {name: part.form for name, part in ((options.time, time), (options.rating, rating)) if name and part.form}
    return table.with_reading(Reading(frame.form, formats), (*frame.notices, *time.notices, *rating.notices))


def read_frame(folder: Path, options: Options) -> Frame:
    """Read the cells of interactions, without the file of items. Raises FileError."""
    without = [] if options.items is None else [options.items.file]
    if all(path.name in without for path in find(folder, options.file, SUFFIXES)):
        raise FileError(f"{folder} must hold a file of interactions besides {without[0]} (options.items.file).")
    return read_place(folder, options, without=without)


def _ids(frame: Frame, name: str, role: str) -> Array:
    """Names of users or items as they are written, (n,) str; "" where there is none. Raises FileError."""
    cells = [cell or "" for cell in frame.cells(name, role)]
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        raise FileError(f"{_odd(cells, frame.row_id)}: '{name}' holds half of a surrogate pair.") from None
    return np.array(cells, dtype=str)


def _odd(cells: Cells, row_id: Sequence[str]) -> str:
    return next(
        row for cell, row in zip(cells, row_id, strict=True) if any("\ud800" <= c <= "\udfff" for c in cell or "")
    )


def _times(frame: Frame, options: Options) -> Times:
    """Read the times of rows; without a column of times, rows are in order of the files."""
    if others := [name for name in options.dates if name != options.time]:
        raise FileError(
            f"options.dates must name the column of times, '{options.time}'. Received: {', '.join(others)}."
        )
    if options.time is None:
        return Times(np.arange(len(frame), dtype=np.float64), None)
    _require(frame, options.time, "time", "where the rows are in order, with split: last")
    return read_times(frame, _table_options(options), options.time)


def _ratings(frame: Frame, options: Options) -> Typed:
    """Read the ratings of rows; without a column of ratings each is 1."""
    if options.rating is None:
        return Typed(np.ones(len(frame)), None)
    _require(frame, options.rating, "rating", "where there are no ratings")
    return read_numbers(frame, _table_options(options), options.rating, "options.decimal")


def _require(frame: Frame, name: str, role: str, without: str) -> None:
    """Raise FileError where a column is not there, with what to do where there is none."""
    if name not in frame.columns:
        raise FileError(f"options.{role}: {unknown('column', name, frame.columns)} Set it to null {without}.")


def _table_options(options: Options) -> TableOptions:
    values = {"target": "", "missing": options.missing, "not_missing": options.not_missing, "decimal": options.decimal}
    return TableOptions.model_validate(values | {"dates": options.dates})


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
