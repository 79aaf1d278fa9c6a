"""The best items of each row by their scores."""

from __future__ import annotations

import numpy as np

from minnow.types import Array

CHUNK = 1024
"""Number of rows that are ranked at once, which limits the memory."""


def top(scores: Array, seen: Array | None, k: int) -> Array:
    """Indices of the k best unseen items per row, best first, (n, k) int64; -1 where there are fewer.

    scores: (n, items), NaN counts as seen. seen: (n, s) int, padded with -1, or None. Equal scores are ordered by index.
    """
    k = min(k, scores.shape[1])
    parts = [np.empty((0, k), np.int64)]
    for start in range(0, len(scores), CHUNK):
        part = scores[start : start + CHUNK].astype(np.float32, copy=True)
        if seen is not None:
            rows, columns = np.nonzero(seen[start : start + CHUNK] >= 0)
            part[rows, seen[start : start + CHUNK][rows, columns]] = -np.inf
        part[np.isnan(part)] = -np.inf  # NaN is never recommended
        order = _best(part, k)
        parts.append(np.where(np.isneginf(np.take_along_axis(part, order, 1)), -1, order))
    return np.concatenate(parts)


def _best(scores: Array, k: int) -> Array:
    """Indices of the k highest scores per row, (n, k) int64, highest first; equal scores are ordered by index."""
    last = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    above, level = scores > last, scores == last
    room = k - above.sum(1, keepdims=True)
    kept = above | (level & (np.cumsum(level, axis=1, dtype=np.int32) <= room))
    index = np.nonzero(kept)[1].reshape(len(scores), k)  # a full sort of many items would take ten times as long
    order = np.argsort(-np.take_along_axis(scores, index, 1), axis=1, kind="stable")
    return np.take_along_axis(index, order, 1)
