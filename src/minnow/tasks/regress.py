"""Regress: an answer is a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.contracts import TaskCapabilities
from minnow.types import Array, Batch, Columns, Measure, Outputs

CAPABILITIES = TaskCapabilities()
OUTPUT = "value"
BINARY_LOSS = False
MARGIN = 0.02
"""Share of the mean absolute error."""
_FLIP = 0.01
"""Share of the target's range above which a difference of two answers is a flip."""

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
    """Share of the variance that is explained; 0 where the target does not vary."""
    target = batch.target.astype(np.float64)  # in float32 a small variance around a large mean is lost
    spread = float(((target - target.mean()) ** 2).sum())
    return 1.0 - float(_squared(outputs, batch).sum()) / spread if spread else 0.0


MEASURES = (
    Measure("mae", False, rows=_absolute),
    Measure("rmse", False, rows=_squared, root=True),
    Measure("r2", True, score=_r2),
)


def loss(outputs: Outputs, batch: Batch) -> Array:
    """Absolute error, (n,) float64, in the target's unit."""
    return _absolute(outputs, batch)


def margin(loss: Array, setting: float | None) -> float:
    """Absolute margin on the mean loss: 2 % of it unless set."""
    return (MARGIN if setting is None else setting) * float(np.mean(loss))


def classes(target: Array) -> Array:
    """Numbers have no classes: (0,) str."""
    return np.empty(0, dtype="<U1")


def encode(target: Array, labels: Array) -> Array:
    """Turn a column into numbers, (n,) float32. Raises ValueError that names the first value that is not a finite number."""
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
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
    """Outputs of a model that answers with these numbers, (n,) str."""
    return {OUTPUT: encode(answers, labels)}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Where two answers differ by more than 1 % of the target's range, (n,) bool."""
    spread = float(np.ptp(batch.target)) if len(batch) else 0.0
    return np.abs(_values(a) - _values(b)) > _FLIP * spread


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """mean, median: those of train, whatever the row."""

    def constant(value: float) -> Callable[[Batch], dict[str, Array]]:
        return lambda batch: {OUTPUT: np.full(len(batch), value, np.float32)}

    return {"mean": constant(float(np.mean(train.target))), "median": constant(float(np.median(train.target)))}


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Turn outputs into JSON."""
    return [{"value": float(value)} for value in _values(outputs)]
