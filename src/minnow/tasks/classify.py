"""Classify: predict one of the labels, with a probability for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.contracts import TaskCapabilities
from minnow.tasks import _precision as precision
from minnow.tasks._calibration import miscalibration
from minnow.tasks._cost import cost_of
from minnow.tasks._f1 import f1_of
from minnow.tasks._names import refuse_absent, refuse_text
from minnow.tasks._rules import class_weights, decider, predicted
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Columns, DecisionRule, Measure, Outputs

OUTPUT = "probabilities"

ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["label", "probability", "probabilities"],
    "properties": {
        "label": {
            "type": "string",
            "description": "What is answered: the most probable label, or the one that the model's decision rule takes.",
        },
        "probability": {"type": "number", "minimum": 0, "maximum": 1, "description": "That of the label."},
        "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}


def _correct(outputs: Outputs, batch: Batch) -> Array:
    return (predicted(outputs) == batch.target).astype(np.float64)


def _log_loss(outputs: Outputs, batch: Batch) -> Array:
    """Log loss, (n,) float64 in nats; for an unknown label the probability is 0, clipped to SMALLEST_PROBABILITY."""
    known = batch.target >= 0
    probability = outputs[OUTPUT][np.arange(len(batch)), np.where(known, batch.target, 0)]
    return -np.log(np.clip(np.where(known, probability, 0.0).astype(np.float64), SMALLEST_PROBABILITY, 1.0))


def _counts(outputs: Outputs, batch: Batch) -> tuple[Array, Array, Array]:
    """True positives, predictions and rows per label, (k,) each; rows of unknown labels are counted in predictions only."""
    k, answered = outputs[OUTPUT].shape[1], predicted(outputs)
    known = batch.target >= 0
    hits = np.bincount(batch.target[known & (answered == batch.target)], minlength=k)
    return hits, np.bincount(answered, minlength=k), np.bincount(batch.target[known], minlength=k)


def _auc(outputs: Outputs, batch: Batch) -> Array:
    """Area under the ROC curve plus the influence of each row, (n,); 0.5 where all rows have one label.

    It is the share of pairs of a positive and a negative row in the right order, ties counting half; for more than two labels
    the mean of one against the rest, over those that some rows have and others have not. Source: Hanley & McNeil 1982; the
    influence is that of the structural components of DeLong et al. 1988.
    """
    known = batch.target >= 0
    probabilities, target = outputs[OUTPUT][known], batch.target[known]
    labels = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    by_label = [
        _auc_of_label(probabilities[:, label], target == label, len(batch))
        for label in labels
        if 0 < (target == label).sum() < len(target)
    ]
    values = np.full(len(batch), np.mean([area for area, _ in by_label]) if by_label else 0.5)
    if by_label:
        values[known] += np.mean([influence for _, influence in by_label], axis=0)
    return values


def _auc_of_label(probability: Array, positive: Array, n: int) -> tuple[float, Array]:
    """AUC of one label against the rest, and the influence of each row, (m,). n: number of rows that the mean is taken over."""
    won = np.empty(len(positive))  # share of the other class that a row is in the right order with
    for own in (positive, ~positive):
        others = np.sort(probability[~own])
        below = np.searchsorted(others, probability[own], "left") + np.searchsorted(others, probability[own], "right")
        share = below / (2 * len(others))
        won[own] = share if own is positive else 1.0 - share
    area = float(won[positive].mean())
    return area, n / np.where(positive, positive.sum(), (~positive).sum()) * (won - area)


def _balanced_accuracy(outputs: Outputs, batch: Batch) -> Array:
    """Mean recall over the labels that occur among targets, plus the influence of each row, (n,)."""
    hits, _, rows = _counts(outputs, batch)
    known, occurs = batch.target >= 0, max(int((rows > 0).sum()), 1)
    recall, target = hits / np.maximum(rows, 1), batch.target[known]
    hit = (predicted(outputs)[known] == target).astype(np.float64)
    values = np.full(len(batch), recall.sum() / occurs)
    values[known] += len(batch) / rows[target] * (hit - recall[target]) / occurs
    return values


def _balancing(outputs: Outputs, val: Batch, train: Batch) -> DecisionRule | None:
    """The rule that recalls all labels alike: missing a label costs the inverse of its share in train (Menon et al. 2013).

    None where it is no better on val than the most probable label.
    """
    totals = class_weights(train) * np.bincount(train.target[train.target >= 0], minlength=len(train.labels))
    costs = totals.sum() / np.where(totals > 0, totals, np.inf) / len(totals)
    rule = DecisionRule(costs=dict(zip(train.labels.tolist(), costs.tolist(), strict=True)))
    plain, balanced = (_balanced_accuracy(one, val).mean() for one in (outputs, decider(rule, val.labels)(outputs)))
    return rule if balanced > plain else None


def _macro_f1(outputs: Outputs, batch: Batch) -> Array:
    """Mean F1 over the labels that occur among targets or predictions, plus the influence of each row, (n,).

    F1 of a label is the ratio of two sums over rows.
    """
    hits, predictions, rows = _counts(outputs, batch)
    answered, total = predicted(outputs), predictions + rows
    occurs = max(int((total > 0).sum()), 1)
    f1 = 2 * hits / np.maximum(total, 1)
    per_row = len(batch) / np.maximum(total, 1) / occurs
    known = batch.target >= 0
    values = np.full(len(batch), f1.sum() / occurs) - (per_row * f1)[answered]
    values[known] -= (per_row * f1)[batch.target[known]]
    right = answered == batch.target
    values[right] += 2 * per_row[answered[right]]
    return values


def _brier(outputs: Outputs, batch: Batch) -> Array:
    """Squared error of the probabilities, (n,): of the second label where there are two, else summed. Source: Brier 1950."""
    error = outputs[OUTPUT] - (batch.target[:, None] == np.arange(outputs[OUTPUT].shape[1]))
    return (error.astype(np.float64) ** 2).sum(axis=1) / (2 if error.shape[1] == 2 else 1)


_SHARE: dict[str, Any] = {"low": 0.0, "high": 1.0}


def _share(name: str, rows: Callable[[Outputs, Batch], Array], margin: float) -> Measure:
    """A measure between 0 and 1 that is not a mean over rows. rows: its pseudo-values."""
    return Measure(name, True, rows=rows, pseudo=True, **_SHARE, margin=margin, relative=False)


MEASURES = (
    Measure("accuracy", True, rows=_correct, **_SHARE, margin=0.01, relative=False, binary=True),
    Measure("log_loss", False, rows=_log_loss, low=0.0, high=-math.log(SMALLEST_PROBABILITY), margin=0.01),
    _share("macro_f1", _macro_f1, 0.01),
    replace(_share("balanced_accuracy", _balanced_accuracy, 0.01), rule=_balancing),
    _share("auc", _auc, 0.002),
)


def _brier_score(text: str) -> Measure:
    refuse_text("brier", text)
    return Measure("brier", False, rows=_brier, low=0.0, high=2.0, margin=0.01)


def _average_precision_of(label: str) -> Measure:
    """Average precision of one label, or with "" the mean over all labels."""
    name = f"average_precision@{label}" if label else "average_precision"
    values = _share(name, lambda outputs, batch: precision.values(outputs[OUTPUT], batch, label), 0.005)
    return replace(values, refuses=lambda batch: refuse_absent(label, batch) if label else None)


FURTHER_MEASURES = {"brier": _brier_score, "average_precision": _average_precision_of, "f1": f1_of, "cost": cost_of}


def classes(target: Array) -> Array:
    """Sorted distinct labels, (k,) str. target: (n,) str."""
    return np.unique(np.asarray(target, dtype=str))


def encode(target: Array, labels: Array) -> Array:
    """Turn labels into indices, (n,) int64; -1 for a label that is not among labels (sorted, as classes returns them)."""
    target, labels = np.asarray(target, dtype=str), np.asarray(labels, dtype=str)
    if not len(labels):
        return np.full(len(target), -1, np.int64)
    index = np.minimum(np.searchsorted(labels, target), len(labels) - 1)
    return np.where(labels[index] == target, index, -1).astype(np.int64)


def outputs_from_answers(answers: Array, labels: Array) -> dict[str, Array]:
    """Outputs of a model that predicts these labels, (n,) str, with probability 1."""
    index = encode(answers, labels)
    return {OUTPUT: (index[:, None] == np.arange(len(labels))).astype(np.float32)}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Whether two models answer different labels, (n,) bool."""
    return predicted(a) != predicted(b)


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """majority: the shares of the labels in train, for every row."""
    shares = np.bincount(train.target[train.target >= 0], minlength=len(train.labels)) / max(len(train), 1)

    def majority(batch: Batch) -> dict[str, Array]:
        return {OUTPUT: np.tile(shares.astype(np.float32), (len(batch), 1))}

    return {"majority": majority}


def _constants(train: Batch, exam: Batch) -> dict[str, Outputs]:
    """The shares of the labels in train, by the weights of its rows."""
    counts = np.bincount(train.target, weights=train.weight, minlength=len(train.labels))
    shares = counts / max(counts.sum(), SMALLEST_PROBABILITY)
    return {"the most frequent class of train": {OUTPUT: np.tile(shares, (len(exam), 1))}}


CAPABILITIES = TaskCapabilities(
    constants=_constants, decider=decider, answered=predicted, miscalibration=miscalibration
)


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Convert outputs to JSON, one object per row. k: number of labels to list with their probability, all by default.

    The label is the one that a decision rule took, where there is one; the probabilities are those of the model.
    """
    names = [str(label) for label in labels]
    objects = []
    for row, best in zip(outputs[OUTPUT], predicted(outputs).tolist(), strict=True):
        order = np.argsort(-row, kind="stable")[: k or len(names)]
        listed = order if k else range(len(names))
        probabilities = {names[i]: float(row[i]) for i in listed}
        objects.append({"label": names[best], "probability": float(row[best]), "probabilities": probabilities})
    return objects
