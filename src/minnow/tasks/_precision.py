"""Average precision, and the influence of each row on it."""

from __future__ import annotations

import numpy as np

from minnow.types import Array, Batch


def values(probabilities: Array, batch: Batch, label: str = "") -> Array:
    """Average precision plus the influence of each row on it, (n,) float64; the mean is the average precision.

    probabilities: (n, k). label: the positive one; "" takes the mean over all labels that occur among the targets. 0 where no
    row has it.
    """
    known = batch.target >= 0
    wanted = [index for index, name in enumerate(batch.labels.tolist()) if name == label or not label]
    scored = [
        _of_label(probabilities[known, index], positive, len(batch))
        for index in wanted
        if (positive := batch.target[known] == index).any()
    ]
    if not scored:
        return np.zeros(len(batch))
    score, influence = (np.mean(part, axis=0) for part in zip(*scored, strict=True))
    rows = np.full(len(batch), score)
    rows[known] += influence
    return rows


def _of_label(probability: Array, positive: Array, n: int) -> tuple[float, Array]:
    """Average precision of one label, and the influence of each row, (m,). n: number of rows that the mean is taken over.

    It is the mean, over the positive rows, of the share of positive rows among those with no lower probability. A row changes
    that mean by its own share, if it is positive, and the share of every positive row that is not above it.
    """
    order = np.argsort(probability, kind="stable")
    first = np.searchsorted(probability[order], probability, "left")  # rows from there on are not below
    above = len(probability) - first
    positives_above = positive.sum() - np.concatenate([[0], np.cumsum(positive[order])])[first]
    share = positives_above / above
    score = float(share[positive].mean())
    last = np.searchsorted(probability[order], probability, "right")
    weight, weighted = (
        np.concatenate([[0.0], np.cumsum(np.where(positive, value / above, 0.0)[order])])[last]
        for value in (np.ones(len(share)), share)
    )
    own = np.where(positive, share - score, 0.0)
    return score, n / positive.sum() * (own + np.where(positive, weight, 0.0) - weighted)
