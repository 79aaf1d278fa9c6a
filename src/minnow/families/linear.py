"""linear: logistic regression (ridge for numbers), solved exactly and held as a network of one layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _keras
from minnow.families._options import Strict
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("images", "text")
TASKS = ("classify", "regress")

load = _keras.load


class Params(Strict):
    """C: strengths of the fit to choose from on val (large is free, small is held back); iterations: at most."""

    C: list[float] = Field(default=[0.03, 0.3, 3.0], min_length=1)
    iterations: int = Field(default=500, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Solve on inputs image (n, h, w, c) float32, or ngrams (n, m) int32 padded with 0."""
    rows = {side: _features(batch) for side, batch in (("train", train), ("val", val))}
    found = []
    for place, strength in enumerate(params.C, 1):
        solver = _solver(train.task, strength, params.iterations, seed).fit(
            rows["train"], train.target, sample_weight=train.weight
        )
        loss = _val_loss(solver, rows["val"], val)
        found.append((loss, place, solver))
        report(place, len(params.C), {"val_loss": loss})
    _, _, best = min(found, key=lambda item: item[:2])
    weights, bias = _weights(best, train)
    network = _text(train, weights, bias) if "ngrams" in train.inputs else _image(train, weights, bias)
    return _keras.KerasModel(network)


def _features(batch: Batch) -> Any:
    """Pixels in a row, or one column per n-gram."""
    if "image" in batch.inputs:
        return batch.inputs["image"].reshape(len(batch), -1)
    from scipy.sparse import csr_array

    ids = batch.inputs["ngrams"]
    rows, places = np.nonzero(ids)
    columns = ids[rows, places]
    return csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(batch), batch.sizes["ngrams"]))


def _solver(task: str, strength: float, iterations: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regress":
        return Ridge(alpha=1 / strength)
    return LogisticRegression(C=strength, max_iter=iterations, random_state=seed)


def _val_loss(solver: Any, rows: Any, val: Batch) -> float:
    if val.task == "regress":
        return float(np.abs(solver.predict(rows) - val.target).mean())
    chances = solver.predict_proba(rows)
    return float(-np.log(np.clip(chances[np.arange(len(val)), val.target], 1e-7, 1)).mean())


def _weights(solver: Any, train: Batch) -> tuple[Array, Array]:
    """One column of weights and one bias per label; a single logit is shared out between two labels."""
    weights, bias = np.atleast_2d(solver.coef_).T, np.atleast_1d(solver.intercept_)
    if train.task == "classify" and weights.shape[1] == 1:
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights.astype(np.float32), bias.astype(np.float32)


def _image(train: Batch, weights: Array, bias: Array) -> Any:
    import keras
    from keras import layers

    image = keras.Input(train.inputs["image"].shape[1:], name="image")
    logits = layers.Dense(weights.shape[1], name="logits")
    x = logits(layers.Flatten()(image))
    logits.set_weights([weights, bias])
    return keras.Model(image, _end(x, train), name="linear")


def _text(train: Batch, weights: Array, bias: Array) -> Any:
    """Sum the weights of the n-grams that occur; number 0, the padding, weighs nothing."""
    import keras
    from keras import layers

    weights[0] = 0.0
    ids = keras.Input(train.inputs["ngrams"].shape[1:], dtype="int32", name="ngrams")
    table = layers.Embedding(*weights.shape, name="weights")
    last = layers.Dense(weights.shape[1], name="logits")
    x = last(_keras.sum_over_rows(table(ids)))
    table.set_weights([weights])
    last.set_weights([np.eye(len(bias), dtype=np.float32), bias])
    return keras.Model(ids, _end(x, train), name="linear")


def _end(x: Any, train: Batch) -> Any:
    from keras import layers

    name = _keras.OUTPUTS[train.task]
    return layers.Softmax(name=name)(x) if train.task == "classify" else layers.Reshape((), name=name)(x)
