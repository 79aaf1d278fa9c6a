"""linear: logistic regression, or ridge regression for numbers, held in arrays.

Where the measure is an absolute error or a quantile's, the regression is that of the median or of the quantile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

import numpy as np
from pydantic import Field

from minnow import tasks
from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import CATEGORIES, CHARACTERS, NGRAMS, NUMBERS, PIXELS, SERIES, principal
from minnow.families._calibration import Calibrated
from minnow.families._keras.model import NUMERIC, OUTPUTS
from minnow.families._linear import model, ngram_weights
from minnow.families._linear.expansion import MOST_PRODUCTS, Expansion, expansion_of, products_of
from minnow.families._linear.function import Ids, LinearFunction, Numbers, width
from minnow.families._linear.model import LinearModel
from minnow.families._progress import val_measure
from minnow.families._quantile_ridge import QuantileRidge
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Outputs, Report, Spec, quantile_of, silent


def _has_numbers(train: Batch) -> bool:
    return NUMBERS in train.inputs and train.inputs[NUMBERS].shape[1] > 0


def _portfolio(train: Batch) -> dict[str, dict[str, Any]]:
    """Settings beside the defaults for rows with numbers: bent lines, and products where they are not too many."""
    if not _has_numbers(train):
        return {}
    some = {"splines": {"splines": 5}}
    few = products_of(train.inputs[NUMBERS].shape[1]) <= MOST_PRODUCTS
    return some | ({"interactions": {"splines": 5, "interactions": True}} if few else {})


CAPABILITIES = FamilyCapabilities(
    portfolio=_portfolio,
    space={"C": {"among": [[0.001], [0.01], [0.1], [1.0], [10.0], [0.03, 0.3, 3.0]]}},
    cheap=True,
    one_thread=True,
    libraries=("sklearn.linear_model",),
)
MODALITIES = ("images", "text", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")
READS = (PIXELS, NGRAMS, CHARACTERS, SERIES, NUMBERS, CATEGORIES)

load = model.load
_MOST_DENSE = 20_000
_STRENGTHS = {"none": [0.03, 0.3, 3.0], "idf": [0.03, 0.3, 3.0], "naive_bayes": [1.0, 5.0, 25.0]}
"""Of regularization, by the weighting; those of other rows than texts too."""


_OF_MORE = [0.003, 0.03, 0.3, 3.0]
"""Of features that are made of numbers, which are many."""


class Params(Calibrated):
    """C: inverse strengths of regularization; the best on val is used. None takes 0.03, 0.3 and 3; with naive_bayes 1, 5, 25.

    iterations: largest number of the solver. pca: number of principal components that replace the features.
    features: word n-grams ("ngrams"), character n-grams ("characters") or both, for texts; None takes what the encoder makes.
    weighting: of the n-grams of texts. "none", "idf", the logarithm of how rare an n-gram is, or "naive_bayes", its log count
        ratio of the two labels; None takes the best on val, of the last two where there are two labels, else of the first two.
        With a weighting each text is divided by its norm: "count", the root of the number of n-grams, or "length", the
        Euclidean norm of the weighted vector. Sources: Spärck Jones 1972; Wang & Manning 2012, as are the next two.
    beta: interpolation between each weight (1) and the mean magnitude of all weights (0), with naive_bayes; small for short
        texts. min_rows: n-grams in fewer rows of train have the weight 0.
    splines: number of knots per number, at which the line of its effect may bend; interactions: products of two numbers, and
        squares, are features too. Both for tables, and for the features of series.
    """

    C: list[float] | None = Field(default=None, min_length=1)
    iterations: int = Field(default=500, ge=1)
    pca: int | None = Field(default=None, ge=1)
    features: Literal["ngrams", "characters", "both"] | None = None
    weighting: Literal["none", "idf", "naive_bayes"] | None = None
    norm: Literal["count", "length"] = "count"
    beta: float = Field(default=1.0, gt=0, le=1)
    min_rows: int = Field(default=1, ge=1)
    splines: int | None = Field(default=None, ge=1, le=50)
    interactions: bool = False


@dataclass(frozen=True)
class _Making:
    """How features are made. weighting, weights: see ngram_weights; components: mean (m,) and axes (m, k).

    expansion: of numbers.
    """

    weighting: str = "none"
    weights: list[Array] | None = None
    components: tuple[Array, Array] | None = None
    expansion: Expansion | None = None


@dataclass(frozen=True)
class _Fit:
    """A fit with one strength of regularization. loss: on val."""

    making: _Making
    strength: float
    solver: Any
    loss: float


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> LinearModel:
    """Fit to image (n, h, w, c) float32, n-grams (n, m) int32 padded with 0, or series, numbers and categories.

    Raises ValueError for a weighting that the rows do not have, and for too many principal components.
    """
    names = ngram_weights.arrays(train, params.features)
    best = _best(names, train, val, params, seed, report)
    weights, bias = _weights(best.solver, best.making, train)
    settled: dict[str, Any] = {"C": [best.strength]} | ({"weighting": best.making.weighting} if names else {})
    numbers, ids = (
        (None, _ids_of_texts(train, names, weights, best.making.weights, params.norm))
        if names
        else _parts(train, weights, best.making.expansion)
    )
    function = LinearFunction(OUTPUTS[train.task], len(train.labels), bias, numbers, ids)
    return LinearModel(function, settled=settled)


def _best(names: list[str], train: Batch, val: Batch, params: Params, seed: int, report: Report) -> _Fit:
    """Fit with each weighting and strength, and return the first fit with the least loss on val."""
    weightings = ngram_weights.weightings(train, names, params.weighting)
    usual = _STRENGTHS | ({"none": _OF_MORE} if params.splines or params.interactions else {})
    tried = [(weighting, params.C or usual[weighting]) for weighting in weightings]
    total, best = sum(len(strengths) for _, strengths in tried), None
    counted = [ngram_weights.counted(batch, names) for batch in (train, val)]
    done = count(1)
    for weighting, strengths in tried:
        train_rows, val_rows, making = _features(train, val, counted, params, seed, weighting)
        for strength in strengths:
            solver = _solver(train, strength, params.iterations, seed)
            solver.fit(train_rows, train.target, sample_weight=train.weight)
            if weighting == "naive_bayes":
                solver.coef_ = ngram_weights.interpolated(solver.coef_, params.beta)
            outputs = _val_outputs(solver, val_rows, val)
            fitted = _Fit(making, strength, solver, _val_loss(outputs, val))
            best = fitted if best is None or fitted.loss < best.loss else best
            report(next(done), total, {"val_loss": fitted.loss, **val_measure(outputs, val)})
        del train_rows, val_rows
    assert best is not None
    return best


def _features(
    train: Batch, val: Batch, counted: list[list[Any]], params: Params, seed: int, weighting: str
) -> tuple[Any, Any, _Making]:
    """Features of train and val, (n, m) each, replaced by principal components with pca. counted: see ngram_weights."""
    expansion = _expansion(train, params)
    if counted[0]:
        train_rows, val_rows, weights = ngram_weights.blocks(train, counted, params, weighting)
    else:
        weights = None
        train_rows, val_rows = (_flat(batch, expansion) for batch in (train, val))
    if not params.pca:
        return train_rows, val_rows, _Making(weighting, weights, expansion=expansion)
    mean, axes = _components(train_rows, params.pca, seed)
    train_rows, val_rows = (np.asarray(_dense(part) - mean) @ axes for part in (train_rows, val_rows))
    return train_rows, val_rows, _Making(weighting, weights, (mean, axes), expansion)


def _expansion(train: Batch, params: Params) -> Expansion | None:
    """Further features that are asked for. Raises ValueError for rows without numbers."""
    if not (params.splines or params.interactions):
        return None
    if not _has_numbers(train):
        raise ValueError(
            "splines and interactions are made of columns of numbers. These rows have none: leave them out."
        )
    return expansion_of(train.inputs[NUMBERS], params.splines or 0, products=params.interactions)


def _flat(batch: Batch, expansion: Expansion | None = None) -> Any:
    """Flat rows: pixels; or series, numbers and their expansion, then one-hot columns of the categories."""
    if PIXELS in batch.inputs:
        return batch.inputs[PIXELS].reshape(len(batch), -1)
    from scipy.sparse import csr_array

    dense = [batch.inputs[name].reshape(len(batch), -1) for name in (SERIES, NUMBERS) if name in batch.inputs]
    if expansion:
        dense.append(expansion.features(batch.inputs[NUMBERS]))
    if CATEGORIES not in batch.inputs:
        return np.concatenate(dense, axis=1)
    ids = batch.inputs[CATEGORIES]
    values = np.concatenate([*dense, np.ones(ids.shape, np.float32)], axis=1)
    start = values.shape[1] - ids.shape[1]
    index = np.int32 if values.size < np.iinfo(np.int32).max else np.int64
    places = np.empty(values.shape, index)
    places[:, :start], places[:, start:] = np.arange(start), ids + start
    ends = values.shape[1] * np.arange(len(batch) + 1, dtype=index)
    shape = (len(batch), start + batch.cardinalities[CATEGORIES])
    return csr_array((values.ravel(), places.ravel(), ends), shape=shape)


def _dense(rows: Any) -> Array:
    return rows if isinstance(rows, np.ndarray) else rows.toarray()


def _components(rows: Any, count: int, seed: int) -> tuple[Array, Array]:
    """Mean and principal axes of the rows. Raises ValueError for too many features to make the rows dense."""
    if rows.shape[1] > _MOST_DENSE:
        raise ValueError(f"pca needs at most {_MOST_DENSE:,} features. Received: {rows.shape[1]:,}. Leave pca out.")
    return principal(_dense(rows), count, seed)


def _solver(train: Batch, strength: float, iterations: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    if train.task in NUMERIC:
        quantile = 0.5 if train.measure in ("mae", "mape") else quantile_of(train.measure)
        return Ridge(alpha=1 / strength) if quantile is None else QuantileRidge(quantile, 1 / strength)
    return LogisticRegression(C=strength, max_iter=iterations, random_state=seed)


def _val_outputs(solver: Any, rows: Any, val: Batch) -> dict[str, Array]:
    """Predictions of the rows of val, by the name of the task's output."""
    is_number = val.task in NUMERIC
    return {OUTPUTS[val.task]: solver.predict(rows) if is_number else solver.predict_proba(rows)}


def _val_loss(outputs: Outputs, val: Batch) -> float:
    """Mean loss by the measure that decides, for classes the log loss; outputs: predictions of the rows of val."""
    if val.task in NUMERIC:
        return float(tasks.measure(val.task, val.measure).loss(outputs, val).mean())
    predicted = outputs[OUTPUTS[val.task]]
    return float(-np.log(np.clip(predicted[np.arange(len(val)), val.target], SMALLEST_PROBABILITY, 1)).mean())


def _weights(solver: Any, making: _Making, train: Batch) -> tuple[Array, Array]:
    """Weights of the inputs (m, k) and one bias per label (k,), with components and weights of n-grams multiplied in."""
    weights, bias = _label_weights(solver, train)
    if making.components is not None:
        mean, axes = making.components
        weights = axes @ weights
        bias = bias - mean @ weights
    if making.weights is not None:
        weights = weights * np.concatenate(making.weights)[:, None].astype(np.float32)
    return np.ascontiguousarray(weights), bias


def _label_weights(solver: Any, train: Batch) -> tuple[Array, Array]:
    """One column of weights and one bias per label; the single logit of two labels is split in two halves."""
    weights, bias = np.atleast_2d(solver.coef_).T, np.atleast_1d(solver.intercept_)
    if train.task == "classify" and weights.shape[1] == 1:
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights.astype(np.float32), bias.astype(np.float32)


def _parts(train: Batch, weights: Array, expansion: Expansion | None) -> tuple[Numbers | None, tuple[Ids, ...]]:
    """Weights of pixels, or of series, numbers and categories. weights: (m, k), as of flat rows."""
    names = (PIXELS,) if PIXELS in train.inputs else (SERIES, NUMBERS)
    specs = tuple(_spec(train, name) for name in names if name in train.inputs)
    count = sum(map(width, specs)) + (expansion.size if expansion else 0)
    ids = (Ids(_spec(train, CATEGORIES), weights[count:]),) if CATEGORIES in train.inputs else ()
    return (Numbers(specs, weights[:count], expansion) if count else None), ids


def _ids_of_texts(
    train: Batch, names: list[str], weights: Array, scales: list[Array] | None, norm: Literal["count", "length"]
) -> tuple[Ids, ...]:
    """Weights of n-grams; two labels share one per n-gram.

    weights: (m, k), concatenated over the arrays that are named; scales: of each array before the fit, None without.
    """
    if weights.shape[1] == 2:
        weights = weights[:, 1:] - weights[:, :1]
    parts = np.split(weights, np.cumsum([train.cardinalities[name] for name in names])[:-1])
    ids = [Ids(_spec(train, name), _padded(part)) for name, part in zip(names, parts, strict=True)]
    if scales is None:
        return tuple(ids)
    if norm == "count":
        return tuple(replace(part, norm=norm) for part in ids)
    lengths = [_padded(np.abs(scale).astype(np.float32)) for scale in scales]
    return tuple(replace(part, norm=norm, scales=one) for part, one in zip(ids, lengths, strict=True))


def _padded(values: Array) -> Array:
    """Values by id, of which that of id 0, the padding, is zero."""
    values = values.copy()
    values[0] = 0.0
    return values


def _spec(train: Batch, name: str) -> Spec:
    values = train.inputs[name]
    return Spec(name, values.shape[1:], str(values.dtype))
