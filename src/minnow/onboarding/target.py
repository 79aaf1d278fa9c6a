"""The target of an unknown table: which column it is, and which task suits its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minnow.onboarding.columns import labels_of, named
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.types import Array

_NAMES = ("target", "label", "class", "y", "answer", "outcome", "result", "diagnosis", "category", "sentiment")
_MANY_VALUES = 20
_RARE = 0.01
"""Share of rows below which a class is rare."""


def target_of(columns: Mapping[str, Array], request: Request, others: Sequence[str | None]) -> tuple[str, str]:
    """Choose the column to be predicted, and say why. others: columns that it cannot be. Raises ValueError."""
    if request.target:
        return request.target, ASKED_FOR
    candidates = {name: values for name, values in columns.items() if name not in others}
    if by_name := named(candidates, _NAMES):
        return by_name, "its name is that of a target; choose another with --target"
    if not candidates:
        raise ValueError(f"No column is left to be the target. Received: {', '.join(columns)}.")
    return list(candidates)[-1], "the last column; choose another with --target"


def choose_task(proposal: Proposal, values: Array, request: Request) -> None:
    """Choose the task by the values of the target, (n,)."""
    if request.task:
        proposal.choose("task", request.task, ASKED_FOR)
        return
    distinct = len(set(labels_of(values).tolist()) - {""})
    whole = values.dtype.kind == "f" and bool((values[np.isfinite(values)] % 1 == 0).all())
    if values.dtype.kind == "f" and (distinct > _MANY_VALUES or not whole):
        proposal.choose("task", "regress", f"the target is a number with {distinct:,} different values")
    else:
        proposal.choose("task", "classify", f"the target has {distinct} different values")


def allow_rare_class(proposal: Proposal, values: Array) -> None:
    """Lower options.min_class_share where one of the target's classes is rare."""
    names = labels_of(values)
    classes, counts = np.unique(names[names != ""], return_counts=True)
    share = counts.min() / counts.sum()
    if share < _RARE:
        floor = float(f"{share * 0.5:.1g}")
        rarest = classes[counts.argmin()]
        proposal.choose("options.min_class_share", floor, f"the class '{rarest}' has {100 * share:.2f} % of the rows")
