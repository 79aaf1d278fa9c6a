"""oblivious: boosted oblivious trees with leaves of four bits, a fraction of the bytes of other trees.

Every split of one level of a tree has the same test, so that a tree of depth 4 is four tests and sixteen leaves. Leaves are
rounded while they are boosted, and later trees repair the rounding. Source: Prokhorenkova et al. 2018 (CatBoost).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import FLAT_ROWS, PIXELS
from minnow.families._calibration import Calibrated
from minnow.families._progress import some, val_measure
from minnow.families._trees import boosting_internals, model, oblivious_boosting
from minnow.families._trees.layout import Categories, fit_layout
from minnow.families._trees.losses import followed
from minnow.families._trees.oblivious_boosting import Growth, Rows
from minnow.families._trees.size import FEW_ROWS, enough, fewer
from minnow.types import Batch, Report, silent

_DEEP: dict[str, Any] = {"depth": 6, "learning_rate": 0.1}
"""Better on many tables, and several times larger."""
CAPABILITIES = FamilyCapabilities(
    space={
        "iterations": {"low": 50, "high": 1500, "log": True},
        "learning_rate": {"low": 0.03, "high": 0.4, "log": True},
        "depth": {"low": 2, "high": 8},
        "l2": {"low": 0.0, "high": 10.0},
        "feature_share": {"low": 0.3, "high": 1.0},
    },
    portfolio=lambda train: {} if PIXELS in train.inputs else {"deep": _DEEP},
    cheap=True,
    one_thread=True,
    libraries=("sklearn.ensemble",),
    fewer=fewer,
)
MODALITIES = ("images", "tabular", "timeseries", "audio", "interactions")
TASKS = ("classify", "regress", "forecast", "rate")
READS = FLAT_ROWS

load = model.load

_FEW: dict[str, Any] = {"iterations": 300, "patience": 20}
_MANY: dict[str, Any] = {"iterations": 1_500, "patience": 50}
_LEAST_ITERATIONS = 60
"""Iterations that there are however many labels or values share them."""
_MOST_VALUES = 1_000_000_000
"""Numbers that all trees read together, a few seconds of one core: many rows are read by fewer trees."""


class Params(Calibrated):
    """iterations: largest number of trees per label; fitting stops after `patience` iterations without improvement on val.

    The trees after the best iteration are left out, and those before it that bring the last of the gain on val; without
    patience all are made and kept. Where they are not set, iterations are 1,500 and patience 50, below 3,000 rows of train 300
    and 20, and as few as let all trees read a billion numbers together; three or more labels share the iterations. There are
    at least 60 of them.

    depth: number of tests of a tree, which has 2**depth leaves; l2: on the values of leaves; feature_share: share of the
    features that a tree considers; leaf_bits: of each leaf. loss, categories: as those of gboost.
    """

    iterations: int | None = Field(default=None, ge=1)
    learning_rate: float = Field(default=0.2, gt=0)
    depth: int = Field(default=4, ge=1, le=10)
    l2: float = Field(default=3.0, ge=0)
    feature_share: float = Field(default=1.0, gt=0, le=1)
    leaf_bits: Literal[4, 8] = 4
    patience: Annotated[int, Field(ge=1)] | Literal["auto"] | None = "auto"
    loss: Literal["mse", "mae"] | None = None
    categories: Categories = "auto"


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.TreeModel:
    """Fit to image (n, h, w, c), or series (n, m, s), numbers (n, d) float32 and categories (n, c) int32."""
    layout, rows = fit_layout(train, categories=params.categories, seed=seed)
    growth = _growth(params, train, rows.shape[1], seed)
    weight = None if np.all(train.weight == 1) else train.weight.astype(np.float64)
    held = Rows(layout.rows(val.inputs), val.target.astype(np.float64)) if growth.patience else None
    said = lambda done: report(done, growth.iterations, {})  # noqa: E731
    own = Rows(rows, train.target.astype(np.float64), weight)
    grown = oblivious_boosting.grow(own, held, _loss(params, train), len(train.labels), growth, said)
    iterations = enough(grown.val_loss, len(train)) if held else growth.iterations
    trees = oblivious_boosting.kept(grown.trees, iterations)
    settled: dict[str, Any] = {"iterations": iterations, "patience": None} if held else {}
    history = {"loss": grown.loss[1:].tolist(), "val_loss": grown.val_loss[1:].tolist()} if held else {}
    fitted = model.tree_model(trees, "oblivious", layout, model.answer_of(train), settled=settled, history=history)
    few = some(val)
    report(growth.iterations, growth.iterations, val_measure(fitted.predict(few.inputs), few))
    return fitted


def _growth(params: Params, train: Batch, width: int, seed: int) -> Growth:
    """How trees are grown: what the parameters set, and otherwise what suits the rows of train. width: numbers in a row."""
    size = _FEW if len(train) < FEW_ROWS else _MANY
    trees = min(size["iterations"], _MOST_VALUES // (len(train) * width))
    per_iteration = len(train.labels) if len(train.labels) > 2 else 1
    return Growth(
        iterations=params.iterations or max(_LEAST_ITERATIONS, trees // per_iteration),
        learning_rate=params.learning_rate,
        depth=params.depth,
        l2=params.l2,
        feature_share=params.feature_share,
        bits=params.leaf_bits,
        patience=size["patience"] if params.patience == "auto" else params.patience,
        seed=seed,
    )


def _loss(params: Params, train: Batch) -> Any:
    """The loss: that of classes, or of numbers what the parameters and the measure ask for."""
    if train.task == "classify":
        return boosting_internals.loss_of("log_loss", len(train.labels))
    kind, quantile = followed(params.loss, train)
    return boosting_internals.loss_of(kind, quantile=quantile)
