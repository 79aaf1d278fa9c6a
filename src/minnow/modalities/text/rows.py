"""Rows of texts: reading them from files, and the expectations that they must meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.folders import RowFile, find_files
from minnow.modalities.text.options import Options
from minnow.tables.encodings import text_of
from minnow.tables.errors import FileError
from minnow.tables.expectations import expect, label_columns, label_expectations
from minnow.tables.files import SUFFIXES, find, fixed_splits, has_rows, plain_lines, split_of
from minnow.tables.frames import read_place
from minnow.tables.options import TableOptions
from minnow.tables.typed import Columnwise
from minnow.types import Array, Expectation, Reading, Table, content_key

MAX_CHARACTERS = 100_000
DOCUMENTS = (".txt",)


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file or zip). Columns: text (n,) object of str, label (n,) str.

    Delimited text, JSON lines or Parquet with a column of texts; plain text with one file per label (options.lines); or class
    folders with one document per .txt. Files and folders named train* and test* fix the split of their rows. Keys are hashes of
    the text without white space around it. Raises FileError.
    """
    if options.lines:
        return _lines(folder, options.lines, options.encoding)
    if is_documents(folder):
        return _documents(folder, options)
    frame = read_place(folder, options, target=options.label)
    texts = [cell or "" for cell in frame.cells(options.text, "text")]
    frame.cells(options.label, "label")
    as_table = TableOptions.model_validate(
        {"target": options.label, "missing": options.missing, "label_as": options.label_as}
    )
    label = Columnwise(frame, as_table).labels(options.label)
    if not texts:
        raise FileError(f"{folder} must hold rows. It holds none.")
    table = _table(texts, label.values, frame.row_id, [split_of(name) for name in frame.file])
    return table.with_reading(Reading(frame.form), (*frame.notices, *label.notices))


def _lines(folder: Path, lines: dict[str, str], encoding: str | None) -> Table:
    """Read plain text with one document per line. lines: file -> label of its lines."""
    texts, labels, row_id, splits = [], [], [], []
    for path in find(folder, list(lines), SUFFIXES):
        for line, text in plain_lines(path, encoding):
            texts.append(text)
            labels.append(lines[path.name])
            row_id.append(f"{path.name}:{line}")
            splits.append(split_of(path.name))
    if not texts:
        raise FileError(f"{folder} must hold rows. It holds none.")
    return _table(texts, np.array(labels, dtype=str), row_id, splits)


def is_documents(place: Path) -> bool:
    """Whether a folder or zip holds class folders of documents, and no file of rows beside them."""
    if place.is_file():
        return place.suffix.lower() == ".zip"
    return not has_rows(place) and bool(find_files(place, DOCUMENTS).files)


def documents(place: Path, encoding: str | None) -> list[tuple[RowFile, str]]:
    """Read the documents in a folder, its subfolders and zips, in the order of their names. Raises FileError."""
    return [(file, text_of(file.name, file.read(), encoding)) for file in find_files(place, DOCUMENTS).files]


def _documents(place: Path, options: Options) -> Table:
    found, folders = documents(place, options.encoding), find_files(place, DOCUMENTS)
    for file, _ in found:
        if not folders.label(file.name):
            raise FileError(f"{file.name}: a document must be in a folder that is named after its class.")
    if not found:
        raise FileError(f"{place} must hold documents (.txt) in class folders. It holds none.")
    names = [folders.label(file.name) for file, _ in found]
    labels = [options.label_as.get(name, name) for name in names]
    splits = [folders.split(file.name) for file, _ in found]
    table = _table([text for _, text in found], np.array(labels, dtype=str), [file.name for file, _ in found], splits)
    return table.with_reading(Reading(), folders.notices)


def _table(texts: list[str], labels: Array, row_id: list[str], splits: list[str]) -> Table:
    key = np.array([content_key(text.strip().encode("utf-8")) for text in texts], np.uint64)
    columns = {"text": np.array(texts, dtype=object), "label": labels}
    return Table(columns, np.array(row_id, dtype=str), key, fixed_splits(splits))


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
    longest = f"the service refuses longer texts ({MAX_CHARACTERS:,} characters)"
    return [
        expect("column_to_exist", "models read this column", "text"),
        expect("column_values_to_not_be_null", "an empty text has no features", "text"),
        expect("column_values_to_be_between", longest, "characters", max_value=MAX_CHARACTERS),
        *label_expectations(options, task),
    ]
