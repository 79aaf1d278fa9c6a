"""Rows of texts: reading them from files, and the expectations that they must meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from minnow.modalities.text import documents, scripts
from minnow.modalities.text.documents import DOCUMENTS, Document, is_documents
from minnow.modalities.text.options import Options
from minnow.tables.errors import FileError
from minnow.tables.expectations import Words, expect, label_columns, label_expectations
from minnow.tables.files import SUFFIXES, find, fixed_splits, plain_lines, split_of
from minnow.tables.frames import read_place
from minnow.tables.options import TableOptions
from minnow.tables.typed import Columnwise
from minnow.types import Array, Expectation, Notice, Reading, Table, content_key

__all__ = ["DOCUMENTS", "is_documents"]  # minnow new finds class folders by these
MAX_CHARACTERS = 100_000


@dataclass(frozen=True)
class _Rows:
    """Texts and labels, "" where missing. row_id: origin of each; split: of each, as tables.files.split_of returns it."""

    texts: Sequence[str]
    labels: Sequence[str]
    row_id: Sequence[str]
    split: Sequence[str]
    reading: Reading = field(default_factory=Reading)
    notices: tuple[Notice, ...] = ()


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file or zip). Columns: text (n,) object of str, label (n,) str.

    Delimited text, JSON lines or Parquet with a column of texts; plain text with one file per label (options.lines); or class
    folders with one document per file. Files and folders named train* and test* fix the split of their rows. Keys are hashes
    of the text without white space around it. Raises FileError, and FolderError where a class loses too many documents.
    """
    if options.lines:
        rows = _lines(folder, options.lines, options.encoding)
    else:
        rows = _documents(folder, options) if is_documents(folder, options) else _table_rows(folder, options)
    if not rows.texts:
        raise FileError(f"{folder} must hold rows. It holds none.")
    key = [_key(*row) for row in zip(rows.texts, rows.labels, rows.row_id, strict=True)]
    columns = {"text": np.array(rows.texts, dtype=object), "label": np.array(rows.labels, dtype=str)}
    row_id = np.array(rows.row_id, dtype=str)
    table = Table(columns, row_id, np.array(key, np.uint64), fixed_splits(rows.split))
    table = table.with_reading(rows.reading, (*rows.notices, *_script_notice(rows.texts, options)))
    return table.take(np.flatnonzero(columns["label"] != "")) if options.drop_unlabelled else table


def _key(text: str, label: str, row: str) -> int:
    """Hash a text. Raises FileError for half of a surrogate pair in a row."""
    try:
        label.encode("utf-8")
        return content_key(text.strip().encode("utf-8"))
    except UnicodeEncodeError as error:
        raise FileError(f"{row}: half of a surrogate pair, which is not a character: {error.object[:40]!r}.") from error


def _script_notice(texts: Sequence[str], options: Options) -> list[Notice]:
    """Say that texts are split into characters where nobody asked for it."""
    count = scripts.unspaced(texts) if options.split_characters is None else 0
    if not count or count < scripts.SPLIT_SHARE * len(texts):
        return []
    text = (
        f"{count:,} of {len(texts):,} texts are in a script that is written without blanks: each of its characters counts as a "
        "word (options.split_characters)."
    )
    return [Notice("format", text, count)]


def _table_rows(folder: Path, options: Options) -> _Rows:
    """Read tables with columns of texts and labels."""
    frame = read_place(folder, options, target=options.label)
    texts = [cell or "" for cell in frame.cells(options.text, "text")]
    frame.cells(options.label, "label")
    as_table = TableOptions.model_validate(
        {
            "target": options.label,
            "missing": options.missing,
            "not_missing": options.not_missing,
            "label_as": options.label_as,
        }
    )
    label = Columnwise(frame, as_table).labels(options.label)
    splits = [split_of(name) for name in frame.file]
    return _Rows(
        texts, label.values.tolist(), frame.row_id, splits, Reading(frame.form), (*frame.notices, *label.notices)
    )


def _lines(folder: Path, lines: dict[str, str], encoding: str | None) -> _Rows:
    """Read plain text with one document per line. lines: file -> label of its lines."""
    texts, labels, row_id, splits = [], [], [], []
    for path in find(folder, list(lines), SUFFIXES):
        if path.name not in lines:
            raise FileError(f"options.lines must name {path.name}. It names {', '.join(lines)}.")
        for line, text in plain_lines(path, encoding):
            texts.append(text)
            labels.append(lines[path.name])
            row_id.append(f"{path.name}:{line}")
            splits.append(split_of(path.name))
    return _Rows(texts, labels, row_id, splits)


def _documents(place: Path, options: Options) -> _Rows:
    """Read class folders of documents."""
    found, read, broken = documents.in_classes(place, options), list[Document](), dict[str, str]()
    for result in documents.decoded(found, options.encoding):
        if isinstance(result, Document):
            read.append(result)
        else:
            broken |= dict([result])
    found = found.without(broken, documents.BROKEN) if broken else found
    found.check_losses(options.max_lost)
    names, missing = [document.name for document in read], {text.lower() for text in options.missing}
    folders = Counter(found.label(name) for name in names)
    label_of = {name: "" if name.lower() in missing else options.label_as.get(name, name) for name in folders}
    return _Rows(
        [document.text for document in read],
        [label_of[found.label(name)] for name in names],
        names,
        [found.split(name) for name in names],
        Reading(documents=True),
        (*found.notices, *found.class_notices, *documents.windows_notice(read), *_missing_folders(folders, label_of)),
    )


def _missing_folders(folders: Counter[str], label_of: dict[str, str]) -> list[Notice]:
    """Say which folders are no classes, since options.missing names them."""
    return [
        Notice("missing", f"The {count:,} documents in '{name}' have no label (options.missing).", count, name)
        for name, count in folders.items()
        if not label_of[name]
    ]


def examples(table: Table, options: Options) -> Table:
    """Return the table unchanged: each text is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: text (stripped), characters, label, class_share, label_number, hash."""
    text = np.array([value.strip() for value in table.columns["text"]], dtype=object)
    characters = np.array([len(value) for value in text], np.int64)
    return {"text": text, "characters": characters, **label_columns(table.columns["label"], table.key)}


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about texts and their labels."""
    longest = f"no text has more than {MAX_CHARACTERS:,} characters"
    column, label = (None, None) if options.lines or table.reading.documents else (options.text, options.label)
    there, empty = f"there is a column '{options.text}'", "no text is empty"
    between, refused = "column_values_to_be_between", "the service refuses longer ones"
    return [
        expect("column_to_exist", "models read it", "text", says=there, about=column),
        expect("column_values_to_not_be_null", "an empty one has no words", "text", says=empty, about=column, shown=""),
        expect(between, refused, "characters", says=longest, about=column, shown="", max_value=MAX_CHARACTERS),
        *label_expectations(options, task, Words("text", label)),
    ]
