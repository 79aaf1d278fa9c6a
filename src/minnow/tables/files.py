"""Files of rows: finding them, and what an open one is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minnow.registry import unknown
from minnow.tables.encodings import open_text
from minnow.tables.errors import FileError
from minnow.types import Array, FileFormat, Notice

JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
JSON = (".json", ".json.gz")
"""Files of one list of objects. In a folder they are read where there are no others: they often describe these."""
TEXT = (".csv", ".tsv", ".txt", ".data", ".dat", ".psv")
SUFFIXES = (*TEXT, *(f"{suffix}.gz" for suffix in TEXT), *JSONL, ".parquet")
_PROSE = re.compile(
    r"(read[ _-]?me|licen[cs]e|copying|notice|change(log|s)|citation|authors|credits|data[ _-]?description|codebook)"
    r"([ ._-].*)?(\.(txt|md|rst))?",
    re.IGNORECASE,
)
_DRAFT = "submission"
_SHOWN = 5


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
    paths = _taken(place, suffixes)
    if not paths:
        others = passed_over(place, suffixes)
        holds = f"Received: {listed(others)}" if others else "It holds none; create or download the data"
        raise FileError(f"{place} must hold a file of {', '.join(suffixes)}. {holds}.")
    return paths


def listed(names: Sequence[str]) -> str:
    """The first names of a list, for a message."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} others" if len(names) > _SHOWN else "")


def _with_suffix(place: Path, suffixes: Sequence[str]) -> list[Path]:
    return sorted(
        p for p in place.glob("*") if p.is_file() and p.name[0] != "." and p.name.lower().endswith(tuple(suffixes))
    )


def _taken(place: Path, suffixes: Sequence[str]) -> list[Path]:
    """Files of a folder that are read where none is named, in order of their names."""
    paths = [path for path in _with_suffix(place, suffixes) if not is_prose(path)]
    return paths or (_with_suffix(place, JSON) if set(JSONL) <= set(suffixes) else [])


def has_rows(place: Path) -> bool:
    """Whether a folder holds a file of rows."""
    return bool(_taken(place, SUFFIXES))


def is_prose(path: Path) -> bool:
    """Whether a file is for people by its name: README.txt, LICENSE.txt and so on."""
    return path.suffix.lower() in (".txt", ".md", ".rst", "") and _PROSE.fullmatch(path.name) is not None


def passed_over(place: Path, suffixes: Sequence[str]) -> list[str]:
    """Names of the files in a folder that find does not take, hidden files apart."""
    if not place.is_dir():
        return []
    taken = set(_taken(place, suffixes))
    return sorted(p.name for p in place.glob("*") if p.is_file() and p.name[0] != "." and p not in taken)


def refuse_twins(paths: Sequence[Path]) -> None:
    """Raise FileError for files of one name but its ending, which hold the same rows twice."""
    names: dict[str, str] = {}
    for path in paths:
        stem = path.name.lower()
        while (ending := Path(stem).suffix) and any(suffix.endswith(ending) for suffix in SUFFIXES):
            stem = stem.removesuffix(ending)
        if other := names.get(stem):
            raise FileError(
                f"{other} and {path.name} seem to hold the same rows twice. Name the one to read under options.file."
            )
        names[stem] = path.name


def without_drafts(paths: Sequence[Path]) -> tuple[list[Path], list[Notice]]:
    """Leave out the files of a competition that are to be filled in, such as sample_submission.csv, and say so."""
    drafts = [path for path in paths if _DRAFT in path.name.lower()]
    if len(drafts) == len(paths):
        return list(paths), []
    text = "is not read: its answers are to be filled in (options.file names the files to read)."
    return [path for path in paths if path not in drafts], [Notice("skipped", f"{d.name} {text}", 1) for d in drafts]


def fixed_splits(splits: Sequence[str]) -> Array | None:
    """Table.split from the split of each row's file, "" where none is fixed; None unless there is a test file.

    Where there is only a train.csv, it holds all the data, and its rows are divided into all splits.
    """
    return np.array(splits, dtype=str) if "test" in splits else None


Row = tuple[int, list[str]]
"""The line on which a row begins, and its cells."""


@dataclass(frozen=True)
class RowFile:
    """An open file of rows.

    names: of its columns; rows: its rows, read once; form: how it is written; notices: what is left out; unnamed: columns that
    have no name in the header, and one here. header: cells of the header, without white space around them, () for none.
    """

    names: list[str]
    rows: Iterator[Row]
    form: FileFormat
    notices: list[Notice] = field(default_factory=list[Notice])
    unnamed: tuple[str, ...] = ()
    header: tuple[str, ...] = ()


class Known(NamedTuple):
    """What is known of a file's columns: names; target: one that a file without a header may lack."""

    names: Sequence[str] = ()
    target: str | None = None


def plain_lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, str]]:
    """Read text, plain or .gz: (line number from 1, line), without blank lines. Raises FileError."""
    stream, _ = open_text(path, encoding)
    number = 0
    with stream:
        try:
            for number, line in enumerate(stream, 1):
                if line.strip("\ufeff \t\r\n"):
                    yield number, line.rstrip("\r\n").removeprefix("\ufeff")
        except (UnicodeError, OSError, EOFError) as error:
            raise FileError(
                f"{path.name}:{number + 1}: not readable as text: {error}. Name its encoding under options.encoding."
            ) from error


def json_list(path: Path) -> list[Any]:
    """Read a JSON file that holds a list of inputs, or a request: {"inputs": [...]}. Raises FileError."""
    try:
        with open_text(path)[0] as stream:
            value = json.load(stream)
    except (OSError, EOFError, UnicodeError, json.JSONDecodeError) as error:
        raise FileError(f"{path}: not readable as JSON: {error}.") from error
    value = value.get("inputs") if isinstance(value, dict) else value
    if not isinstance(value, list):
        raise FileError(f"{path} must hold a list of inputs. Received: {type(value).__name__}.")
    return value
