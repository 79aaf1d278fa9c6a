"""Cells of a table: detection of the kind of a column, and conversion of its cells to an array."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from minnow.types import Array

Kind = Literal["numeric", "categorical", "boolean", "date"]
KINDS: tuple[Kind, ...] = ("numeric", "categorical", "boolean", "date")
MISSING = (
    "",
    "na",
    "n/a",
    "#n/a",
    "#na",
    "nan",
    "null",
    "nil",
    "none",
    "missing",
    "unknown",
    "?",
    "-",
    "--",
    ".",
    "<na>",
)
"""Spellings of a missing value, compared without regard to case."""
TRUE, FALSE = ("true", "yes", "t", "y"), ("false", "no", "f", "n")
FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%b %d, %Y",
)  # fmt: skip
"""Formats of dates, tried in this order; ISO 8601 with fractions and zones is tried before all of them."""
ISO = "iso"
CODE = re.compile(r"[+-]?0\d+")
"""Cells with leading zeros are codes, such as postal codes or keys, and not numbers."""
NUMERIC_SHARE = 0.9
"""Share of numeric cells from which on the other cells are taken for mistakes, and the column for numeric."""
MANY = 20
"""Number of distinct numbers above which NUMERIC_SHARE applies."""
DAY_S = 86_400


class CellError(ValueError):
    """Cells that do not form a column of one kind."""


def is_missing(spellings: Sequence[str] = ()) -> Callable[[str], bool]:
    """Return a function that tells whether a stripped cell is missing. spellings: further ones; case does not matter."""
    known = frozenset((*MISSING, *(text.lower() for text in spellings)))
    return lambda cell: cell.lower() in known


def number(text: str, decimal: str = ".") -> float:
    """Parse a number, infinity included. Raises ValueError for any other text, such as "nan" and "1_000"."""
    if "_" in text or text.strip("+-").lower() == "nan":
        raise ValueError(text)
    return float(text if decimal == "." else text.replace(".", " ").replace(decimal, "."))


def seconds(text: str, form: str) -> int:
    """Parse a date as seconds since 1970 in UTC. form: format of strptime, or ISO. Raises ValueError."""
    moment = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def boolean(text: str) -> int:
    """Parse a boolean as 1 or 0. Raises ValueError."""
    if text.lower() in (*TRUE, "1"):
        return 1
    if text.lower() in (*FALSE, "0"):
        return 0
    raise ValueError(text)


def kind_of(values: Sequence[str], decimal: str = ".", counts: Mapping[str, int] | None = None) -> Kind:
    """Detect the kind of a column from its distinct values, without missing ones.

    counts: value -> number of its cells. Raises CellError where nearly all cells are numbers, since the others are then
    probably mistakes, and where day and month of dates are ambiguous.
    """
    lowered = {value.lower() for value in values}
    if lowered and any(lowered <= {yes, no} for yes, no in zip(TRUE, FALSE, strict=True)):
        return "boolean"
    odd = [value for value in values if not _is_number(value, decimal)]
    if not odd:
        return "numeric"
    numbers = len(values) - len(odd)
    weight = counts or dict.fromkeys(values, 1)
    share = 1 - sum(weight[value] for value in odd) / max(sum(weight[value] for value in values), 1)
    if numbers > MANY and share >= NUMERIC_SHARE and not any(CODE.fullmatch(value) for value in odd):
        raise CellError(
            f"{100 * share:.1f} % of the cells are numbers, others are not: {', '.join(map(repr, odd[:5]))}. Name their "
            "spelling under options.missing, or set options.kinds for this column to categorical."
        )
    return "date" if odd and _date_format(values) else "categorical"


def _is_number(text: str, decimal: str) -> bool:
    if CODE.fullmatch(text):
        return False
    try:
        number(text, decimal)
    except ValueError:
        return False
    return True


def _date_format(values: Sequence[str]) -> str | None:
    """Return the first format that parses every value, or None. Raises CellError where day and month are ambiguous."""
    if not values or not any(sign.isdigit() for sign in values[0]) or len(values[0]) < 6:
        return None
    formats = [form for form in (ISO, *FORMATS) if _reads(form, values)]
    if not formats:
        return None
    first = formats[0]
    mirrored = first.replace("%d", "%#").replace("%m", "%d").replace("%#", "%m")
    if mirrored != first and mirrored in formats and first != ISO:
        raise CellError(
            f"dates such as {values[0]!r} have the format {first} or {mirrored}. Set the format under options.dates."
        )
    return first


def _reads(form: str, values: Sequence[str]) -> bool:
    try:
        for value in values:
            seconds(value, form)
    except ValueError:
        return False
    return True


def values_of(cells: Sequence[str | None], kind: Kind, form: str | None = None, decimal: str = ".") -> Array:
    """Convert cells, None where missing, to one column (n,).

    numeric: float64, NaN missing; boolean: int8, -1 missing; date: datetime64[s], NaT missing; categorical: object of
    str, "" missing. form: format of dates, None detects it. decimal: decimal separator. Raises BadCells with the cells of
    another kind.
    """
    if kind == "categorical":
        return np.array([cell or "" for cell in cells], dtype=object)
    if kind == "date" and form is None:
        form = _date_format(list(dict.fromkeys(cell for cell in cells if cell is not None))) or ISO
    read: dict[str, tuple[Callable[[str], Any], Any, Any]] = {
        "numeric": (lambda cell: number(cell, decimal), np.float64, np.nan),
        "boolean": (boolean, np.int8, -1),
        "date": (lambda cell: seconds(cell, form or ISO), np.int64, np.iinfo(np.int64).min),
    }
    convert, dtype, missing = read[kind]
    known, bad = _converted(cells, convert, missing)
    if bad:
        raise BadCells(kind, bad)
    values = np.array([known[cell] for cell in cells], dtype=dtype)
    return values.astype("datetime64[s]") if kind == "date" else values


def _converted(
    cells: Sequence[str | None], convert: Callable[[str], Any], missing: Any
) -> tuple[dict[str | None, Any], dict[int, str]]:
    """Convert each distinct cell once. Returns cell -> value, and for distinct cells that fail index of a row -> text."""
    known: dict[str | None, Any] = {None: missing}
    bad: dict[int, str] = {}
    for index, cell in enumerate(cells):
        if cell is None or cell in known:
            continue
        try:
            known[cell] = convert(cell)
        except (ValueError, OverflowError):
            known[cell] = missing
            bad[index] = cell
    return known, bad


class BadCells(CellError):
    """Cells of another kind than their column. cells: index of a row -> text."""

    def __init__(self, kind: str, cells: Mapping[int, str]) -> None:
        super().__init__(f"{len(cells):,} cells are not {kind}")
        self.kind, self.cells = kind, cells


def raw(values: Array) -> Array:
    """Convert a column (n,) to float64, NaN missing: numbers and booleans as they are, dates as days since 1970."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(np.int64) / DAY_S
        return np.where(np.isnat(values), np.nan, days)
    if values.dtype.kind == "i":
        return np.where(values < 0, np.nan, values).astype(np.float64)
    return values.astype(np.float64)
