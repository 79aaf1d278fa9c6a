"""Columns of an unknown table: reads them without settings, and guesses their roles from names and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from minnow.onboarding.proposal import Proposal
from minnow.tables import frames
from minnow.tables.files import HeaderError
from minnow.tables.options import TableOptions
from minnow.types import Array

_USERS = ("user", "user_id", "userid", "customer", "customer_id", "member", "reader", "visitor")
_ITEMS = (
    "item", "item_id", "itemid", "movie", "movie_id", "movieid", "product", "product_id", "book", "song", "article",
)  # fmt: skip
_RATINGS = ("rating", "score", "stars")
_TIMES = ("time", "timestamp", "date", "datetime", "unix_time")
_WORDS, _TEXT_LENGTH = 4, 25
"""Least mean number of words and of characters in a column of sentences."""
_SAMPLE = 2000
_EVEN = 0.8
"""Least share of equal steps of time between rows in a series."""


def read_columns(proposal: Proposal, data: Path) -> dict[str, Array]:
    """Read every column, (n,) each. Columns of a file without a header are numbered.

    Options that are needed to read the file are added to the proposal. Raises FileError, a ValueError.
    """
    header: list[str] | None = None
    try:
        columns = _look(data)
    except HeaderError as error:
        header = [f"column {number}" for number in range(1, error.width + 1)]
        columns = _look(data, header)
        proposal.choose("options.header", header, "the first line is already a row, so the columns are numbered")
    if _decimal_commas(columns):
        columns = _look(data, header, ",")
        proposal.choose("options.decimal", ",", "numbers are written with a decimal comma")
    return columns


def _look(data: Path, header: list[str] | None = None, decimal: Literal[".", ","] = ".") -> dict[str, Array]:
    options = TableOptions.model_validate({"target": "", "header": header, "decimal": decimal})
    return frames.look(data, options)


def _decimal_commas(columns: Mapping[str, Array]) -> bool:
    number = re.compile(r"[+-]?\d+,\d+")
    return any(
        values.dtype == object
        and len(values)
        and np.mean([bool(number.fullmatch(cell)) for cell in values.tolist() if cell] or [0]) > 0.5
        for values in columns.values()
    )


def labels_of(values: Array) -> Array:
    """Convert a column of any kind to labels, (n,) str, "" where missing."""
    return frames.labels(values, {})


def named(columns: Mapping[str, Array], names: Sequence[str]) -> str | None:
    """Return the column with the first of these names that occurs, or None; case and spaces do not matter."""
    lowered = {name.lower().replace(" ", "_"): name for name in columns}
    return next((lowered[name] for name in names if name in lowered), None)


def rating_columns(columns: Mapping[str, Array]) -> dict[str, str | None] | None:
    """Find the columns of ratings by their names: role -> column. None unless user, item and time are there."""
    roles = {"user": named(columns, _USERS), "item": named(columns, _ITEMS), "time": named(columns, _TIMES)}
    return roles | {"rating": named(columns, _RATINGS)} if all(roles.values()) else None


def text_column(columns: Mapping[str, Array], target: str | None) -> str | None:
    """Find the one column of sentences, where there is hardly anything else but the target."""
    sentences = []
    for name, values in columns.items():
        if values.dtype == object and name != target:
            cells = [cell for cell in values.tolist()[:_SAMPLE] if cell]
            words = np.mean([cell.count(" ") + 1 for cell in cells]) if cells else 0
            if words >= _WORDS and np.mean([len(cell) for cell in cells]) >= _TEXT_LENGTH:
                sentences.append(name)
    return sentences[0] if len(sentences) == 1 and len(columns) <= 4 else None


def mean_length(values: Array) -> float:
    """Mean number of characters of a column's cells, of the first thousand."""
    return float(np.mean([len(str(value)) for value in values.tolist()[:1000]] or [0]))


def even_times(columns: Mapping[str, Array]) -> str | None:
    """Find a column of distinct times at even steps."""
    for name, values in columns.items():
        if values.dtype.kind == "M" and len(values) > 2 and not np.isnat(values).any():
            steps = np.diff(np.sort(values).astype("datetime64[s]").astype(np.int64))
            if (steps > 0).all() and np.mean(steps == np.median(steps)) >= _EVEN:
                return name
    return None


def is_group(name: str, values: Array) -> bool:
    """Whether a column has the name of an id, and its values repeat."""
    is_id = re.search(r"(^|[ _-])(id|key|number|no|code)$", name.lower()) or name.lower() in _USERS
    distinct = len(set(values.tolist()))
    return bool(is_id) and len(values) / 50 < distinct < len(values) / 1.5


def missing_share(values: Array) -> float:
    """Share of a column's rows without a value."""
    kind = values.dtype.kind
    if kind == "O":
        return float(np.mean(values == ""))
    if kind == "M":
        return float(np.mean(np.isnat(values)))
    return float(np.mean(values < 0 if kind == "i" else np.isnan(values)))
