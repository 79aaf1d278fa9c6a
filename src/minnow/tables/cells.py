"""Cells of a table: missing values, kinds, and the conversion of cells to arrays."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

import numpy as np

from minnow.tables import numbers, times
from minnow.tables.coded import converted, distinct_in
from minnow.types import Array, ColumnFormat

Kind = Literal["numeric", "categorical", "boolean", "date"]
KINDS: tuple[Kind, ...] = ("numeric", "categorical", "boolean", "date")
MISSING = (
    "", "na", "n/a", "n.a.", "#n/a", "#na", "nan", "-nan", "null", "(null)", "<null>", "\\n", "nil", "none", "missing",
    "unknown", "?", "-", "--", ".", "<na>", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!", "1.#qnan", "-1.#ind",
)  # fmt: skip
"""Spellings of a missing value, compared without regard to case."""
TRUE, FALSE = ("true", "yes", "t", "y"), ("false", "no", "f", "n")
_MOST_DIGITS = 7
_MOST_BOOLEANS = 16
"""Number of spellings of true and false in all mixtures of small and capital letters that people write."""
DAY_S = 86_400
NO_DATE = np.iinfo(np.int64).min


class CellError(ValueError):
    """Cells that do not form a column of one kind. cells: the odd ones."""

    def __init__(self, message: str, cells: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.cells = tuple(cells)


class Ambiguous(CellError):
    """Cells that can be read in two ways.

    option: what settles it; example: one of the cells; readings: (value of the option, what the example is then).
    """

    def __init__(self, message: str, option: str, example: str, readings: Sequence[tuple[str, str]]) -> None:
        super().__init__(message, [example])
        self.option, self.example, self.readings = option, example, tuple(readings)


def missing_spellings(more: Sequence[str] = (), fewer: Sequence[str] = ()) -> tuple[str, ...]:
    """Spellings of a missing value in lower case: the known ones and more, without fewer.

    A number such as -999 stands for -999.0, -999.00 and -999,0 too, as programs write it in columns with fractions.
    """
    out = {text.lower() for text in fewer}
    known = (*MISSING, *spellings_of(more))
    return tuple(dict.fromkeys(text for text in known if text not in out))


def spellings_of(texts: Iterable[str]) -> list[str]:
    """How texts stand in columns, in lower case: whole numbers with zeros for fractions too."""
    return [spelling for text in texts for spelling in (text.lower(), *_with_fractions(text))]


def _with_fractions(text: str) -> list[str]:
    if not re.fullmatch(r"[+-]?\d+(?:[.,]0+)?", text):
        return []
    whole = re.split("[.,]", text)[0]
    return [whole, *(f"{whole}{sign}{'0' * digits}" for sign in ".," for digits in range(1, _MOST_DIGITS))]


def is_missing(value: float, spellings: Container[str]) -> bool:
    """Whether a number is a spelling of a missing value. spellings: as missing_spellings returns them."""
    if isinstance(value, int):
        return str(value) in spellings
    return math.isfinite(value) and (str(int(value)) if value.is_integer() else repr(value)) in spellings


def boolean(text: str) -> int:
    """Parse a boolean as 1 or 0. Raises ValueError."""
    if text.lower() in (*TRUE, "1"):
        return 1
    if text.lower() in (*FALSE, "0"):
        return 0
    raise ValueError(text)


def is_boolean(values: Iterable[str]) -> bool:
    """Whether distinct cells are a pair of spellings of true and false, or one of the pair."""
    known = list(islice(values, _MOST_BOOLEANS + 1))
    lowered = {value.lower() for value in known}
    return 0 < len(known) <= _MOST_BOOLEANS and any(lowered <= {a, b} for a, b in zip(TRUE, FALSE, strict=True))


def value_of(text: str, form: ColumnFormat) -> Any:
    """Convert one cell, not a missing one: float, 0 or 1, microseconds since 1970, or the text itself. Raises ValueError."""
    if form.kind == "numeric":
        return numbers.number(text, form)
    if form.kind == "boolean":
        return boolean(text)
    return times.in_format(text, form) if form.kind == "date" else text


DTYPES: Mapping[str, Any] = {"numeric": np.float64, "boolean": np.int8, "date": np.int64, "categorical": object}
MISSING_VALUES: Mapping[str, Any] = {"numeric": np.nan, "boolean": -1, "date": NO_DATE, "categorical": ""}


def array_of(values: Sequence[Any], kind: str) -> Array:
    """Make a column (n,) of values as value_of returns them.

    numeric: float64, NaN missing; boolean: int8, -1 missing; date: datetime64[us], NaT missing; categorical: object of str, ""
    missing.
    """
    column = np.array(values, dtype=DTYPES[kind])
    return column.astype("datetime64[us]") if kind == "date" else column


def values_of(cells: Sequence[str | None], form: ColumnFormat, distinct: Iterable[str] | None = None) -> Array:
    """Convert cells, None or "" where missing, to one column (n,) as array_of makes it. distinct: those that are not missing.

    Raises BadCells.
    """
    if form.kind == "categorical":
        return converted(cells, lambda cell: cell or "", object)
    texts = list(distinct_in(cells) if distinct is None else distinct)
    known: dict[str | None, Any] = dict(zip(texts, _converted(texts, form), strict=True))
    if bad := [cell for cell, value in known.items() if cell and value is None]:
        raise BadCells(form.kind, {cells.index(cell): cell for cell in bad})
    known[None] = known[""] = MISSING_VALUES[form.kind]
    column = converted(cells, known.__getitem__, DTYPES[form.kind])
    return column.astype("datetime64[us]") if form.kind == "date" else column


def _converted(texts: Sequence[str], form: ColumnFormat) -> list[Any]:
    """Convert distinct cells; None for one that fails."""
    if form == _PLAIN:
        try:
            values = list(map(float, texts))
        except ValueError:
            values = []
        if values and not any("_" in text or value != value for text, value in zip(texts, values, strict=True)):
            return values
    return [_value_or_none(text, form) for text in texts]


def _value_or_none(text: str, form: ColumnFormat) -> Any:
    try:
        return value_of(text, form)
    except (ValueError, OverflowError):
        return None


_PLAIN = ColumnFormat("numeric")


class BadCells(CellError):
    """Cells of another kind than their column. rows: index of a row -> text."""

    def __init__(self, kind: str, rows: Mapping[int, str]) -> None:
        super().__init__(f"{len(rows):,} different cells are not {kind}", list(rows.values()))
        self.kind, self.rows = kind, rows


def raw(values: Array) -> Array:
    """Convert a column (n,) to float64, NaN missing: numbers and booleans as they are, dates as days since 1970."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[us]").astype(np.int64) / (DAY_S * 1_000_000)
        return np.where(np.isnat(values), np.nan, days)
    if values.dtype.kind == "i":
        return np.where(values < 0, np.nan, values).astype(np.float64)
    return values.astype(np.float64, copy=False)
