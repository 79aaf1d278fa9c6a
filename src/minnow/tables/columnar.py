"""Large files of delimited text without quotation marks, read as columns by Arrow instead of row by row.

They are read so only where the result is that of reading rows, down to the line of each: in UTF-8, each line one row with a
cell for each name, and nothing below the table. Other files are read row by row.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from minnow.tables.coded import Coded, Texts, compute, of_column
from minnow.tables.delimited import may_be_below
from minnow.tables.encodings import UTF8
from minnow.tables.files import Row, RowFile

LEAST_BYTES = 1 << 22
"""Size of a file from which on this is worth it."""
_BLOCK = 1 << 24
_ODD = bytes((*range(9), *range(11, 13), *range(14, 32)))
"""Control characters, some of which count as white space."""
_SEPARATORS = ",;\t|"


def read_columns(path: Path, file: RowFile, first: Row) -> dict[str, Coded | Texts] | None:
    """Read the columns of a file; None where it must be read row by row.

    file: opened, with its header; first: its first row.
    """
    line, _ = first
    plain = _may_be(path, file) and _headers_above(path, file, line) <= 1
    body = _body(path, file, line) if plain else None
    columns = None if body is None else _columns(path, file, body.start)
    if body is None or columns is None or len(columns[0]) != body.lines:  # Arrow leaves out blank lines
        return None
    last = [str(column[-1].as_py()) for column in columns]
    if may_be_below(last, len(last)) or _repeats_header(file, columns):
        return None
    held: dict[str, Coded | Texts] = {}
    for name in file.names:  # each column of the table is let go when it is encoded
        held[name] = of_column(columns.pop(0))
    return held


def release_memory() -> None:
    """Give back the memory of columns that are not needed any more, which Arrow and the C library keep for the next ones."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)


def _may_be(path: Path, file: RowFile) -> bool:
    form = file.form
    return (
        path.suffix.lower() != ".gz"
        and path.stat().st_size >= LEAST_BYTES
        and form.encoding == UTF8
        and form.separator is not None
        and form.separator in _SEPARATORS
        and len(form.quote) == 1
        and form.quote.isascii()
        and len(file.names) > 1
    )


def _headers_above(path: Path, file: RowFile, line: int) -> int:
    """Count the lines above a line that have the cells of the header."""
    with path.open(encoding=UTF8, newline="") as stream:
        lines = [text.split(file.form.separator) for text in islice(stream, line - 1)]
    return sum(tuple(cell.strip() for cell in cells) == file.header for cells in lines)


class _Body(NamedTuple):
    """The lines of a file from one of them on: the place of the first byte, and their number."""

    start: int
    lines: int


def _body(path: Path, file: RowFile, line: int) -> _Body | None:
    """Find where a line begins; None for a file with quotation marks, control characters or mixed line breaks."""
    feeds = returns = pairs = place = 0
    start = 0 if line == 1 else None
    last = b""
    odd = _ODD + file.form.quote.encode()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if len(block.translate(None, odd)) != len(block):
                return None
            if start is None and (inside := _after_lines(block, line - 1 - feeds)) is not None:
                start = place + inside
            feeds, returns = feeds + block.count(b"\n"), returns + block.count(b"\r")
            pairs += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
            place, last = place + len(block), block[-1:]
    if start is None or returns != pairs or pairs not in (0, feeds):
        return None
    return _Body(start, feeds + (last != b"\n") - (line - 1))


def _after_lines(block: bytes, lines: int) -> int | None:
    """Place behind a number of line breaks; None where a block has fewer."""
    place = 0
    for _ in range(lines):
        place = block.find(b"\n", place) + 1
        if not place:
            return None
    return place


def _columns(path: Path, file: RowFile, start: int) -> list[Any] | None:
    """Cells of each column as Arrow arrays of texts without white space around them; None where a line has another number."""
    import pyarrow as pa
    from pyarrow import csv

    pc = compute()

    names = [str(number) for number in range(len(file.names))]
    read = csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names)
    parse = csv.ParseOptions(delimiter=file.form.separator, quote_char=False)
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    with pa.OSFile(str(path)) as stream:
        stream.seek(start)
        try:
            table = csv.read_csv(stream, read, parse, convert)
        except pa.ArrowInvalid:
            return None
    columns, trimmed = table.columns, list[Any]()
    del table
    while columns:
        trimmed.append(pc.utf8_trim_whitespace(columns.pop(0)).combine_chunks())
    whole = all(isinstance(column, pa.Array) for column in trimmed)  # of more than 2 GB, Arrow makes several
    return trimmed if whole else None


def _repeats_header(file: RowFile, columns: Sequence[Any]) -> bool:
    """Whether a row has the cells of the header."""
    pc, rows = compute(), None
    if len(file.header) != len(columns):
        return False
    for cell, column in zip(file.header, columns, strict=True):
        same = pc.equal(column, cell)
        rows = same if rows is None else pc.and_(rows, same)
        if not pc.any(rows).as_py():
            return False
    return rows is not None
