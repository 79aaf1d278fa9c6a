"""Times of interactions: dates of any format, numbers since 1970 in a unit told by their size, or numbers that count."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minnow.tables import numbers, times
from minnow.tables.errors import FileError
from minnow.tables.frames import SHOWN, Frame, as_cells
from minnow.tables.options import TableOptions
from minnow.tables.typed import Columnwise
from minnow.types import Array, ColumnFormat, Notice

_US = 1_000_000
_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_EARLIEST, _LATEST = 1e8, 5e9
"""Seconds since 1970, in 1973 and in 2128, between which numbers are taken for moments."""
_MOST = 0.9
"""Least share of numbers that are moments in one unit from which on all of them are."""
_COMPACT = {times.DIGITS: re.compile(r"(19|20)\d{6}"), "%Y%m%d%H%M%S": re.compile(r"(19|20)\d{12}")}
"""Formats of dates that look like numbers."""


@dataclass(frozen=True)
class Times:
    """Times of rows. seconds: (n,) float64, since 1970 or as they count, NaN where missing; form: how they are written."""

    seconds: Array
    form: ColumnFormat | None
    notices: tuple[Notice, ...] = ()


def read_times(frame: Frame, options: TableOptions, name: str) -> Times:
    """Read the column of times.

    Raises FileError: for cells that are no times, for dates that can be read in two ways, and for numbers in two units.
    """
    cells = as_cells(frame.columns[name])
    missing = options.missing_spellings
    known = {cell: None for cell in cells if cell and cell.lower() not in missing}
    if name in options.dates or not known or not all(map(numbers.is_plain, known)):
        return _dates(frame, options, name)
    if compact := _compact(list(known)):
        return _dates(frame, options.model_copy(update={"dates": {**options.dates, name: compact}}), name)
    read = Columnwise(frame, options).numbers(name)
    unit = _unit(read.values, name, frame.row_id)
    if unit is None:
        text = (
            f"'{name}' holds numbers that are no times since 1970; larger ones are later (options.dates names a unit)."
        )
        return Times(read.values, read.form, (*read.notices, Notice("format", text, len(frame), name)))
    seconds = read.values / _PER_SECOND[unit]
    form = ColumnFormat("date", time=unit)
    return Times(seconds, form, (*read.notices, _unit_notice(seconds, unit, name)))


def _dates(frame: Frame, options: TableOptions, name: str) -> Times:
    read = Columnwise(frame, options).moments(name)
    return Times(_seconds(read.values), read.form, read.notices)


def _seconds(values: Array) -> Array:
    """Seconds since 1970 of moments (n,), NaN where missing; numbers stay as they are."""
    if values.dtype.kind != "M":
        return values
    return np.where(np.isnat(values), np.nan, values.astype("datetime64[us]").astype(np.int64) / _US)


def _compact(cells: Sequence[str]) -> str | None:
    """Format of dates that are digits alone, such as 20240131; None for other numbers."""
    for form, pattern in _COMPACT.items():
        if all(pattern.fullmatch(cell) for cell in cells) and _reads(form, cells):
            return form
    return None


def _reads(form: str, cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            times.microseconds(cell, form)
    except ValueError:
        return False
    return True


def _unit(values: Array, name: str, row_id: Sequence[str]) -> str | None:
    """Unit of numbers since 1970 by their size; None for numbers that count something else. Raises FileError for two units."""
    rows = {unit: np.flatnonzero(_within(values, unit)) for unit in _PER_SECOND}
    found = {unit: index for unit, index in rows.items() if len(index)}
    inside, known = sum(map(len, found.values())), int((values > 0).sum())
    if len(found) > 1 and inside == known:
        raise FileError(_two_units(found, name, row_id))
    unit = max(found, key=lambda unit: len(found[unit]), default=None)
    return unit if unit and len(found[unit]) >= _MOST * known else None


def _within(values: Array, unit: str) -> Array:
    seconds = values / _PER_SECOND[unit]
    return (seconds >= _EARLIEST) & (seconds <= _LATEST)


def _two_units(found: Mapping[str, Array], name: str, row_id: Sequence[str]) -> str:
    parts = [
        f"{len(index):,} rows in {times.UNIT_NAMES[unit]}, such as {', '.join(row_id[int(i)] for i in index[:SHOWN])}"
        for unit, index in found.items()
    ]
    return (
        f"column '{name}': times must be in one unit since 1970. By their size there are {'; and '.join(parts)}. Convert one "
        f"of them, or name the unit of all under options.dates: {{{name}: UNIT}}."
    )


def _unit_notice(seconds: Array, unit: str, name: str) -> Notice:
    inside = seconds[_within(seconds, "s")]
    first, last = (str(np.datetime64(int(end), "s")).replace("T", " ") for end in (inside.min(), inside.max()))
    text = f"'{name}' holds {times.UNIT_NAMES[unit]} since 1970: from {first} to {last} (options.dates)."
    return Notice("format", text, len(seconds), name)
