"""N-grams of texts for `linear`: how they are weighed before the fit, and the network that holds the weights afterwards."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from minnow.families import _keras
from minnow.types import Array, Batch

NGRAMS, CHARACTERS = "ngrams", "characters"
SHORTEST = 1e-6
"""Length below which a text is no longer divided by it: it holds nothing that is known."""


def features(batch: Batch, asked: str) -> list[str]:
    """Name the arrays of a batch that hold a text's n-grams, none where rows are no texts.

    Raises ValueError where the encoder made none of this name.
    """
    if NGRAMS not in batch.inputs:
        return []
    found = [NGRAMS, CHARACTERS] if asked == "both" else [asked]
    if missing := [name for name in found if name not in batch.inputs]:
        raise ValueError(
            f"features: {asked} needs texts with the array {missing[0]}. Received: {', '.join(batch.inputs)}. "
            "Set options.characters of the use case, such as [2, 5], or take features: ngrams."
        )
    return found


class Weighing(Protocol):
    """What of linear's parameters is about texts."""

    @property
    def naive_bayes(self) -> bool: ...
    @property
    def norm(self) -> str: ...
    @property
    def min_rows(self) -> int: ...


def blocks(train: Batch, val: Batch, names: list[str], params: Weighing) -> tuple[Any, Any, list[Array] | None]:
    """One column per n-gram of train and of val, weighed where that was asked for, and the ratios that they were weighed by.

    Raises ValueError where there are no two labels that n-grams could speak for.
    """
    from scipy.sparse import hstack

    if params.naive_bayes and (not names or len(train.labels) != 2):
        raise ValueError(
            f"naive_bayes needs texts with two labels. Received: {len(train.labels)} labels and the inputs "
            f"{', '.join(train.inputs)}. Leave naive_bayes out."
        )
    sides = [[_rows(side, name) for name in names] for side in (train, val)]
    ratios = [_log_ratio(held, train, params.min_rows) for held in sides[0]] if params.naive_bayes else None
    if ratios is not None:
        sides = [[_scaled(h, r, params.norm) for h, r in zip(side, ratios, strict=True)] for side in sides]
    rows, held = (hstack(side).tocsr() if len(side) > 1 else side[0] for side in sides)
    return rows, held, ratios


def _rows(batch: Batch, name: str) -> Any:
    """One column per n-gram, 1 where a text holds it, (n, ids) sparse."""
    from scipy.sparse import csr_array

    ids = batch.inputs[name]
    places = np.nonzero(ids)
    shape = (len(batch), batch.sizes[name])
    return csr_array((np.ones(len(places[0]), np.float32), (places[0], ids[places])), shape=shape)


def _log_ratio(held: Any, train: Batch, min_rows: int) -> Array:
    """Log of how much oftener rows of the second label hold each n-gram than rows of the first, (ids,) float64.

    0 for what fewer than min_rows hold.
    """
    first, second = (np.asarray(held[train.target == label].sum(axis=0)).ravel() for label in (0, 1))
    ratio = np.log((1 + second) / (1 + second).sum()) - np.log((1 + first) / (1 + first).sum())
    return np.where(first + second >= min_rows, ratio, 0.0)


def _scaled(held: Any, ratio: Array, norm: str) -> Any:
    """Weigh n-grams (n, ids) by their ratio, and divide each row by the root of its count or by its length."""
    weighed = held.multiply(ratio[None, :]).tocsr()
    squares = np.asarray((weighed.multiply(weighed) if norm == "length" else held).sum(axis=1)).ravel()
    least = SHORTEST if norm == "length" else 1.0
    return weighed.multiply(1 / np.maximum(np.sqrt(squares), least)[:, None]).tocsr()


def drawn(weights: Array, beta: float) -> Array:
    """Draw weights, of n-grams that occurred, towards the mean of their magnitudes."""
    size = np.abs(weights)
    if beta == 1 or not size.any():
        return weights
    return np.where(size > 0, (1 - beta) * size[size > 0].mean() + beta * weights, 0.0)


def network(
    train: Batch, names: list[str], weights: Array, bias: Array, ratios: list[Array] | None, norm: str, end: Any
) -> Any:
    """Sum the weights of the n-grams that occur; number 0, the padding, weighs nothing. Two labels share one weight.

    weights: (ids, k), those of one array below those of the other; ratios: per array, where n-grams were weighed by them;
    end: the last layer, of logits or numbers.
    """
    import keras
    from keras import layers

    spread = np.eye(len(bias), dtype=np.float32)
    if len(bias) == 2:
        weights, spread = weights[:, 1:] - weights[:, :1], np.array([[-0.5, 0.5]], np.float32)
    parts = np.split(weights, np.cumsum([train.sizes[name] for name in names])[:-1])
    inputs = [keras.Input(train.inputs[name].shape[1:], dtype="int32", name=name) for name in names]
    totals: list[Any] = []
    for place, (ids, own) in enumerate(zip(inputs, parts, strict=True)):
        total: Any = _keras.sum_over_rows(_table(ids, own, f"weights_{names[place]}"))
        if ratios is not None and norm == "length":
            held = _table(ids, np.abs(ratios[place])[:, None], f"ratios_{names[place]}")
            total = total / keras.ops.maximum(keras.ops.sqrt(_keras.sum_over_rows(held * held)), SHORTEST)
        elif ratios is not None:
            total = total / _root_of_count(ids)
        totals.append(total)
    # a sum over a new axis, for compressions round what two tensors add up to
    x = keras.ops.sum(keras.ops.stack(totals, axis=-1), axis=-1) if len(totals) > 1 else totals[0]
    last = layers.Dense(len(bias), name="logits")
    made = keras.Model(inputs if len(inputs) > 1 else inputs[0], end(last(x)), name="linear")
    last.set_weights([spread, bias])
    return made


def _table(ids: Any, values: Array, name: str) -> Any:
    """Look up rows of values (size, k), of which the first is nothing."""
    from keras import layers

    table = layers.Embedding(*values.shape, name=name)
    found = table(ids)
    held = values.astype(np.float32)
    held[0] = 0.0
    table.set_weights([held])
    return found


def _root_of_count(ids: Any) -> Any:
    import keras

    ops: Any = keras.ops
    count = ops.sum(ops.cast(ops.not_equal(ids, 0), "float32"), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(count, 1.0))
