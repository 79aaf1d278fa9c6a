"""forest: a random forest, or extremely randomized trees. Sources: Breiman 2001; Geurts et al. 2006."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from minnow.contracts import FamilyCapabilities, Parameters
from minnow.families._arrays import FLAT_ROWS
from minnow.families._progress import val_measure
from minnow.families._trees import model
from minnow.families._trees.layout import fit_layout
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "trees": {"low": 10, "high": 120, "log": True},
        "leaves": {"low": 8, "high": 512, "log": True},
        "min_rows_leaf": {"low": 1, "high": 20, "log": True},
        "feature_share": {"low": 0.1, "high": 1.0},
        "extra": {"among": [False, True]},
    },
    cheap=True,
)
MODALITIES = ("images", "tabular", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")
READS = FLAT_ROWS

load = model.load
_MOST_VALUES = 64
_TREES_PER_REPORT = 10


class Params(Parameters):
    """trees: their number; leaves: largest number per tree, None for no limit; min_rows_leaf: smallest number of rows per leaf.

    feature_share: share of the features that each split considers; None takes the square root of their number for classes
    (and with answer: median) and a third for numbers. extra: extremely randomized trees. answer: for numbers, the "mean" of
    the values in the leaves, or their "median", which has the least mean absolute error for targets with few values, such as
    grades. Defaults are small, since every node is in the exported file.
    """

    trees: int = Field(default=40, ge=1)
    leaves: int | None = Field(default=64, ge=2)
    min_rows_leaf: int = Field(default=4, ge=1)
    feature_share: float | None = Field(default=None, gt=0, le=1)
    extra: bool = False
    answer: Literal["mean", "median"] = "mean"


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.TreeModel:
    """Fit to image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    layout, rows = fit_layout(train, seed=seed)
    values = None if train.task == "classify" or params.answer == "mean" else _values(train.target)
    estimator = _estimator(params, train.task == "classify" or values is not None, seed)
    target = train.target if values is None else np.searchsorted(values, train.target)
    for trees in (*range(_TREES_PER_REPORT, params.trees, _TREES_PER_REPORT), params.trees):
        estimator.set_params(n_estimators=trees).fit(rows, target, sample_weight=train.weight)
        report(trees, params.trees, {})
    estimator.set_params(warm_start=False)
    fitted = model.tree_model(estimator, "forest", layout, model.answer_of(train, values), settled={})
    report(params.trees, params.trees, val_measure(fitted.predict(val.inputs), val))
    return fitted


def _estimator(params: Params, is_classifier: bool, seed: int) -> Any:
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
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.min_rows_leaf,
        max_features=params.feature_share or ("sqrt" if is_classifier else 1 / 3),
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
