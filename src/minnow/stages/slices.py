"""The slice of rows in which a variant differs most from its parent, found by a shallow tree on the flips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.measures import scores
from minnow.records.certificate import Slice
from minnow.types import Array, Batch, Columns, Measure, Score, Source

DEPTH, LEAST, SHARE = 3, 20, 0.02
"""Levels of the tree; the fewest rows of a slice, and as a share of the rows that it is found on."""
MOST_ROWS, MOST_NUMBERS = 20_000, 200
"""Most rows, and encoded numbers of each, that a slice is found on."""
_FEW = 3
"""Most categories that a condition names."""
_SHARE = Measure("flips", False, rows=lambda outputs, batch: outputs["differs"], low=0.0, high=1.0)


def worst_slice(flips: Array, batch: Batch, columns: Columns) -> Slice | None:
    """Find the rows where most answers differ on every other group of rows, and count them on the others.

    flips: (n,) bool. A slice is a leaf of a tree over the encoded columns; where rows are not made of columns, a class. None
    where there is neither, or too few answers differ. columns: of the rows, before they were encoded, from which conditions are
    told.
    """
    half = np.unique(batch.group, return_inverse=True)[1] % 2 == 0
    if flips[half].sum() < 2 or half.all():
        return None
    numbers, sources = _numbers(batch)
    if sources:
        inside, conditions = _leaf(numbers, sources, columns, flips, half)
    elif len(batch.labels) and batch.target.ndim == 1:
        inside, conditions = _class(batch, flips, half)
    else:
        return None
    rows = np.flatnonzero(inside & ~half)
    if not len(rows) or not conditions:
        return None
    return Slice(conditions, share_of(flips[rows], replace(batch, inputs={}).take(rows)))


def share_of(flips: Array, batch: Batch) -> Score:
    """Share of the rows in which answers differ, with its 95 % interval, rounded to ten digits. flips: (n,) bool."""
    score = scores.score(_SHARE, {"differs": flips.astype(np.float64)}, batch)
    return Score(*(round(value, 10) for value in (score.value, score.low, score.high)), n=score.n)


def _numbers(batch: Batch) -> tuple[Array, list[Source]]:
    """The encoded numbers that are made of columns, (n, d), and what each of them is made of."""
    known = [name for name in batch.sources if name in batch.inputs and batch.inputs[name].ndim == 2]
    sources = [source for name in known for source in batch.sources[name]]
    arrays = [batch.inputs[name].astype(np.float32) for name in known]
    wide = np.concatenate(arrays, axis=1) if arrays else np.empty((len(batch), 0), np.float32)
    return wide[:, :MOST_NUMBERS], sources[:MOST_NUMBERS]


def _leaf(
    numbers: Array, sources: Sequence[Source], columns: Columns, flips: Array, half: Array
) -> tuple[Array, tuple[str, ...]]:
    """The leaf with the largest share of flips: whether each row is in it, (n,) bool, and its conditions."""
    from sklearn.tree import DecisionTreeRegressor

    rows = np.flatnonzero(half)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64))]
    least = max(LEAST, int(SHARE * len(rows)))
    grown: Any = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=least, random_state=0)
    tree = grown.fit(numbers[rows], flips[rows].astype(np.float64)).tree_
    leaves = np.flatnonzero(tree.children_left < 0)
    leaf = int(leaves[np.argmax(tree.value[leaves, 0, 0])])
    inside, conditions = np.ones(len(flips), bool), list[str]()
    for node, is_left in _path(tree, leaf):
        number = int(tree.feature[node])
        left = numbers[:, number] <= tree.threshold[node]
        conditions.append(_condition(sources[number], columns, inside, left, is_left=is_left))
        inside &= left if is_left else ~left
    return inside, tuple(conditions)


def _path(tree: Any, leaf: int) -> Iterator[tuple[int, bool]]:
    """The nodes from the root to a leaf, each with whether the path goes left."""
    parents = {int(child): (node, side) for side, children in ((True, tree.children_left), (False, tree.children_right))
               for node, child in enumerate(children) if child >= 0}  # fmt: skip
    steps = []
    while leaf in parents:
        node, is_left = parents[leaf]
        steps.append((node, is_left))
        leaf = node
    yield from reversed(steps)


def _condition(source: Source, columns: Columns, reached: Array, left: Array, *, is_left: bool) -> str:
    """A split in words of the user's columns. reached, left: (n,) bool, rows at the node and rows below its threshold."""
    name = ", ".join(source.columns)
    taken = reached & (left if is_left else ~left)
    raw = columns.get(source.columns[0]) if len(source.columns) == 1 else None
    if source.kind == "gap":
        return f"'{name}' is {'present' if is_left else 'missing'}"
    if raw is not None and source.kind == "category":
        values, counts = np.unique(raw[taken].astype(str), return_counts=True)
        shown = values[np.argsort(-counts, kind="stable")[:_FEW]].tolist()
        return f"'{name}' among {', '.join(shown)}" + (" and others" if len(values) > _FEW else "")
    if raw is not None and source.kind == "value" and (between := _between(raw, reached & left, reached & ~left)):
        return f"'{name}' {'at most' if is_left else 'above'} {between}"
    return f"{'small' if is_left else 'large'} values of what is computed from '{name}'"


def _between(raw: Array, low: Array, high: Array) -> str | None:
    """The middle between the values of two sets of rows; None for what is no number, or not in this order."""
    try:
        values = np.asarray(raw).astype(np.float64)
    except (TypeError, ValueError):
        return None
    below, above = (part[np.isfinite(part)] for part in (values[low], values[high]))
    if not len(below) or not len(above) or below.max() >= above.min():
        return None
    return scores.figure(float(below.max() + above.min()) / 2)


def _class(batch: Batch, flips: Array, half: Array) -> tuple[Array, tuple[str, ...]]:
    """The class with the largest share of flips, among those with enough rows."""
    known = half & (batch.target >= 0)
    k = len(batch.labels)
    rows = np.bincount(batch.target[known], minlength=k)
    share = np.bincount(batch.target[known], weights=flips[known], minlength=k) / np.maximum(rows, 1)
    share[rows < LEAST] = -1.0
    worst = int(share.argmax())
    conditions = (f"class '{batch.labels[worst]}'",) if share[worst] > 0 else ()
    return batch.target == worst, conditions
