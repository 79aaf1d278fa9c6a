"""Rows of texts: reading them from files, and the expectations that they must meet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minnow.modalities.text.options import Options
from minnow.tables.expectations import expect, label_columns, label_expectations
from minnow.tables.files import FileError, find, fixed_splits, json_lines, plain_lines, records, split_of
from minnow.types import Array, Expectation, Table, content_key

JSONL = (".jsonl", ".jsonl.gz")
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", *JSONL)
MAX_CHARACTERS = 100_000


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file). Columns: text (n,) object of str, label (n,) str.

    Files named train* and test* fix the split of their rows. Keys are hashes of the text without white space around it.
    Raises FileError.
    """
    texts, labels, row_id, splits = [], [], [], []
    for path in find(folder, list(options.lines) if options.lines else options.file, SUFFIXES):
        for line, (text, label) in _records(path, options):
            texts.append(text)
            labels.append(label.strip())
            row_id.append(f"{path.name}:{line}")
            splits.append(split_of(path.name))
    if not texts:
        raise FileError(f"{folder} must hold rows. It holds none.")
    key = np.array([content_key(text.strip().encode("utf-8")) for text in texts], np.uint64)
    columns = {"text": np.array(texts, dtype=object), "label": np.array(labels, dtype=str)}
    return Table(columns, np.array(row_id, dtype=str), key, fixed_splits(splits))


def _records(path: Path, options: Options) -> Iterator[tuple[int, list[str]]]:
    """Read (line, [text, label]) of each row."""
    if options.lines:
        return ((line, [text, options.lines[path.name]]) for line, text in plain_lines(path))
    if path.name.endswith(JSONL):
        return json_lines(path, (options.text, options.label))
    return records(path, options.separator, (options.text, options.label))


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
