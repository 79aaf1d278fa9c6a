"""How the cells of a column are written, found from all of them: kind, signs of numbers, format of dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from minnow.tables import numbers, times
from minnow.tables.cells import Ambiguous, CellError, Kind, is_boolean
from minnow.tables.numbers import Written
from minnow.types import ColumnFormat

NUMERIC_SHARE = 0.9
"""Share of numbers or dates from which on the other cells are taken for mistakes."""
MANY = 20
"""Number of distinct numbers above which other cells are taken for mistakes."""
_MANY_DATES = 5
_HALF, _FEW, _FEW_SHARE = 0.5, 3, 0.1
"""Share of numbers from which on few spellings of other cells are taken for mistakes: three, or one for ten numbers."""
_MOST_UNITS = 5
_FIRST = 20
_SHOWN = 5
_CODE_NAME = re.compile(
    r"phone|tel(\b|_|efon)|mobile|fax|zip|postal|postcode|plz|iban|isbn|account|konto|card", re.IGNORECASE
)
"""Columns of these names hold codes, whose digits may stand in groups."""


@dataclass(frozen=True)
class Context:
    """What is known of a column besides its cells.

    name: of the column. decimal: the sign that the user named. others: returns the decimal sign that the other columns of the
    file show, None where they show none. points: what a point in a number is, a decimal point for "sure" (JSON), "likely",
    where no other column shows commas, or "unknown" (files with semicolons, written where the decimal sign is a comma).
    """

    name: str = ""
    decimal: str | None = None
    others: Callable[[], str | None] = lambda: None
    points: Literal["sure", "likely", "unknown"] = "likely"


ALONE = Context()
"""Nothing is known besides the cells."""


def column_format(values: Mapping[str, int], context: Context = ALONE) -> ColumnFormat:
    """Find how a column is written from its distinct cells, without missing ones -> number of cells.

    Raises Ambiguous, and CellError for numbers or dates that are not all written in one way or have odd cells among them.
    """
    cells = list(values)
    if is_boolean(cells):
        return ColumnFormat("boolean")
    if all(map(numbers.is_plain, cells)) and not _has_doubtful_points(cells, context):
        return _plain_numbers(cells, context.name)
    if any(map(numbers.CODE.fullmatch, cells)) or _are_codes(cells, context.name):
        return ColumnFormat("categorical")
    if numbers.are_clocks(cells):
        return ColumnFormat("numeric", unit=numbers.CLOCK)
    parts = _written(cells) if _written(cells[:: max(len(cells) // _FIRST, 1)]) else {}
    form = _numeric(parts, context) if parts and len(parts) == len(cells) else None
    form = form or _date(cells)
    if form is None:
        _refuse_ways(values, parts, context)
        _refuse_odd_numbers(values, parts)
        _refuse_odd_dates(values)
    return form or ColumnFormat("categorical")


def of_kind(values: Mapping[str, int], kind: Kind, context: Context = ALONE, form: str | None = None) -> ColumnFormat:
    """Find how a column of a known kind is written. form: format of dates, None finds it.

    Raises Ambiguous, and CellError for dates that are numbers of an unknown unit.
    """
    cells = list(values)
    if kind == "date":
        return ColumnFormat("date", time=form) if form else _moments(cells)
    if kind != "numeric" or (all(map(numbers.is_plain, cells)) and not _has_doubtful_points(cells, context)):
        return ColumnFormat(kind)
    if numbers.are_clocks(cells):
        return ColumnFormat("numeric", unit=numbers.CLOCK)
    return _numeric(_written(cells), context) or ColumnFormat("numeric", context.decimal or ".")


def shown_sign(cells: Sequence[str]) -> str | None:
    """Decimal sign that distinct cells show; None for cells that are not numbers, or can be read with either sign."""
    if len(_written(cells[:_FIRST])) < NUMERIC_SHARE * len(cells[:_FIRST]):
        return None
    if all(map(numbers.is_plain, cells)):
        return "." if any("." in cell for cell in cells) and not numbers.may_be_grouped(cells) else None
    parts = _written(cells)
    signs = [part.core for part in parts.values() if "," in part.core or "." in part.core]
    if len(parts) < NUMERIC_SHARE * len(cells):
        return None
    found = {decimal for decimal, _ in numbers.fitting(signs)} if signs else set[str]()
    return found.pop() if len(found) == 1 else None


def _written(cells: Sequence[str]) -> dict[str, Written]:
    return {cell: part for cell in cells if (part := numbers.written(cell)) is not None}


def _has_doubtful_points(cells: Sequence[str], context: Context) -> bool:
    """Whether plain numbers such as 1.234 may have thousands points."""
    if context.decimal == "." or context.points == "sure" or not numbers.may_be_grouped(cells):
        return False
    sign = context.decimal or context.others()
    return sign == "," or (sign is None and context.points == "unknown")


def _are_codes(cells: Sequence[str], name: str) -> bool:
    return bool(_CODE_NAME.search(name)) and any(" " in cell or "'" in cell for cell in cells)


def _plain_numbers(cells: Sequence[str], name: str) -> ColumnFormat:
    """Numbers; moments where the name of the column and the size of all of them say so."""
    unit = times.digits_of(cells, name)
    if unit is None and times.is_time_name(name):
        unit = times.unit_of_size([numbers.plain(cell) for cell in cells])
    return ColumnFormat("date", time=unit) if unit else ColumnFormat("numeric")


def _numeric(parts: Mapping[str, Written], context: Context) -> ColumnFormat | None:
    """Format of cells that all hold a number; None where they are not all written in one way. Raises Ambiguous."""
    units = numbers.units_of(parts.values())
    cores = [part.core for part in parts.values()]
    fits = [signs for signs in numbers.fitting(cores) if context.decimal in (None, signs[0])]
    if len(units) != 1 or not fits:
        return None
    (unit,) = units.values()
    first = fits[0]
    expected = numbers.values_in(cores, first)
    others = [signs for signs in fits[1:] if signs[0] != first[0] and numbers.values_in(cores, signs) != expected]
    if not others:
        return ColumnFormat("numeric", *first, unit=unit)
    both = {first[0]: first, others[0][0]: others[0]}
    sign = context.others()
    if sign in both:
        return ColumnFormat("numeric", *both[sign], unit=unit)
    raise _two_readings(next(cell for cell, part in parts.items() if _differs(part.core, both)), both)


def _differs(core: str, both: Mapping[str, tuple[str, str]]) -> bool:
    a, b = (numbers.values_in([core], signs)[0] for signs in both.values())
    return a != b


def _two_readings(cell: str, both: Mapping[str, tuple[str, str]]) -> Ambiguous:
    (part,) = _written([cell]).values()
    readings = [(decimal, numbers.shown(numbers.values_in([part.core], both[decimal])[0])) for decimal in sorted(both)]
    text = " or ".join(f"{value} (options.decimal: '{decimal}')" for decimal, value in readings)
    return Ambiguous(f"{cell!r} may be {text}, and no other column shows which", "decimal", cell, readings)


def _date(cells: Sequence[str]) -> ColumnFormat | None:
    """Format of dates; None for cells that are none. Raises Ambiguous where day and month may be exchanged."""
    forms = times.formats_of(cells)
    if len(forms) > 1:
        cell = next(c for c in cells if len({times.microseconds(c, form) for form in forms}) > 1)
        readings = [(form, str(np.datetime64(times.microseconds(cell, form), "us"))[:10]) for form in forms]
        text = " or ".join(f"{day} ({form})" for form, day in readings)
        raise Ambiguous(f"{cell!r} may be {text}, and no other cell shows which", "dates", cell, readings)
    return ColumnFormat("date", time=forms[0]) if forms else None


def _moments(cells: Sequence[str]) -> ColumnFormat:
    """Format of cells that are known to be dates. Raises Ambiguous, and CellError for numbers of an unknown unit."""
    if form := times.digits_of(cells):
        return ColumnFormat("date", time=form)
    if form := _date(cells):
        return form
    if not cells or not all(map(numbers.is_plain, cells)):
        return ColumnFormat("date", time=times.ISO)
    unit = times.unit_of_size([numbers.plain(cell) for cell in cells])
    if unit is None:
        raise CellError(
            f"numbers such as {cells[0]!r} must be dates, and their size does not show in which unit. Name it under "
            "options.dates: s, ms, us or ns since 1970, or a format such as %Y%m%d"
        )
    return ColumnFormat("date", time=unit)


def _refuse_ways(values: Mapping[str, int], parts: Mapping[str, Written], context: Context) -> None:
    """Raise CellError where all cells are numbers, written in several ways or with several units."""
    if not parts or len(parts) < len(values):
        return
    units = numbers.units_of(parts.values())
    if len(units) > 1:
        if len(parts) > MANY and len(units) <= _MOST_UNITS:
            raise CellError(f"its numbers have several units: {_examples(parts, units)}. {_WRITE_ALIKE}")
        return
    cores = [part.core for part in parts.values()]
    if numbers.fitting(cores):
        odd = next(
            cell for cell, part in parts.items() if context.decimal not in {d for d, _ in numbers.fitting([part.core])}
        )
        raise CellError(
            f"{odd!r} is no number with the sign {context.decimal!r} of options.decimal. {_OR_CATEGORICAL}", [odd]
        )
    first = next(iter(parts))
    odd = next(cell for cell in parts if not numbers.fitting([parts[first].core, parts[cell].core]))
    raise CellError(f"its numbers are written in several ways: {first!r} and {odd!r}. {_WRITE_ALIKE}", [first, odd])


_OR_CATEGORICAL = "Set options.kinds for this column to categorical if its cells are no numbers"
_WRITE_ALIKE = f"Write them alike. {_OR_CATEGORICAL}"


def _examples(parts: Mapping[str, Written], units: Mapping[str, str]) -> str:
    firsts = {unit: next(cell for cell, part in parts.items() if numbers.unit_key(part.unit) == unit) for unit in units}
    return ", ".join(repr(cell) for cell in firsts.values())


def _refuse_odd_numbers(values: Mapping[str, int], parts: Mapping[str, Written]) -> None:
    """Raise CellError where nearly all cells are numbers, or most are and the others are a few spellings."""
    odd = [cell for cell in values if cell not in parts]
    share = _share(parts, values)
    if not odd or len(parts) <= MANY or len(numbers.units_of(parts.values())) > 1:
        return
    if _are_mistakes(share, len(odd), len(parts)):
        raise _odd("numbers", share, odd)


def _are_mistakes(share: float, odd: int, known: int) -> bool:
    """Whether odd cells are mistakes. share: of the others; odd, known: numbers of different ones."""
    return share >= NUMERIC_SHARE or (share >= _HALF and odd <= max(_FEW, _FEW_SHARE * known))


def _refuse_odd_dates(values: Mapping[str, int]) -> None:
    """Raise CellError where nearly all cells are dates, in one format or in several."""
    cells = list(values)
    forms = dict.fromkeys(form for cell in cells[:_FIRST] for form in times.formats_of([cell]))
    read = {form: {cell for cell in cells if times.reads(form, [cell])} for form in forms}
    if not read or len(set.union(*read.values())) <= _MANY_DATES:
        return
    best = max(read.values(), key=lambda found: _share(found, values))
    odd = [cell for cell in cells if cell not in best]
    if _are_mistakes(_share(best, values), len(odd), len(best)):
        raise _odd("dates", _share(best, values), odd)
    if _share(set.union(*read.values()), values) >= NUMERIC_SHARE:
        one, other = next(cell for cell in cells if cell in best), odd[0]
        raise CellError(f"its dates are written in several ways: {one!r} and {other!r}. {_WRITE_ALIKE}", [one, other])


def _share(found: Mapping[str, object] | set[str], values: Mapping[str, int]) -> float:
    """Share of cells that hold one of the values found."""
    return sum(values[cell] for cell in found) / max(sum(values.values()), 1)


def _odd(kind: str, share: float, odd: Sequence[str]) -> CellError:
    return CellError(
        f"{100 * share:.1f} % of the cells are {kind}, others are not: {', '.join(map(repr, odd[:_SHOWN]))}. Name their "
        "spelling under options.missing, or set options.kinds for this column to categorical",
        odd,
    )
