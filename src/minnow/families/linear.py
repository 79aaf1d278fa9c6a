"""linear: logistic regression (ridge for numbers), solved exactly and held as a network of one layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _anchor, _keras
from minnow.families._features import CATEGORIES, NUMBERS, PIXELS, SERIES, principal
from minnow.families._options import Strict
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("images", "text", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")

SPACE = {"C": {"among": [[0.001], [0.01], [0.1], [1.0], [10.0], [0.03, 0.3, 3.0]]}}

load = _keras.load
NGRAMS = "ngrams"
MOST_DENSE = 20_000


class Params(Strict):
    """C: strengths of the fit to choose from on val (large is free, small is held back); iterations: at most.

    pca: principal components of pixels, or of numbers and categories, that the fit is made on.
    naive_bayes: weigh each n-gram by how much oftener one of two labels holds it than the other, and each text by the root
    of how many n-grams it holds; wants a large C. Source: Wang & Manning 2012.
    """

    C: list[float] = Field(default=[0.03, 0.3, 3.0], min_length=1)
    iterations: int = Field(default=500, ge=1)
    pca: int | None = Field(default=None, ge=1)
    naive_bayes: bool = False


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Solve on inputs image (n, h, w, c) float32, ngrams (n, m) int32 padded with 0, or series, numbers and categories."""
    anchored = _anchor.ANCHOR in train.inputs
    train, val = _anchor.relative(train), _anchor.relative(val)
    rows, held = _rows(train), _rows(val)
    ratio = _log_ratio(rows, train) if params.naive_bayes else None
    if ratio is not None:
        rows, held = (_per_root_of_count(part).multiply(ratio[None, :]).tocsr() for part in (rows, held))
    components = _components(rows, params.pca, seed) if params.pca else None
    if components is not None:
        rows, held = (np.asarray(_dense(part) - components[0]) @ components[1] for part in (rows, held))
    found = []
    for place, strength in enumerate(params.C, 1):
        solver = _solver(train.task, strength, params.iterations, seed)
        solver.fit(rows, train.target, sample_weight=train.weight)
        loss = _val_loss(solver, held, val)
        found.append((loss, place, solver))
        report(place, len(params.C), {"val_loss": loss})
    _, _, best = min(found, key=lambda item: item[:2])
    weights, bias = _weights(best, train)
    if components is not None:  # a turn of the axes is part of the weights
        weights = components[1] @ weights
        bias = bias - components[0] @ weights
    if ratio is not None:
        weights = weights * ratio[:, None].astype(np.float32)
    build = (
        (_scaled_text if ratio is not None else _text)
        if NGRAMS in train.inputs
        else _image
        if PIXELS in train.inputs
        else _table
    )
    network = build(train, weights, bias, "change" if anchored else _keras.OUTPUTS[train.task])
    return _keras.KerasModel(_anchor.anchored(network, _keras.OUTPUTS[train.task]) if anchored else network)


def _rows(batch: Batch) -> Any:
    """Pixels in a row; or one column per n-gram; or numbers, then one column per category."""
    if PIXELS in batch.inputs:
        return batch.inputs[PIXELS].reshape(len(batch), -1)
    from scipy.sparse import csr_array, hstack

    name = NGRAMS if NGRAMS in batch.inputs else CATEGORIES
    dense = [batch.inputs[one].reshape(len(batch), -1) for one in (SERIES, NUMBERS) if one in batch.inputs]
    if name not in batch.inputs:
        return np.concatenate(dense, axis=1)
    ids = batch.inputs[name]
    rows, places = np.nonzero(ids) if name == NGRAMS else np.divmod(np.arange(ids.size), ids.shape[1])
    shape = (len(batch), batch.sizes[name])
    counted = csr_array((np.ones(len(rows), np.float32), (rows, ids[rows, places])), shape=shape)
    return hstack([*map(csr_array, dense), counted]).tocsr() if dense else counted


def _dense(rows: Any) -> Array:
    return rows if isinstance(rows, np.ndarray) else rows.toarray()


def _components(rows: Any, count: int, seed: int) -> tuple[Array, Array]:
    """Mean and principal axes of the rows. Raises ValueError where there are more n-grams than memory could hold."""
    if rows.shape[1] > MOST_DENSE:
        raise ValueError(f"pca needs at most {MOST_DENSE:,} features. Received: {rows.shape[1]:,}. Leave pca out.")
    return principal(_dense(rows), count, seed)


def _solver(task: str, strength: float, iterations: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    if task in _keras.NUMERIC:
        return Ridge(alpha=1 / strength)
    return LogisticRegression(C=strength, max_iter=iterations, random_state=seed)


def _val_loss(solver: Any, rows: Any, val: Batch) -> float:
    if val.task in _keras.NUMERIC:
        error = np.abs(solver.predict(rows) - val.target)
        return float((error**2 if val.task == "rate" else error).mean())
    chances = solver.predict_proba(rows)
    return float(-np.log(np.clip(chances[np.arange(len(val)), val.target], 1e-7, 1)).mean())


def _weights(solver: Any, train: Batch) -> tuple[Array, Array]:
    """One column of weights and one bias per label; a single logit is shared out between two labels."""
    weights, bias = np.atleast_2d(solver.coef_).T, np.atleast_1d(solver.intercept_)
    if train.task == "classify" and weights.shape[1] == 1:
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights.astype(np.float32), bias.astype(np.float32)


def _image(train: Batch, weights: Array, bias: Array, name: str) -> Any:
    import keras
    from keras import layers

    image = keras.Input(train.inputs["image"].shape[1:], name="image")
    logits = layers.Dense(weights.shape[1], name="logits")
    x = logits(layers.Flatten()(image))
    logits.set_weights([weights, bias])
    return keras.Model(image, _end(x, train, name), name="linear")


def _log_ratio(rows: Any, train: Batch) -> Array:
    """Log of how much oftener rows of the second label hold each n-gram than rows of the first, (ids,) float64."""
    if NGRAMS not in train.inputs or len(train.labels) != 2:
        raise ValueError(
            f"naive_bayes needs texts with two labels. Received: {len(train.labels)} labels and the inputs "
            f"{', '.join(train.inputs)}. Leave naive_bayes out."
        )
    first, second = (1.0 + np.asarray(rows[train.target == label].sum(axis=0)).ravel() for label in (0, 1))
    return np.log((second / second.sum()) / (first / first.sum()))


def _per_root_of_count(rows: Any) -> Any:
    count = np.asarray(rows.sum(axis=1)).ravel()
    return rows.multiply(1 / np.sqrt(np.maximum(count, 1.0))[:, None])


def _scaled_text(train: Batch, weights: Array, bias: Array, name: str) -> Any:
    """Divide the sum by the root of how many n-grams there are."""
    import keras

    def divided(total: Any, ids: Any) -> Any:
        ops: Any = keras.ops
        count = ops.sum(ops.cast(ops.not_equal(ids, 0), "float32"), axis=1, keepdims=True)
        return total / ops.sqrt(ops.maximum(count, 1.0))

    return _text(train, weights, bias, name, divided)


def _text(train: Batch, weights: Array, bias: Array, name: str, scaled: Callable[[Any, Any], Any] | None = None) -> Any:
    """Sum the weights of the n-grams that occur; number 0, the padding, weighs nothing. Two labels share one weight."""
    import keras
    from keras import layers

    spread = np.eye(len(bias), dtype=np.float32)
    if len(bias) == 2:
        weights, spread = weights[:, 1:] - weights[:, :1], np.array([[-0.5, 0.5]], np.float32)
    weights[0] = 0.0
    ids = keras.Input(train.inputs["ngrams"].shape[1:], dtype="int32", name="ngrams")
    table = layers.Embedding(*weights.shape, name="weights")
    last = layers.Dense(len(bias), name="logits")
    total = _keras.sum_over_rows(table(ids))
    x = last(total if scaled is None else scaled(total, ids))
    table.set_weights([weights])
    last.set_weights([spread, bias])
    return keras.Model(ids, _end(x, train, name), name="linear")


def _table(train: Batch, weights: Array, bias: Array, name: str) -> Any:
    """Weigh numbers, and add the weights of the categories."""
    import keras
    from keras import layers

    inputs: list[Any] = []
    parts: list[Any] = []
    shapes = {one: train.inputs[one].shape[1:] for one in (SERIES, NUMBERS) if one in train.inputs}
    count = sum(math.prod(shape) for shape in shapes.values())
    if count:
        inputs += [keras.Input(shape, name=one) for one, shape in shapes.items()]
        rows = [layers.Flatten()(one) if len(one.shape) > 2 else one for one in inputs]
        numbers = layers.Concatenate()(rows) if len(rows) > 1 else rows[0]
        dense: Any = layers.Dense(weights.shape[1], name="logits")
        parts.append(dense(numbers))
        dense.set_weights([weights[:count], bias])
    if CATEGORIES in train.inputs:
        columns = train.inputs[CATEGORIES].shape[1]
        ids = keras.Input((columns,), dtype="int32", name=CATEGORIES)
        inputs.append(ids)
        table: Any = layers.Embedding(*weights[count:].shape, name="weights")
        parts.append(_keras.sum_over_rows(table(ids)))
        # without numbers nothing else adds the bias: each row has one id per column, so each carries its share
        shared = 0 if count else bias / columns
        table.set_weights([weights[count:] + shared])
    x = layers.Add()(parts) if len(parts) > 1 else parts[0]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], _end(x, train, name), name="linear")


def _end(x: Any, train: Batch, name: str) -> Any:
    from keras import layers

    return layers.Softmax(name=name)(x) if train.task == "classify" else layers.Reshape((), name=name)(x)
