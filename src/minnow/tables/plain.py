"""Plain text, one value per line, where a table might be: told by the first lines."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from minnow.tables import dialects
from minnow.tables.dialects import NO_SEPARATOR
from minnow.tables.files import plain_lines
from minnow.types import FileFormat

_LINES, _STEADY = 100, 0.9
_SEPARATORS = "\t;|,"
"""Separators that tell a table from plain text; a blank or a colon does not."""


def is_plain(path: Path, form: FileFormat, name: str) -> bool:
    """Whether a .txt (or .txt.gz) holds one value per line.

    Its first line does not name a column then; or, where tables have a known header and none in the file, its lines are not
    divided into as many cells, or one less. name: a column that the header of a table would have. Raises FileError.
    """
    if not path.name.lower().removesuffix(".gz").endswith(".txt"):
        return False
    rows = _rows(path, form)
    if form.header is not None:
        widths = [len(row) for row in rows]
        whole = max(widths.count(len(form.header)), widths.count(len(form.header) - 1))
        return len(form.header) > 1 and whole < _STEADY * len(rows)
    first = [" ".join(cell.split()) for cell in rows[0]] if rows else []
    return name not in first or (
        len(first) > 1 and any(len(row) not in (len(first), len(first) + 1) for row in rows[1:])
    )


def is_single(path: Path, form: FileFormat, name: str) -> bool:
    """Whether a column is the only one of a file.

    Its first line is the column's name then; or, where tables have a known header and none in the file, no row has a second
    cell. Raises FileError.
    """
    if form.header is not None:
        return len(form.header) > 1 and all(len(row) == 1 for row in _rows(path, form))
    first = next((line for _, line in plain_lines(path, form.encoding)), "")
    return first.strip("\ufeff \t").strip(form.quote).strip() == name


def usual_width(path: Path, form: FileFormat) -> int:
    """The number of cells that most rows of a file have, by its first lines; 0 for an empty file. Raises FileError."""
    widths = Counter(len(row) for row in _rows(path, form))
    return max(widths, key=widths.__getitem__, default=0)


def _rows(path: Path, form: FileFormat) -> list[list[str]]:
    """Rows of the first lines of a file; of one cell where no separator divides them."""
    lines = [f"{line}\n" for _, line in islice(plain_lines(path, form.encoding), _LINES + 1)]
    named = dialects.named_separator(lines[0]) if lines else None
    sample = "".join(lines[1:] if named else lines)
    separator = form.separator or named or dialects.find_separator(sample, form.quote)
    if len(separator) > 1:
        return [line.split(separator) for line in sample.splitlines()]
    known = separator in (form.separator, named, *_SEPARATORS)
    rows = dialects.parsed(sample, separator if known else NO_SEPARATOR, form.quote)
    return rows[:-1] if len(lines) > _LINES else rows  # the last one may be cut off in a cell of several lines
