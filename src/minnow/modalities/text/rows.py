"""Rows of texts: reading them from files, and the expectations that they must meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.modalities.text import scripts
from minnow.modalities.text.documents import is_documents
from minnow.modalities.text.options import Options
from minnow.modalities.text.reading import TextRows, document_rows, line_rows, table_rows
from minnow.tables.errors import FileError
from minnow.tables.expectations import Words, expect, label_columns, label_expectations
from minnow.tables.files import fixed_splits
from minnow.types import Array, Expectation, KeyRule, KeyRuleError, Notice, Table, content_key

MAX_CHARACTERS = 100_000


def read(folder: Path, options: Options, keys: KeyRule | None = None) -> Table:
    """Read a folder (or one file or zip). Columns: text (n,) object of str, label (n,) str.

    Delimited text, JSON lines or Parquet with a column of texts; plain text with one file per label (options.lines); or class
    folders with one document per file. Files named after splits (tables.divisions) and folders named train* and test* fix the
    split of their rows. Keys are hashes of the text without white space around it, in the column that a rule names. Raises
    FileError, FolderError where a class loses too many documents, and KeyRuleError.
    """
    if options.lines:
        rows = line_rows(folder, options.lines, options.encoding)
    else:
        rows = document_rows(folder, options) if is_documents(folder, options) else table_rows(folder, options)
    if not rows.texts:
        raise FileError(f"{folder} must hold rows. It holds none.")
    keys = keys or KeyRule(options={"text": None if options.lines or rows.reading.documents else options.text})
    texts = _key_texts(folder, options, rows, keys)
    key = [_key(*row) for row in zip(texts, rows.labels, rows.row_id, strict=True)]
    columns = {"text": np.array(rows.texts, dtype=object), "label": np.array(rows.labels, dtype=str)}
    row_id = np.array(rows.row_id, dtype=str)
    table = Table(columns, row_id, np.array(key, np.uint64), fixed_splits(rows.split), keys=keys)
    table = table.with_reading(rows.reading, (*rows.notices, *_script_notice(rows.texts, options)))
    return _labelled(table) if options.drop_unlabelled else table


def _labelled(table: Table) -> Table:
    """Keep the texts without a label apart, for teaching."""
    labelled = table.columns["label"] != ""
    rows, others = table.take(np.flatnonzero(labelled)), table.take(np.flatnonzero(~labelled))
    if not len(others):
        return rows
    text = f"{len(others):,} texts have no label; they are kept for teaching, not trained on."
    notices = (*rows.notices, Notice("label", text, len(others)))
    return replace(rows, unlabelled=replace(others, notices=()), notices=notices)


def _key_texts(folder: Path, options: Options, rows: TextRows, keys: KeyRule) -> Sequence[str]:
    """The texts that keys are made of: those that are read, or of the column of a rule. Raises KeyRuleError."""
    name = keys.option("text")
    if options.lines or rows.reading.documents or name in (None, options.text):
        return rows.texts
    try:
        return table_rows(folder, options.model_copy(update={"text": name})).texts
    except FileError as error:
        raise KeyRuleError(f"keys of rows are made of the column '{name}': {error}") from error


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
