"""The interaction log: reading rows in order of time, and the split that holds out the last rows of each user."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.interactions.options import Options
from minnow.tables.files import FileError, find, records
from minnow.types import Array, Table, content_key

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".dat", ".dat.gz")


def read_log(folder: Path, options: Options) -> Table:
    """Read interactions in order of time from all files but the file of items. Raises FileError.

    Columns, each (n,): user, item str, rating, time float64, repeats int64.
    """
    cells, row_id = [], []
    for path in find(folder, options.file, SUFFIXES):
        if options.items is None or path.name != options.items.file:
            _read_file(path, options, cells, row_id)
    if not cells:
        raise FileError(f"{folder} must hold rows. It holds none.")
    user, item, time, rating = (np.array(column) for column in zip(*cells, strict=True))
    order = np.argsort(time, kind="stable")  # NaN comes last; the validation refuses it
    columns = {"user": user[order], "item": item[order], "rating": rating[order], "time": time[order]}
    return _last_of_each(columns, np.array(row_id, dtype=str)[order], options.min_interactions)


def _read_file(path: Path, options: Options, cells: list[tuple[str, str, float, float]], row_id: list[str]) -> None:
    """Append the rows of one file: (user, item, time, rating) to cells, and their origins to row_id."""
    numbers = {"time": options.time, "rating": options.rating}
    names = [options.user, options.item, *(name for name in numbers.values() if name is not None)]
    for line, row in records(path, options.separator, names, options.header):
        where = f"{path.name}:{line}"
        texts = iter(row[2:])
        values = {kind: 1.0 if kind == "rating" else float(len(cells)) for kind in numbers}
        values |= {kind: _number(next(texts), name, where) for kind, name in numbers.items() if name is not None}
        cells.append((row[0].strip(), row[1].strip(), values["time"], values["rating"]))
        row_id.append(where)


def _number(value: str, name: str, where: str) -> float:
    try:
        return float(value) if value.strip() else float("nan")
    except ValueError as error:
        raise FileError(f"{where}: column '{name}' needs a number. Received: {value!r:.40}.") from error


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
