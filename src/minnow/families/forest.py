"""forest: a random forest, or extremely randomized trees. Sources: Breiman 2001; Geurts et al. 2006."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from minnow import tasks
from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import FLAT_ROWS, PIXELS
from minnow.families._calibration import Calibrated
from minnow.families._progress import some, val_measure
from minnow.families._trees import model, monotone
from minnow.families._trees.layout import Layout, fit_layout
from minnow.families._trees.size import FEW_ROWS
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "trees": {"low": 10, "high": 120, "log": True},
        "leaves": {"low": 8, "high": 512, "log": True},
        "min_rows_leaf": {"low": 1, "high": 20, "log": True},
        "feature_share": {"low": 0.1, "high": 1.0},
        "extra": {"among": [False, True]},
    },
    refuses=lambda params, train: _refuses(params, train),
    portfolio=lambda train: {} if PIXELS in train.inputs else {"extra": {"extra": True}},
    cheap=True,
    libraries=("sklearn.ensemble",),
    fewer=lambda params, fitted, share: params.model_copy(update={"trees": max(1, round(share * fitted.iterations))}),
)
MODALITIES = ("images", "tabular", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")
READS = FLAT_ROWS

load = model.load
_MOST_VALUES = 64
"""Most values of a target whose median is predicted where that is set."""
_FEW: dict[str, Any] = {"leaves": 64, "min_rows_leaf": 4, "feature_share": None}
_MANY: dict[str, Any] = {"leaves": 256, "min_rows_leaf": 2, "feature_share": 0.6}
_LABELS: dict[str, Any] = _FEW | {"leaves": 56}
"""Of three or more labels or values, each of which has a number in every leaf: 190 kB where seven grades share 40 trees."""
_FEW_EXTRA: dict[str, Any] = {"leaves": 56, "min_rows_leaf": 2, "feature_share": 1.0}
_FEW_EXTRA_NUMBERS: dict[str, Any] = _FEW_EXTRA | {"leaves": 128}
"""Of extremely randomized trees, whose thresholds are random anyway; the latter where leaves have at most two numbers."""
_ROUNDED: dict[str, Any] = {"leaves": 200, "min_rows_leaf": 2}
"""Of numbers that are rounded to few values: finer trees err less, since the mean of all has to be nearest the right value."""
_TREES_PER_REPORT = 10


class Params(Calibrated):
    """trees: their number; leaves: largest number per tree, None for no limit; min_rows_leaf: smallest number of rows per leaf.

    feature_share: share of the features that each split considers; None takes the square root of their number for classes
    (and with answer: median) and a third for numbers. leaves, min_rows_leaf and feature_share follow the rows where they
    are not set: 64, 4 and None; from 3,000 rows of train on 256, 2 and 0.6; for three or more labels 56, 4 and None. Of
    numbers that the measure may round to few values, they are 200, 2 and as above. extra: extremely randomized trees; below
    3,000 rows they have 128 leaves, for three or more labels 56, of 2 rows and more, and consider all features. answer: for
    numbers, the "mean" of the values in the leaves, or their "median", for targets with few values, such as counts; where it
    is not set and the target has at most 12 values, val chooses between the rounded mean and the median.
    monotonic: numeric column of a table -> "increasing" or "decreasing", as of gboost; it needs answer: mean, which is then
    the default, or two values. Defaults are small, since every node is in the exported file.
    """

    trees: int = Field(default=40, ge=1)
    leaves: Annotated[int, Field(ge=2)] | Literal["auto"] | None = "auto"
    min_rows_leaf: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    feature_share: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] | None = "auto"
    extra: bool = False
    answer: Literal["mean", "median"] | None = None
    monotonic: dict[str, monotone.Direction] = Field(default={})


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.TreeModel:
    """Fit to image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    if reason := _refuses(params, train):
        raise ValueError(reason)
    layout, rows = fit_layout(train, seed=seed)
    answers = _answers(train, params)
    total, fitted = params.trees * len(answers), list[model.TreeModel]()
    for answer in answers:
        before = params.trees * len(fitted)
        part = partial(_part, report, before, total)
        fitted.append(_fitted(train, (layout, rows), params.model_copy(update={"answer": answer}), seed, part))
    best = fitted[0] if len(fitted) == 1 else min(fitted, key=lambda one: _error(one, train, val))
    few = some(val)
    report(total, total, val_measure(best.predict(few.inputs), few))
    return best


def _refuses(params: Params, train: Batch) -> str | None:
    """As monotone.refuses, and for medians: the values of a target are classes then, and there may be two of them."""
    values = len(np.unique(train.target)) if params.monotonic and params.answer == "median" else 0
    if values > 2:
        return (
            f"monotonic: with answer: median this needs a target of two values. Received: {values:,}. Set answer: mean, or "
            "leave one of them out."
        )
    return monotone.refuses(params.monotonic, train)


def _answers(train: Batch, params: Params) -> tuple[str, ...]:
    """The answers that are tried: both where none is set and the target of a table has few values."""
    if params.answer is not None:
        return (params.answer,)
    if params.monotonic:
        return ("mean",)
    return ("mean", "median") if len(tasks.few_values(train)) else ("mean",)


def _part(report: Report, before: int, total: int, trees: int) -> None:
    report(before + trees, total, {})


def _error(fitted: model.TreeModel, train: Batch, val: Batch) -> float:
    """Mean loss on val by the measure that decides, of answers by its decision rule."""
    measure, outputs = tasks.measure(val.task, val.measure), fitted.predict(val.inputs)
    if measure.rule:
        outputs = tasks.decider(val.task, measure.rule(outputs, val, train), val.labels)(outputs)
    return float(measure.loss(outputs, val).mean())


def _fitted(
    train: Batch, rows: tuple[Layout, Array], params: Params, seed: int, report: Callable[[int], None]
) -> model.TreeModel:
    """Fit one forest to rows in a layout. report: is told the number of trees."""
    values = None if train.task == "classify" or params.answer == "mean" else _values(train.target)
    classes = len(train.labels) if values is None else len(values)
    has_rule = tasks.measure(train.task, train.measure).rule is not None
    is_rounded = not classes and has_rule and len(tasks.few_values(train)) > 0
    size = _size(params, len(train), classes, is_rounded)
    in_order = monotone.constraints(params.monotonic, train, rows[0])
    estimator = _estimator(params, size, classes > 0, seed).set_params(monotonic_cst=in_order)
    target = train.target if values is None else np.searchsorted(values, train.target)
    for trees in (*range(_TREES_PER_REPORT, params.trees, _TREES_PER_REPORT), params.trees):
        estimator.set_params(n_estimators=trees).fit(rows[1], target, sample_weight=train.weight)
        report(trees)
    estimator.set_params(warm_start=False)
    settled = size if train.task == "classify" else size | {"answer": params.answer}
    return model.tree_model(estimator, "forest", rows[0], model.answer_of(train, values), settled=settled)


def _size(params: Params, rows: int, classes: int, is_rounded: bool) -> dict[str, Any]:
    """Size of trees: what the parameters set, and otherwise what suits the rows of train.

    Three or more classes have a number each in every leaf, so their trees stay small. is_rounded: whether the decision rule of
    the measure may round answers to few values.
    """
    own = params.model_dump(include=set(_FEW))
    if params.extra and rows < FEW_ROWS:
        follows = _FEW_EXTRA_NUMBERS if classes <= 2 else _FEW_EXTRA
    else:
        follows = _LABELS if classes > 2 else _FEW if rows < FEW_ROWS else _MANY
    follows = follows | (_ROUNDED if is_rounded else {})
    return follows | {name: value for name, value in own.items() if value != "auto"}


def _estimator(params: Params, size: Mapping[str, Any], is_classifier: bool, seed: int) -> Any:
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )

    kinds: dict[tuple[bool, bool], Any] = {
        (False, False): RandomForestRegressor,
        (False, True): RandomForestClassifier,
        (True, False): ExtraTreesRegressor,
        (True, True): ExtraTreesClassifier,
    }
    return kinds[params.extra, is_classifier](
        warm_start=True,
        max_leaf_nodes=size["leaves"],
        min_samples_leaf=size["min_rows_leaf"],
        max_features=size["feature_share"] or ("sqrt" if is_classifier else 1 / 3),
        random_state=seed,
        n_jobs=1,
    )


def _values(target: Array) -> Array:
    """The distinct values of a target, (k,) float32, ascending. Raises ValueError where there are too many for classes."""
    values = np.unique(target)
    if not 2 <= len(values) <= _MOST_VALUES:
        raise ValueError(
            f"answer: median needs a target with 2 to {_MOST_VALUES} distinct values. Received: {len(values):,}."
        )
    return values.astype(np.float32)
