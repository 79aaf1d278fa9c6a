"""What rows of every modality with labels must be like: expectations, and the options and columns that they need."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from minnow.types import Array, Expectation

MOST_CLASSES_PER_ROW = 0.5
"""On average each answer must stand there twice."""
LARGEST = 1e30
"""What float32 holds, with room for squares in float64."""


class LabelledOptions(BaseModel):
    """Options of rows that each carry a label.

    labels: the classes that may occur; None accepts what is there.
    min_rows: least number of rows.
    max_duplicates: largest share of rows that stand there more than once.
    min_class_share: least share of all rows that the rarest class has.
    class_weights: how much rows count in training by their label: "balanced" lets every label count alike, or label ->
        weight, 1 where none is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    labels: list[str] | None = Field(None, min_length=2)
    min_rows: int = Field(50, ge=1)
    max_duplicates: float = Field(0.05, ge=0, le=1)
    min_class_share: float = Field(0.01, ge=0, lt=1)
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = None


def expect(kind: str, why: str, column: str | None = None, **kwargs: Any) -> Expectation:
    """Make an expectation of a column, or of the whole table."""
    return Expectation(f"expect_{kind}", ({} if column is None else {"column": column}) | kwargs, why)


def enough_rows(min_rows: int) -> Expectation:
    """Expect a least number of rows."""
    return expect("table_row_count_to_be_between", "fewer rows can neither train nor judge a model", min_value=min_rows)


def few_duplicates(most: float) -> Expectation:
    """Expect that at most a share of rows stands there more than once."""
    return expect(
        "column_values_to_be_unique",
        "repeated rows count more than once and make a score look surer than it is (option max_duplicates)",
        "hash",
        mostly=round(1 - most, 6),
    )


def label_contract(options: LabelledOptions, task: str) -> list[Expectation]:
    """List what answers must be like for a task, and how often a row may be repeated."""
    found = [
        enough_rows(options.min_rows),
        expect("column_to_exist", "it is what a model learns to tell", "label"),
        expect("column_values_to_not_be_null", "a row without a label teaches nothing", "label"),
        expect("column_unique_value_count_to_be_between", "one answer alone is no question", "label", min_value=2),
        few_duplicates(options.max_duplicates),
    ]
    if task in ("regress", "forecast"):
        why = "the answer to be estimated is a finite number"
        return [
            *found,
            expect("column_values_to_be_between", why, "label_number", min_value=-LARGEST, max_value=LARGEST),
        ]
    why = "answers that hardly ever return are no classes, but an id, or a number to be estimated (task: regress)"
    found.append(
        expect("column_proportion_of_unique_values_to_be_between", why, "label", max_value=MOST_CLASSES_PER_ROW)
    )
    if options.labels is not None:
        why = "options.labels names every class there is"
        found.append(expect("column_values_to_be_in_set", why, "label", value_set=list(options.labels)))
    if options.min_class_share > 0:
        why = "a class this rare is neither learned nor measured (option min_class_share)"
        floor = options.min_class_share
        found.append(expect("column_values_to_be_between", why, "class_share", min_value=floor))
    return found


def label_columns(label: Array, key: Array) -> dict[str, Array]:
    """Describe labels (n,) str and keys (n,) uint64, (n,) each.

    label; class_share: share of all rows with this label; label_number: the label as a number, infinite where it is none,
    NaN where there is no label; hash.
    """
    names, inverse, counts = np.unique(label, return_inverse=True, return_counts=True)
    numbers = np.array([_number(name) for name in names.tolist()])
    share = counts[inverse] / max(len(label), 1)
    return {"label": label, "class_share": share, "label_number": numbers[inverse], "hash": hashes(key)}


def _number(text: str) -> float:
    if not text:
        return np.nan
    try:
        found = float(text)
    except ValueError:
        return np.inf
    return found if np.isfinite(found) else np.inf


def hashes(key: Array) -> Array:
    """Write keys (n,) uint64 as 16 hex digits."""
    return np.array([f"{value:016x}" for value in key.tolist()], dtype="<U16")
