"""Hints: what makes a score look better than it is, found before anything is trained. A hint stops nothing.

Each column alone is asked to predict the target: what it says of one half of the rows is tried on the other half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minnow.types import Array, Table

ALMOST = 0.95
"""Share of what there is to know beyond the plainest guess; a column that alone gives so much is suspect."""
LEAVES = 64
LEAST_ROWS = 3
UNIQUE = 0.99
MOST_ROWS = 50_000


@dataclass(frozen=True)
class Hint:
    """kind: leak, id, duplicates or time; column: None where it is about rows; text: what was found and what to do."""

    kind: str
    column: str | None
    text: str


def find(
    table: Table, sides: dict[str, Table], target: str, features: Sequence[str], task: str, split: str
) -> list[Hint]:
    """Look for hints in flat columns. split: "hash", "time" or "group", how sides were made."""
    rows = table.take(np.arange(0, len(table), max(1, len(table) // MOST_ROWS)))
    answer = rows.columns[target]
    found = [hint for name in features for hint in _of_column(name, rows.columns[name], answer, task, split)]
    return found + _duplicates(sides)


def _of_column(name: str, values: Array, answer: Array, task: str, split: str) -> list[Hint]:
    if len(values) < 4 * LEAST_ROWS:
        return []
    found = []
    knows = alone(values, answer, task)
    if knows >= ALMOST:
        text = (
            f"'{name}' alone gives {100 * knows:.1f} % of what there is to know of the target. Is it known when the question "
            "is asked? If not, drop it: options.drop."
        )
        found.append(Hint("leak", name, text))
    if is_id(values):
        text = f"'{name}' is another one in nearly every row, as a number of a row or a name is. Drop it: options.drop."
        found.append(Hint("id", name, text))
    if split == "hash" and (values.dtype.kind == "M" or rises(values)):
        text = (
            f"'{name}' is a time, and the rows are divided at random: the exam lies among the rows that were learned, not "
            f"after them. To predict what is to come: options.split: {{by: time, column: {name}}}."
        )
        found.append(Hint("time", name, text))
    return found


def alone(values: Array, answer: Array, task: str) -> float:
    """How much of the answer a column alone tells, 0 to 1: of the errors that the plainest guess makes, or of the variance.

    values: (n,), of any kind; answer: (n,) str. A small tree learns on half of the rows and is tried on the others.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    column = _numbers(values)[:, None]
    order = np.random.default_rng(0).permutation(len(column))  # rows may alternate
    learn, held = order[::2], order[1::2]
    if task == "regress":
        wanted = answer.astype(np.float64)
        tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=LEAST_ROWS, random_state=0)
        error = ((tree.fit(column[learn], wanted[learn]).predict(column[held]) - wanted[held]) ** 2).sum()
        plain = ((wanted[held] - wanted[learn].mean()) ** 2).sum()
    else:
        names, counts = np.unique(answer[learn], return_counts=True)
        tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=LEAST_ROWS, random_state=0)
        error = (tree.fit(column[learn], answer[learn]).predict(column[held]) != answer[held]).sum()
        plain = (names[counts.argmax()] != answer[held]).sum()
    return float(1 - error / plain) if plain else 0.0


def _numbers(values: Array) -> Array:
    """Write a column as numbers, (n,) float64: categories as numbers of their names, NaN where missing."""
    if values.dtype == object:
        return np.unique(values.astype(str), return_inverse=True)[1].astype(np.float64)
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.nan, values.astype("datetime64[s]").astype(np.float64))
    return values.astype(np.float64)


def is_id(values: Array) -> bool:
    """Whether text differs in nearly every row, or whole numbers count up."""
    if values.dtype == object:
        return len(set(values.tolist())) >= UNIQUE * len(values)
    return values.dtype.kind == "f" and rises(values) and bool((np.diff(values) == np.diff(values)[:1]).all())


def rises(values: Array) -> bool:
    """Whether numbers grow from row to row."""
    return values.dtype.kind == "f" and bool(np.isfinite(values).all() and (np.diff(values) > 0).all())


def _duplicates(sides: dict[str, Table]) -> list[Hint]:
    test = np.isin(sides["test"].key, np.concatenate([sides["train"].key, sides["val"].key]))
    if not test.any():
        return []
    rows = ", ".join(sides["test"].row_id[test][:5].tolist())
    text = (
        f"{int(test.sum()):,} of {len(test):,} rows of the exam stand among the training rows too, such as {rows}. A model "
        "may know them by heart. A split by hash keeps equal rows together."
    )
    return [Hint("duplicates", None, text)]
