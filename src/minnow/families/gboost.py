"""gboost: gradient boosting of small trees on histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _sklearn
from minnow.families._options import Strict
from minnow.types import Batch, Model, Report, Spec, silent

MODALITIES = ("images",)
TASKS = ("classify", "regress")

load = _sklearn.load


class Params(Strict):
    """iterations: trees per label at most, fewer where val stops improving; leaves: per tree; bins: per feature."""

    iterations: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=0.15, gt=0)
    leaves: int = Field(default=8, ge=2)
    min_rows_leaf: int = Field(default=10, ge=1)
    l2: float = Field(default=0.0, ge=0)
    patience: int = Field(default=10, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Boost on inputs image (n, h, w, c) float32, flattened."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    classify = train.task == "classify"
    kind: Any = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    estimator = kind(
        max_iter=params.iterations,
        learning_rate=params.learning_rate,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.min_rows_leaf,
        l2_regularization=params.l2,
        early_stopping=True,
        n_iter_no_change=params.patience,
        random_state=seed,
    )
    rows = train.inputs["image"].reshape(len(train), -1)
    held = val.inputs["image"].reshape(len(val), -1)
    estimator.fit(rows, train.target, sample_weight=train.weight, X_val=held, y_val=val.target)
    losses = {"loss": -np.asarray(estimator.train_score_[1:]), "val_loss": -np.asarray(estimator.validation_score_[1:])}
    report(len(losses["loss"]), params.iterations, {"val_loss": float(losses["val_loss"][-1])})
    history = {name: [float(v) for v in values] for name, values in losses.items()}
    spec = Spec("image", train.inputs["image"].shape[1:], "float32")
    output = "probabilities" if classify else "value"
    return _sklearn.TreeModel(estimator, spec, output, len(train.labels) if classify else 0, history)
