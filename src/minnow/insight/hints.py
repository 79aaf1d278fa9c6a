"""Hints at properties of the data that inflate a score, looked for before training. A hint does not stop a run.

To find leaks, each column alone predicts the target: a small tree learns from half of the rows and is scored on the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minnow.stages import prepare
from minnow.stages.case import Case
from minnow.types import Array, Table

ALMOST = 0.95
"""A column that alone avoids this share of the errors of a constant prediction is reported as a leak."""
_LEAVES = 64
_LEAST_ROWS = 3
_UNIQUE = 0.99
_MOST_ROWS = 50_000


@dataclass(frozen=True)
class Hint:
    """A hint. kind: leak, id, duplicates or time; column: None for a hint about rows; text: what was found, what to do."""

    kind: str
    column: str | None
    text: str


def hints_of(case: Case, table: Table) -> list[Hint]:
    """Look for hints in the raw rows of a case, and in its columns where the modality has flat ones."""
    problem = case.problem
    features = problem.modality.CAPABILITIES.features(table.columns, problem.options)
    splits = prepare.split(table, case.usecase.split, problem.time_column)
    by = "time" if problem.time_column else "hash" if table.group is None else "group"
    return find(table, splits, problem.target, features, problem.task_name, by)


def find(
    table: Table, splits: Mapping[str, Table], target: str, features: Sequence[str], task: str, split: str
) -> list[Hint]:
    """Look for hints in flat columns. split: "hash", "time" or "group", how the splits were made."""
    rows = table.take(np.arange(0, len(table), max(1, len(table) // _MOST_ROWS)))
    answer = rows.columns[target]
    hints = [hint for name in features for hint in _of_column(name, rows.columns[name], answer, task, split)]
    return hints + _duplicates(splits)


def _of_column(name: str, values: Array, answer: Array, task: str, split: str) -> list[Hint]:
    if len(values) < 4 * _LEAST_ROWS:
        return []
    hints = []
    share = alone(values, answer, task)
    if share >= ALMOST:
        text = (
            f"'{name}' alone explains {100 * share:.1f} % of the target. Is its value known when a prediction is made? If not, "
            "drop it: options.drop."
        )
        hints.append(Hint("leak", name, text))
    if is_id(values):
        text = f"'{name}' has another value in nearly every row, like an id or a name. Drop it: options.drop."
        hints.append(Hint("id", name, text))
    if split == "hash" and (values.dtype.kind == "M" or rises(values)):
        text = (
            f"'{name}' is a time, and the rows are split at random: the test rows lie among the training rows in time, not "
            f"after them. To predict the future, split by time: options.split: {{by: time, column: {name}}}."
        )
        hints.append(Hint("time", name, text))
    return hints


def alone(values: Array, answer: Array, task: str) -> float:
    """Measure how much of the target one column alone explains: 1 for all of it, 0 or below for nothing.

    That is the share of the errors of a constant prediction that a small tree avoids, or for a number the share of the variance
    that it explains; it learns from half of the rows and is scored on the others. values: (n,), of any kind; answer: (n,) str.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    column = _numbers(values)[:, None]
    order = np.random.default_rng(0).permutation(len(column))  # rows may alternate
    learn, held = order[::2], order[1::2]
    if task == "regress":
        number = answer.astype(np.float64)
        tree = DecisionTreeRegressor(max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAST_ROWS, random_state=0)
        error = ((tree.fit(column[learn], number[learn]).predict(column[held]) - number[held]) ** 2).sum()
        plain = ((number[held] - number[learn].mean()) ** 2).sum()
    else:
        names, counts = np.unique(answer[learn], return_counts=True)
        tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAST_ROWS, random_state=0)
        error = (tree.fit(column[learn], answer[learn]).predict(column[held]) != answer[held]).sum()
        plain = (names[counts.argmax()] != answer[held]).sum()
    return float(1 - error / plain) if plain else 0.0


def _numbers(values: Array) -> Array:
    """Convert a column to numbers, (n,) float64: categories to the ranks of their names, NaN where missing."""
    if values.dtype == object:
        return np.unique(values.astype(str), return_inverse=True)[1].astype(np.float64)
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.nan, values.astype("datetime64[s]").astype(np.float64))
    return values.astype(np.float64)


def is_id(values: Array) -> bool:
    """Whether text differs in nearly every row, or numbers rise by the same step from row to row."""
    if values.dtype == object:
        return len(set(values.tolist())) >= _UNIQUE * len(values)
    return values.dtype.kind == "f" and rises(values) and bool((np.diff(values) == np.diff(values)[:1]).all())


def rises(values: Array) -> bool:
    """Whether numbers grow from row to row."""
    return values.dtype.kind == "f" and bool(np.isfinite(values).all() and (np.diff(values) > 0).all())


def _duplicates(splits: Mapping[str, Table]) -> list[Hint]:
    repeated = np.isin(splits["test"].key, np.concatenate([splits["train"].key, splits["val"].key]))
    if not repeated.any():
        return []
    rows = ", ".join(splits["test"].row_id[repeated][:5].tolist())
    text = (
        f"{int(repeated.sum()):,} of {len(repeated):,} test rows occur in train or val too, such as {rows}. "
        "A model may have memorised them. A split by hash keeps equal rows together."
    )
    return [Hint("duplicates", None, text)]
