"""gboost: gradient boosting of small trees on histograms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from pydantic import Field, model_validator

from minnow.families import _anchor, _sklearn
from minnow.families._features import layout_of
from minnow.families._options import Strict
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")

SPACE = {
    "iterations": {"low": 20, "high": 400, "log": True},
    "learning_rate": {"low": 0.02, "high": 0.4, "log": True},
    "leaves": {"low": 3, "high": 32, "log": True},
    "min_rows_leaf": {"low": 2, "high": 60, "log": True},
    "l2": {"low": 0.0, "high": 10.0},
    "feature_share": {"low": 0.3, "high": 1.0},
}

load = _sklearn.load


class Params(Strict):
    """iterations: trees per label at most, fewer where val stops improving; leaves: per tree; l2: on the values of leaves.

    loss: of a number, "mse" for its mean or "mae" for its median. pca: principal components that stand for the features.
    categories: what stands for one, the "answers" that its rows had on average, or "marks", a number for each that is 1 where
    a row has it. bags: so many fits that draw other features, averaged; the file grows by as much.
    """

    iterations: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=0.15, gt=0)
    leaves: int = Field(default=8, ge=2)
    min_rows_leaf: int = Field(default=10, ge=1)
    l2: float = Field(default=0.0, ge=0)
    feature_share: float = Field(default=1.0, gt=0, le=1)
    patience: int = Field(default=10, ge=1)
    loss: Literal["mse", "mae"] = "mse"
    pca: int | None = Field(default=None, ge=1)
    categories: Literal["answers", "marks"] = "answers"
    bags: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _bags_differ(self) -> Params:
        if self.bags > 1 and self.feature_share == 1:
            raise ValueError("bags over 1 need a feature_share below 1: without it every fit is the same")
        return self


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Boost on inputs image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    layout = layout_of(train, params.categories == "marks")
    layout = layout.with_components(train, params.pca, seed) if params.pca else layout
    rows, held = layout.rows(train.inputs), layout.rows(val.inputs)
    answers, held_answers = (_anchor.relative(batch).target for batch in (train, val))
    kind: Any = HistGradientBoostingClassifier if train.task == "classify" else HistGradientBoostingRegressor
    found, history = [], {}
    for bag in range(params.bags):
        estimator = kind(**_settings(params, train.task, seed + bag))
        with _telling(estimator, report, bag * params.iterations, params.bags * params.iterations):
            estimator.fit(rows, answers, sample_weight=train.weight, X_val=held, y_val=held_answers)
        losses = {"loss": estimator.train_score_, "val_loss": estimator.validation_score_}
        history = history or {name: [-float(v) for v in scores[1:]] for name, scores in losses.items()}
        report(
            (bag + 1) * params.iterations, params.bags * params.iterations, {"val_loss": -float(losses["val_loss"][-1])}
        )
        found.append(estimator)
    return _sklearn.tree_model(_averaged(found), layout, train, history)


@contextmanager
def _telling(estimator: Any, report: Report, before: int, total: int) -> Iterator[None]:
    """Report each tree of a fit. scikit-learn has no callback for it, but looks after each whether to stop.

    No loss is told with it: a search would give up on low rates, which begin slowly and end well.
    """
    look = estimator._check_early_stopping_loss

    def told(*args: Any, **named: Any) -> bool:
        enough = look(*args, **named)
        if trees := len(estimator.validation_score_) - 1:
            report(before + trees, total, {})
        return enough

    estimator._check_early_stopping_loss = told
    yield
    del estimator._check_early_stopping_loss  # it is kept in a file, and what it tells is not


def _settings(params: Params, task: str, seed: int) -> dict[str, Any]:
    loss = {} if task == "classify" else {"loss": "squared_error" if params.loss == "mse" else "absolute_error"}
    return loss | {
        "max_iter": params.iterations,
        "learning_rate": params.learning_rate,
        "max_leaf_nodes": params.leaves,
        "min_samples_leaf": params.min_rows_leaf,
        "l2_regularization": params.l2,
        "max_features": params.feature_share,
        "early_stopping": True,
        "n_iter_no_change": params.patience,
        "random_state": seed,
    }


def _averaged(estimators: list[Any]) -> Any:
    """One estimator of the trees of all, each worth its share: what it adds up is the mean of what they add up."""
    first = estimators[0]
    for stage in (stage for one in estimators for stage in one._predictors):
        for tree in stage:
            tree.nodes["value"] /= len(estimators)
    first._predictors = [stage for one in estimators for stage in one._predictors]
    first._baseline_prediction = sum(one._baseline_prediction for one in estimators) / len(estimators)
    return first
