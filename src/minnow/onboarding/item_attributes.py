"""Attributes of items by their cells: categories, several values in a cell, and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minnow.tables.frames import Cells
from minnow.types import Array

_SEPARATORS = "|;,"
_SEVERAL = 0.1
"""Least share of cells with a separator, where cells hold several values."""
_REPEATS = 3
"""Least mean number of items with the same value: values of single items say nothing about others."""
_LEAST_NUMBERS = 8
"""Least number of different numbers, which are divided into bins."""


def attributes_of(texts: Mapping[str, Cells], numbers: Mapping[str, Array]) -> dict[str, Any]:
    """Options of a file of items: categories, several, numbers, those that there are. Arrays are float64, (n,)."""
    several = {name: sign for name, cells in texts.items() if (sign := _separator(_filled(cells)))}
    categories = [name for name, cells in texts.items() if name not in several and _repeat(_filled(cells))]
    scales = []
    for name, values in numbers.items():
        known = values[np.isfinite(values)]
        if _are_ids(known):
            continue
        if len(np.unique(known)) >= _LEAST_NUMBERS:
            scales.append(name)
        elif _repeat(known.tolist()):
            categories.append(name)
    found = {"categories": categories, "several": several, "numbers": scales}
    return {name: value for name, value in found.items() if value}


def _are_ids(values: Array) -> bool:
    """Whether numbers are whole and all differ, as ids in another list do."""
    return len(np.unique(values)) == len(values) and bool(np.all(values == np.round(values)))


def _filled(cells: Cells) -> list[str]:
    return [cell for cell in cells if cell]


def _separator(cells: Sequence[str]) -> str | None:
    """The sign between several values of a cell, whose parts repeat; None for single values."""
    for sign in _SEPARATORS:
        divided = [[part.strip() for part in cell.split(sign) if part.strip()] for cell in cells]
        if sum(len(parts) > 1 for parts in divided) >= max(1, _SEVERAL * len(cells)):
            parts = [part for parts in divided for part in parts]
            if _repeat(parts) and len(set(parts)) <= len(set(cells)):
                return sign
    return None


def _repeat(values: Sequence[Any]) -> bool:
    """Whether there are several values, of several items each."""
    counts = Counter(values)
    return len(counts) > 1 and len(values) >= _REPEATS * len(counts)
