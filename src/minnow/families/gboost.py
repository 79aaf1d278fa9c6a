"""gboost: gradient boosting of small trees on histograms."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

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


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Boost on inputs image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    layout = layout_of(train)
    layout = layout.with_components(train, params.pca, seed) if params.pca else layout
    classify = train.task == "classify"
    kind: Any = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    loss = {} if classify else {"loss": "squared_error" if params.loss == "mse" else "absolute_error"}
    estimator = kind(
        max_iter=params.iterations,
        learning_rate=params.learning_rate,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.min_rows_leaf,
        l2_regularization=params.l2,
        max_features=params.feature_share,
        early_stopping=True,
        n_iter_no_change=params.patience,
        random_state=seed,
        **loss,
    )
    held = layout.rows(val.inputs)
    answers, held_answers = (_anchor.relative(batch).target for batch in (train, val))
    estimator.fit(layout.rows(train.inputs), answers, sample_weight=train.weight, X_val=held, y_val=held_answers)
    losses = {"loss": -np.asarray(estimator.train_score_[1:]), "val_loss": -np.asarray(estimator.validation_score_[1:])}
    report(len(losses["loss"]), params.iterations, {"val_loss": float(losses["val_loss"][-1])})
    history = {name: [float(v) for v in values] for name, values in losses.items()}
    return _sklearn.tree_model(estimator, layout, train, history)
