"""forest: many trees that each see other rows and other features, and vote."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from minnow.families import _anchor, _sklearn
from minnow.families._features import layout_of
from minnow.families._options import Strict, refuse
from minnow.types import Array, Batch, Model, Report, silent

MODALITIES = ("images", "tabular", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")

SPACE = {
    "trees": {"low": 10, "high": 120, "log": True},
    "leaves": {"low": 8, "high": 512, "log": True},
    "min_rows_leaf": {"low": 1, "high": 20, "log": True},
    "feature_share": {"low": 0.1, "high": 1.0},
    "extra": {"among": [False, True]},
}

load = _sklearn.load
MOST_VALUES = 64
AT_ONCE = 10
"""Trees that are grown before progress is told again."""


class Params(Strict):
    """trees: how many; leaves: per tree at most, None for no limit; feature_share: of features that a split may choose from.

    extra: draw thresholds at random (extremely randomised trees). Small defaults, for every node is in the shipped file.
    answer: of a number, the "mean" of what the leaves hold, or their "median": of numbers that take few values, such as marks
    of taste, it errs least on average.
    """

    trees: int = Field(default=40, ge=1)
    leaves: int | None = Field(default=64, ge=2)
    min_rows_leaf: int = Field(default=2, ge=1)
    feature_share: float | None = Field(default=None, gt=0, le=1)
    extra: bool = False
    answer: Literal["mean", "median"] = "mean"


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Grow on inputs image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    from sklearn import ensemble

    layout = layout_of(train)
    classify, answers = train.task == "classify", _anchor.relative(train).target
    values = None if classify or params.answer == "mean" else _values(answers)
    classify = classify or values is not None
    name = f"{'ExtraTrees' if params.extra else 'RandomForest'}{'Classifier' if classify else 'Regressor'}"
    kind: Any = getattr(ensemble, name)
    estimator = kind(
        warm_start=True,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.min_rows_leaf,
        max_features=params.feature_share or ("sqrt" if classify else 1 / 3),
        random_state=seed,
        n_jobs=1,
    )
    told = answers if values is None else np.searchsorted(values, answers)
    rows = layout.rows(train.inputs)
    for trees in (*range(AT_ONCE, params.trees, AT_ONCE), params.trees):
        estimator.set_params(n_estimators=trees).fit(rows, told, sample_weight=train.weight)
        report(trees, params.trees, {})
    estimator.set_params(warm_start=False)
    return _sklearn.tree_model(estimator, layout, train, {}, values)


def _values(answers: Array) -> Array:
    """The numbers that there are, (k,) float32, rising. Raises ValueError where they are too many to tell apart."""
    found = np.unique(answers)
    if not 2 <= len(found) <= MOST_VALUES:
        raise refuse("answer: median", f"a target of 2 to {MOST_VALUES} different numbers", f"{len(found):,} of them")
    return found.astype(np.float32)
