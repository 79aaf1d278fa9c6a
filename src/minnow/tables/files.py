"""Files of rows: finding them, and reading delimited text and JSON. Each row comes with its line, for messages."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minnow.registry import unknown
from minnow.types import Array

SEPARATORS = (",;\t|", ": ")
SNIFFED = 50
BINARY = {
    b"\x1f\x8b": "gzip", b"PK\x03\x04": "a zip archive", b"PAR1": "Parquet", b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture", b"%PDF": "a PDF", b"BZh": "bzip2", b"SQLite": "an SQLite database",
    b"\x93NUMPY": "a NumPy array", b"\x28\xb5\x2f\xfd": "zstandard", b"\xff\xfe": "UTF-16 text, which must be UTF-8",
    b"\xfe\xff": "UTF-16 text, which must be UTF-8",
}  # fmt: skip


class FileError(ValueError):
    """A file of rows that cannot be read with these options; the message gives the file and the line."""


class HeaderError(FileError):
    """A first line that holds numbers, where names of columns are needed. width: how many cells it has."""

    def __init__(self, message: str, width: int) -> None:
        super().__init__(message)
        self.width = width


def find(place: Path, name: str | Sequence[str] | None, suffixes: Sequence[str]) -> list[Path]:
    """Find the files to read, in order of their names.

    place: a file, or a folder of files. name: of one file in that folder, or of several; None takes every file with one of the
    suffixes. Raises FileError where there is none.
    """
    if place.is_file():
        return [place]
    if name is not None and not isinstance(name, str):
        return [path for single in name for path in find(place, single, suffixes)]
    if name is not None:
        path = place / name
        if not path.is_file():
            names = [p.name for p in place.glob("*")] if place.is_dir() else []
            raise FileError(f"{place}: {unknown('file', name, names)}")
        return [path]
    paths = sorted(p for p in place.glob("*") if p.is_file() and p.name.lower().endswith(tuple(suffixes)))
    if not paths:
        raise FileError(
            f"{place} must hold a file of {', '.join(suffixes)}. It holds none; create or download the data."
        )
    return paths


def split_of(name: str) -> str:
    """The split in the name of a file or folder: "train" or "test", "" where the name does not begin with one."""
    name = name.lower()
    if name.startswith(("test", "t10k")):
        return "test"
    return "train" if name.startswith("train") else ""


def fixed_splits(splits: Sequence[str]) -> Array | None:
    """Table.split from the split of each row's file, as split_of returns it; None unless there is a test file.

    Where there is only a train.csv, it holds all the data, and its rows are divided into all splits.
    """
    return np.array(splits, dtype=str) if "test" in splits else None


def records(
    path: Path, separator: str, wanted: Sequence[str], header: Sequence[str] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Read delimited UTF-8 text, plain or .gz: (line number from 1, the wanted cells), row by row.

    separator: one character as in CSV, with quoting; several characters split lines without quoting. wanted: names of
    columns. header: names of all columns, for files without a header. Raises FileError with file and line.
    """
    rows = _lines(path, separator)
    if header is None:
        first = next(rows, None)
        if first is None:
            raise FileError(f"{path} must begin with the names of its columns. It is empty.")
        header = [name.strip() for name in first[1]]
    index = [_position(path, name, header) for name in wanted]
    for line, cells in rows:
        if len(cells) != len(header):
            raise FileError(
                f"{path.name}:{line}: a row needs {len(header)} cells ({', '.join(header)}). Received: {len(cells)}. "
                "Put a cell that holds the separator in quotation marks."
            )
        yield line, [cells[i] for i in index]


class DelimitedFile(NamedTuple):
    """A delimited file. columns: name -> cells; lines: the line on which each row begins."""

    columns: dict[str, Sequence[str]]
    lines: list[int]


def read_delimited(path: Path, separator: str | None, header: Sequence[str] | None, quote: str = '"') -> DelimitedFile:
    """Read all columns of delimited UTF-8 text, plain or .gz; cells are stripped of white space.

    separator: None detects it: the one that divides the first lines into most cells, the same number in each line. header:
    names of the columns, for files without a header. Raises FileError with file and line.
    """
    separator = separator or _separator(path, quote)
    lines = list(_lines(path, separator, quote, padded=True))
    if not lines:
        raise FileError(f"{path} must hold rows. It is empty.")
    names = [name.strip() for name in header or lines.pop(0)[1]]
    if header is None:
        names = _checked_names(path, names, len(lines[0][1]) if lines else 0)
    for line, cells in lines:
        if len(cells) != len(names):
            raise FileError(
                f"{path.name}:{line}: a row needs {len(names)} cells ({', '.join(names)[:200]}). Received: {len(cells)}. "
                f"The cells are divided by {separator!r} (options.separator); put one that holds it in quotation marks."
            )
    columns = list(zip(*([cell.strip() for cell in cells] for _, cells in lines), strict=True)) or [()] * len(names)
    return DelimitedFile(dict(zip(names, columns, strict=True)), [line for line, _ in lines])


def _checked_names(path: Path, names: list[str], width: int) -> list[str]:
    """Check the names of a header. Where it has one name fewer than rows have cells, the first column holds row names."""
    if len(names) == width - 1:
        names = ["row name", *names]
    names = [name or f"column {index}" for index, name in enumerate(names, 1)]
    if any(_is_number(name) for name in names):
        raise HeaderError(
            f"{path} must begin with the names of its columns. Received: {', '.join(names)[:100]}. For a file without a "
            "header, name the columns under options.header.",
            len(names),
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileError(f"{path} must name each column once. Received twice: {', '.join(twice)}.")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _separator(path: Path, quote: str) -> str:
    """Detect the separator from the first lines; a comma where no candidate divides them."""
    lines = list(islice((line for line in _open(path) if line.strip()), SNIFFED))
    for candidates in SEPARATORS:
        widths = {candidate: _width(lines, candidate, quote) for candidate in candidates}
        best = max(widths, key=lambda candidate: widths[candidate])
        if widths[best] > 1:
            return best
    return ","


def _width(lines: Sequence[str], separator: str, quote: str) -> int:
    """Number of cells per line, 0 where it differs. A header may have no name for the first column."""
    try:
        rows = list(csv.reader(lines, delimiter=separator, quotechar=quote, skipinitialspace=separator != " "))
    except csv.Error:
        return 0
    rows = rows[: max(2, len(rows) - 1)]  # the last may be cut within a quoted cell
    widths = {len(row) for row in rows[1:] if row} or {len(rows[0]) if rows else 0}
    width = max(widths)
    return width if len(widths) == 1 and rows and len(rows[0]) in (width, width - 1) else 0


def _position(path: Path, name: str, header: Sequence[str]) -> int:
    if name not in header:
        raise FileError(f"{path}: {unknown('column', name, header)} Set its name under options in params.yaml.")
    return list(header).index(name)


def _lines(path: Path, separator: str, quote: str = '"', padded: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Split a file into rows of cells, each with the line on which it begins. Blank lines are skipped."""
    text = _open(path)
    if len(separator) > 1:
        lines: Iterable[tuple[int, list[str]]] = (
            (number, line.rstrip("\r\n").split(separator)) for number, line in enumerate(text, 1) if line.strip()
        )
        yield from lines
        return
    # the strict reader refuses blanks after a closing quotation mark
    reader = csv.reader(text, delimiter=separator, quotechar=quote, strict=not padded, skipinitialspace=padded)
    start = 1
    try:
        for cells in reader:
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileError(f"{path.name}:{start}: not readable as delimited text: {error}.") from error


def _open(path: Path) -> io.StringIO:
    """Read the whole file at once, so that text that is not UTF-8 is reported before any row is used."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        _refuse_binary(path, data)
        return io.StringIO(data.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileError(
            f"{path.name}:{line}: text must be UTF-8. Received byte {error.object[error.start]:#04x}."
        ) from error
    except (OSError, EOFError) as error:
        raise FileError(f"{path}: {error}") from error


def _refuse_binary(path: Path, data: bytes) -> None:
    """Raise FileError for a file that is not text, with its format where that is known."""
    kind = next((name for start, name in BINARY.items() if data.startswith(start)), None)
    if kind or b"\0" in data[:4096]:
        raise FileError(
            f"{path} must hold text. Received: {kind or 'binary data'}. Rename the file to the ending of its format."
        )


def plain_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read UTF-8 text, plain or .gz: (line number from 1, line), without blank lines. Raises FileError."""
    for number, line in enumerate(_open(path), 1):
        if line.strip():
            yield number, line.rstrip("\r\n")


def json_lines(path: Path, wanted: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Read one JSON object per line, plain or .gz: (line number from 1, the wanted values as text; null is "").

    wanted: keys. Raises FileError with file and line.
    """
    for number, line in plain_lines(path):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise FileError(f"{path.name}:{number}: not readable as JSON: {error}.") from error
        if not isinstance(row, dict):
            raise FileError(f"{path.name}:{number}: a line must be an object. Received: {type(row).__name__}.")
        yield number, [_json_text(path, number, name, row) for name in wanted]


def _json_text(path: Path, number: int, name: str, row: dict[str, Any]) -> str:
    if name not in row:
        raise FileError(f"{path.name}:{number}: {unknown('key', name, row)} Set its name under options in params.yaml.")
    value = row[name]
    if isinstance(value, dict | list):
        raise FileError(
            f"{path.name}:{number}: '{name}' must be a text, a number, true or false. Received: {type(value).__name__}."
        )
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def json_list(path: Path) -> list[Any]:
    """Read a JSON file that holds a list of inputs, or a request: {"inputs": [...]}. Raises FileError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: not readable as JSON: {error}.") from error
    value = value.get("inputs") if isinstance(value, dict) else value
    if not isinstance(value, list):
        raise FileError(f"{path} must hold a list of inputs. Received: {type(value).__name__}.")
    return value
