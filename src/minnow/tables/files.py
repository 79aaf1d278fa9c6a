"""Files of rows: finding them, and reading their cells piece by piece. Each row comes with its line, for messages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from minnow.registry import unknown
from minnow.tables import dialects
from minnow.tables.encodings import WINDOWS, open_text
from minnow.tables.errors import FileError, HeaderError
from minnow.types import Array, FileFormat, Notice

_SAMPLE, KEY_ROWS = 1 << 18, 1000
"""Characters from which the dialect of a file is found, and rows from which the keys of JSON lines are."""
JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
TEXT = (".csv", ".tsv", ".txt", ".data", ".dat", ".psv")
SUFFIXES = (*TEXT, *(f"{suffix}.gz" for suffix in TEXT), *JSONL, ".parquet")
_PROSE = ("readme", "license", "licence", "copying", "notice", "changelog", "citation", "authors")
ROW_NAME = "row name"
"""Name of the first column of a file whose header has one name fewer than its rows have cells."""


def find(place: Path, name: str | Sequence[str] | None, suffixes: Sequence[str]) -> list[Path]:
    """Find the files to read, in order of their names.

    place: a file, or a folder of files. name: of one file in that folder, or of several; None takes every file with one of the
    suffixes, without hidden ones and those that are for people, such as README.txt. Raises FileError where there is none.
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
    paths = [path for path in _with_suffix(place, suffixes) if not is_prose(path)]
    if not paths:
        raise FileError(
            f"{place} must hold a file of {', '.join(suffixes)}. It holds none; create or download the data."
        )
    return paths


def _with_suffix(place: Path, suffixes: Sequence[str]) -> list[Path]:
    return sorted(
        p for p in place.glob("*") if p.is_file() and p.name[0] != "." and p.name.lower().endswith(tuple(suffixes))
    )


def has_rows(place: Path) -> bool:
    """Whether a folder holds a file of rows."""
    return any(not is_prose(path) for path in _with_suffix(place, SUFFIXES))


def is_prose(path: Path) -> bool:
    """Whether a file is for people by its name: README.txt, LICENSE.txt and so on."""
    return path.suffix.lower() in (".txt", ".md", "") and path.stem.lower().split(".")[0] in _PROSE


def passed_over(place: Path, suffixes: Sequence[str]) -> list[str]:
    """Names of the files in a folder that find does not take, hidden files apart."""
    if not place.is_dir():
        return []
    taken = {path for path in _with_suffix(place, suffixes) if not is_prose(path)}
    return sorted(p.name for p in place.glob("*") if p.is_file() and p.name[0] != "." and p not in taken)


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


Row = tuple[int, list[str]]
"""The line on which a row begins, and its cells."""


@dataclass(frozen=True)
class RowFile:
    """An open file of rows.

    names: of its columns; rows: its rows, read once; form: how it is written; notices: what is left out; unnamed: columns that
    have no name in the header, and one here.
    """

    names: list[str]
    rows: Iterator[Row]
    form: FileFormat
    notices: list[Notice] = field(default_factory=list[Notice])
    unnamed: tuple[str, ...] = ()


def open_rows(path: Path, form: FileFormat, names: Sequence[str] = (), target: str | None = None) -> RowFile:
    """Open delimited text or JSON lines, plain or .gz. Rows are read piece by piece; cells are without white space around them.

    form: what is known of how the file is written; the rest is found. names: columns that the file is known to have. target: a
    column that a file without a header may lack. Raises FileError with file and line, here or while rows are read.
    """
    stream, encoding = open_text(path, form.encoding)
    form = replace(form, encoding=encoding)
    notices = [_windows(path)] if encoding == WINDOWS else []
    try:
        if path.name.lower().endswith(JSONL):
            return _json_rows(path, stream, form, notices)
        return _delimited(path, stream, form, _Known(names, target), notices)
    except BaseException:
        stream.close()
        raise


class _Known(NamedTuple):
    """What is known of a file's columns: names; target: one that a file without a header may lack."""

    names: Sequence[str]
    target: str | None


def _delimited(path: Path, stream: IO[str], form: FileFormat, known: _Known, notices: list[Notice]) -> RowFile:
    sample = _read(path, stream.read, _SAMPLE)
    sample += _read(path, stream.read, 1) if sample.endswith("\r") else ""
    if not sample.strip("\ufeff \t\r\n"):
        raise FileError(f"{path} must hold rows. It is empty.")
    named = dialects.named_separator(sample)
    if named:
        sample = sample[sample.index("\n") + 1 :]
    seen = sample if len(sample) < _SAMPLE else sample[: sample.rfind("\n") + 1]
    separator = form.separator or named or dialects.find_separator(seen, form.quote, known.names)
    rows = _lines(path, _pieces(path, sample, stream), separator, form.quote, 1 + bool(named))
    found = replace(form, separator=separator)
    if form.header is None:
        below = dialects.parsed(seen, separator, form.quote)[1:] if len(separator) == 1 else []
        return _with_header(path, rows, below, found, notices)
    return RowFile(*_named(path, rows, list(form.header), known.target), form=found, notices=notices)


def _windows(path: Path) -> Notice:
    text = f"{path.name} is read as Windows-1252, since it is not UTF-8 (options.encoding names another encoding)."
    return Notice("format", text)


def _read(path: Path, read: Any, size: int) -> str:
    try:
        return read(size)
    except (UnicodeError, OSError, EOFError) as error:
        raise FileError(
            f"{path} is not readable as text: {error}. Name its encoding under options.encoding."
        ) from error


def _pieces(path: Path, sample: str, stream: IO[str]) -> Iterator[str]:
    """Lines of a stream whose beginning was read already, each with its line break."""
    with stream:
        lines = list(io.StringIO(sample, newline=""))
        last = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        yield from lines
        if last := last + _read(path, stream.readline, -1):
            yield last
        yield from stream


class _Quotes:
    """Counts quotation marks in lines that pass through, since one that is never closed swallows the rest of a file."""

    def __init__(self, text: Iterator[str], quote: str) -> None:
        self._text, self._quote, self.count = text, quote, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.count += line.count(self._quote)
            yield line


def _with_header(
    path: Path, rows: Iterator[Row], below: Sequence[Sequence[str]], form: FileFormat, notices: list[Notice]
) -> RowFile:
    """Take the names from the first row. Raises HeaderError where it is a row already."""
    _, first = next(rows)
    names = [" ".join(name.split()) for name in first]
    trailing = bool(below) and all(dialects.ends_with_separator(row, first) for row in below)
    if trailing:
        notices.append(Notice("skipped", f"Each row of {path.name} ends with an empty cell, which is not read."))
    width = (len(below[0]) if below else len(names)) - trailing
    if len(names) == width - 1 and len(below) > 1:
        names = [ROW_NAME, *names]
    elif not dialects.has_header(first, below):
        raise HeaderError(
            f"{path} must begin with the names of its columns. Received: {', '.join(names)[:100]}, which is a row like those "
            "below it. Name the columns under options.header.",
            names,
        )
    unnamed = tuple(_placeholder(i) for i, name in enumerate(names, 1) if not name or name == f"Unnamed: {i - 1}")
    names = [_placeholder(i) if _placeholder(i) in unnamed else name for i, name in enumerate(names, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileError(f"{path} must name each column once. Received twice: {', '.join(twice)}.")
    return RowFile(names, _checked(path, rows, names, form, trailing), form, notices, (*unnamed, ROW_NAME))


def _placeholder(index: int) -> str:
    return f"column {index}"


def _named(path: Path, rows: Iterator[Row], header: list[str], target: str | None) -> tuple[list[str], Iterator[Row]]:
    """Names of a file without a header, which may lack the target, or begin with names of these columns in any order."""
    first = next(rows, None)
    if first is None:
        raise FileError(f"{path} must hold rows. It is empty.")
    without = [name for name in header if name != target]
    cells = [" ".join(cell.split()) for cell in first[1]]
    if len(cells) >= len(without) and len(set(cells)) == len(cells) and set(cells) <= set(header):
        return cells, _checked(path, rows, cells, FileFormat(), False)
    names = without if len(cells) == len(without) < len(header) else header
    return names, _checked(path, chain([first], rows), names, FileFormat(), False)


def _checked(path: Path, rows: Iterator[Row], names: Sequence[str], form: FileFormat, trailing: bool) -> Iterator[Row]:
    """Check the number of cells of each row. trailing: rows end with an empty cell that is left out. Raises FileError."""
    width = len(names)
    for line, cells in rows:
        if trailing and len(cells) == width + 1 and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) != width:
            divided = (
                f"The cells are divided by {form.separator!r} (options.separator); put" if form.separator else "Put"
            )
            raise FileError(
                f"{path.name}:{line}: a row needs {width} cells ({', '.join(names)[:200]}). Received: {len(cells)}. "
                f"{divided} a cell that holds the separator in quotation marks."
            )
        yield line, [cell.strip() for cell in cells]


def _lines(path: Path, text: Iterator[str], separator: str, quote: str, start: int) -> Iterator[Row]:
    """Split lines into rows of cells. Blank lines are skipped. start: number of the first line. Raises FileError."""
    if len(separator) > 1:
        for number, line in enumerate(text, start):
            if line.strip():
                yield number, line.rstrip("\r\n").split(separator)
        return
    counted = _Quotes(text, quote)
    reader = csv.reader(counted, delimiter=separator, quotechar=quote, skipinitialspace=True)
    line, cells = start, []
    try:
        for cells in reader:
            if len(cells) and counted.count % 2 and "\n" in cells[-1]:
                break
            if cells and (len(cells) > 1 or cells[0].strip()):
                yield line, cells
            line = reader.line_num + start
    except csv.Error as error:
        raise FileError(f"{path.name}:{line}: not readable as delimited text: {error}.") from error
    except (UnicodeError, OSError, EOFError) as error:
        raise FileError(f"{path.name}:{line}: not readable as text: {error}. See options.encoding.") from error
    if cells and counted.count % 2 and "\n" in cells[-1]:
        raise FileError(
            f"{path.name}:{line}: a quotation mark ({quote}) is opened in this row and not closed. Close it, or set "
            "options.quote to a sign that does not occur in the file."
        )


def _json_rows(path: Path, stream: IO[str], form: FileFormat, notices: list[Notice]) -> RowFile:
    """Rows of JSON lines. The first thousand name the columns; a row may lack some of them, which are missing then."""
    objects = _objects(path, stream)
    first = list(islice(objects, KEY_ROWS))
    if not first:
        raise FileError(f"{path} must hold rows. It is empty.")
    names = list(dict.fromkeys(name for _, row in first for name in row))
    return RowFile(names, (_json_row(path, line, row, names) for line, row in chain(first, objects)), form, notices)


def json_objects(path: Path, encoding: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read JSON lines, plain or .gz, one by one: (line number from 1, object). Raises FileError."""
    stream, _ = open_text(path, encoding)
    return _objects(path, stream)


def _objects(path: Path, stream: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read one JSON object per line: (line number from 1, object). Raises FileError."""
    with stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield number, _object(path, number, line)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise FileError(f"{path.name}:{number}: not readable as JSON: {error}.") from error
    if not isinstance(row, dict):
        raise FileError(f"{path.name}:{number}: a line must be an object. Received: {type(row).__name__}.")
    return row


def _json_row(path: Path, line: int, row: dict[str, Any], names: Sequence[str]) -> Row:
    if more := [name for name in row if name not in names]:
        raise FileError(
            f"{path.name}:{line}: the keys must be those of the first rows ({', '.join(names)[:200]}). Received: {more[0]}."
        )
    return line, [_json_text(path, line, name, row.get(name)) for name in names]


def _json_text(path: Path, line: int, name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise FileError(
            f"{path.name}:{line}: '{name}' must be a text, a number, true or false. Received: {type(value).__name__}."
        )
    return "" if value is None else value.strip() if isinstance(value, str) else json.dumps(value)


def plain_lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, str]]:
    """Read text, plain or .gz: (line number from 1, line), without blank lines. Raises FileError."""
    stream, _ = open_text(path, encoding)
    with stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield number, line.rstrip("\r\n")


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
