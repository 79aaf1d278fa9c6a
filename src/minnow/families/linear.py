"""linear: logistic regression (ridge for numbers), solved exactly and held as a network of one layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import Field

from minnow.families import _anchor, _keras, _texts
from minnow.families._features import CATEGORIES, NUMBERS, PIXELS, SERIES, principal
from minnow.families._options import Strict
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("images", "text", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")

SPACE = {"C": {"among": [[0.001], [0.01], [0.1], [1.0], [10.0], [0.03, 0.3, 3.0]]}}

load = _keras.load
MOST_DENSE = 20_000


class Params(Strict):
    """C: strengths of the fit to choose from on val (large is free, small is held back); iterations: at most.

    pca: principal components of pixels, or of numbers and categories, that the fit is made on.
    features: what of a text is weighed, n-grams of its words or of its characters, or both.
    naive_bayes: weigh each n-gram by how much oftener one of two labels holds it than the other, and divide each text by its
        norm, the root of the count of its n-grams or the length of its vector; wants a large C. beta: the share of a weight
        that is its own, the rest is the mean magnitude of all; small for short texts. min_rows: of train, that must hold an
        n-gram for it to say anything. Source: Wang & Manning 2012.
    """

    C: list[float] = Field(default=[0.03, 0.3, 3.0], min_length=1)
    iterations: int = Field(default=500, ge=1)
    pca: int | None = Field(default=None, ge=1)
    features: Literal["ngrams", "characters", "both"] = "ngrams"
    naive_bayes: bool = False
    norm: Literal["count", "length"] = "count"
    beta: float = Field(default=1.0, gt=0, le=1)
    min_rows: int = Field(default=1, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Solve on inputs image (n, h, w, c) float32, ngrams (n, m) int32 padded with 0, or series, numbers and categories."""
    anchored = _anchor.ANCHOR in train.inputs
    train, val = _anchor.relative(train), _anchor.relative(val)
    names = _texts.features(train, params.features)
    ratios = None
    if names or params.naive_bayes:
        rows, held, ratios = _texts.blocks(train, val, names, params)
    else:
        rows, held = _rows(train), _rows(val)
    components = _components(rows, params.pca, seed) if params.pca else None
    if components is not None:
        rows, held = (np.asarray(_dense(part) - components[0]) @ components[1] for part in (rows, held))
    found = []
    for place, strength in enumerate(params.C, 1):
        solver = _solver(train.task, strength, params.iterations, seed)
        solver.fit(rows, train.target, sample_weight=train.weight)
        if ratios is not None:
            solver.coef_ = _texts.drawn(solver.coef_, params.beta)
        loss = _val_loss(solver, held, val)
        found.append((loss, place, solver))
        report(place, len(params.C), {"val_loss": loss})
    _, _, best = min(found, key=lambda item: item[:2])
    weights, bias = _weights(best, train)
    if components is not None:  # a turn of the axes is part of the weights
        weights = components[1] @ weights
        bias = bias - components[0] @ weights
    if ratios is not None:
        weights = weights * np.concatenate(ratios)[:, None].astype(np.float32)
    end = partial(_end, train=train, name="change" if anchored else _keras.OUTPUTS[train.task])
    if names:
        network = _texts.network(train, names, weights, bias, ratios, params.norm, end)
    else:
        network = (_image if PIXELS in train.inputs else _table)(train, weights, bias, end)
    return _keras.KerasModel(_anchor.anchored(network, _keras.OUTPUTS[train.task]) if anchored else network)


def _rows(batch: Batch) -> Any:
    """Pixels in a row; or numbers, then one column per category."""
    if PIXELS in batch.inputs:
        return batch.inputs[PIXELS].reshape(len(batch), -1)
    from scipy.sparse import csr_array, hstack

    dense = [batch.inputs[one].reshape(len(batch), -1) for one in (SERIES, NUMBERS) if one in batch.inputs]
    if CATEGORIES not in batch.inputs:
        return np.concatenate(dense, axis=1)
    ids = batch.inputs[CATEGORIES]
    shape = (len(batch), batch.sizes[CATEGORIES])
    places = np.repeat(np.arange(len(batch)), ids.shape[1])
    counted = csr_array((np.ones(ids.size, np.float32), (places, ids.ravel())), shape=shape)
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


def _image(train: Batch, weights: Array, bias: Array, end: Callable[[Any], Any]) -> Any:
    import keras
    from keras import layers

    image = keras.Input(train.inputs["image"].shape[1:], name="image")
    logits = layers.Dense(weights.shape[1], name="logits")
    x = logits(layers.Flatten()(image))
    logits.set_weights([weights, bias])
    return keras.Model(image, end(x), name="linear")


def _table(train: Batch, weights: Array, bias: Array, end: Callable[[Any], Any]) -> Any:
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
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], end(x), name="linear")


def _end(x: Any, train: Batch, name: str) -> Any:
    from keras import layers

    return layers.Softmax(name=name)(x) if train.task == "classify" else layers.Reshape((), name=name)(x)
