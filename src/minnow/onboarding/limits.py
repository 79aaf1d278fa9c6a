"""The limits of the validation, fitted to the rows that are there: what is proposed runs, or what would stop it is named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minnow import modalities, tasks
from minnow.config import SplitShares
from minnow.onboarding.proposal import Proposal, checked_options
from minnow.stages import prepare, validate
from minnow.stages.case import Problem
from minnow.tables.errors import ColumnError
from minnow.types import Table

_SLACK = 1.05
"""Proposed limits leave a twentieth more than was found, for the rows that will be added."""


def fit_limits(proposal: Proposal, data: Path) -> Table | None:
    """Read the rows as a run will, relax the limits that they do not meet, and name what would stop a run.

    Returns the rows; None where cells are odd, which the proposal names already. Raises ValueError for rows that cannot be
    read.
    """
    try:
        problem = problem_of(proposal.entry)
        with proposal.step("read the rows as a run will"):
            table = problem.modality.read(data, problem.options)
    except ColumnError:
        return None
    proposal.found = list(dict.fromkeys([*proposal.found, *(notice.text for notice in table.notices)]))
    _relax(proposal, table, problem.options)
    proposal.train_rows = _train_rows(proposal, table, problem)
    with proposal.step("validate the rows"):
        findings = validate.check(table, problem_of(proposal.entry), "")
    proposal.warnings += [f"This would stop a run: {one.sentence}" for one in findings.results if not one.ok]
    return table


def problem_of(entry: Mapping[str, Any]) -> Problem:
    """Modality, options and task of an entry. Raises ConfigError for options that do not suit the modality."""
    modality, task = modalities.get(entry["modality"]), tasks.get(entry["task"])
    options = checked_options(modality.Options, entry.get("options", {}))
    return Problem(entry["modality"], modality, options, entry["task"], task)


def _relax(proposal: Proposal, table: Table, options: Any) -> None:
    """Propose limits that the rows meet, for those of the modality's options that they do not."""
    limits = {name: getattr(options, name) for name in type(options).model_fields if name.startswith(("min_", "max_"))}
    rows = len(table)
    if rows < limits.get("min_rows", 0):
        proposal.choose("options.min_rows", rows, f"there are only {rows:,} rows; a score of so few says little")
    _, counts = np.unique(table.key, return_counts=True)
    repeated = int(counts[counts > 1].sum())
    if repeated > limits.get("max_duplicates", 1) * rows:
        why = f"{repeated:,} of {rows:,} rows are the same as another one"
        proposal.choose("options.max_duplicates", relaxed(repeated / rows), why)
    if "repeats" in table.columns and "max_repeats" in limits:
        again = int((table.columns["repeats"] > 0).sum())
        if again > limits["max_repeats"] * rows:
            why = f"{again:,} of {rows:,} pairs of user and item occur again"
            proposal.choose("options.max_repeats", relaxed(again / rows), why)


def _train_rows(proposal: Proposal, table: Table, problem: Problem) -> int | None:
    """Number of examples that train will have; a warning where the rows cannot be divided."""
    try:
        splits = prepare.split(table, SplitShares(), problem.time_column)
        train = problem.modality.examples(splits["train"], problem.options)
        prepare.refuse_one_class(splits, problem.target, problem.task.classes(train.columns[problem.target]))
        return len(train)
    except ValueError as error:
        proposal.warnings.append(f"This would stop a run: {error}")
        return None


def relaxed(share: float) -> float:
    """A limit that a share of rows meets, also where some rows are added."""
    return min(1.0, math.ceil(100 * _SLACK * share) / 100)
