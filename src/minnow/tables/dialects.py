"""How delimited text is written: its separator and its header, found by evidence over many rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from minnow.tables.cells import MISSING
from minnow.tables.numbers import is_plain, written
from minnow.tables.times import formats_of

_CANDIDATES = ("\t;|,", ": ")
"""Separators that are tried, in two rounds; of equally good ones the first, since a comma may stand inside cells of others."""
_MOST_ROWS = 200
_STEADY = 0.9
"""Least share of rows with the usual number of cells."""
_NAMED_LINE = re.compile(r'\ufeff?"?sep=(?P<separator>.)"?\r?\n', re.IGNORECASE)
_RECURS = 0.05
csv.field_size_limit(1 << 30)  # a cell may hold a whole document


@dataclass(frozen=True)
class _Fit:
    """How well a separator divides a sample; larger is better, field by field.

    named: number of known names in the header; header: whether it has as many cells as rows; steady: whether all rows have the
    same number.
    """

    named: int
    header: bool
    steady: bool


def named_separator(sample: str) -> str | None:
    """Separator of a first line such as "sep=;", which Excel writes; None without one."""
    match = _NAMED_LINE.match(sample)
    return match["separator"] if match else None


def find_separator(sample: str, quote: str, names: Sequence[str] = ()) -> str:
    """Find the separator of the first lines of a file, which are whole; a comma where no candidate divides them.

    names: columns that the header is known to have.
    """
    for candidates in _CANDIDATES:
        fits = {sign: fit for sign in candidates if (fit := _fit(sample, sign, quote, names))}
        if fits:
            return max(fits, key=lambda sign: astuple(fits[sign]))
    return ","


def parsed(sample: str, separator: str, quote: str) -> list[list[str]]:
    """Rows of a sample, without blank ones. Returns [] for text that is not readable with this separator."""
    lines = sample.splitlines(keepends=True)
    try:
        reader = csv.reader(lines, delimiter=separator, quotechar=quote, skipinitialspace=separator != " ")
        return [row for row in reader if row][: _MOST_ROWS + 1]
    except csv.Error:
        return []


def _fit(sample: str, separator: str, quote: str, names: Sequence[str]) -> _Fit | None:
    """How a separator divides a sample; None where it does not."""
    rows = parsed(sample, separator, quote)
    if not rows:
        return None
    first, below = rows[0], rows[1:] or rows
    widths = Counter(len(row) - ends_with_separator(row, first) for row in below)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    if width < 2 or count < _STEADY * len(below) or not width - 1 <= len(first) <= width + 1 or len(first) < 2:
        return None
    stripped = {name.strip() for name in first}
    return _Fit(sum(name in stripped for name in names), len(first) == width, count == len(below))


def ends_with_separator(row: Sequence[str], first: Sequence[str]) -> bool:
    """Whether a row has one empty cell more than the header, since it ends with the separator."""
    return len(row) == len(first) + 1 and not row[-1].strip()


def has_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line of a file holds names of columns, by the rows below it."""
    cells = [cell.strip() for cell in first]
    below = [[row[i].strip() for row in rows if i < len(row)] for i in range(len(cells))]
    places = [i for i, cell in enumerate(cells) if is_plain(cell)]
    if not places:
        return not _looks_like_row(cells, below)
    numeric = [float(cells[i]) for i in places]
    values = [below[i] for i in places]
    if _are_numbered(places, numeric, values) or _are_years(numeric, values) or _are_steps(numeric):
        return True
    names = [i for i, cell in enumerate(cells) if not is_plain(cell) and cell.lower() not in MISSING]
    return any(below[i] and all(map(is_plain, below[i])) for i in names)


def _looks_like_row(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line of text is a row: its cells occur again and again below it, or it has a number or date as they have."""
    recurring = [cell for cell, column in zip(cells, below, strict=True) if cell and _recurs(cell, column)]
    if recurring:
        return True
    return any(cell and column and _same_kind(cell, column) for cell, column in zip(cells, below, strict=True))


def _recurs(cell: str, column: Sequence[str]) -> bool:
    return column.count(cell) >= max(2, _RECURS * len(column))


def _same_kind(cell: str, column: Sequence[str]) -> bool:
    """Whether a cell is a written number or a date, as all cells below it are."""
    if written(cell) is not None:
        return all(written(other) is not None for other in column if other)
    return bool(formats_of([cell])) and any(formats_of([cell, other]) for other in column[:1])


def _are_numbered(places: Sequence[int], numeric: Sequence[float], below: Sequence[Sequence[str]]) -> bool:
    """Whether numeric names count the columns from 0 or 1, as pandas names them by default."""
    offsets = {value - place for place, value in zip(places, numeric, strict=True)}
    counts = len(numeric) > 2 or any(not cell.isdigit() for column in below for cell in column)
    return len(numeric) > 1 and counts and offsets in ({0.0}, {1.0}, {-1.0})


def _are_years(numeric: Sequence[float], below: Sequence[Sequence[str]]) -> bool:
    """Whether numeric names are years in order, over columns of other values."""
    rising = all(a < b for a, b in pairwise(numeric))
    years = all(value.is_integer() and 1900 <= value <= 2100 for value in numeric)
    inside = [cell for column in below for cell in column if is_plain(cell) and 1900 <= float(cell) <= 2100]
    cells = sum(map(len, below))
    return years and rising and len(numeric) > 1 and len(inside) < 0.5 * max(cells, 1)


def _are_steps(numeric: Sequence[float]) -> bool:
    """Whether numeric names rise by one step, such as wavelengths or hours."""
    steps = {round(b - a, 9) for a, b in pairwise(numeric)}
    return len(numeric) >= 4 and len(steps) == 1 and min(steps) > 0
