"""Joins trained networks to one: by shares, or by weights that a small fit found. TensorFlow is imported inside.

Nothing here is a matrix product or a sum of two: compressions would round these, and 256 levels of a final answer could not
be ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minnow.families import _keras
from minnow.tasks.classify import LEAST
from minnow.types import Array, Batch

PULL = 1.0
"""Rows that speak for equal weights: a stack over few rows stays near the average."""
SMALLEST_SHARE = 1e-3
"""Below it a member would only take room."""


def pooled(members: Sequence[_keras.KerasModel], shares: Array, batch: Batch) -> Any:
    """One network that adds the members' answers by their shares, (m,)."""
    kept = [(member, float(share)) for member, share in zip(members, shares, strict=True) if share > SMALLEST_SHARE]
    inputs, answers = _asked([member for member, _ in kept])
    whole = sum(share for _, share in kept)
    total = _weighed(answers, [share / whole for _, share in kept])
    return _ended(inputs, total, batch)


def shares(answers: Sequence[Array], val: Batch) -> Array:
    """Shares, each at least 0, together 1, with the least loss on val: log loss of labels, else squares. (m,) float64."""
    from scipy.optimize import minimize

    stacked = np.stack(answers).astype(np.float64)
    scale = 1.0 if len(val.labels) else max(float(val.target.std()), 1e-12)

    def cost(shares: Array) -> float:
        mixed = np.tensordot(shares, stacked, axes=1)
        if not len(val.labels):
            return float((((mixed - val.target) / scale) ** 2).mean())
        return float(-np.log(np.maximum(mixed[np.arange(len(val)), val.target], LEAST)).mean())

    even = np.full(len(answers), 1 / len(answers))
    sums_to_one = {"type": "eq", "fun": lambda shares: shares.sum() - 1}
    solved = minimize(cost, even, bounds=[(0, 1)] * len(answers), constraints=sums_to_one, method="SLSQP")
    if not solved.success:
        raise RuntimeError(f"The members' shares were not found: {solved.message}. Take fusion: average.")
    return np.clip(solved.x, 0, 1)


def stacked(members: Sequence[_keras.KerasModel], answers: Sequence[Array], val: Batch) -> Any:
    """One network that weighs the members' answers, or the logs of their chances, and adds what one side needs."""
    import keras

    ops: Any = keras.ops
    inputs, said = _asked(members)
    if not len(val.labels):
        weights, bias = _fit_numbers(np.stack(answers, axis=1).astype(np.float64), val.target.astype(np.float64))
        return _ended(inputs, ops.subtract(_weighed(said, weights.tolist()), float(-bias)), val)
    logs = np.log(np.maximum(np.stack(answers).astype(np.float64), LEAST))
    weights, bias = _fit_labels(logs, val.target)
    total = _weighed([ops.log(ops.maximum(one, LEAST)) for one in said], weights.tolist())
    raised = ops.exp(ops.subtract(total, ops.max(total, axis=-1, keepdims=True)))
    raised = keras.layers.Rescaling(np.exp(bias).tolist())(raised)
    return _ended(inputs, ops.divide(raised, ops.sum(raised, axis=-1, keepdims=True)), val)


def _fit_labels(logs: Array, target: Array) -> tuple[Array, Array]:
    """Logistic regression over logs of chances (m, n, k): one weight per member and one bias per label."""
    from scipy.optimize import minimize

    members, rows, labels = logs.shape
    truth = np.eye(labels)[target]

    def cost(free: Array) -> tuple[float, Array]:
        weights, bias = free[:members], free[members:]
        logits = np.tensordot(weights, logs, axes=1) + bias
        logits -= logits.max(axis=1, keepdims=True)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        wrong = (chances - truth) / rows
        away = np.concatenate([weights - 1 / members, bias])
        loss = -np.log(np.maximum((chances * truth).sum(axis=1), 1e-300)).mean() + PULL * (away**2).sum() / (2 * rows)
        slope = np.concatenate([(logs * wrong).sum(axis=(1, 2)), wrong.sum(axis=0)]) + PULL * away / rows
        return float(loss), slope

    start = np.concatenate([np.full(members, 1 / members), np.zeros(labels)])
    solved = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return solved[:members], solved[members:]


def _fit_numbers(answers: Array, target: Array) -> tuple[Array, float]:
    """Ridge over answers (n, m), drawn towards their mean. Returns a weight per member and the intercept."""
    centre, spread = target.mean(), max(float(target.std()), 1e-12)
    rows, wanted = (answers - answers.mean(axis=0)) / spread, (target - centre) / spread
    even = np.full(answers.shape[1], 1 / answers.shape[1])
    weights = even + np.linalg.solve(rows.T @ rows + PULL * np.eye(len(even)), rows.T @ (wanted - rows @ even))
    return weights, float(centre - answers.mean(axis=0) @ weights)


def _asked(members: Sequence[_keras.KerasModel]) -> tuple[list[Any], list[Any]]:
    """Inputs of all members, each once, and what each member says of them."""
    import keras

    specs = {spec.name: spec for member in members for spec in member.inputs}
    inputs: dict[str, Any] = {
        name: keras.Input(spec.shape, dtype=spec.dtype, name=name) for name, spec in specs.items()
    }
    said = []
    for place, member in enumerate(members):
        given = [inputs[spec.name] for spec in member.inputs]
        member.native.name = f"member_{place}"
        said.append(member.native(given if len(given) > 1 else given[0]))
    return list(inputs.values()), said


def _weighed(answers: Sequence[Any], weights: Sequence[float]) -> Any:
    import keras
    from keras import layers

    ops: Any = keras.ops
    parts = [layers.Rescaling(weight)(answer) for answer, weight in zip(answers, weights, strict=True)]
    return ops.sum(ops.stack(parts, axis=-1), axis=-1)


def _ended(inputs: list[Any], answer: Any, batch: Batch) -> Any:
    import keras
    from keras import layers

    end = layers.Activation("linear", name=_keras.OUTPUTS[batch.task])(answer)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], end, name="ensemble")
