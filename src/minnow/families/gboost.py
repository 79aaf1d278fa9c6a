"""gboost: histogram gradient boosting of small trees. Source: Ke et al. 2017."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import FLAT_ROWS, PIXELS
from minnow.families._calibration import Calibrated
from minnow.families._progress import some, val_measure
from minnow.families._trees import boosting_internals, model, monotone
from minnow.families._trees.layout import Categories, fit_layout
from minnow.families._trees.losses import followed
from minnow.families._trees.size import FEW_ROWS, enough, fewer
from minnow.types import Batch, Report, silent

_SLOW: dict[str, Any] = {"learning_rate": 0.05, "leaves": 16, "feature_share": 0.5, "l2": 1.0, "patience": 50}
"""Smaller steps with larger trees: better on many small tables, and larger."""
CAPABILITIES = FamilyCapabilities(
    space={
        "iterations": {"low": 20, "high": 1000, "log": True},
        "learning_rate": {"low": 0.02, "high": 0.4, "log": True},
        "leaves": {"low": 3, "high": 32, "log": True},
        "min_rows_leaf": {"low": 2, "high": 60, "log": True},
        "l2": {"low": 0.0, "high": 10.0},
        "feature_share": {"low": 0.3, "high": 1.0},
    },
    refuses=lambda params, train: monotone.refuses(params.monotonic, train),
    portfolio=lambda train: {} if PIXELS in train.inputs else {"slow": _SLOW},
    cheap=True,
    libraries=("sklearn.ensemble",),
    fewer=fewer,
)
MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")
READS = FLAT_ROWS

load = model.load


_FEW: dict[str, Any] = {"iterations": 120, "learning_rate": 0.15, "leaves": 4, "l2": 0.0, "patience": 10}
_MANY: dict[str, Any] = {"learning_rate": 0.1, "leaves": 16, "l2": 1.0, "patience": 50}
_MANY_LABELS: dict[str, Any] = _MANY | {"learning_rate": 0.15}
"""Of three or more labels, which have a tree each per iteration, so that there are fewer iterations."""
_MOST_LEAVES, _LEAST_ITERATIONS = 9_600, 60
"""Leaves of all trees of many rows, about 230 kB; iterations that there are however many labels share them."""


class Params(Calibrated):
    """iterations: largest number of trees per label; fitting stops after `patience` iterations without improvement on val.

    The trees after the best iteration are left out, and those before it that bring the last of the gain on val; without
    patience all are made and kept. iterations, learning_rate, leaves, l2 and patience follow the rows where they are not set.
    Below 3,000 rows of train they are 120, 0.15, 4, 0 and 10, and the last 0.5 % of the gain are left out. Otherwise
    learning_rate is 0.1 (0.15 for three or more labels), leaves 16, l2 1, patience 50, iterations as many as make 9,600 leaves
    over all labels, but not fewer than 60, and the last 0.1 % of the gain are left out. docs/quality.md has what they reach.

    leaves: largest number per tree; min_rows_leaf: smallest number of rows per leaf; l2: on the values of leaves;
    feature_share: share of the features that each split considers. loss: for numbers, "mse" predicts the mean and "mae" the
    median; where it is not set it follows the measure that the use case names, a quantile too, and without one forecasts
    have "mae" and other numbers "mse". pca: number of principal components that replace the features. categories:
    "target_encoding" (the mean target of a category's rows; for the fit that of other rows, where the category is rare),
    "one_hot", or "auto": one-hot for columns of at most 16 categories in train, those of fewest first while that adds at most
    500,000 numbers to all rows, and otherwise, and with pca, target encoding. n_bags: number of averaged fits with different
    random features; the file grows in proportion. monotonic: numeric column of a table -> "increasing" or "decreasing": so
    does the predicted number, or the probability of the second of two labels, where only this column rises.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {
        "bags": "n_bags",
        "categories=answers": "target_encoding",
        "categories=marks": "one_hot",
    }

    iterations: int | None = Field(default=None, ge=1)
    learning_rate: float | None = Field(default=None, gt=0)
    leaves: int | None = Field(default=None, ge=2)
    min_rows_leaf: int = Field(default=10, ge=1)
    l2: float | None = Field(default=None, ge=0)
    feature_share: float = Field(default=1.0, gt=0, le=1)
    patience: Annotated[int, Field(ge=1)] | Literal["auto"] | None = "auto"
    loss: Literal["mse", "mae"] | None = None
    pca: int | None = Field(default=None, ge=1)
    categories: Categories = "auto"
    n_bags: int = Field(default=1, ge=1)
    monotonic: dict[str, monotone.Direction] = Field(default={})

    @model_validator(mode="after")
    def _bags_differ(self) -> Params:
        if self.n_bags > 1 and self.feature_share == 1:
            raise ValueError("n_bags over 1 needs a feature_share below 1, since all fits would be equal otherwise")
        return self

    @model_validator(mode="after")
    def _columns_are_read(self) -> Params:
        if self.monotonic and self.pca is not None:
            raise ValueError(
                "monotonic needs the columns of the table as they are, and pca replaces them. Leave one of them out. Received: "
                f"monotonic of {', '.join(self.monotonic)}, pca: {self.pca}"
            )
        return self


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.TreeModel:
    """Fit to image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    categories = "target_encoding" if params.pca and params.categories == "auto" else params.categories
    layout, rows = fit_layout(train, categories=categories, components=params.pca, seed=seed)
    in_order = monotone.constraints(params.monotonic, train, layout)
    size = _size(params, train)
    iterations = size["iterations"]
    held = {"X_val": layout.rows(val.inputs), "y_val": val.target} if size["patience"] else {}
    estimators, total = [], params.n_bags * iterations
    for bag in range(params.n_bags):
        estimator, before = _estimator(params, size, train, seed + bag, in_order), bag * iterations
        # reported without a loss: a search would prune low learning rates, whose loss falls slowly at first
        reporting = boosting_internals.reporting(
            estimator, lambda trees, before=before: report(before + trees, total, {})
        )
        ordered = boosting_internals.leaves_in_order(in_order)
        with reporting, ordered, boosting_internals.bins_of_equal_rows(train.weight):
            estimator.fit(rows, train.target, sample_weight=train.weight, **held)
        last = {"val_loss": -float(estimator.validation_score_.max())} if held else {}
        report(before + iterations, total, last)
        estimators.append(estimator)
    history = _history(estimators[0]) if held else {}
    settled = size | ({"iterations": _best_iterations(estimators, len(train)), "patience": None} if held else {})
    averaged = boosting_internals.average(estimators)
    fitted = model.tree_model(averaged, "boosting", layout, model.answer_of(train), settled=settled, history=history)
    few = some(val)
    report(total, total, val_measure(fitted.predict(few.inputs), few))
    return fitted


def _size(params: Params, train: Batch) -> dict[str, Any]:
    """Number and size of trees, and how they learn: what the parameters set, and otherwise what suits the rows of train."""
    per_iteration = len(train.labels) if len(train.labels) > 2 else 1
    many = _MANY if per_iteration == 1 else _MANY_LABELS
    own = params.model_dump(include=set(_FEW), exclude_none=True) | {"patience": params.patience}
    size: dict[str, Any] = (_FEW if len(train) < FEW_ROWS else many) | {
        name: value for name, value in own.items() if value != "auto"
    }
    most = max(_LEAST_ITERATIONS, _MOST_LEAVES // (size["leaves"] * per_iteration))
    return {"iterations": most} | size


def _history(estimator: Any) -> dict[str, list[float]]:
    """Loss on train and val after each iteration, those after the best one too."""
    scores = {"loss": estimator.train_score_, "val_loss": estimator.validation_score_}
    return {name: [-float(score) for score in values[1:]] for name, values in scores.items()}


def _best_iterations(estimators: Sequence[Any], rows: int) -> int:
    """Leave out the trees after the iterations of each estimator that are enough. Returns the mean number of those kept."""
    kept = [
        boosting_internals.cut(estimator, enough(-np.asarray(estimator.validation_score_), rows))
        for estimator in estimators
    ]
    return round(sum(kept) / len(kept))


def _loss(params: Params, train: Batch) -> dict[str, Any]:
    """The loss as arguments of scikit-learn's estimators; none for classes."""
    if train.task == "classify":
        return {}
    kind, quantile = followed(params.loss, train)
    return {"loss": kind} | ({} if quantile is None else {"quantile": quantile})


def _estimator(params: Params, size: Mapping[str, Any], train: Batch, seed: int, in_order: Sequence[int] | None) -> Any:
    """An estimator that is not fitted. in_order: monotone constraints per number of a row, None without."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind: Any = HistGradientBoostingClassifier if train.task == "classify" else HistGradientBoostingRegressor
    return kind(
        **_loss(params, train),
        max_iter=size["iterations"],
        learning_rate=size["learning_rate"],
        max_leaf_nodes=size["leaves"],
        min_samples_leaf=params.min_rows_leaf,
        l2_regularization=size["l2"],
        max_features=params.feature_share,
        early_stopping=size["patience"] is not None,
        n_iter_no_change=size["patience"] or 1,
        monotonic_cst=in_order,
        random_state=seed,
    )
