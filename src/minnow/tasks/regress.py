"""Regress: predict a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.contracts import AnswerChange, TaskCapabilities
from minnow.tasks._names import refuse_text, share_of
from minnow.tasks._rules import few_values
from minnow.types import Array, Batch, Columns, DecisionRule, Measure, Outputs, quantile_of

OUTPUT = "value"
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


def _rounding(outputs: Outputs, val: Batch, train: Batch) -> DecisionRule | None:
    """Round to the values of train where they are few, and val loses less by it."""
    known = few_values(train)
    if not len(known) or not len(val):
        return None
    rule = DecisionRule(values=tuple(known.tolist()))
    plain, rounded = (_absolute(one, val).mean() for one in (outputs, _decider(rule, val.labels)(outputs)))
    return rule if rounded < plain else None


def _decider(rule: DecisionRule, labels: Array) -> Callable[[Outputs], Outputs]:
    """Return what rounds numbers to the nearest of a rule's values. Raises ValueError for a rule of labels."""
    if not rule.values:
        raise ValueError("A decision rule without values needs a task whose answers are labels. Received: 'regress'.")
    known = np.array(rule.values, np.float32)
    between = (known[1:] + known[:-1]) / 2
    return lambda outputs: {**outputs, OUTPUT: known[np.searchsorted(between, outputs[OUTPUT])]}


def _r2(outputs: Outputs, batch: Batch) -> Array:
    """Coefficient of determination plus the influence of each row, (n,); 0 where the target is constant.

    It is a ratio of two sums over rows.
    """
    target = batch.target.astype(np.float64)  # float32 is not precise enough for a small variance around a large mean
    spread, error = (target - target.mean()) ** 2, _squared(outputs, batch)
    if not spread.sum():
        return np.zeros(len(batch))
    r2 = 1.0 - error.sum() / spread.sum()
    return r2 - (error - (1 - r2) * spread) * (len(batch) / spread.sum())


MEASURES = (
    Measure("mae", False, rows=_absolute, low=0.0, rule=_rounding),
    Measure("rmse", False, rows=_squared, root=True, low=0.0),
    Measure("r2", True, rows=_r2, pseudo=True, high=1.0),
)


def _mape(text: str) -> Measure:
    """Mean absolute error as a share of the target's size."""
    refuse_text("mape", text)

    def refuses(batch: Batch) -> str | None:
        if count := int((batch.target == 0).sum()):
            return (
                f"measure: mape divides by the target, which must not be 0. Received: {count:,} rows with 0. Take mae."
            )
        return None

    return Measure("mape", False, rows=lambda o, b: _absolute(o, b) / np.abs(b.target), low=0.0, refuses=refuses)


def _pinball(text: str) -> Measure:
    """Loss of a quantile. Source: Koenker & Bassett 1978."""
    quantile = share_of("pinball", text)

    def rows(outputs: Outputs, batch: Batch) -> Array:
        short = batch.target - _values(outputs)
        return np.maximum(quantile * short, (quantile - 1) * short)

    return Measure(f"pinball@{quantile:g}", False, rows=rows, low=0.0)


FURTHER_MEASURES = {"mape": _mape, "pinball": _pinball}


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
    """mean, median: those of train, for every row; where a quantile is wanted, that of train too."""

    def constant(value: float) -> Callable[[Batch], dict[str, Array]]:
        return lambda batch: {OUTPUT: np.full(len(batch), value, np.float32)}

    values = {"mean": np.mean(train.target), "median": np.median(train.target)}
    if (wanted := quantile_of(train.measure)) is not None:
        values[f"quantile {wanted:g}"] = np.quantile(train.target, wanted)
    return {name: constant(float(value)) for name, value in values.items()}


def _constants(train: Batch, exam: Batch) -> dict[str, Outputs]:
    """The mean and the median of train."""
    return {f"the {name} of train": answer(exam) for name, answer in baselines(train).items()}


CAPABILITIES = TaskCapabilities(
    constants=_constants,
    decider=_decider,
    change=AnswerChange("answer minus that of the parent", lambda a, b, batch: _values(a) - _values(b)),
)


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Convert outputs to JSON, one object per row."""
    return [{"value": float(value)} for value in _values(outputs)]
