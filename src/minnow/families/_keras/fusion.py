"""Joining trained networks to one network: by shares, or by weights that are fitted to answers on rows held out of the fit.

The networks contain no matrix product and no sum of two tensors here: int8 would quantize their outputs, and final scores of
256 levels could not be ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minnow.contracts import Model
from minnow.families._keras.model import OUTPUTS, one_or_list
from minnow.types import SMALLEST_PROBABILITY, Array, Batch

_PRIOR_ROWS = 1.0
"""Strength of the prior for equal weights, in rows: with few rows a stack is close to the average."""
_SMALLEST_SHARE = 1e-3
"""Members with a smaller share are left out."""


def pooled(members: Sequence[Model], shares: Array, batch: Batch) -> Any:
    """Build the weighted average of the members' outputs. shares: (m,)."""
    kept = [(member, float(share)) for member, share in zip(members, shares, strict=True) if share > _SMALLEST_SHARE]
    inputs, answers = _call([member for member, _ in kept])
    total = sum(share for _, share in kept)
    x = _weighted_sum(answers, [share / total for _, share in kept])
    return _network(inputs, x, batch)


def shares(answers: Sequence[Array], rows: Batch) -> Array:
    """Fit the shares of members with the least loss on rows, (m,) float64: each at least 0, their sum 1.

    The loss is log loss for labels, squared error for numbers. answers: outputs of each member on the rows, to which it was not
    fitted. Raises RuntimeError where the solver fails.
    """
    from scipy.optimize import minimize

    stacked = np.stack(answers).astype(np.float64)
    scale = 1.0 if len(rows.labels) else max(float(rows.target.std()), 1e-12)

    def cost(shares: Array) -> float:
        mixed = np.tensordot(shares, stacked, axes=1)
        if not len(rows.labels):
            return float((((mixed - rows.target) / scale) ** 2).mean())
        return float(-np.log(np.maximum(mixed[np.arange(len(rows)), rows.target], SMALLEST_PROBABILITY)).mean())

    equal = np.full(len(answers), 1 / len(answers))
    sums_to_one = {"type": "eq", "fun": lambda shares: shares.sum() - 1}
    result = minimize(cost, equal, bounds=[(0, 1)] * len(answers), constraints=sums_to_one, method="SLSQP")
    if not result.success:
        raise RuntimeError(f"The solver of the members' shares failed: {result.message}. Use fusion: average.")
    return np.clip(result.x, 0, 1)


def stacked(members: Sequence[Model], answers: Sequence[Array], rows: Batch) -> Any:
    """Build the stack of the members: a linear model of their outputs, or of the logs of their probabilities.

    answers: outputs of each member on the rows, to which it was not fitted.
    """
    import keras

    ops: Any = keras.ops
    inputs, outputs = _call(members)
    if not len(rows.labels):
        weights, bias = fit_numbers(np.stack(answers, axis=1).astype(np.float64), rows.target.astype(np.float64))
        return _network(inputs, ops.subtract(_weighted_sum(outputs, weights.tolist()), float(-bias)), rows)
    logs = np.log(np.maximum(np.stack(answers).astype(np.float64), SMALLEST_PROBABILITY))
    weights, bias = fit_labels(logs, rows.target)
    logits = _weighted_sum([ops.log(ops.maximum(output, SMALLEST_PROBABILITY)) for output in outputs], weights.tolist())
    odds = ops.exp(ops.subtract(logits, ops.max(logits, axis=-1, keepdims=True)))
    odds = keras.layers.Rescaling(np.exp(bias).tolist())(odds)
    return _network(inputs, ops.divide(odds, ops.sum(odds, axis=-1, keepdims=True)), rows)


def fit_labels(logs: Array, target: Array) -> tuple[Array, Array]:
    """Fit logistic regression to logs of probabilities (m, n, k). Returns weights of members (m,) and biases of labels (k,)."""
    from scipy.optimize import minimize

    members, rows, labels = logs.shape
    truth = np.eye(labels)[target]

    def cost(free: Array) -> tuple[float, Array]:
        weights, bias = free[:members], free[members:]
        logits = np.tensordot(weights, logs, axes=1) + bias
        logits -= logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        error = (probabilities - truth) / rows
        from_prior = np.concatenate([weights - 1 / members, bias])
        of_truth = np.maximum((probabilities * truth).sum(axis=1), 1e-300)
        loss = -np.log(of_truth).mean() + _PRIOR_ROWS * (from_prior**2).sum() / (2 * rows)
        gradient = np.concatenate([(logs * error).sum(axis=(1, 2)), error.sum(axis=0)])
        return float(loss), gradient + _PRIOR_ROWS * from_prior / rows

    start = np.concatenate([np.full(members, 1 / members), np.zeros(labels)])
    solution = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return solution[:members], solution[members:]


def fit_numbers(answers: Array, target: Array) -> tuple[Array, float]:
    """Fit ridge regression to outputs (n, m), shrunk towards equal weights. Returns weights of members (m,) and intercept."""
    mean, std = target.mean(), max(float(target.std()), 1e-12)
    rows, scaled = (answers - answers.mean(axis=0)) / std, (target - mean) / std
    equal = np.full(answers.shape[1], 1 / answers.shape[1])
    precision = rows.T @ rows + _PRIOR_ROWS * np.eye(len(equal))
    weights = equal + np.linalg.solve(precision, rows.T @ (scaled - rows @ equal))
    return weights, float(mean - answers.mean(axis=0) @ weights)


def _call(members: Sequence[Model]) -> tuple[list[Any], list[Any]]:
    """The inputs of all members, each once, and the output of each member."""
    import keras

    specs = {spec.name: spec for member in members for spec in member.inputs}
    inputs: dict[str, Any] = {
        name: keras.Input(spec.shape, dtype=spec.dtype, name=name) for name, spec in specs.items()
    }
    outputs = []
    for index, member in enumerate(members):
        assert member.network is not None
        network = member.network()
        network.name = f"member_{index}"
        outputs.append(network(one_or_list([inputs[spec.name] for spec in member.inputs])))
    return list(inputs.values()), outputs


def _weighted_sum(answers: Sequence[Any], weights: Sequence[float]) -> Any:
    import keras
    from keras import layers

    ops: Any = keras.ops
    parts = [layers.Rescaling(weight)(answer) for answer, weight in zip(answers, weights, strict=True)]
    return ops.sum(ops.stack(parts, axis=-1), axis=-1)


def _network(inputs: list[Any], answer: Any, batch: Batch) -> Any:
    import keras
    from keras import layers

    output = layers.Activation("linear", name=OUTPUTS[batch.task])(answer)
    return keras.Model(one_or_list(inputs), output, name="ensemble")
