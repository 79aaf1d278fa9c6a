"""Columns without a name: indices of frames and names of rows, which are no data, empty ones, and others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from minnow.tables.files import listed
from minnow.tables.naming import ROW_NAME
from minnow.tables.numbers import written
from minnow.tables.times import formats_of
from minnow.types import Notice

_SHOWN = 5
Cells = Sequence[str | None]


def find(columns: Mapping[str, Cells], unnamed: Sequence[str], rows: int) -> dict[str, str]:
    """Columns without a name that are no data -> what they hold: nothing, or at the beginning numbers or names of the rows.

    pandas writes an index there, and R the names of rows. Moments are data.
    """
    found: dict[str, str] = {}
    first = list(takewhile(lambda name: name in unnamed, columns))
    for name in [name for name in unnamed if name in columns]:
        cells = [cell for cell in columns[name] if cell]
        if not cells:
            found[name] = "is empty"
        elif name in first and len(cells) == rows and _are_of_rows(cells):
            found[name] = "numbers the rows" if cells[0].isdigit() else "names the rows"
    return found if len(found) < len(columns) else {}


def _are_of_rows(cells: Cells) -> bool:
    """Whether cells number rows, or name each of them."""
    if all(cell is not None and cell.isdigit() for cell in cells):
        return True
    texts = [cell for cell in cells[:_SHOWN] if cell is not None and written(cell) is None and not formats_of([cell])]
    return len(set(cells)) == len(cells) and len(texts) == len(cells[:_SHOWN])


def notices(index: Mapping[str, str]) -> list[Notice]:
    """Say which columns are not read. index: as find returns it."""
    empty = [name.removeprefix("column ") for name, why in index.items() if why == "is empty"]
    found = [
        Notice("skipped", f"{_title(name)}, which has no name, {why} and is not read.", 1, name)
        for name, why in index.items()
        if why != "is empty"
    ]
    if empty:
        columns = f"Column {empty[0]} has" if len(empty) == 1 else f"{len(empty)} columns ({listed(empty)}) have"
        text = f"{columns} no name and no cells, and {'is' if len(empty) == 1 else 'are'} not read."
        found.append(Notice("skipped", text, len(empty), f"column {empty[0]}"))
    return found


def _title(name: str) -> str:
    return "The first column" if name in (ROW_NAME, "column 1") else name.capitalize()


def kept_notice(name: str) -> Notice:
    """Say how a column without a name is called."""
    return Notice("format", f"A column has no name in the header and is read as '{name}'.", 1, name)
