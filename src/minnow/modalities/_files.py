"""Files of rows: finding them, and reading delimited text with the line of every row kept for messages."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.registry import unknown
from minnow.types import Array


class FileError(ValueError):
    """A file of rows that cannot be read as the options say; the message names the file and the line."""


def find(place: Path, name: str | None, suffixes: Sequence[str]) -> list[Path]:
    """Find the files to read, in order of their names.

    place: a file, or a folder that holds them. name: one file in that folder, None for every file with one of the
    suffixes. Raises FileError when there is none.
    """
    if place.is_file():
        return [place]
    if name is not None:
        path = place / name
        if not path.is_file():
            there = [p.name for p in place.glob("*")] if place.is_dir() else []
            raise FileError(f"{place}: {unknown('file', name, there)}")
        return [path]
    found = sorted(p for p in place.glob("*") if p.is_file() and p.name.lower().endswith(tuple(suffixes)))
    if not found:
        raise FileError(f"{place} must hold a file of {', '.join(suffixes)}. It holds none; make or fetch the data.")
    return found


def side_of(name: str) -> str:
    """Side that a file's or folder's name fixes: "train" or "test"; "" where it fixes none."""
    name = name.lower()
    if name.startswith(("test", "t10k")):
        return "test"
    return "train" if name.startswith("train") else ""


def fixed_sides(sides: Sequence[str]) -> Array | None:
    """Make Table.side of what side_of says of each row; None unless some row is of a test file.

    A lone train.csv is everything that somebody has: its test rows must come out of it.
    """
    return np.array(sides, dtype=str) if "test" in sides else None


def records(
    path: Path, separator: str, wanted: Sequence[str], header: Sequence[str] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Read delimited UTF-8 text, plain or .gz: (line number from 1, the wanted cells), row by row.

    separator: one character as in CSV, with quoting; several characters split each line as it stands.
    header: names of the columns where the first line is already a row. Raises FileError that names file and line.
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


def _position(path: Path, name: str, header: Sequence[str]) -> int:
    if name not in header:
        raise FileError(f"{path}: {unknown('column', name, header)} Set its name under options in params.yaml.")
    return list(header).index(name)


def _lines(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Split a file into rows of cells; a row's line is the one it begins on. Blank lines are left out."""
    text = _open(path)
    if len(separator) > 1:
        lines: Iterable[tuple[int, list[str]]] = (
            (number, line.rstrip("\r\n").split(separator)) for number, line in enumerate(text, 1) if line.strip()
        )
        yield from lines
        return
    reader = csv.reader(text, delimiter=separator, strict=True)
    start = 1
    try:
        for cells in reader:
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileError(f"{path.name}:{start}: not readable as delimited text: {error}.") from error


def _open(path: Path) -> io.StringIO:
    """Read the whole file, for a text that is not UTF-8 should be named before any row is taken."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        return io.StringIO(data.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileError(
            f"{path.name}:{line}: text must be UTF-8. Received byte {error.object[error.start]:#04x}."
        ) from error
    except (OSError, EOFError) as error:
        raise FileError(f"{path}: {error}") from error


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
