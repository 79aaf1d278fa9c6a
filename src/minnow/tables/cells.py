"""Cells of a table: how a column is written, found from all of its cells, and the conversion of cells to an array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from minnow.tables import numbers, times
from minnow.tables.numbers import Written
from minnow.types import Array, ColumnFormat

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
NUMERIC_SHARE = 0.9
"""Share of numeric cells from which on the other cells are taken for mistakes, and the column for numeric."""
MANY = 20
"""Number of distinct numbers above which NUMERIC_SHARE applies."""
DAY_S = 86_400
NO_DATE = np.iinfo(np.int64).min


class CellError(ValueError):
    """Cells that do not form a column of one kind. cells: the odd ones."""

    def __init__(self, message: str, cells: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.cells = tuple(cells)


class Ambiguous(CellError):
    """Cells that can be read in two ways. option: what settles it; readings: (value of the option, what a cell is then)."""

    def __init__(self, message: str, option: str, readings: Sequence[tuple[str, str]]) -> None:
        super().__init__(message)
        self.option, self.readings = option, tuple(readings)


def missing_spellings(more: Sequence[str] = (), fewer: Sequence[str] = ()) -> tuple[str, ...]:
    """Spellings of a missing value in lower case: the known ones and more, without fewer."""
    out = {text.lower() for text in fewer}
    return tuple(dict.fromkeys(text for text in (*MISSING, *(text.lower() for text in more)) if text not in out))


def boolean(text: str) -> int:
    """Parse a boolean as 1 or 0. Raises ValueError."""
    if text.lower() in (*TRUE, "1"):
        return 1
    if text.lower() in (*FALSE, "0"):
        return 0
    raise ValueError(text)


def is_boolean(values: Iterable[str]) -> bool:
    """Whether distinct cells are a pair of spellings of true and false, or one of the pair."""
    lowered = {value.lower() for value in values}
    return bool(lowered) and any(lowered <= {yes, no} for yes, no in zip(TRUE, FALSE, strict=True))


def conventions(values: Sequence[str]) -> set[str] | None:
    """Decimal signs in which every number of a column can be read, {"."}, {","} or both.

    None for a column that says nothing: it has no such signs, or is not one of numbers.
    """
    parts = [numbers.written(value) for value in values]
    known = [part for part in parts if part is not None]
    signs = [part.core for part in known if "," in part.core or "." in part.core]
    if not signs or len(known) < NUMERIC_SHARE * len(values):
        return None
    return {decimal for decimal, _ in numbers.fitting(signs)} or None


def column_format(
    values: Mapping[str, int], *, decimal: str | None = None, evidence: str | None = None, name: str = ""
) -> ColumnFormat:
    """Find how a column is written from its distinct cells, without missing ones -> number of cells.

    decimal: decimal sign that the user named. evidence: the one that the other columns of the file show. name: of the column.
    Raises CellError where nearly all cells are numbers, since the others are then probably mistakes, and Ambiguous.
    """
    cells = list(values)
    if is_boolean(cells):
        return ColumnFormat("boolean")
    if decimal in (None, ".") and all(map(numbers.is_plain, cells)) and not _maybe_grouped(cells, evidence):
        return _plain_numbers(cells, name)
    if any(numbers.CODE.fullmatch(cell) for cell in cells):
        return ColumnFormat("categorical")
    parts = {cell: part for cell in cells if (part := numbers.written(cell)) is not None}
    odd = [cell for cell in cells if cell not in parts]
    if not odd and (form := _numeric(parts, decimal, evidence)):
        return form
    if form := _date(cells):
        return form
    _refuse_mistakes(values, parts, odd)
    return ColumnFormat("categorical")


def _maybe_grouped(cells: Sequence[str], evidence: str | None) -> bool:
    """Whether numbers with a point, such as 1.234, may have thousands points in a file with decimal commas."""
    return evidence in (",", "?") and any("." in cell for cell in cells) and (",", ".") in numbers.fitting(cells)


def _plain_numbers(cells: Sequence[str], name: str) -> ColumnFormat:
    """Numbers; moments where the name of the column and the size of all of them say so."""
    if not times.is_time_name(name):
        return ColumnFormat("numeric")
    unit = times.DIGITS if times.are_days(cells) else times.unit_of_size([numbers.plain(cell) for cell in cells])
    return ColumnFormat("date", time=unit) if unit else ColumnFormat("numeric")


def _numeric(parts: Mapping[str, Written], decimal: str | None, evidence: str | None) -> ColumnFormat | None:
    """Format of cells that all hold a number; None where their units differ. Raises Ambiguous."""
    unit = numbers.unit_of(list(parts.values()))
    if unit is None or not parts:
        return None
    cores = [part.core for part in parts.values()]
    fits = numbers.fitting(cores)
    if decimal:
        fits = [signs for signs in fits if signs[0] == decimal]
    if not fits:
        return None
    first = fits[0]
    expected = numbers.values_in(cores, first)
    others = [signs for signs in fits[1:] if signs[0] != first[0] and numbers.values_in(cores, signs) != expected]
    if not others:
        return ColumnFormat("numeric", *first, unit=unit)
    both = {first[0]: first, others[0][0]: others[0]}
    if evidence in both:
        return ColumnFormat("numeric", *both[evidence], unit=unit)
    raise _two_readings(next(cell for cell, part in parts.items() if _differs(part.core, both)), both)


def _differs(core: str, both: Mapping[str, tuple[str, str]]) -> bool:
    a, b = (numbers.values_in([core], signs)[0] for signs in both.values())
    return a != b


def _two_readings(cell: str, both: Mapping[str, tuple[str, str]]) -> Ambiguous:
    part = numbers.written(cell)
    assert part is not None
    readings = [(decimal, numbers.shown(numbers.values_in([part.core], both[decimal])[0])) for decimal in sorted(both)]
    text = " or ".join(f"{value} (options.decimal: '{decimal}')" for decimal, value in readings)
    return Ambiguous(f"{cell!r} may be {text}, and no other column shows which", "decimal", readings)


def _date(cells: Sequence[str]) -> ColumnFormat | None:
    """Format of dates; None for cells that are none. Raises Ambiguous where day and month may be exchanged."""
    forms = times.formats_of(cells)
    if len(forms) > 1:
        cell = next(c for c in cells if len({times.microseconds(c, form) for form in forms}) > 1)
        readings = [(form, str(np.datetime64(times.microseconds(cell, form), "us"))[:10]) for form in forms]
        text = " or ".join(f"{day} ({form})" for form, day in readings)
        raise Ambiguous(f"{cell!r} may be {text}, and no other cell shows which", "dates", readings)
    return ColumnFormat("date", time=forms[0]) if forms else None


def _refuse_mistakes(values: Mapping[str, int], parts: Mapping[str, Written], odd: Sequence[str]) -> None:
    """Raise CellError where nearly all cells are numbers."""
    cells = sum(values.values())
    share = numbers.share_of(parts, values) / max(cells, 1)
    if len(parts) > MANY and share >= NUMERIC_SHARE and odd and numbers.unit_of(list(parts.values())) is not None:
        raise CellError(
            f"{100 * share:.1f} % of the cells are numbers, others are not: {', '.join(map(repr, odd[:5]))}. Name their "
            "spelling under options.missing, or set options.kinds for this column to categorical.",
            odd,
        )


def of_kind(
    values: Mapping[str, int],
    kind: Kind,
    *,
    decimal: str | None = None,
    evidence: str | None = None,
    form: str | None = None,
) -> ColumnFormat:
    """Find how a column of a known kind is written. form: format of dates, None finds it. Raises Ambiguous."""
    if kind == "date":
        return ColumnFormat("date", time=form) if form else _date(list(values)) or _moments(list(values))
    if kind != "numeric" or all(map(numbers.is_plain, values)):
        return ColumnFormat(kind)
    parts = {cell: part for cell in values if (part := numbers.written(cell)) is not None}
    return _numeric(parts, decimal, evidence) or ColumnFormat("numeric", decimal or ".")


def _moments(cells: Sequence[str]) -> ColumnFormat:
    """Format of dates that are numbers since 1970, in seconds where their size does not say otherwise; else ISO."""
    plain = [numbers.plain(cell) for cell in cells if numbers.is_plain(cell)]
    if len(plain) < len(cells):
        return ColumnFormat("date", time=times.ISO)
    return ColumnFormat("date", time=times.unit_of_size(plain) or "s")


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


def values_of(cells: Sequence[str | None], form: ColumnFormat) -> Array:
    """Convert cells, None where missing, to one column (n,) as array_of makes it. Raises BadCells."""
    if form.kind == "categorical":
        return np.array([cell or "" for cell in cells], dtype=object)
    known, bad = _converted(cells, lambda cell: value_of(cell, form), MISSING_VALUES[form.kind])
    if bad:
        raise BadCells(form.kind, bad)
    return array_of([known[cell] for cell in cells], form.kind)


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
    """Cells of another kind than their column. rows: index of a row -> text."""

    def __init__(self, kind: str, rows: Mapping[int, str]) -> None:
        super().__init__(f"{len(rows):,} cells are not {kind}", list(rows.values()))
        self.kind, self.rows = kind, rows


def raw(values: Array) -> Array:
    """Convert a column (n,) to float64, NaN missing: numbers and booleans as they are, dates as days since 1970."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[us]").astype(np.int64) / (DAY_S * 1_000_000)
        return np.where(np.isnat(values), np.nan, days)
    if values.dtype.kind == "i":
        return np.where(values < 0, np.nan, values).astype(np.float64)
    return values.astype(np.float64)
