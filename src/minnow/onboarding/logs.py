"""A log of interactions beside files of other columns, such as one of the items and their attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.onboarding.columns import has_id_name, named, rating_columns
from minnow.onboarding.item_attributes import attributes_of
from minnow.onboarding.proposal import Proposal, Request, checked_options
from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, find, listed, refuse_twins, without_drafts
from minnow.tables.frames import Frame, as_cells, stream
from minnow.tables.options import FileOptions, TableOptions
from minnow.tables.typed import look
from minnow.types import FileFormat

_AS_ITEMS = "items={{file: {name}, item: NAME OF THE COLUMN}}"
_KNOWN = 0.5
"""Least share of the items of the log's first rows that a file of items has."""


@dataclass(frozen=True)
class Log:
    """Files of a log, and a file of items, as options.items describes it, None without one.

    others: files that are not read -> whether they are logs too.
    """

    files: Sequence[str]
    items: Mapping[str, Any] | None
    others: Mapping[str, bool]

    def choose(self, proposal: Proposal) -> None:
        """Propose which files are read as what, and name those that are not read."""
        if self.others:
            proposal.choose("options.file", self.file, "users, items and their ratings or times are columns here alone")
        if self.items is not None:
            key = self.items.get("item", "item")
            why = f"'{key}' names the items, each once; their attributes are read"
            proposal.choose("options.items", dict(self.items), why)
        for name, is_log in self.others.items():
            as_items = "" if is_log else f"; as the file of items: --option {_AS_ITEMS.format(name=name)!r}"
            why = f"it has other columns than {listed(self.files)} (--option file={name} reads it instead{as_items})"
            proposal.found.append(f"{name} is not read: {why}.")

    @property
    def file(self) -> str | list[str]:
        """Value of options.file that names the files of the log."""
        return self.files[0] if len(self.files) == 1 else list(self.files)


def find_log(data: Path, request: Request) -> Log | None:
    """Find the log in a folder whose files have not all the same columns.

    None where the request names files, a target or another modality, where no file is a log by its columns, or where several
    with other columns are as complete.
    """
    is_log = request.modality == "interactions" or (request.modality is None and request.target is None)
    if not is_log or not data.is_dir() or request.options.get("file"):
        return None
    form, items = _form(request), _items_file(request)
    paths, _ = without_drafts(find(data, None, SUFFIXES))
    refuse_twins(paths)
    first = {path: frame for path in paths if path.name != items and (frame := _beginning(path, form))}
    columns = {path: frozenset(frame.columns) for path, frame in first.items()}
    best = _most_complete(set(columns.values()))
    others = [path for path in paths if path.name != items and (path not in columns or not columns[path] <= best)]
    if not best or not (others or items):
        return None
    log = [path for path, names in columns.items() if names == best]
    chosen = None if items else _items(others, [first[path] for path in log])
    read = {items, None if chosen is None else chosen["file"], *(path.name for path in log)}
    left = {path.name: bool(rating_columns(columns.get(path, ()))) for path in paths if path.name not in read}
    return Log([path.name for path in log], chosen, left)


def _items_file(request: Request) -> str | None:
    """The file of items that the request names."""
    items = request.options.get("items")
    return items.get("file") if isinstance(items, Mapping) else items


def _form(request: Request) -> FileFormat:
    given = {name: value for name, value in request.options.items() if name in FileOptions.model_fields}
    return checked_options(FileOptions, given).form


def _beginning(path: Path, form: FileFormat) -> Frame | None:
    """The first rows of a file, in the form that is given or else in its own; None where neither can be read."""
    for one in dict.fromkeys((form, FileFormat())):
        try:
            return next(stream(path, one), None)
        except FileError:
            continue
    return None


def _most_complete(sets: set[frozenset[str]]) -> frozenset[str]:
    """The columns with users, items and most of ratings and times; none where there are none, or several such sets."""
    counts = {names: sum(map(bool, roles.values())) for names in sets if (roles := rating_columns(names))}
    best = [names for names, count in counts.items() if count == max(counts.values())]
    return best[0] if len(best) == 1 else frozenset()


def _items(paths: Sequence[Path], log: Sequence[Frame]) -> dict[str, Any] | None:
    """Options of the file of items with most attributes; None without one."""
    roles = rating_columns(log[0].columns) or {}
    item = roles["item"]
    assert item is not None
    taken = {cell for frame in log for cell in as_cells(frame.columns[item]) if cell}
    found = [options for path in paths if (options := _described(path, item, taken))]
    return max(
        found,
        key=lambda options: sum(len(value) for value in options.values() if not isinstance(value, str)),
        default=None,
    )


def _described(path: Path, item: str, taken: set[str]) -> dict[str, Any] | None:
    """Options of a file as that of items: None unless it has each item once and attributes of them."""
    try:
        frame, typed, problems = look(path, TableOptions.model_validate({"target": ""}))
    except FileError:
        return None
    key = named(frame.columns, [item.lower().replace(" ", "_"), "item", "item_id", "itemid"])
    key = key or next((name for name in frame.columns if name == "id"), None)
    if key is None or rating_columns(frame.columns):
        return None
    names = as_cells(frame.columns[key])
    if not all(names) or len(set(names)) < len(names) or len(taken & set(names)) < _KNOWN * len(taken):
        return None
    odd = {getattr(problem, "column", "") for problem in problems}
    usable = {name: typed[name].values for name in typed if name != key and name not in odd and not has_id_name(name)}
    texts = {name: as_cells(frame.columns[name]) for name, values in usable.items() if values.dtype == object}
    numbers = {name: values for name, values in usable.items() if values.dtype == np.float64}
    described = attributes_of(texts, numbers)
    return {"file": path.name, **({} if key == "item" else {"item": key}), **described} if described else None
