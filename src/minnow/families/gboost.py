"""gboost: histogram gradient boosting of small trees. Source: Ke et al. 2017."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from minnow.contracts import FamilyCapabilities, Parameters
from minnow.families._arrays import FLAT_ROWS
from minnow.families._progress import val_measure
from minnow.families._trees import boosting_internals, model
from minnow.families._trees.layout import Layout, layout_of
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "iterations": {"low": 20, "high": 400, "log": True},
        "learning_rate": {"low": 0.02, "high": 0.4, "log": True},
        "leaves": {"low": 3, "high": 32, "log": True},
        "min_rows_leaf": {"low": 2, "high": 60, "log": True},
        "l2": {"low": 0.0, "high": 10.0},
        "feature_share": {"low": 0.3, "high": 1.0},
    }
)
MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")
READS = FLAT_ROWS

load = model.load


class Params(Parameters):
    """iterations: largest number of trees per label; fitting stops after `patience` iterations without improvement on val.

    leaves: largest number per tree; min_rows_leaf: smallest number of rows per leaf; l2: on the values of leaves;
    feature_share: share of the features that each split considers. loss: for numbers, "mse" predicts the mean and "mae" the
    median. pca: number of principal components that replace the features. categories: "target_encoding" (the mean target of
    a category's rows) or "one_hot". n_bags: number of averaged fits with different random features; the file grows in
    proportion.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {
        "bags": "n_bags",
        "categories=answers": "target_encoding",
        "categories=marks": "one_hot",
    }

    iterations: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=0.15, gt=0)
    leaves: int = Field(default=8, ge=2)
    min_rows_leaf: int = Field(default=10, ge=1)
    l2: float = Field(default=0.0, ge=0)
    feature_share: float = Field(default=1.0, gt=0, le=1)
    patience: int = Field(default=10, ge=1)
    loss: Literal["mse", "mae"] = "mse"
    pca: int | None = Field(default=None, ge=1)
    categories: Literal["target_encoding", "one_hot"] = "target_encoding"
    n_bags: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _bags_differ(self) -> Params:
        if self.n_bags > 1 and self.feature_share == 1:
            raise ValueError("n_bags over 1 needs a feature_share below 1, since all fits would be equal otherwise")
        return self


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.TreeModel:
    """Fit to image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    layout = _layout(train, params, seed)
    rows, val_rows = layout.rows(train.inputs), layout.rows(val.inputs)
    estimators, total = [], params.n_bags * params.iterations
    for bag in range(params.n_bags):
        estimator, before = _estimator(params, train.task, seed + bag), bag * params.iterations
        # reported without a loss: a search would prune low learning rates, whose loss falls slowly at first
        with boosting_internals.reporting(estimator, lambda trees, before=before: report(before + trees, total, {})):
            estimator.fit(rows, train.target, sample_weight=train.weight, X_val=val_rows, y_val=val.target)
        report(before + params.iterations, total, {"val_loss": -float(estimator.validation_score_[-1])})
        estimators.append(estimator)
    first = estimators[0]
    scores = {"loss": first.train_score_, "val_loss": first.validation_score_}
    history = {name: [-float(score) for score in values[1:]] for name, values in scores.items()}
    averaged = boosting_internals.average(estimators)
    fitted = model.tree_model(averaged, "boosting", layout, model.answer_of(train), history)
    report(total, total, val_measure(fitted.predict(val.inputs), val))
    return fitted


def _layout(train: Batch, params: Params, seed: int) -> Layout:
    layout = layout_of(train, params.categories == "one_hot")
    return layout.with_components(train, params.pca, seed) if params.pca else layout


def _estimator(params: Params, task: str, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind: Any = HistGradientBoostingClassifier if task == "classify" else HistGradientBoostingRegressor
    loss = {} if task == "classify" else {"loss": "squared_error" if params.loss == "mse" else "absolute_error"}
    return kind(
        **loss,
        max_iter=params.iterations,
        learning_rate=params.learning_rate,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.min_rows_leaf,
        l2_regularization=params.l2,
        max_features=params.feature_share,
        early_stopping=True,
        n_iter_no_change=params.patience,
        random_state=seed,
    )
