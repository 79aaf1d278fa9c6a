"""N-grams of texts for `linear`: how they are weighed before the fit, and the network that holds the weights afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.families import _keras
from minnow.types import Array, Batch

NGRAMS, CHARACTERS = "ngrams", "characters"
SHORTEST = 1e-6
"""Length below which a text is no longer divided by it: it holds nothing that is known."""


def feature(batch: Batch, name: str) -> str | None:
    """Name the array of a batch that holds a text's n-grams, None where rows are no texts.

    Raises ValueError where the encoder made none of this name.
    """
    if NGRAMS not in batch.inputs:
        return None
    if name not in batch.inputs:
        raise ValueError(
            f"features: {name} needs texts with that array. Received: {', '.join(batch.inputs)}. "
            "Set options.characters of the use case, such as [2, 5], or take features: ngrams."
        )
    return name


def log_ratio(rows: Any, train: Batch, name: str | None) -> Array:
    """Log of how much oftener rows of the second label hold each n-gram than rows of the first, (ids,) float64."""
    if name is None or len(train.labels) != 2:
        raise ValueError(
            f"naive_bayes needs texts with two labels. Received: {len(train.labels)} labels and the inputs "
            f"{', '.join(train.inputs)}. Leave naive_bayes out."
        )
    first, second = (1.0 + np.asarray(rows[train.target == label].sum(axis=0)).ravel() for label in (0, 1))
    return np.log((second / second.sum()) / (first / first.sum()))


def scaled(rows: Any, ratio: Array, norm: str) -> Any:
    """Weigh n-grams (n, ids) by their ratio, and divide each row by the root of its count or by its length."""
    weighed = rows.multiply(ratio[None, :]).tocsr()
    squares = np.asarray((weighed.multiply(weighed) if norm == "length" else rows).sum(axis=1)).ravel()
    least = SHORTEST if norm == "length" else 1.0
    return weighed.multiply(1 / np.maximum(np.sqrt(squares), least)[:, None]).tocsr()


def drawn(weights: Array, beta: float) -> Array:
    """Draw weights, of n-grams that occurred, towards the mean of their magnitudes."""
    size = np.abs(weights)
    if beta == 1 or not size.any():
        return weights
    return np.where(size > 0, (1 - beta) * size[size > 0].mean() + beta * weights, 0.0)


def network(train: Batch, name: str, weights: Array, bias: Array, ratio: Array | None, norm: str, end: Any) -> Any:
    """Sum the weights of the n-grams that occur; number 0, the padding, weighs nothing. Two labels share one weight.

    ratio: where n-grams were weighed by it; end: the last layer, of logits or numbers.
    """
    import keras
    from keras import layers

    spread = np.eye(len(bias), dtype=np.float32)
    if len(bias) == 2:
        weights, spread = weights[:, 1:] - weights[:, :1], np.array([[-0.5, 0.5]], np.float32)
    weights[0] = 0.0
    ids = keras.Input(train.inputs[name].shape[1:], dtype="int32", name=name)
    table = layers.Embedding(*weights.shape, name="weights")
    last = layers.Dense(len(bias), name="logits")
    total: Any = _keras.sum_over_rows(table(ids))
    lengths: Any = layers.Embedding(len(weights), 1, name="ratios") if ratio is not None and norm == "length" else None
    if ratio is not None:
        total = total / _divisor(ids, lengths)
    made = keras.Model(ids, end(last(total)), name="linear")
    table.set_weights([weights])
    last.set_weights([spread, bias])
    if lengths is not None and ratio is not None:
        held = np.abs(ratio).astype(np.float32)
        held[0] = 0.0
        lengths.set_weights([held[:, None]])
    return made


def _divisor(ids: Any, lengths: Any) -> Any:
    """Root of how many n-grams there are, or of the sum of their squared ratios, (n, 1)."""
    import keras

    ops: Any = keras.ops
    if lengths is not None:
        return ops.maximum(ops.sqrt(_keras.sum_over_rows(ops.square(lengths(ids)))), SHORTEST)
    count = ops.sum(ops.cast(ops.not_equal(ids, 0), "float32"), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(count, 1.0))
