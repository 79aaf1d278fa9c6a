"""Monotone constraints: answers that only rise, or only fall, with a column of the user's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from minnow.families._arrays import CATEGORIES, NUMBERS
from minnow.families._trees.layout import Layout
from minnow.registry import unknown
from minnow.types import Batch, Source

Direction = Literal["increasing", "decreasing"]
Monotonic = Mapping[str, Direction]
"""Column -> how the number, or the probability of the second of two labels, moves where only this column rises."""
_SIGNS = {"increasing": 1, "decreasing": -1}
_WHY = {
    "category": "'{0}' holds categories, which have no order. Set options.kinds: {{{0}: numeric}} where they are numbers",
    "date": "'{0}' holds dates, which are read as positions in the year, the week and the day too",
    "derived": "'{0}' is also a part of options.ratios or options.rotations, which may fall where it rises",
}


def refuses(monotonic: Monotonic, train: Batch) -> str | None:
    """Say why the constraints cannot hold for rows of train, or None where they can."""
    if not monotonic:
        return None
    if not train.sources:
        return f"monotonic: this needs the columns of a table (modality: tabular). Received: {train.modality}."
    if len(train.labels) > 2:
        return (
            "monotonic: this needs a number or two labels to predict, of which the second becomes more probable or less. "
            f"Received: {len(train.labels)} labels ({', '.join(train.labels[:5])}{', ...' if len(train.labels) > 5 else ''})."
        )
    columns = _columns(train)
    for name in monotonic:
        if name not in columns:
            return f"monotonic: {unknown('column', name, columns)} These are the columns that the model reads."
        if why := next((_WHY[source.kind] for source in columns[name] if source.kind in _WHY), None):
            return f"monotonic: this needs columns of numbers. Received: {why.format(name)}. Leave it out."
    return None


def constraints(monotonic: Monotonic, train: Batch, layout: Layout) -> list[int] | None:
    """Constraints as scikit-learn's estimators take them: 1, -1 or 0 per number of a row; None where there are none.

    Raises ValueError for what cannot hold.
    """
    if not monotonic:
        return None
    if reason := refuses(monotonic, train):
        raise ValueError(reason)
    found, start = [0] * layout.width, layout.place(NUMBERS)
    for place, source in enumerate(train.sources[NUMBERS], start):
        if source.kind == "value" and source.columns[0] in monotonic:
            found[place] = _SIGNS[monotonic[source.columns[0]]]
    return found


def _columns(train: Batch) -> dict[str, list[Source]]:
    """Columns of the user's table -> the numbers that are made of each."""
    columns: dict[str, list[Source]] = {}
    for name in (NUMBERS, CATEGORIES):
        for source in train.sources.get(name, ()):
            for column in source.columns:
                columns.setdefault(column, []).append(source)
    return columns
