"""Temperature scaling: probabilities as confident as the answers of val are right. Source: Guo et al. 2017.

Probabilities p become those that are proportional to p ** (1 / temperature), so that the most probable label stays. One number
is fitted, by the log loss on val, and kept where halves of val that did not fit it gain from it too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from minnow import tasks
from minnow.contracts import Model, Parameters
from minnow.families._arrays import folds_of, units
from minnow.types import SMALLEST_PROBABILITY, Array, Batch

TINY = float(np.finfo(np.float32).tiny)
"""The smallest probability that has a logarithm of full precision."""
_LEAST, _MOST = 0.1, 10.0
_LEAST_UNITS = 200
"""Fewest groups of rows, or different rows, that settle a temperature. docs/quality.md has what fewer cost."""
_PRIOR_ROWS = 30.0
"""Strength of the prior for a temperature of 1: as if so many more rows were right as often as their probabilities say."""
_ERRORS = 2.0
"""Number of standard errors that the gain on rows that were not fitted must exceed."""
_ENOUGH_ROWS = 20_000
"""Most rows of val that are read: more say hardly more about one number."""
_DIGITS = 3


class Calibrated(Parameters):
    """temperature: of probabilities, which are less confident above 1 and more below; None: chosen on val. For labels alone."""

    temperature: float | None = Field(default=None, ge=_LEAST, le=_MOST)


def calibrated(model: Model, train: Batch, val: Batch, params: Any) -> Model:
    """Give a model the temperature of its parameters, or the one that val settles. Others than classifiers stay as they are.

    Raises ValueError for a temperature of numbers.
    """
    if not isinstance(params, Calibrated):
        return model
    if train.task != "classify":
        if params.temperature is not None:
            raise ValueError(
                f"temperature needs a task with labels. Received: temperature {params.temperature:g} for the task "
                f"'{train.task}'. Leave temperature out."
            )
        return model
    if params.temperature is not None:
        return model.with_temperature(params.temperature)
    val = _some(val.answerable())
    if not len(val):
        return model.with_temperature(1.0)
    weight = val.weight * tasks.class_weights(train)[val.target]
    (probabilities,) = model.predict(val.inputs).values()
    return model.with_temperature(
        chosen(probabilities, replace(val, weight=weight.astype(np.float32)), model.least_probability)
    )


def noted(model: Any, temperature: float) -> Any:
    """Return a model, which is a dataclass, with its temperature among its facts and in what val settled."""
    said = {"temperature": temperature}
    settled = None if model.settled is None else {**model.settled, **said}
    return replace(model, facts={**model.facts, **said}, settled=settled)


def _some(val: Batch) -> Batch:
    """At most _ENOUGH_ROWS rows, evenly spaced."""
    if len(val) <= _ENOUGH_ROWS:
        return val
    return val.take(np.unique(np.linspace(0, len(val) - 1, _ENOUGH_ROWS).astype(int)))


def tempered(probabilities: Array, temperature: float, least: float = TINY) -> Array:
    """Probabilities (n, k) of a temperature, of the same type. least: smaller ones count as this."""
    if temperature == 1:
        return probabilities
    powers = np.maximum(probabilities, least) ** (1 / temperature)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(probabilities.dtype)


def chosen(probabilities: Array, val: Batch, least: float = TINY) -> float:
    """Return the temperature for probabilities (n, k) of the rows of val, by their targets, weights and groups.

    1 where rows that have not fitted it gain less by it than two standard errors, where rows are few, and where the fit has
    diverged. least: see tempered.
    """
    own = units(val)
    if len(np.unique(own)) < _LEAST_UNITS or not np.isfinite(probabilities).all():
        return 1.0
    gain = np.zeros(len(val))
    for fitted, held in folds_of(own, 2):
        temperature = _fitted(probabilities[fitted], val.take(fitted), least)
        part, rows = probabilities[held], val.take(held)
        gain[held] = _loss(part, rows) - _loss(tempered(part, temperature, least), rows)
    if not _is_gain(gain, val):
        return 1.0
    return float(f"{_fitted(probabilities, val, least):.{_DIGITS}g}")


def _loss(probabilities: Array, rows: Batch) -> Array:
    """Log loss of each row, as it is measured, (n,) float64."""
    of_target = probabilities[np.arange(len(rows)), rows.target].astype(np.float64)
    return -np.log(np.clip(of_target, SMALLEST_PROBABILITY, 1))


def _is_gain(gain: Array, val: Batch) -> bool:
    """Whether the weighted mean gain (n,) exceeds its standard errors, for which rows of one group are one observation."""
    weight = val.weight.astype(np.float64)
    mean = float(np.average(gain, weights=weight))
    _, group = np.unique(units(val), return_inverse=True)
    sums = np.bincount(group, weights=weight * (gain - mean))
    error = np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / weight.sum()
    return mean > _ERRORS * float(error)


def _fitted(probabilities: Array, rows: Batch, least: float) -> float:
    """The temperature with the least weighted log loss on rows and on those of the prior."""
    from scipy.optimize import minimize_scalar

    logs = np.log(np.maximum(probabilities.astype(np.float64), least))
    weight = rows.weight / rows.weight.sum()
    prior = _PRIOR_ROWS / len(rows)
    # cross entropy is linear in the target: that of the prior is the model's own probabilities
    target = prior * probabilities * weight[:, None]
    target[np.arange(len(rows)), rows.target] += weight
    mean = float((target * logs).sum())
    total = target.sum(axis=1)

    def cost(sharpness: float) -> float:
        logits = logs * sharpness
        most = logits.max(axis=1)
        return float(total @ (most + np.log(np.exp(logits - most[:, None]).sum(axis=1)))) - sharpness * mean

    found: Any = minimize_scalar(cost, bounds=(1 / _MOST, 1 / _LEAST), method="bounded", options={"xatol": 1e-6})
    return 1 / float(found.x)
