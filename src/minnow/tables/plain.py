"""Plain text, one value per line, where a table might be: told by the first line."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from minnow.tables import dialects
from minnow.tables.files import plain_lines
from minnow.types import FileFormat

_LINES = 100


def is_plain(path: Path, form: FileFormat, name: str) -> bool:
    """Whether a .txt (or .txt.gz) holds one value per line: it has no header, and its first line does not name a column.

    name: a column that the header of a table would have. Raises FileError.
    """
    if form.header is not None or not path.name.lower().removesuffix(".gz").endswith(".txt"):
        return False
    return name not in _names(path, form)


def is_single(path: Path, form: FileFormat, name: str) -> bool:
    """Whether a column is the only one of a file, by its first line. Raises FileError."""
    first = next((line for _, line in plain_lines(path, form.encoding)), "")
    return form.header is None and first.strip("\ufeff \t").strip(form.quote).strip() == name


def _names(path: Path, form: FileFormat) -> list[str]:
    """Cells of the first line, where the lines below it have as many; none for other files."""
    sample = "".join(f"{line}\n" for _, line in islice(plain_lines(path, form.encoding), _LINES))
    if named := dialects.named_separator(sample):
        sample = sample.partition("\n")[2]
    separator = form.separator or named or dialects.find_separator(sample, form.quote)
    rows = dialects.parsed(sample, separator, form.quote)
    first = [" ".join(cell.split()) for cell in rows[0]] if rows else []
    whole = rows[1:-1]  # the last row may be cut off in a cell of several lines
    return first if len(first) == 1 or all(len(row) in (len(first), len(first) + 1) for row in whole) else []
