"""Names of the columns of delimited text: those of its header, of the options, or none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minnow.tables import headers
from minnow.tables.errors import FileError, HeaderError
from minnow.tables.files import Known
from minnow.types import Notice

ROW_NAME = "row name"
"""Name of the first column of a file whose header has one name fewer than its rows have cells."""
_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)?(_level_\d+)?")
"""What pandas calls a column without a name."""
_SHOWN = 100


def names_of(
    path: Path, first: Sequence[str], below: headers.Rows, layout: headers.Layout, known: Known, notices: list[Notice]
) -> tuple[list[str], tuple[str, ...]]:
    """Names of columns in the first line, and those of them that it lacks. Raises HeaderError where it is a row already."""
    cells = [" ".join(name.split()) for name in first]
    if len(cells) == layout.width + 1 and not cells[-1]:
        cells.pop()
    lacks_one = len(cells) == layout.width - 1 and headers.are_row_names(first, below)
    names = ["", *cells] if lacks_one else cells
    unnamed = {i: _placeholder(i, names, first) for i, name in enumerate(names) if not name or _UNNAMED.fullmatch(name)}
    names = [unnamed.get(i, name) for i, name in enumerate(names)]
    is_known = bool(known.names) and set(known.names) <= set(names)
    if not (lacks_one or is_known or headers.has_header(first, below)):
        raise HeaderError(
            f"{path} must begin with the names of its columns. Received: {', '.join(cells)[:_SHOWN]}, which is a row like "
            "those below it. Name the columns under options.header.",
            cells,
        )
    return _once(path, names, known, notices), tuple(unnamed.values())


def _placeholder(index: int, names: Sequence[str], first: Sequence[str]) -> str:
    """Name for a column without one. names: of the columns, one more than first where the header lacks that of row names."""
    name = ROW_NAME if index == 0 and len(names) > len(first) else f"column {index + 1}"
    while name in names:
        name = f"{name}_"
    return name


def _once(path: Path, names: list[str], known: Known, notices: list[Notice]) -> list[str]:
    """Names that occur once each: the second "x" becomes "x (2)". Raises FileError where it is unclear which one is meant."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if meant := [name for name in twice if name in (*known.names, known.target)]:
        raise FileError(
            f"{path} must name column {meant[0]!r} once. It does {names.count(meant[0])} times; rename the others."
        )
    seen, renamed = set[str](), list[str]()
    for name in names:
        number, new = 1, name
        while new in seen or (number > 1 and new in names):
            number += 1
            new = f"{name} ({number})"
        seen.add(new)
        renamed.append(new)
    for name in twice:
        text = f"{path.name} has {names.count(name)} columns named {name!r}; the second one is read as '{name} (2)'."
        notices.append(Notice("format", text, names.count(name), name))
    return renamed


def given_names(header: Sequence[str], first: Sequence[str], width: int, target: str | None) -> list[str]:
    """Names of a file without a header, which may lack the target, or begin with names of these columns in any order.

    width: number of cells of its rows.
    """
    without = [name for name in header if name != target]
    cells = [" ".join(cell.split()) for cell in first]
    if len(cells) >= len(without) and len(set(cells)) == len(cells) and set(cells) <= set(header):
        return cells
    return without if len(without) == width < len(header) else list(header)


def repeats_names(
    path: Path, first: Sequence[str], below: headers.Rows, names: Sequence[str], notices: list[Notice]
) -> bool:
    """Whether the first line holds names although they are given by options.header: the same ones, or texts above numbers."""
    cells = [" ".join(cell.split()) for cell in first]
    if [cell.casefold() for cell in cells] == [name.casefold() for name in names]:
        return True
    if not headers.has_names(first, below):
        return False
    text = f"The first line of {path.name} holds names, which options.header replaces: {', '.join(cells)[:_SHOWN]!r}."
    notices.append(Notice("skipped", text, 1))
    return True
