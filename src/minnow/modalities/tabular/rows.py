"""Rows of a table: reading them from files, and the expectations that they must meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.modalities.tabular.options import Options, features
from minnow.tables import typed
from minnow.tables.cells import raw
from minnow.tables.expectations import LABEL_COLUMNS, LARGEST, Words, expect, label_columns, label_expectations, percent
from minnow.types import Array, Expectation, KeyRule, Notice, Table


def read(folder: Path, options: Options, keys: KeyRule | None = None) -> Table:
    """Read a folder (or one file): columns (n,) typed by their kind, and the target as (n,) str.

    numeric: float64, NaN missing; boolean: int8, -1 missing; date: datetime64[us], NaT missing; categorical: object of str,
    "" missing. Keys are those of a rule, by default of all features. Raises FileError with file, column and rows, and what to
    do; and KeyRuleError.
    """
    table = typed.read(folder, options, options.split, keys)
    return _labelled(table, options.target) if options.drop_unlabelled else table


def _labelled(table: Table, target: str) -> Table:
    """Keep the rows without a label apart, for teaching."""
    labelled = table.columns[target] != ""
    rows, others = table.take(np.flatnonzero(labelled)), table.take(np.flatnonzero(~labelled))
    if not len(others):
        return rows
    text = f"{len(others):,} rows have no label in '{target}'; they are kept for teaching, not trained on."
    notice = Notice("label", text, len(others), target)
    return replace(rows, unlabelled=replace(others, notices=()), notices=(*rows.notices, notice))


def examples(table: Table, options: Options) -> Table:
    """Return the table unchanged: each row is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: the features, then label, class_share, label_number and hash."""
    values = {name: table.columns[name] for name in features(table.columns, options)}
    flat = {name: raw(value) if value.dtype != object else value for name, value in values.items()}
    about = label_columns(table.columns[options.target], table.key)
    return dict(zip(_described(list(flat)), flat.values(), strict=True)) | about


def _described(names: Sequence[str]) -> list[str]:
    """Names of the described columns of features, of which none is that of a column about labels."""
    return [f"{name} (feature)" if name in LABEL_COLUMNS else name for name in names]


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about features and labels."""
    expected = label_expectations(options, task, Words(column=options.target))
    names = features(table.columns, options)
    share = round(1 - options.max_missing, 6)
    gaps, why = (
        "a column with so many missing values is hardly useful; options.drop leaves it out",
        "models need finite numbers",
    )
    for column, name in zip(names, _described(names), strict=True):
        filled = f"'{column}' has a value in at least {percent(share)} of the rows (option max_missing)"
        expected.append(
            expect("column_values_to_not_be_null", gaps, name, says=filled, about=column, shown="", mostly=share)
        )
        if table.columns[column].dtype != object:
            says, between = f"the numbers in '{column}' are finite", "column_values_to_be_between"
            limits = expect(between, why, name, says=says, about=column, min_value=-LARGEST, max_value=LARGEST)
            expected.append(limits)
    return expected
