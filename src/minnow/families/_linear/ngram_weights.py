"""N-grams of texts for `linear`: their weighting before the fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from minnow.families._arrays import CHARACTERS, NGRAMS
from minnow.families._linear.function import SHORTEST
from minnow.types import Array, Batch


def arrays(batch: Batch, features: str | None) -> list[str]:
    """Names of the arrays of n-grams that are used; empty where rows are not texts.

    features: "ngrams", "characters" or "both"; None for those that are there. Raises ValueError where the batch has no such
    array.
    """
    if NGRAMS not in batch.inputs:
        return []
    if features is None:
        return [name for name in (NGRAMS, CHARACTERS) if name in batch.inputs]
    names = [NGRAMS, CHARACTERS] if features == "both" else [features]
    if missing := [name for name in names if name not in batch.inputs]:
        raise ValueError(
            f"features: {features} needs texts with the array {missing[0]}. Received: {', '.join(batch.inputs)}. "
            "Set options.characters of the use case, such as [2, 5], or use features: ngrams."
        )
    return names


class Weighting(Protocol):
    """The parameters of linear for texts."""

    @property
    def norm(self) -> str: ...
    @property
    def min_rows(self) -> int: ...


def weightings(train: Batch, names: list[str], asked: str | None) -> tuple[str, ...]:
    """Weightings that are to be compared on val. names: arrays of n-grams; asked: the only one.

    Raises ValueError for one of rows that are not texts, and for naive_bayes without two labels.
    """
    is_two = len(train.labels) == 2
    if asked is None:
        return ("none",) if not names else ("idf", "naive_bayes") if is_two else ("none", "idf")
    if asked != "none" and (not names or (asked == "naive_bayes" and not is_two)):
        needed = "texts with two labels" if asked == "naive_bayes" else "texts"
        raise ValueError(
            f"weighting: {asked} needs {needed}. Received: {len(train.labels)} labels and the inputs "
            f"{', '.join(train.inputs)}. Leave weighting out."
        )
    return (asked,)


def counted(batch: Batch, names: list[str]) -> list[Any]:
    """Rows of each array of n-grams, (n, ids) sparse: 1 where a text has the n-gram. names: arrays of n-grams."""
    return [_rows(batch, name) for name in names]


def blocks(
    train: Batch, splits: Sequence[list[Any]], params: Weighting, weighting: str
) -> tuple[Any, Any, list[Array] | None]:
    """Sparse features of train and of val, one column per n-gram, and the weights of each array.

    splits: train and val as counted. There are no weights for the weighting "none".
    """
    from scipy.sparse import hstack

    weights = None
    if weighting != "none":
        weigh = _log_ratio if weighting == "naive_bayes" else _inverse_frequency
        weights = [weigh(rows, train, params.min_rows) for rows in splits[0]]
        splits = [[_scaled(*pair, params.norm) for pair in zip(split, weights, strict=True)] for split in splits]
    train_rows, val_rows = (hstack(split).tocsr() if len(split) > 1 else split[0] for split in splits)
    return train_rows, val_rows, weights


def _rows(batch: Batch, name: str) -> Any:
    from scipy.sparse import csr_array

    ids = batch.inputs[name]
    there = ids != 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    shape = (len(batch), batch.cardinalities[name])
    rows = csr_array((np.ones(ends[-1], np.float32), ids[there], ends), shape=shape)
    rows.sum_duplicates()
    return rows


def _log_ratio(rows: Any, train: Batch, min_rows: int) -> Array:
    """Log count ratio of each n-gram, second label to first, (ids,) float64; 0 for n-grams of fewer than min_rows rows.

    rows: (n, ids) sparse of 0 and 1. Source: Wang & Manning 2012.
    """
    first, second = (np.asarray(rows[train.target == label].sum(axis=0)).ravel() for label in (0, 1))
    ratio = np.log((1 + second) / (1 + second).sum()) - np.log((1 + first) / (1 + first).sum())
    return np.where(first + second >= min_rows, ratio, 0.0)


def _inverse_frequency(rows: Any, train: Batch, min_rows: int) -> Array:
    """Logarithm of how rare each n-gram is, (ids,) float64; 0 for n-grams of fewer than min_rows rows.

    rows: (n, ids) sparse of 0 and 1. It is at least 1. Source: Spärck Jones 1972, as scikit-learn smooths it.
    """
    frequency = np.asarray(rows.sum(axis=0)).ravel()
    return np.where(frequency >= min_rows, np.log((1 + rows.shape[0]) / (1 + frequency)) + 1, 0.0)


def _scaled(rows: Any, weight: Array, norm: str) -> Any:
    """Weight n-grams (n, ids), and divide each row by the root of its count or by its Euclidean norm. weight: (ids,)."""
    weighted = _with_values(rows, rows.data * weight[rows.indices])
    measured, smallest = (weighted.multiply(weighted), SHORTEST) if norm == "length" else (rows, 1.0)
    scale = 1 / np.maximum(np.sqrt(np.asarray(measured.sum(axis=1)).ravel()), smallest)
    return _with_values(rows, weighted.data * np.repeat(scale, np.diff(rows.indptr)))


def _with_values(rows: Any, values: Array) -> Any:
    """Matrix with other values in the same places. values: (k,), in the order of the stored ones."""
    from scipy.sparse import csr_array

    return csr_array((values, rows.indices, rows.indptr), shape=rows.shape)


def interpolated(weights: Array, beta: float) -> Array:
    """Interpolate between weights (beta 1) and the mean of their magnitudes (beta 0); a weight of 0 stays 0."""
    size = np.abs(weights)
    if beta == 1 or not size.any():
        return weights
    return np.where(size > 0, (1 - beta) * size[size > 0].mean() + beta * weights, 0.0)
