"""Rank: predict an ordered list of items, without those that the user has seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minnow.contracts import AnswerChange, TaskCapabilities
from minnow.tasks._names import count_of
from minnow.tasks._ranking import top
from minnow.types import Array, Batch, Columns, Measure, Outputs

OUTPUT = "scores"
_TOP = 10
_BEST = "best"
"""Name of the array from which coverage is computed."""

ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["items", "scores"],
    "properties": {
        "items": {"type": "array", "items": {"type": "string"}},
        "scores": {"type": "array", "items": {"type": "number"}},
    },
}


def _hits(outputs: Outputs, batch: Batch, k: int) -> tuple[Array, Array]:
    """Whether each of the best k is relevant, (n, k) bool, and the number of relevant items, (n,) int."""
    seen = batch.inputs.get("seen")
    best = top(outputs[OUTPUT], seen, k)
    relevant = batch.target
    if seen is not None:
        relevant = np.where(_among(relevant, seen), -1, relevant)
    return _among(best, relevant), (relevant >= 0).sum(1)


def _among(items: Array, others: Array) -> Array:
    """Whether each item is among the others of its row, (n, a) bool. items: (n, a), others: (n, b) int, negative for none."""
    is_there = np.zeros((len(items), max(items.max(initial=0), others.max(initial=0)) + 1), bool)
    row, column = np.nonzero(others >= 0)
    is_there[row, others[row, column]] = True
    return (items >= 0) & np.take_along_axis(is_there, np.maximum(items, 0), axis=1)


def _where_relevant(values: Any, count: Array) -> Array:
    """Values (n,) of the rows that have a relevant item, NaN elsewhere. count: (n,), relevant items."""
    return np.where(count > 0, values, np.nan)


def _ndcg(outputs: Outputs, batch: Batch, k: int) -> Array:
    """Normalized discounted cumulative gain at k with binary relevance, (n,) float64. Source: Järvelin & Kekäläinen 2002."""
    hits, count = _hits(outputs, batch, k)
    gain = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gain)])[np.minimum(count, k)]
    return _where_relevant((hits * gain[: hits.shape[1]]).sum(1) / np.where(count > 0, ideal, 1.0), count)


def _recall(outputs: Outputs, batch: Batch, k: int) -> Array:
    hits, count = _hits(outputs, batch, k)
    return _where_relevant(hits.sum(1) / np.maximum(count, 1), count)


def _hit(outputs: Outputs, batch: Batch, k: int) -> Array:
    hits, count = _hits(outputs, batch, k)
    return _where_relevant(hits.any(1).astype(np.float64), count)


def _best(outputs: Outputs, batch: Batch) -> dict[str, Array]:
    return {_BEST: top(outputs[OUTPUT], batch.inputs.get("seen"), _TOP)}


def _coverage(outputs: Outputs, batch: Batch) -> float:
    """Share of all items that appear in at least one list of ten. outputs: those of _best."""
    best = outputs[_BEST]
    return len(np.unique(best[best >= 0])) / len(batch.labels)


def _of_list(name: str, rows: Callable[[Outputs, Batch, int], Array], text: str) -> Measure:
    """A measure of the best items. text: how many."""
    k = count_of(name, text)
    return Measure(f"{name}@{k}", True, rows=lambda outputs, batch: rows(outputs, batch, k), low=0.0, high=1.0)


def _differing(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Share of the best ten items of a model that are not among those of another, (n,) float64."""
    seen = batch.inputs.get("seen")
    first, second = (top(outputs[OUTPUT], seen, _TOP) for outputs in (a, b))
    return ((first >= 0) & ~_among(first, second)).sum(1) / np.maximum((first >= 0).sum(1), 1)


CAPABILITIES = TaskCapabilities(
    redivided=False,
    differing=_differing,
    change=AnswerChange(
        f"share of the {_TOP} best items that the parent lists too", lambda a, b, batch: 1.0 - _differing(a, b, batch)
    ),
)
FURTHER_MEASURES = {
    name: partial(_of_list, name, rows) for name, rows in (("ndcg", _ndcg), ("recall", _recall), ("hit", _hit))
}
MEASURES = (
    *(make(str(_TOP)) for make in FURTHER_MEASURES.values()),
    Measure("coverage", True, score=_coverage, needs=_best, low=0.0, high=1.0),
)


def classes(target: Array) -> Array:
    """Sorted distinct items, (k,) str. target: (n, r) str, padded with ""."""
    items = np.unique(np.asarray(target, dtype=str))
    return items[items != ""]


def encode(target: Array, labels: Array) -> Array:
    """Convert items to indices, (n, r) int64; -1 for padding and for items that are not among labels."""
    target, labels = np.asarray(target, dtype=str), np.asarray(labels, dtype=str)
    if not len(labels) or not target.size:
        return np.full(target.shape, -1, np.int64)
    index = np.minimum(np.searchsorted(labels, target), len(labels) - 1)
    return np.where(labels[index] == target, index, -1).astype(np.int64)


def outputs_from_answers(answers: Array, labels: Array) -> dict[str, Array]:
    """Outputs of a model that predicts these items, (n, k) str, best first, padded with ""."""
    index = encode(answers, labels)
    scores = np.full(
        (len(index), len(labels) + 1), np.nan, np.float32
    )  # the last column takes padding and unknown items
    descending = np.broadcast_to(np.arange(index.shape[1], 0, -1, dtype=np.float32), index.shape)
    np.put_along_axis(scores, np.where(index < 0, len(labels), index), descending, axis=1)
    return {OUTPUT: scores[:, :-1]}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Whether the best ten items of two models are different sets, (n,) bool."""
    seen = batch.inputs.get("seen")
    first, second = (np.sort(top(outputs[OUTPUT], seen, _TOP), axis=1) for outputs in (a, b))
    return (first != second).any(1)


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """popularity: the number of rows of train with each item, for every user."""
    counts = np.bincount(train.target[train.target >= 0], minlength=len(train.labels)).astype(np.float32)
    return {"popularity": lambda batch: {OUTPUT: np.tile(counts, (len(batch), 1))}}


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Convert outputs to JSON, one object per row: the k best unseen items, ten by default, with their scores."""
    scores = outputs[OUTPUT]
    objects = []
    for row, order in zip(scores, top(scores, inputs.get("seen"), k or _TOP), strict=True):
        kept = order[order >= 0]
        objects.append({"items": [str(labels[i]) for i in kept], "scores": [float(row[i]) for i in kept]})
    return objects
