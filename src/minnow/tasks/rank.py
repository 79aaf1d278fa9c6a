"""Rank: an answer is an ordered list of items. Items that a row has seen never appear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.types import Array, Batch, Columns, Measure, Outputs

OUTPUT = "scores"
BINARY_LOSS = False
MARGIN = 0.02
"""Share of the mean NDCG."""
TOP = 10
FIRSTS = "firsts"
CHUNK = 1024
"""Rows ranked at once: 10,000 users by 10,000 items do not fit in a small machine's memory."""

ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["items", "scores"],
    "properties": {
        "items": {"type": "array", "items": {"type": "string"}},
        "scores": {"type": "array", "items": {"type": "number"}},
    },
}


def top(scores: Array, seen: Array | None, k: int) -> Array:
    """Indices of the k best unseen items per row, best first, (n, k) int64; -1 where none is left.

    scores: (n, items), NaN counts as seen. seen: (n, s) int, padded with -1, or None. Equal scores go by lower index.
    """
    k = min(k, scores.shape[1])
    parts = [np.empty((0, k), np.int64)]
    for start in range(0, len(scores), CHUNK):
        part = scores[start : start + CHUNK].astype(np.float32, copy=True)
        if seen is not None:
            rows, columns = np.nonzero(seen[start : start + CHUNK] >= 0)
            part[rows, seen[start : start + CHUNK][rows, columns]] = -np.inf
        part[np.isnan(part)] = -np.inf  # no number is no recommendation
        order = _best(part, k)
        parts.append(np.where(np.isneginf(np.take_along_axis(part, order, 1)), -1, order))
    return np.concatenate(parts)


def _best(scores: Array, k: int) -> Array:
    """Indices of the k highest scores per row, (n, k) int64, highest first, equal ones by lower index."""
    last = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    above, level = scores > last, scores == last
    room = k - above.sum(1, keepdims=True)
    kept = above | (level & (np.cumsum(level, axis=1, dtype=np.int32) <= room))
    found = np.nonzero(kept)[1].reshape(len(scores), k)  # a full sort of many items would take ten times as long
    order = np.argsort(-np.take_along_axis(scores, found, 1), axis=1, kind="stable")
    return np.take_along_axis(found, order, 1)


def _hits(outputs: Outputs, batch: Batch) -> tuple[Array, Array]:
    """Relevance of the top list, (n, k) bool, and the number of relevant items, (n,) int."""
    seen = batch.inputs.get("seen")
    best = top(outputs[OUTPUT], seen, TOP)
    relevant = batch.target
    if seen is not None:
        relevant = np.where((relevant[:, :, None] == seen[:, None, :]).any(-1), -1, relevant) if seen.size else relevant
    hits = (best[:, :, None] == np.where(relevant >= 0, relevant, -2)[:, None, :]).any(-1)
    return hits, (relevant >= 0).sum(1)


def _defined(values: Any, count: Array) -> Array:
    return np.where(count > 0, values, np.nan)


def _ndcg(outputs: Outputs, batch: Batch) -> Array:
    """Normalised discounted cumulative gain of the first ten, binary relevance. Source: Jarvelin & Kekalainen 2002."""
    hits, count = _hits(outputs, batch)
    gain = 1.0 / np.log2(np.arange(2, TOP + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gain)])[np.minimum(count, TOP)]
    return _defined((hits * gain[: hits.shape[1]]).sum(1) / np.where(count > 0, ideal, 1.0), count)


def _recall(outputs: Outputs, batch: Batch) -> Array:
    hits, count = _hits(outputs, batch)
    return _defined(hits.sum(1) / np.maximum(count, 1), count)


def _hit(outputs: Outputs, batch: Batch) -> Array:
    hits, count = _hits(outputs, batch)
    return _defined(hits.any(1).astype(np.float64), count)


def _firsts(outputs: Outputs, batch: Batch) -> dict[str, Array]:
    return {FIRSTS: top(outputs[OUTPUT], batch.inputs.get("seen"), TOP)}


def _coverage(outputs: Outputs, batch: Batch) -> float:
    """Share of all items that appear in anybody's first ten."""
    best = outputs[FIRSTS]
    return len(np.unique(best[best >= 0])) / len(batch.labels)


MEASURES = (
    Measure("ndcg@10", True, rows=_ndcg),
    Measure("recall@10", True, rows=_recall),
    Measure("hit@10", True, rows=_hit),
    Measure("coverage", True, score=_coverage, needs=_firsts),
)


def loss(outputs: Outputs, batch: Batch) -> Array:
    """One less NDCG@10, (n,) float64; 1 for a row whose relevant items the model does not know at all."""
    return 1.0 - np.nan_to_num(_ndcg(outputs, batch), nan=0.0)


def margin(loss: Array, setting: float | None) -> float:
    """Absolute margin on the mean loss: 2 % of the mean NDCG unless set."""
    return (MARGIN if setting is None else setting) * float(1.0 - np.mean(loss))


def vocabulary(target: Array) -> Array:
    """Sorted distinct items, (k,) str. target: (n, r) str, padded with ""."""
    found = np.unique(np.asarray(target, dtype=str))
    return found[found != ""]


def encode(target: Array, labels: Array) -> Array:
    """Turn items into indices, (n, r) int64; -1 for padding and for an item that is not among labels."""
    target, labels = np.asarray(target, dtype=str), np.asarray(labels, dtype=str)
    if not len(labels) or not target.size:
        return np.full(target.shape, -1, np.int64)
    place = np.minimum(np.searchsorted(labels, target), len(labels) - 1)
    return np.where(labels[place] == target, place, -1).astype(np.int64)


def stated(answers: Array, labels: Array) -> dict[str, Array]:
    """Outputs of a model that lists these items, (n, k) str, best first, "" where a list ends."""
    index = encode(answers, labels)
    scores = np.full((len(index), len(labels) + 1), np.nan, np.float32)  # the last column takes what is no item
    worth = np.broadcast_to(np.arange(index.shape[1], 0, -1, dtype=np.float32), index.shape)
    np.put_along_axis(scores, np.where(index < 0, len(labels), index), worth, axis=1)
    return {OUTPUT: scores[:, :-1]}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Where the first ten are another set of items, (n,) bool."""
    seen = batch.inputs.get("seen")
    first, second = (np.sort(top(outputs[OUTPUT], seen, TOP), axis=1) for outputs in (a, b))
    return (first != second).any(1)


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """popularity: items by how many rows of train hold them, for everybody."""
    counts = np.bincount(train.target[train.target >= 0], minlength=len(train.labels)).astype(np.float32)
    return {"popularity": lambda batch: {OUTPUT: np.tile(counts, (len(batch), 1))}}


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Turn outputs into JSON: the k best unseen items, ten unless set, with their scores."""
    scores = outputs[OUTPUT]
    found = []
    for row, order in zip(scores, top(scores, inputs.get("seen"), k or TOP), strict=True):
        kept = order[order >= 0]
        found.append({"items": [str(labels[i]) for i in kept], "scores": [float(row[i]) for i in kept]})
    return found
