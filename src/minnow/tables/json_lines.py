"""JSON: one object per line, read piece by piece, or one list of objects; as rows of cells of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from minnow.tables.encodings import open_text
from minnow.tables.errors import FileError
from minnow.tables.files import JSON, Known, Row, RowFile, json_list
from minnow.types import FileFormat, Notice

KEY_ROWS = 1000
"""Number of first rows whose keys are the columns."""
_BLANK = "\ufeff \t\r\n"
_Object = tuple[int, dict[str, Any]]


def open_json_lines(path: Path, stream: IO[str], form: FileFormat, known: Known, notices: list[Notice]) -> RowFile:
    """Open JSON lines, or a list of objects, which are numbered in place of lines.

    The first thousand rows name the columns; a row may lack some of them, which are missing then. notices: receives the keys
    that are left out: those of lists and objects, and those that come later. Raises FileError with file and line, here or while
    rows are read.
    """
    objects = _objects(path, stream)
    first = list(islice(objects, KEY_ROWS))
    if not first:
        raise FileError(f"{path} must hold rows. It is empty.")
    nested = [name for name in _nested(first) if name not in (*known.names, known.target)]
    for name in nested:
        notices.append(Notice("skipped", f"'{name}' holds lists or objects in {path.name} and is not read.", 1, name))
    keys = [name for name in dict.fromkeys(name for _, row in first for name in row) if name not in nested]
    rows = _rows(path, chain(first, objects), keys, set(nested), notices)
    return RowFile(keys, rows, form, notices)


def _nested(rows: Sequence[_Object]) -> list[str]:
    """Keys whose values are all lists or objects."""
    kinds: dict[str, set[bool]] = {}
    for _, row in rows:
        for name, value in row.items():
            if value is not None:
                kinds.setdefault(name, set()).add(isinstance(value, dict | list))
    return [name for name, nested in kinds.items() if nested == {True}]


def json_objects(path: Path, encoding: str | None = None) -> Iterator[_Object]:
    """Read JSON lines, plain or .gz, one by one: (line number from 1, object). Raises FileError."""
    stream, _ = open_text(path, encoding)
    return _objects(path, stream)


def _objects(path: Path, stream: IO[str]) -> Iterator[_Object]:
    """Read one JSON object per line, or those of a list: (number from 1, object). Raises FileError."""
    number, begun = 0, False
    with stream:
        try:
            for number, line in enumerate(stream, 1):
                if not (line := line.strip(_BLANK)):
                    continue
                if not begun and _begins_list(path, line):
                    yield from _listed(path, line + stream.read())
                    return
                begun = True
                yield number, _object(path, number, line)
        except (UnicodeError, OSError, EOFError) as error:
            raise FileError(
                f"{path.name}:{number + 1}: not readable as text: {error}. Name its encoding under options.encoding."
            ) from error


def _begins_list(path: Path, line: str) -> bool:
    """Whether a file with this first line is one value: a list, or an object that does not end on this line."""
    return line.startswith("[") or (path.name.lower().endswith(JSON) and not line.endswith("}"))


def holds_rows(path: Path, name: str) -> bool:
    """Whether a file is a JSON list of objects whose first has a key: of rows, not of inputs. Raises FileError."""
    if not path.name.lower().endswith(JSON):
        return False
    inputs = json_list(path)
    return bool(inputs) and isinstance(inputs[0], dict) and name in inputs[0]


def _listed(path: Path, text: str) -> Iterator[_Object]:
    """Objects of the list that a whole file is. Raises FileError."""
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(f"{path.name}: not readable as JSON: {error}.") from error
    if not isinstance(rows, list):
        received = f"one object ({', '.join(rows)[:80]})" if isinstance(rows, dict) else type(rows).__name__
        raise FileError(f"{path.name} must hold one object per line, or one list of objects. Received: {received}.")
    for number, row in enumerate(rows, 1):
        yield number, _checked(row, f"{path.name}:{number}: a row")


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise FileError(f"{path.name}:{number}: not readable as JSON: {error}.") from error
    return _checked(row, f"{path.name}:{number}: a line")


def _checked(row: Any, what: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise FileError(f"{what} must be an object. Received: {type(row).__name__}.")
    return row


def _rows(
    path: Path, objects: Iterator[_Object], keys: Sequence[str], nested: set[str], notices: list[Notice]
) -> Iterator[Row]:
    known = nested | set(keys)
    for line, row in objects:
        for name in row.keys() - known:
            known.add(name)
            text = f"'{name}' occurs in {path.name} from line {line:,} on, too late to be a column, and is not read."
            notices.append(Notice("skipped", text, 1, name))
        yield line, [_text(path, line, name, row.get(name)) for name in keys]


def _text(path: Path, line: int, name: str, value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict | list):
        raise FileError(
            f"{path.name}:{line}: '{name}' must be a text, a number, true or false. Received: {type(value).__name__}."
        )
    return "" if value is None else json.dumps(value)
