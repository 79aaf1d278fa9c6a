"""Rows that determine the ranges of activations."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from minnow.types import Array, Columns

_BATCH = 64


def batches(inputs: Columns, names: Iterable[str], rows: int) -> list[dict[str, Array]]:
    """Evenly spaced rows of train in batches of at most 64, with the arrays of these names; all rows where there are fewer."""
    names = list(names)
    total = len(inputs[names[0]])
    chosen = np.unique(np.linspace(0, total - 1, min(rows, total)).astype(int))
    chunks = [chosen[start : start + _BATCH] for start in range(0, len(chosen), _BATCH)]
    return [{name: inputs[name][chunk] for name in names} for chunk in chunks]
