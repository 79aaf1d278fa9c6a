"""Linear regression of a quantile, by ridge regressions with weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.types import Array

_ROUNDS = 50
_LEAST_SHARE = 1e-3
"""Residuals below this share of their mean size count as this size, so that no weight is infinite."""
_CHANGE = 1e-4
"""Relative change of the loss below which the rounds end."""


class QuantileRidge:
    """Minimizes the mean loss of a quantile plus a ridge penalty by iteratively reweighted least squares.

    The weight of a row is q / |r| above the fit and (1 - q) / |r| below, with which its squared residual r is its loss. Source:
    Schlossmacher 1973.
    """

    def __init__(self, quantile: float, alpha: float) -> None:
        """quantile: between 0 and 1, 0.5 is the median; alpha: strength of the penalty."""
        self._quantile, self._alpha = quantile, alpha

    def fit(self, rows: Any, target: Array, sample_weight: Array) -> QuantileRidge:
        """Fit. rows: (n, m), dense or sparse; target, sample_weight: (n,)."""
        from sklearn.linear_model import Ridge

        self._ridge, weight, before = Ridge(alpha=self._alpha), np.asarray(sample_weight, np.float64), np.inf
        for _ in range(_ROUNDS):
            self._ridge.fit(rows, target, sample_weight=weight)
            residual = np.asarray(target, np.float64) - self._ridge.predict(rows)
            slope = np.where(residual > 0, self._quantile, 1 - self._quantile)
            loss = float((sample_weight * slope * np.abs(residual)).mean())
            if before - loss <= _CHANGE * loss:
                break
            before = loss
            least = max(_LEAST_SHARE * float(np.abs(residual).mean()), np.finfo(np.float64).tiny)
            weight = sample_weight * slope / np.maximum(np.abs(residual), least)
            weight *= sample_weight.mean() / weight.mean()  # the penalty keeps its strength
        self.coef_, self.intercept_ = self._ridge.coef_, self._ridge.intercept_
        return self

    def predict(self, rows: Any) -> Array:
        """Predict, (n,)."""
        return self._ridge.predict(rows)
