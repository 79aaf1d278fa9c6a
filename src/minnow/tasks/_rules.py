"""Decision rules: which label is answered, given the probabilities of all, and which numbers there are to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from minnow.types import Array, Batch, DecisionRule, Outputs

PROBABILITIES, DECIDED = "probabilities", "label"
"""Outputs of a model, (n, k), and the indices of the labels that a rule takes, (n,) int64."""
_FEW_VALUES = 12
_WIDTH, _REACH, _POINTS = 3.0, 4.0, 200
"""Width of the kernel in relative errors of a count; how many widths it reaches; at how many ranks it is computed."""


def predicted(outputs: Outputs) -> Array:
    """Index of the label that is answered, (n,) int64: the one that a rule took, without a rule the most probable one."""
    return outputs[DECIDED] if DECIDED in outputs else outputs[PROBABILITIES].argmax(axis=1)


def decider(rule: DecisionRule, labels: Array) -> Callable[[Outputs], Outputs]:
    """Return what adds the indices of the labels that a rule takes to outputs. Raises ValueError for other labels."""
    take = _by_threshold(rule, labels) if rule.threshold is not None else _by_costs(rule, labels)
    return lambda outputs: {**outputs, DECIDED: take(outputs[PROBABILITIES].astype(np.float64))}


def _by_threshold(rule: DecisionRule, labels: Array) -> Callable[[Array], Array]:
    if rule.positive not in labels.tolist() or rule.threshold is None:
        raise ValueError(f"A threshold needs the label '{rule.positive}'. Received: {', '.join(labels.tolist())}.")
    positive, threshold = labels.tolist().index(rule.positive), rule.threshold
    is_other = np.arange(len(labels)) != positive

    def take(probabilities: Array) -> Array:
        others = np.where(is_other, probabilities, -1.0).argmax(axis=1)
        return np.where(probabilities[:, positive] >= threshold, positive, others)

    return take


def _by_costs(rule: DecisionRule, labels: Array) -> Callable[[Array], Array]:
    """Take the label j with the least sum over i of p_i C[i, j]; for costs of missing a label, that is the largest p_j c_j."""
    names = labels.tolist()
    is_named = np.array([name in rule.costs for name in names])
    if not is_named.any():
        raise ValueError(f"A decision rule needs costs of the labels {', '.join(names)}. Received: {rule.costs}.")
    if any(isinstance(cost, Mapping) for cost in rule.costs.values()):
        costs = cost_matrix(rule.costs, names)
        return lambda probabilities: np.where(is_named, probabilities @ costs, np.inf).argmin(axis=1)
    missed = np.array([rule.costs.get(name, 0.0) for name in names])
    return lambda probabilities: np.where(is_named, probabilities * missed, -1.0).argmax(axis=1)


def cost_matrix(costs: Mapping[str, Mapping[str, float]], labels: Sequence[str], otherwise: float = 0.0) -> Array:
    """Costs by true label (rows) and predicted label (columns), (k, k) float64. otherwise: of two labels that are not named."""
    rows = [
        [costs.get(true, {}).get(guess, 0.0 if true == guess else otherwise) for guess in labels] for true in labels
    ]
    return np.array(rows, np.float64).reshape(len(labels), len(labels))


def best_threshold(probability: Array, positive: Array) -> float | None:
    """Threshold with the highest F1 of one label, midway between two probabilities; None where no row has the label.

    The F1 at each threshold is that of smoothed shares of the label. That of the rows as they are has its maximum where chance
    puts it: on simulated val sets of 200 to 2,000 rows it lost about twice as much F1 on other rows. probability: (n,);
    positive: (n,) bool. Of equal F1 the highest threshold.
    """
    if not positive.any():
        return None
    order = np.argsort(-probability, kind="stable")
    value = probability[order].astype(np.float64)
    is_last = np.r_[value[1:] != value[:-1], True]  # a threshold cannot part equal probabilities
    taken = np.flatnonzero(is_last) + 1
    sizes = np.diff(taken, prepend=0)
    share = np.add.reduceat(positive[order].astype(np.float64), taken - sizes) / sizes
    expected = np.cumsum(_smoothed(np.repeat(share, sizes)))
    best = int(np.argmax(2 * expected[is_last] / (taken + expected[-1])))
    level = np.r_[value[is_last], 0.0]
    return float((level[best] + level[best + 1]) / 2)


def _smoothed(positive: Array) -> Array:
    """Share of a label at each rank, (n,) float64, by a kernel over the log odds of the rank. positive: (n,), in order.

    Only the order of the probabilities counts, not how well they are calibrated. The width is three relative errors of the
    count of the rarer side, so that it vanishes with many rows.
    """
    n, found = len(positive), positive.sum()
    rank = np.arange(1, n + 1)
    place = np.log(rank / (n + 1 - rank))
    width = _WIDTH / np.sqrt(max(min(found, n - found), 1.0))
    points = np.unique(np.searchsorted(place, np.linspace(place[0], place[-1], _POINTS)).clip(0, n - 1))
    begins, ends = (np.searchsorted(place, place[points] + side * _REACH * width) for side in (-1, 1))
    shares = np.empty(len(points))
    for index, (point, begin, end) in enumerate(zip(points, begins, ends, strict=True)):
        weight = np.exp(-0.5 * ((place[begin:end] - place[point]) / width) ** 2)
        shares[index] = weight @ positive[begin:end] / weight.sum()
    return np.interp(place, place[points], shares)


def few_values(rows: Batch) -> Array:
    """The values of a target of a table that has few, such as grades, (k,), ascending; of others (0,)."""
    known = np.unique(rows.target) if rows.task == "regress" else rows.target[:0]
    return known if 2 <= len(known) <= _FEW_VALUES else known[:0]


def class_weights(train: Batch) -> Array:
    """Mean weight of the rows of each label in train, (k,) float64; 1 for a label without rows."""
    known, k = train.target >= 0, len(train.labels)
    rows = np.bincount(train.target[known], minlength=k)
    total = np.bincount(train.target[known], weights=train.weight[known], minlength=k)
    return np.where(total > 0, total, 1.0) / np.where(total > 0, rows, 1)
