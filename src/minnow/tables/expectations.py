"""Expectations about labelled rows, and the columns that they refer to."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.tables.options import LabelledOptions
from minnow.types import Array, Expectation

MOST_CLASSES_PER_ROW = 0.5
"""Largest number of classes per row: each class must have two rows on average."""
LARGEST = 1e30
"""Largest accepted magnitude: float32 can represent it, and float64 its square."""


def expect(kind: str, why: str, column: str | None = None, **kwargs: Any) -> Expectation:
    """Make an expectation of a column, or of the whole table where column is None."""
    return Expectation(f"expect_{kind}", ({} if column is None else {"column": column}) | kwargs, why)


def enough_rows(min_rows: int) -> Expectation:
    """Expect at least min_rows rows."""
    return expect("table_row_count_to_be_between", "fewer rows cannot train and test a model", min_value=min_rows)


def few_duplicates(max_share: float) -> Expectation:
    """Expect that at most a share max_share of the rows repeat another row."""
    return expect(
        "column_values_to_be_unique",
        "repeated rows make the confidence interval of a score too narrow (option max_duplicates)",
        "hash",
        mostly=round(1 - max_share, 6),
    )


def label_expectations(options: LabelledOptions, task: str) -> list[Expectation]:
    """List the expectations about labels for a task, about the number of rows and about repeated rows."""
    expectations = [
        enough_rows(options.min_rows),
        expect("column_to_exist", "it is the column to be predicted", "label"),
        expect("column_values_to_not_be_null", "a row without a label cannot be used for training", "label"),
        expect("column_unique_value_count_to_be_between", "one label leaves nothing to predict", "label", min_value=2),
        few_duplicates(options.max_duplicates),
    ]
    number = task in ("regress", "forecast")
    return expectations + ([_finite_number()] if number else _class_expectations(options))


def _finite_number() -> Expectation:
    why = "a numeric target must be a finite number"
    return expect("column_values_to_be_between", why, "label_number", min_value=-LARGEST, max_value=LARGEST)


def _class_expectations(options: LabelledOptions) -> list[Expectation]:
    why = "labels that hardly ever repeat are not classes, but ids, or numbers (task: regress)"
    expectations = [
        expect("column_proportion_of_unique_values_to_be_between", why, "label", max_value=MOST_CLASSES_PER_ROW)
    ]
    if options.labels is not None:
        why = "options.labels lists all classes that may occur"
        expectations.append(expect("column_values_to_be_in_set", why, "label", value_set=list(options.labels)))
    if options.min_class_share > 0:
        why = "a class with so few rows can be neither learned nor evaluated (option min_class_share)"
        floor = options.min_class_share
        expectations.append(expect("column_values_to_be_between", why, "class_share", min_value=floor))
    return expectations


def label_columns(label: Array, key: Array) -> dict[str, Array]:
    """Columns for expectations about labels (n,) str and keys (n,) uint64, (n,) each.

    label; class_share: share of all rows with this label; label_number: the label as a number, infinite where it is not a
    finite number, NaN where there is no label; hash: the key as text.
    """
    names, inverse, counts = np.unique(label, return_inverse=True, return_counts=True)
    numbers = np.array([_number(name) for name in names.tolist()])
    share = counts[inverse] / max(len(label), 1)
    return {"label": label, "class_share": share, "label_number": numbers[inverse], "hash": hashes(key)}


def _number(text: str) -> float:
    if not text:
        return np.nan
    try:
        value = float(text)
    except ValueError:
        return np.inf
    return value if np.isfinite(value) else np.inf


def hashes(key: Array) -> Array:
    """Keys (n,) uint64 as text of 16 hex digits, (n,) str."""
    return np.array([f"{value:016x}" for value in key.tolist()], dtype="<U16")
