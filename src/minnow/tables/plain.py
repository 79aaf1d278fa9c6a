"""Plain text, one value per line, where a table might be: told by the first line."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from minnow.tables import dialects
from minnow.tables.files import plain_lines
from minnow.types import FileFormat

_LINES, _STEADY = 100, 0.9
NO_SEPARATOR = "\x1f"
"""A sign that no file holds: with it as separator, each row is one cell."""


def is_plain(path: Path, form: FileFormat, name: str) -> bool:
    """Whether a .txt (or .txt.gz) holds one value per line: it has no header, and its first line does not name a column.

    name: a column that the header of a table would have. Raises FileError.
    """
    if form.header is not None or not path.name.lower().removesuffix(".gz").endswith(".txt"):
        return False
    return name not in _names(path, form)


def is_single(path: Path, form: FileFormat, name: str, target: str | None = None) -> bool:
    """Whether a column is the only one of a file.

    Its first line is then the column's name; or, where the header is known to hold nothing else but the target, hardly any
    line has a cell for both. Raises FileError.
    """
    if form.header is None:
        first = next((line for _, line in plain_lines(path, form.encoding)), "")
        return first.strip("\ufeff \t").strip(form.quote).strip() == name
    rows = _rows(path, form)
    both = sum(len(row) == len(form.header) for row in rows)
    return {*form.header} - {target} == {name} and both < _STEADY * len(rows)


def _names(path: Path, form: FileFormat) -> list[str]:
    """Cells of the first line, where the lines below it have as many; none for other files."""
    rows = _rows(path, form)
    first = [" ".join(cell.split()) for cell in rows[0]] if rows else []
    whole = rows[1:-1]  # the last row may be cut off in a cell of several lines
    return first if len(first) == 1 or all(len(row) in (len(first), len(first) + 1) for row in whole) else []


def _rows(path: Path, form: FileFormat) -> list[list[str]]:
    """Rows of the first lines of a file."""
    sample = "".join(f"{line}\n" for _, line in islice(plain_lines(path, form.encoding), _LINES))
    if named := dialects.named_separator(sample):
        sample = sample.partition("\n")[2]
    separator = form.separator or named or dialects.find_separator(sample, form.quote)
    if len(separator) > 1:
        return [line.split(separator) for line in sample.splitlines()]
    return dialects.parsed(sample, separator, form.quote)
