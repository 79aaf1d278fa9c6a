"""Hints at properties of the data that inflate a score, or that the exam cannot show, looked for before training.

A hint does not stop a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.insight.labels import class_hints, variant_hint
from minnow.insight.leaks import ALMOST, alone, leaks, promising
from minnow.records.hint import Hint
from minnow.stages import prepare
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.types import Array, Table

__all__ = ["ALMOST", "UNKNOWN", "Hint", "alone", "find", "hints_of", "is_id", "promising", "rises"]

UNKNOWN = 0.5
"""Share of the words of val that the encoder does not know, from which on most of what texts say is lost."""
_LEAST_ROWS = 12
_UNIQUE = 0.99
MOST_ROWS = 50_000
"""Rows up to which columns are compared with the target."""


def hints_of(case: Case, table: Table, prepared: Prepared) -> list[Hint]:
    """Look for hints in the raw rows of a case, in its columns where the modality has flat ones, and in its splits."""
    problem = case.problem
    features = problem.modality.CAPABILITIES.features(table.columns, problem.options)
    kept = [problem.time_column] if problem.time_column else []
    light = replace(table, columns={name: table.columns[name] for name in kept})
    splits = prepare.split(light, case.usecase.split, problem.time_column)
    by = "time" if problem.time_column else "hash" if table.group is None else "group"
    labels: list[Hint] = []
    if len(prepared.labels) and prepared.batches["train"].target.ndim == 1:  # items of a ranking are no classes
        options, target = type(problem.options).model_fields, _column(problem.options)
        merges = "options.label_as" if "label_as" in options else None
        variant = variant_hint(table.columns[problem.target], target, merges)
        labels = [*class_hints(prepared.tables, problem.target, by), *([variant] if variant else [])]
    return labels + _unknown(case, prepared) + find(table, splits, problem.target, features, problem.task_name, by)


def _column(options: Any) -> str | None:
    """Name of the target's column in the user's files; None where labels are names of folders."""
    named = [key for key in ("target", "label") if key in type(options).model_fields]
    return str(getattr(options, named[0])) if named else None


def find(
    table: Table, splits: Mapping[str, Table], target: str, features: Sequence[str], task: str, split: str
) -> list[Hint]:
    """Look for hints in flat columns. split: "hash", "time" or "group", how the splits were made."""
    step = max(1, len(table) // MOST_ROWS)
    columns = {name: table.columns[name][::step] for name in features}
    if len(table) < _LEAST_ROWS or not columns:
        return _duplicates(splits)
    hints = leaks(columns, table.columns[target][::step], task)
    return hints + [hint for name in features for hint in _of_column(name, columns[name], split)] + _duplicates(splits)


def _of_column(name: str, values: Array, split: str) -> list[Hint]:
    hints = []
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


def is_id(values: Array) -> bool:
    """Whether text differs in nearly every row, or numbers rise by the same step from row to row."""
    if values.dtype == object:
        return len(set(values.tolist())) >= _UNIQUE * len(values)
    return values.dtype.kind == "f" and rises(values) and bool((np.diff(values) == np.diff(values)[:1]).all())


def rises(values: Array) -> bool:
    """Whether numbers grow from row to row."""
    return values.dtype.kind == "f" and bool(np.isfinite(values).all() and (np.diff(values) > 0).all())


def _unknown(case: Case, prepared: Prepared) -> list[Hint]:
    """Say so where the encoder does not know most of the words of val."""
    share = case.modality.CAPABILITIES.unknown(prepared.batches["val"].inputs, prepared.encoder)
    if share is None or not len(share) or share.mean() < UNKNOWN:
        return []
    most = int((share > UNKNOWN).sum())
    text = (
        f"{100 * share.mean():.0f} % of the words of a text of val are unknown to the model, on average, and in {most:,} of "
        f"{len(share):,} texts most of them: it knows words that occur at least twice in train. Where words are long, rare or "
        "not divided by blanks, let models read characters too: options.characters: [2, 5]."
    )
    return [Hint("unknown", None, text, {"share": round(float(share.mean()), 6), "texts": most, "of": len(share)})]


def _duplicates(splits: Mapping[str, Table]) -> list[Hint]:
    repeated = np.isin(splits["test"].key, np.concatenate([splits["train"].key, splits["val"].key]))
    if not repeated.any():
        return []
    rows = ", ".join(splits["test"].row_id[repeated][:5].tolist())
    text = (
        f"{int(repeated.sum()):,} of {len(repeated):,} test rows occur in train or val too, such as {rows}. "
        "A model may have memorised them. A split by hash keeps equal rows together."
    )
    return [Hint("duplicates", None, text, {"rows": int(repeated.sum()), "of": len(repeated)})]
