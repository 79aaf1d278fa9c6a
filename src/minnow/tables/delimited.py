"""Delimited text: its dialect, its header, and its rows, read piece by piece."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import IO

from minnow.tables import dialects, headers
from minnow.tables.dialects import Dialect
from minnow.tables.errors import FileError
from minnow.tables.files import Known, Row, RowFile
from minnow.tables.naming import given_names, names_of, repeats_names
from minnow.types import FileFormat, Notice

_SAMPLE, _LONGEST_SAMPLE = 1 << 18, 1 << 21
"""Characters from which the dialect of a file is found, and where the last cell of these is longer."""
_BELOW = re.compile(
    r"\W*\(?\d+ (rows?|records?|zeilen|lignes|filas)\b|\W*(total|sum|count|rows|records|source|notes?|generated|exported|"
    r"created|copyright|page|end|summe|gesamt|anzahl|quelle|stand|ende|fuente|fonte|fin|nota)\b|[#*©]\s|合计|总计|来源|出典",
    re.IGNORECASE,
)
"""How lines below a table begin."""
_SUMS = frozenset((
    "total", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "suma", "somma", "totale", "totaal", "合计",
    "总计",
))  # fmt: skip
_SHOWN = 100


@dataclass(frozen=True)
class _Sample:
    """The beginning of a file. lines: all that were read; start: number of the first; rows: cells of the first rows."""

    lines: list[str]
    dialect: Dialect
    start: int
    rows: list[list[str]]


def open_delimited(path: Path, stream: IO[str], form: FileFormat, known: Known, notices: list[Notice]) -> RowFile:
    """Open delimited text from its beginning. notices: receives what is left out. Raises FileError, here or with rows."""
    sample = _sample(path, stream, form, known.names)
    layout = headers.layout(sample.rows)
    rows = _numbered(path, stream, sample)
    above = [cells for _, cells in islice(rows, layout.above)]
    if above:
        notices.append(_above(path, above))
    first, below = sample.rows[layout.above], sample.rows[layout.above + 1 :]
    found = replace(form, separator=sample.dialect.separator, quote=sample.dialect.quote)
    if form.header is None:
        names, unnamed = names_of(path, first, below, layout, known, notices)
        next(rows)
        if below and headers.is_rule(below[0]):
            next(rows)
        elif units := [cells for _, cells in islice(rows, headers.units_below(below))]:
            notices.append(_units(path, units))
    else:
        names, unnamed = given_names(form.header, first, layout.width, known.target), ()
        if repeats_names(path, first, below, names, notices):
            next(rows)
        else:
            first = ()
    if layout.spare:
        notices.append(Notice("skipped", f"Each row of {path.name} ends with an empty cell, which is not read."))
    header = tuple(cell.strip() for cell in first)
    return RowFile(names, _checked(path, rows, names, header, found, notices), found, notices, unnamed, header)


def _sample(path: Path, stream: IO[str], form: FileFormat, names: Sequence[str]) -> _Sample:
    """Read the first lines of a file, and find their dialect. Raises FileError for a file without rows."""
    try:
        text = _beginning(stream, form.quote)
    except (UnicodeError, OSError, EOFError) as error:
        raise _unreadable(path, error) from error
    text = text.removeprefix("\ufeff")
    named = dialects.named_separator(text)
    lines = dialects.lines_of(text)[bool(named) :]
    seen = "".join(lines)
    dialect = dialects.find_dialect(seen, form.separator or named, form.quote, names)
    rows = dialects.parsed(seen, dialect.separator, dialect.quote, dialect.escape)
    if not rows:
        raise FileError(f"{path} must hold rows. It is empty.")
    return _Sample(lines, dialect, 1 + bool(named), rows)


def _beginning(stream: IO[str], quote: str) -> str:
    """The first whole lines of a stream, up to the end of a cell of several lines."""
    text = stream.read(_SAMPLE)
    if len(text) < _SAMPLE:
        return text
    lines = [text, stream.readline()]
    size, quotes = len(text), sum(part.count(quote) for part in lines)
    while quotes % 2 and size < _LONGEST_SAMPLE and (line := stream.readline()):
        lines.append(line)
        size, quotes = size + len(line), quotes + line.count(quote)
    return "".join(lines)


def _unreadable(path: Path, error: Exception) -> FileError:
    return FileError(f"{path.name} is not readable as text: {error}. Name its encoding under options.encoding.")


def _above(path: Path, rows: Sequence[Sequence[str]]) -> Notice:
    lines = f"{len(rows)} lines above the table in {path.name} are"
    return _not_read(lines if len(rows) > 1 else f"The first line of {path.name} is", rows)


def _units(path: Path, rows: Sequence[Sequence[str]]) -> Notice:
    lines = f"{len(rows)} lines below the header of {path.name}, of names or units, are"
    return _not_read(
        lines if len(rows) > 1 else f"The line below the header of {path.name}, of names or units, is", rows
    )


def _not_read(lines: str, rows: Sequence[Sequence[str]]) -> Notice:
    text = " ".join(cell.strip() for row in rows for cell in row if cell.strip())
    return Notice("skipped", f"{lines} not read: {text[:_SHOWN]!r}.", len(rows))


class _Lines:
    """Counts lines and the quotation marks in them as they pass through."""

    def __init__(self, lines: Iterator[str], quote: str) -> None:
        self._lines, self._quote, self.count, self.quotes = lines, quote, 0, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += 1
            self.quotes += line.count(self._quote)
            yield line


def _numbered(path: Path, stream: IO[str], sample: _Sample) -> Generator[Row]:
    """Rows of cells with the line on which each begins, without blank lines. Raises FileError."""
    quote = sample.dialect.quote
    passed = _Lines(chain(sample.lines, stream), quote)
    line, quotes = sample.start, 0
    try:
        with stream:
            for cells in sample.dialect.rows(passed):
                after = sample.start + passed.count
                if after > line + 1 and (passed.quotes - quotes) % 2:
                    raise FileError(
                        f"{path.name}:{line}: a quotation mark ({quote}) is opened in this row and not closed. Close it, or "
                        "set options.quote to a sign that does not occur in the file."
                    )
                if not dialects.is_blank(cells):
                    yield line, cells
                line, quotes = after, passed.quotes
    except csv.Error as error:
        raise FileError(f"{path.name}:{line}: not readable as delimited text: {error}.") from error
    except (UnicodeError, OSError, EOFError) as error:
        raise _unreadable(path, error) from error


def _checked(
    path: Path,
    rows: Generator[Row],
    names: Sequence[str],
    header: Sequence[str],
    form: FileFormat,
    notices: list[Notice],
) -> Iterator[Row]:
    """Strip cells, and check their number in each row. header: its cells, empty for none. Raises FileError.

    Left out: an empty last cell too many; the header where it is repeated, as in files put together; and at the end, rows that
    are empty or have a single cell of several.
    """
    width = len(names)
    held, repeated = list[Row](), 0
    with closing(rows):
        for line, full in rows:
            cells = list(map(str.strip, full))
            if len(cells) == width + 1 and not cells[-1]:
                cells.pop()
            if may_be_below(cells, width):
                held.append((line, cells))
                continue
            if cells == list(header):
                repeated += 1
                continue
            if held:
                yield from [_of_width(path, row, names, form) for row in held]
                held.clear()
            yield _of_width(path, (line, cells), names, form)
    if held:
        notices.append(_below(path, held))
    if repeated:
        times = "once more" if repeated == 1 else f"{repeated:,} times more"
        text = f"The header of {path.name} occurs {times} between its rows, and is not read there."
        notices.append(Notice("skipped", text, repeated))


def may_be_below(cells: Sequence[str], width: int) -> bool:
    """Whether a row stands below the table, where no row of the table follows. cells: without white space around them."""
    return (not cells[0] or len(cells) < width or _is_sum(cells[0])) and _is_end(cells, width)


def _is_end(cells: Sequence[str], width: int) -> bool:
    """Whether a row may stand below a table: it is empty, has sums and gaps, or a single text that begins as such lines do."""
    filled = [cell for cell in cells if cell]
    if not filled or len(cells) >= width:
        return not filled or (_is_sum(filled[0]) and len(filled) < width)
    return len(filled) == 1 and _BELOW.match(filled[0]) is not None


def _is_sum(cell: str) -> bool:
    return cell.rstrip(":").lower() in _SUMS


def _of_width(path: Path, row: Row, names: Sequence[str], form: FileFormat) -> Row:
    """The row itself. Raises FileError where it has not one cell for each name."""
    line, cells = row
    if len(cells) != len(names):
        raise FileError(
            f"{path.name}:{line}: a row needs {len(names)} cells ({', '.join(names)[:200]}). Received: {len(cells)}. The cells "
            f"are divided by {form.separator!r} (options.separator); put one that holds it in quotation marks."
        )
    return row


def _below(path: Path, rows: Sequence[Row]) -> Notice:
    lines = f"The last {len(rows):,} rows of {path.name} are" if len(rows) > 1 else f"The last row of {path.name} is"
    if any(cell for _, cells in rows for cell in cells):
        return _not_read(lines, [cells for _, cells in rows])
    return Notice("skipped", f"{lines} empty and not read.", len(rows))
