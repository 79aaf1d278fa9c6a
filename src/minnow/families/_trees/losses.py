"""The loss that trees of numbers follow."""

from __future__ import annotations

from typing import Literal

from minnow.types import Batch, quantile_of

_NAMES = {"mse": "squared_error", "mae": "absolute_error"}


def followed(loss: Literal["mse", "mae"] | None, train: Batch) -> tuple[str, float | None]:
    """The loss as scikit-learn names it, and its quantile. loss: as set; None follows the measure, of forecasts the MAE."""
    quantile = quantile_of(train.measure)
    if quantile is not None and loss is None:
        return "quantile", quantile
    absolute = train.measure in ("mae", "mape") or (train.task == "forecast" and not train.measure)
    return _NAMES[loss or ("mae" if absolute else "mse")], None
