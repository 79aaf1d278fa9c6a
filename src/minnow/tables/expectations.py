"""Expectations about labelled rows, and the columns that they refer to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from minnow.tables.options import LabelledOptions
from minnow.types import Array, Expectation

MOST_CLASSES_PER_ROW = 0.5
"""Largest number of classes per row: each class must have two rows on average."""
LARGEST = 1e30
"""Largest accepted magnitude: float32 can represent it, and float64 its square."""
_LISTED = 10
LABEL_COLUMNS = ("label", "class_share", "label_number", "hash")
"""Names of the described columns about labels."""


@dataclass(frozen=True)
class Words:
    """How rows and their labels are called in the user's data.

    row: a row, such as "image"; column: the column of the labels in the user's files; None where folders or file names are
    the labels.
    """

    row: str = "row"
    column: str | None = None

    @property
    def label(self) -> str:
        """The label as the subject of a sentence: "'price'" or "the label"."""
        return f"'{self.column}'" if self.column else "the label"

    @property
    def labelled(self) -> str:
        """That rows have a label: "every row has a value in 'price'" or "every image has a label"."""
        return f"every {self.row} has a value in '{self.column}'" if self.column else f"every {self.row} has a label"


def expect(
    kind: str,
    why: str,
    column: str | None = None,
    *,
    says: str = "",
    about: str | None = None,
    shown: str | None = None,
    **kwargs: Any,
) -> Expectation:
    """Make an expectation of a described column, or of the whole table where column is None.

    says, about, shown: as Expectation.says, column and shown.
    """
    named = {} if column is None else {"column": column}
    return Expectation(f"expect_{kind}", named | kwargs, why, says, about, shown)


def percent(share: float) -> str:
    """Write a share in percent: "5 %"."""
    return f"{100 * share:.6g} %"


def enough_rows(min_rows: int, row: str = "row") -> Expectation:
    """Expect at least min_rows rows."""
    says, why = f"there are at least {min_rows:,} {row}s (option min_rows)", "fewer cannot train and test a model"
    return expect("table_row_count_to_be_between", why, says=says, min_value=min_rows)


def few_duplicates(max_share: float, row: str = "row") -> Expectation:
    """Expect that at most a share max_share of the rows repeat another row."""
    return expect(
        "column_values_to_be_unique",
        "repeated rows make the confidence interval of a score too narrow",
        "hash",
        says=f"at most {percent(max_share)} of the {row}s repeat another {row} (option max_duplicates)",
        shown="",
        mostly=round(1 - max_share, 6),
    )


def label_expectations(options: LabelledOptions, task: str, words: Words | None = None) -> list[Expectation]:
    """List the expectations about labels for a task, about the number of rows and about repeated rows."""
    words = words or Words()
    label, column = words.label, words.column
    there = f"there is a column '{column}'" if column else "there are labels"
    expectations = [
        enough_rows(options.min_rows, words.row),
        expect("column_to_exist", "it is to be predicted", "label", says=there, about=column),
        expect(
            "column_values_to_not_be_null",
            "a row without a label cannot be used for training",
            "label",
            says=words.labelled,
            about=column,
        ),
        expect(
            "column_unique_value_count_to_be_between",
            "one label leaves nothing to predict",
            "label",
            says=f"{label} has at least 2 different values",
            about=column,
            min_value=2,
        ),
        few_duplicates(options.max_duplicates, words.row),
    ]
    number = task in ("regress", "forecast")
    return expectations + ([_finite_number(words)] if number else _class_expectations(options, words))


def _finite_number(words: Words) -> Expectation:
    return expect(
        "column_values_to_be_between",
        "numbers are to be predicted (task: classify predicts classes)",
        "label_number",
        says=f"{words.label} is a finite number in every {words.row}",
        about=words.column,
        shown="label",
        min_value=-LARGEST,
        max_value=LARGEST,
    )


def _class_expectations(options: LabelledOptions, words: Words) -> list[Expectation]:
    expectations = [
        expect(
            "column_proportion_of_unique_values_to_be_between",
            "labels that hardly ever repeat are not classes, but ids, or numbers (task: regress)",
            "label",
            says=f"{words.label} has at most {MOST_CLASSES_PER_ROW:g} different values per {words.row}",
            about=words.column,
            max_value=MOST_CLASSES_PER_ROW,
        )
    ]
    if options.labels is not None:
        listed = ", ".join(options.labels[:_LISTED]) + (", ..." if len(options.labels) > _LISTED else "")
        says, why = f"{words.label} is one of {listed} (option labels)", "the option lists all classes that may occur"
        among = list(options.labels)
        expectations.append(
            expect("column_values_to_be_in_set", why, "label", says=says, about=words.column, value_set=among)
        )
    if options.min_class_share > 0:
        floor = options.min_class_share
        says = f"each class of {words.label} has at least {percent(floor)} of the {words.row}s (option min_class_share)"
        why = "a class with so few rows can be neither learned nor evaluated"
        expectations.append(
            expect(
                "column_values_to_be_between",
                why,
                "class_share",
                says=says,
                about=words.column,
                shown="label",
                min_value=floor,
            )
        )
    return expectations


def label_columns(label: Array, key: Array) -> dict[str, Array]:
    """Columns for expectations about labels (n,) str and keys (n,) uint64, (n,) each.

    label; class_share: share of all rows with this label; label_number: the label as a number, infinite where it is not a
    finite number, NaN where there is no label; hash: the key, as a signed number.
    """
    texts = label.tolist()
    counts = Counter(texts)
    shares = {name: count / len(texts) for name, count in counts.items()}
    numbers = {name: _number(name) for name in counts}
    share, number = (np.array(list(map(of.__getitem__, texts)), np.float64) for of in (shares, numbers))
    return dict(zip(LABEL_COLUMNS, (label, share, number, key.view(np.int64)), strict=True))


def _number(text: str) -> float:
    if not text:
        return np.nan
    try:
        value = float(text)
    except ValueError:
        return np.inf
    return value if np.isfinite(value) else np.inf
