"""Regress: predict a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.contracts import TaskCapabilities
from minnow.types import Array, Batch, Columns, Measure, Outputs

OUTPUT = "value"
BINARY_LOSS = False
_FLIP = 0.01
"""Difference of two predictions, as a share of the target's range, above which they count as different."""

ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": {"type": "number"}},
}


def _values(outputs: Outputs) -> Array:
    return outputs[OUTPUT].reshape(-1).astype(np.float64)


def _absolute(outputs: Outputs, batch: Batch) -> Array:
    return np.abs(_values(outputs) - batch.target)


def _squared(outputs: Outputs, batch: Batch) -> Array:
    return (_values(outputs) - batch.target) ** 2


def _r2(outputs: Outputs, batch: Batch) -> float:
    """Coefficient of determination; 0 where the target is constant."""
    target = batch.target.astype(np.float64)  # float32 is not precise enough for a small variance around a large mean
    spread = float(((target - target.mean()) ** 2).sum())
    return 1.0 - float(_squared(outputs, batch).sum()) / spread if spread else 0.0


MEASURES = (
    Measure("mae", False, rows=_absolute, low=0.0),
    Measure("rmse", False, rows=_squared, root=True, low=0.0),
    Measure("r2", True, score=_r2, high=1.0),
)


def loss(outputs: Outputs, batch: Batch) -> Array:
    """Absolute error, (n,) float64, in the target's unit."""
    return _absolute(outputs, batch)


def margin(loss: Array, setting: float | None) -> float:
    """Absolute margin on the mean loss: a share of it, setting or that of the mean absolute error."""
    return MEASURES[0].margin_at(float(np.mean(loss)), setting)


def classes(target: Array) -> Array:
    """Numbers have no classes: (0,) str."""
    return np.empty(0, dtype="<U1")


def encode(target: Array, labels: Array) -> Array:
    """Convert a column to numbers, (n,) float32. Raises ValueError with the first value that is not a finite number."""
    with np.errstate(over="ignore"):  # values beyond float32 become infinite, and are refused below
        try:
            values = np.asarray(target).astype(np.float32)
        except (TypeError, ValueError):
            values = np.array([_number(value) for value in target]).astype(np.float32)
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"A target must be a finite number. Received: {target[first]!r} in row {first}.")
    return values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A target must be a number. Received: {value!r}.") from error


def outputs_from_answers(answers: Array, labels: Array) -> dict[str, Array]:
    """Outputs of a model that predicts these numbers, (n,) str."""
    return {OUTPUT: encode(answers, labels)}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Whether two predictions differ by more than 1 % of the target's range, (n,) bool."""
    spread = float(np.ptp(batch.target)) if len(batch) else 0.0
    return np.abs(_values(a) - _values(b)) > _FLIP * spread


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """mean, median: those of train, for every row."""

    def constant(value: float) -> Callable[[Batch], dict[str, Array]]:
        return lambda batch: {OUTPUT: np.full(len(batch), value, np.float32)}

    return {"mean": constant(float(np.mean(train.target))), "median": constant(float(np.median(train.target)))}


def _constants(train: Batch, exam: Batch) -> dict[str, Outputs]:
    """The mean and the median of train."""
    return {f"the {name} of train": answer(exam) for name, answer in baselines(train).items()}


CAPABILITIES = TaskCapabilities(constants=_constants)


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Convert outputs to JSON, one object per row."""
    return [{"value": float(value)} for value in _values(outputs)]
