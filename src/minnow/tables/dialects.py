"""How delimited text is written: its separator, quotation marks and escapes, found by evidence over many rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import chain, islice

from minnow.tables.headers import are_row_names, layout

_COLON, _COLONS = ":", "::"
_CANDIDATES = (tuple("\t;|,"), (" ", _COLON, _COLONS))
"""Separators that are tried, in two rounds; of equally good ones the first, since a comma may stand inside cells of others."""
NO_SEPARATOR = "\x1f"
"""A sign that no file holds: with it as separator, each row is one cell."""
BLANKS = " "
"""As a separator, this stands for one or more blanks or tabs."""
_MOST_ROWS = 200
_STEADY = 0.9
"""Least share of rows with the usual number of cells."""
_NAMED_LINE = re.compile(r'\ufeff?"?sep=(?P<separator>.)"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
_SINGLE_QUOTED = re.compile(r"(?:^|[,;\t|])\s?'[^']*'(?=\s?(?:[,;\t|]|$))")
_ESCAPED = re.compile(r'\\"(?=[^",;\t|\r\n])')
"""A quotation mark after a backslash, where neither doubled marks nor the end of the cell can be meant."""
csv.field_size_limit(1 << 30)  # a cell may hold a whole document


@dataclass(frozen=True)
class Dialect:
    """separator: of cells, of one or several characters; quote: around cells; escape: before a quote inside, None for none."""

    separator: str
    quote: str = '"'
    escape: str | None = None

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Divide lines into rows of cells. Raises csv.Error."""
        if len(self.separator) > 1:
            return (line.rstrip("\r\n").split(self.separator) for line in lines)
        if self.separator == BLANKS:
            lines = (line.replace("\t", " ").strip() for line in lines)
        if self.escape:  # \N stands for a missing value, and is no escaped N
            lines = (line.replace("\\N", "\\\\N") for line in lines)
        return csv.reader(
            lines, delimiter=self.separator, quotechar=self.quote, escapechar=self.escape, skipinitialspace=True
        )


@dataclass(frozen=True)
class _Fit:
    """How well a separator divides a sample; larger is better, field by field.

    named: number of known names in the header; whole: whether the table begins with the first line; header: whether it has as
    many cells as rows; steady: whether all rows have the same number.
    """

    named: int
    whole: bool
    header: bool
    steady: bool


def lines_of(sample: str) -> list[str]:
    """Lines of a text with their line breaks, of any system."""
    return list(io.StringIO(sample, newline=""))


def named_separator(sample: str) -> str | None:
    """Separator of a first line such as "sep=;", which Excel writes; None without one."""
    match = _NAMED_LINE.match(sample)
    return match["separator"] if match else None


def find_dialect(sample: str, separator: str | None, quote: str, names: Sequence[str] = ()) -> Dialect:
    """Find how the first lines of a file, which are whole, are written. separator, quote, names: as in find_separator."""
    lines = lines_of(sample)[:_MOST_ROWS]
    if quote == '"' and quote not in sample and _are_single_quoted(lines):
        quote = "'"
    escape = "\\" if quote == '"' and _ESCAPED.search(sample) else None
    return Dialect(separator or find_separator(sample, quote, names), quote, escape)


def _are_single_quoted(lines: Sequence[str]) -> bool:
    return sum(_SINGLE_QUOTED.search(line) is not None for line in lines) >= max(_STEADY * len(lines), 1)


def find_separator(sample: str, quote: str, names: Sequence[str] = ()) -> str:
    """Find the separator of the first lines of a file, which are whole; NO_SEPARATOR where each is one cell.

    names: columns that the header is known to have.
    """
    rows = {sign: parsed(sample, sign, quote) for sign in (NO_SEPARATOR, *chain(*_CANDIDATES))}
    if rows[NO_SEPARATOR] and rows[NO_SEPARATOR][0][0].strip() in names:
        return NO_SEPARATOR
    for candidates in _CANDIDATES:
        fits = {sign: fit for sign in candidates if (fit := _fit(rows[sign], names))}
        if fits:
            best = max(fits, key=lambda sign: astuple(fits[sign]))
            is_double = best == _COLON and _COLONS in fits and _are_doubled(rows[_COLONS], rows[_COLON])
            return _COLONS if is_double else best
    return next((sign for sign in ",;\t|" if _divides(rows[sign])), NO_SEPARATOR)


def _are_doubled(doubles: Sequence[Sequence[str]], singles: Sequence[Sequence[str]]) -> bool:
    """Whether most colons are one of two, which then divide rows. doubles, singles: rows divided by two, and by each."""
    return 4 * sum(len(row) - 1 for row in doubles) > sum(len(row) - 1 for row in singles)


def _divides(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a separator divides the first line and most others, though not evenly."""
    return bool(rows) and len(rows[0]) > 1 and 2 * sum(len(row) > 1 for row in rows[1:]) >= len(rows) - 1


def is_blank(row: Sequence[str]) -> bool:
    """Whether a row is that of a blank line."""
    return not row or (len(row) == 1 and not row[0].strip())


def parsed(sample: str, separator: str, quote: str, escape: str | None = None) -> list[list[str]]:
    """The first rows of a sample, without blank ones. Returns [] for text that is not readable in this dialect."""
    rows = (row for row in Dialect(separator, quote, escape).rows(lines_of(sample)) if not is_blank(row))
    try:
        return list(islice(rows, _MOST_ROWS + 1))
    except csv.Error:
        return []


def _fit(rows: Sequence[Sequence[str]], names: Sequence[str]) -> _Fit | None:
    """How a separator divides a sample; None where it does not."""
    if not rows:
        return None
    found = layout(rows)
    first, below = rows[found.above], rows[found.above + 1 :]
    if found.width < 2 or found.steady < _STEADY or not found.width - 1 <= len(first) <= found.width + 1:
        return None
    if len(first) == 1 and not are_row_names(first, below):
        return None
    stripped = {name.strip() for name in first}
    return _Fit(sum(name in stripped for name in names), found.above == 0, len(first) == found.width, found.steady == 1)
