"""Users, or pairs of user and item, of a file of inputs for a prediction, one by one, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from minnow.contracts import Located
from minnow.modalities.interactions.histories import HistoryEncoder
from minnow.modalities.interactions.log import read_frame
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import RatingEncoder
from minnow.tables.dialects import NO_SEPARATOR
from minnow.tables.files import JSON, JSONL, SUFFIXES, json_list, plain_lines
from minnow.tables.frames import Frame, stream
from minnow.tables.json_lines import holds_rows
from minnow.tables.plain import is_plain, is_single, usual_width


class FileId(str, Located):
    """The id of a user or an item as a file has it, which is valid whatever it holds."""

    def __new__(cls, name: str, where: str) -> FileId:
        """where: such as "rows.csv:17"."""
        made = super().__new__(cls, name)
        made.where = where
        return made


class FilePair(dict[str, str], Located):
    """A pair of user and item of a file."""

    def __init__(self, user: str | None, item: str | None, where: str) -> None:
        """where: such as "rows.csv:17"."""
        super().__init__(user=FileId(user or "", where), item=FileId(item or "", where))
        self.where = where


def from_file(path: Path, options: Options, encoder: HistoryEncoder | RatingEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: rows with columns of users (and items), a JSON list, or one user per line.

    A folder is read as one of the training data. A file without a header may lack the columns of ratings and times, or hold
    users (and items) alone. Raises FileError, a ValueError, with the path of the file.
    """
    if path.is_dir():
        yield from _inputs(read_frame(path, options), options)
    elif path.name.lower().endswith(JSON) and not holds_rows(path, options.user):
        yield from json_list(path)
    elif _is_table(path, options):
        for frame in _frames(path, options):
            yield from _inputs(frame, options)
    else:
        yield from (FileId(text.strip(), f"{path.name}:{line}") for line, text in plain_lines(path, options.encoding))


def _is_table(path: Path, options: Options) -> bool:
    if not path.name.lower().endswith((*SUFFIXES, *JSON)):
        return False
    return options.header is not None or not is_plain(path, options.form, options.user)


def _inputs(frame: Frame, options: Options) -> Iterator[FileId | FilePair]:
    users = frame.cells(options.user, "user")
    if options.target == "item":
        yield from (FileId(cell or "", where) for cell, where in zip(users, frame.row_id, strict=True))
        return
    items = frame.cells(options.item, "item")
    yield from (FilePair(*row) for row in zip(users, items, frame.row_id, strict=True))


def _frames(path: Path, options: Options) -> Iterator[Frame]:
    """Read a file piece by piece. Raises FileError."""
    needed = [options.user] if options.target == "item" else [options.user, options.item]
    form = options.form
    if not path.name.lower().endswith((*JSONL, *JSON, ".parquet")):
        if len(needed) == 1 and is_single(path, form, options.user):
            form = replace(form, separator=NO_SEPARATOR)
        form = replace(form, header=_header(options, needed, usual_width(path, form)))
    return stream(path, form, names=needed)


def _header(options: Options, needed: Sequence[str], width: int) -> tuple[str, ...] | None:
    """Names of so many columns of a file without a header: all, or those without ratings, without times, or the needed ones."""
    header = options.form.header
    if header is None:
        return None
    left_out = [set[str | None](), {options.rating}, {options.time}, {options.rating, options.time}]
    others = [tuple(name for name in header if name not in names) for names in left_out]
    others.append(tuple(name for name in header if name in needed))
    return next((names for names in others if len(names) == width), header)
