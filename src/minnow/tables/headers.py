"""Headers of delimited text: where the table begins, and whether its first line holds names, by the rows below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from minnow.tables.cells import MISSING
from minnow.tables.numbers import is_plain, unit_key, written
from minnow.tables.times import formats_of

Rows = Sequence[Sequence[str]]
_RECURS = 0.05
"""Share of the rows below in which a cell of a first row occurs again."""
_MOST_ABOVE, _MOST_UNITS, _LEAST = 20, 3, 2
_RULE = re.compile(r"[-+=:| ]*[-=]{2,}[-+=:| ]*")


@dataclass(frozen=True)
class Layout:
    """Where the table stands in rows of cells.

    above: number of rows above the first line of the table, such as titles; width: usual number of cells of a row, a spare one
    apart; spare: each row ends with one empty cell more than the first line has; steady: share of rows with the usual number.
    """

    above: int
    width: int
    spare: bool
    steady: float


def layout(rows: Rows) -> Layout:
    """Find where the table stands. rows: of a sample of the file, at least one."""
    body = _without_footer(rows[1:] or rows)
    width, _ = max(Counter(map(len, body)).items(), key=lambda item: (item[1], item[0]))
    above = next((i for i, row in enumerate(rows[:_MOST_ABOVE]) if not _is_title(rows, i, width)), 0)
    first, below = rows[above], _without_footer(rows[above + 1 :])
    spare = _ends_with_spare(first, below, width)
    usual = [row for row in below if len(row) - has_spare(row, width - spare) == width - spare]
    return Layout(above, width - spare, spare, len(usual) / len(below) if below else 1.0)


def has_spare(row: Sequence[str], width: int) -> bool:
    """Whether a row has one cell more than others, and it is empty."""
    return len(row) == width + 1 and not row[-1].strip()


def _without_footer(rows: Rows) -> Rows:
    """Rows without the last ones that are empty or have one cell only, such as "300 rows selected"."""
    end = len(rows)
    while end > 1 and _filled(rows[end - 1]) <= 1:
        end -= 1
    return rows[:end]


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_title(rows: Rows, index: int, width: int) -> bool:
    """Whether a row is no part of the table, and stands above it: it is empty, or has other cells than the rows below."""
    row = rows[index]
    if index + 1 == len(rows) or width < 2:
        return False
    if _filled(row) == 0:
        return True
    if len(row) == width and width > 2:
        return _filled(row) == 1 and bool(row[0].strip())
    if width == 2 and len(row) == 1:  # of row names, unless the next row is a header
        return has_names(rows[index + 1], rows[index + 2 :])
    return len(row) not in (width - 1, width, width + 1)


def _ends_with_spare(first: Sequence[str], below: Rows, width: int) -> bool:
    """Whether all full rows have one cell more than the first line, and it is empty."""
    full = [row for row in below if len(row) == width]
    return len(first) == width - 1 and bool(full) and not any(row[-1].strip() for row in full)


def are_row_names(first: Sequence[str], below: Rows) -> bool:
    """Whether the first line lacks the name of the first column, which names each row, as R writes it."""
    names = [row[0] for row in below if len(row) == len(first) + 1]
    return 1 < len(names) == len(set(names)) and not (len(first) == 1 and _are_decimal_commas(below))


def _are_decimal_commas(rows: Rows) -> bool:
    """Whether rows of two cells may be numbers with a decimal comma: digits on both sides, which do not count the rows."""
    digits = all(len(row) == 2 and re.fullmatch(r"[+-]?\d+", row[0]) and re.fullmatch(r"\d+", row[1]) for row in rows)
    return digits and any(int(b[0]) - int(a[0]) != 1 for a, b in pairwise(rows))


def is_rule(row: Sequence[str]) -> bool:
    """Whether a row is a line below the header, such as ----+----."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return bool(cells) and all(map(_RULE.fullmatch, cells))


def units_below(below: Rows) -> int:
    """Number of lines below the header that belong to it, such as units: texts above the numbers of all numeric columns."""
    return next((i for i, row in enumerate(below[:_MOST_UNITS]) if not _is_of_units(row, below[i + 1 :])), _MOST_UNITS)


def _is_of_units(row: Sequence[str], rows: Rows) -> bool:
    cells, below = _columns(row, [other for other in rows if not _is_text(other)])
    numeric = [len(column) >= _LEAST and all(map(is_plain, column)) for column in below]
    above = [cell for cell, is_numeric in zip(cells, numeric, strict=True) if is_numeric]
    texts = [cell for cell in above if cell and written(cell) is None]
    return len(set(texts)) > 1 and len(texts) == sum(map(bool, above))


def _is_text(row: Sequence[str]) -> bool:
    return all(written(cell.strip()) is None for cell in row)


def has_header(first: Sequence[str], rows: Rows) -> bool:
    """Whether the first line of a file holds names of columns, by the rows below it."""
    cells, below = _columns(first, rows)
    places = [i for i, cell in enumerate(cells) if is_plain(cell)]
    if not places:
        return has_names(first, rows) or not _looks_like_row(cells, below)
    numeric = [float(cells[i]) for i in places]
    values = [below[i] for i in places]
    if _are_numbered(places, numeric, values) or _are_years(numeric, values) or _are_steps(numeric, values):
        return True
    return has_names(first, rows)


def has_names(first: Sequence[str], rows: Rows) -> bool:
    """Whether a cell of the first line is a text above numbers, so that the line surely holds names."""
    cells, below = _columns(first, rows)
    names = [i for i, cell in enumerate(cells) if written(cell) is None and cell.lower() not in MISSING]
    return any(below[i] and all(map(is_plain, below[i])) for i in names)


def _columns(first: Sequence[str], rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Cells of the first line, and below each of them the cells that are not missing."""
    cells = [cell.strip() for cell in first]
    below = [[row[i].strip() for row in rows if i < len(row)] for i in range(len(cells))]
    return cells, [[cell for cell in column if cell.lower() not in MISSING] for column in below]


def _looks_like_row(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line of text is a row: its cells occur again and again below it, or it has a number or date as they have."""
    columns = [(cell, column) for cell, column in zip(cells, below, strict=True) if cell and column]
    return any(_recurs(cell, column) or _same_kind(cell, column) for cell, column in columns)


def _recurs(cell: str, column: Sequence[str]) -> bool:
    return column.count(cell) >= max(2, _RECURS * len(column))


def _same_kind(cell: str, column: Sequence[str]) -> bool:
    """Whether a cell is a number with the unit of, or a date in a format of, the cells below it."""
    number = written(cell)
    if number is not None:
        parts = [written(other) for other in column]
        return all(part and unit_key(part.unit) == unit_key(number.unit) for part in parts)
    return bool(formats_of([cell])) and bool(formats_of([cell, *column[:1]]))


def _are_numbered(places: Sequence[int], numeric: Sequence[float], below: Sequence[Sequence[str]]) -> bool:
    """Whether numeric names count the columns from 0 or 1, as pandas names them by default."""
    offsets = {value - place for place, value in zip(places, numeric, strict=True)}
    whole = all(cell.isdigit() for column in below for cell in column)
    if offsets == {0.0} or offsets == {-1.0}:
        return len(numeric) > 2 or (len(numeric) > 1 and not whole)
    return offsets == {1.0} and len(numeric) > 1 and not whole


def _are_years(numeric: Sequence[float], below: Sequence[Sequence[str]]) -> bool:
    """Whether numeric names are years in order, over columns of other values."""
    rising = all(a < b for a, b in pairwise(numeric))
    years = all(value.is_integer() and 1900 <= value <= 2100 for value in numeric)
    inside = [cell for column in below for cell in column if is_plain(cell) and 1900 <= float(cell) <= 2100]
    cells = sum(map(len, below))
    return years and rising and len(numeric) > 1 and len(inside) < 0.5 * max(cells, 1)


def _are_steps(numeric: Sequence[float], below: Sequence[Sequence[str]]) -> bool:
    """Whether numeric names rise by one step, such as wavelengths or hours, and mostly lie outside of the numbers below."""
    steps = {round(b - a, 9) for a, b in pairwise(numeric)}
    inside = sum(_is_within(value, column) for value, column in zip(numeric, below, strict=True))
    return len(numeric) >= 4 and len(steps) == 1 and min(steps) > 0 and inside < 0.5 * len(numeric)


def _is_within(value: float, column: Sequence[str]) -> bool:
    known = [float(cell) for cell in column if is_plain(cell)]
    return bool(known) and min(known) <= value <= max(known)
