"""Classify: predict one of the labels, with a probability for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.contracts import TaskCapabilities
from minnow.registry import unknown
from minnow.tasks import _precision as precision
from minnow.tasks._names import refuse_text
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Columns, Measure, Outputs

OUTPUT = "probabilities"

ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["label", "probability", "probabilities"],
    "properties": {
        "label": {"type": "string"},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
        "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}


def _predicted(outputs: Outputs) -> Array:
    """Index of the most probable label, (n,) int64."""
    return outputs[OUTPUT].argmax(axis=1)


def _correct(outputs: Outputs, batch: Batch) -> Array:
    return (_predicted(outputs) == batch.target).astype(np.float64)


def _log_loss(outputs: Outputs, batch: Batch) -> Array:
    """Log loss, (n,) float64 in nats; for an unknown label the probability is 0, clipped to SMALLEST_PROBABILITY."""
    known = batch.target >= 0
    probability = outputs[OUTPUT][np.arange(len(batch)), np.where(known, batch.target, 0)]
    return -np.log(np.clip(np.where(known, probability, 0.0).astype(np.float64), SMALLEST_PROBABILITY, 1.0))


def _counts(outputs: Outputs, batch: Batch) -> tuple[Array, Array, Array]:
    """True positives, predictions and rows per label, (k,) each; rows of unknown labels are counted in predictions only."""
    k, predicted = outputs[OUTPUT].shape[1], _predicted(outputs)
    known = batch.target >= 0
    hits = np.bincount(batch.target[known & (predicted == batch.target)], minlength=k)
    return hits, np.bincount(predicted, minlength=k), np.bincount(batch.target[known], minlength=k)


def _macro_f1(outputs: Outputs, batch: Batch) -> float:
    """Mean F1 over the labels that occur among targets or predictions."""
    hits, predictions, rows = _counts(outputs, batch)
    occurs = (predictions + rows) > 0
    return float((2 * hits[occurs] / (predictions + rows)[occurs]).mean()) if occurs.any() else 0.0


def _balanced_accuracy(outputs: Outputs, batch: Batch) -> float:
    """Mean recall over the labels that occur among targets."""
    hits, _, rows = _counts(outputs, batch)
    occurs = rows > 0
    return float((hits[occurs] / rows[occurs]).mean()) if occurs.any() else 0.0


def _auc(outputs: Outputs, batch: Batch) -> float:
    """Area under the ROC curve; for more than two labels the mean of one against the rest. 0.5 where all rows have one label.

    It is the share of pairs in the right order, ties counting half. Source: Hanley & McNeil 1982.
    """
    known = batch.target >= 0
    probabilities, target = outputs[OUTPUT][known], batch.target[known]
    labels = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    by_label = [_ordered(probabilities[:, label], target == label) for label in labels]
    areas = [area for area in by_label if area is not None]
    return float(np.mean(areas)) if areas else 0.5


def _ordered(probability: Array, positive: Array) -> float | None:
    """Share of pairs of a positive and a negative row that probability (n,) orders correctly; None without pairs."""
    above, below = np.sort(probability[positive]), np.sort(probability[~positive])
    if not len(above) or not len(below):
        return None
    won = np.searchsorted(below, above, "left").sum() + np.searchsorted(below, above, "right").sum()
    return float(won / (2 * len(above) * len(below)))


def _auc_values(outputs: Outputs, batch: Batch) -> Array:
    """AUC plus the influence of each row, (n,): the structural components of DeLong et al. 1988."""
    known = batch.target >= 0
    probabilities, target = outputs[OUTPUT][known], batch.target[known]
    labels = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    pairs = [(probabilities[:, label], target == label) for label in labels]
    pairs = [(probability, positive) for probability, positive in pairs if 0 < positive.sum() < len(positive)]
    values = np.full(len(batch), _auc(outputs, batch))
    for probability, positive in pairs:
        won = np.empty(len(positive))  # share of the other class that a row is in the right order with
        for own in (positive, ~positive):
            others = np.sort(probability[~own])
            below = np.searchsorted(others, probability[own], "left") + np.searchsorted(
                others, probability[own], "right"
            )
            share = below / (2 * len(others))
            won[own] = share if own is positive else 1.0 - share
        area = won[positive].mean()
        rows = np.where(positive, len(batch) / positive.sum(), len(batch) / (~positive).sum())
        values[known] += rows * (won - area) / len(pairs)
    return values


def _balanced_accuracy_values(outputs: Outputs, batch: Batch) -> Array:
    """Balanced accuracy plus the influence of each row, (n,)."""
    hits, _, rows = _counts(outputs, batch)
    known, occurs = batch.target >= 0, rows > 0
    values = np.full(len(batch), _balanced_accuracy(outputs, batch))
    target = batch.target[known]
    recall = hits / np.maximum(rows, 1)
    hit = (_predicted(outputs)[known] == target).astype(np.float64)
    values[known] += len(batch) / rows[target] * (hit - recall[target]) / max(occurs.sum(), 1)
    return values


def _macro_f1_values(outputs: Outputs, batch: Batch) -> Array:
    """Macro F1 plus the influence of each row, (n,): F1 of a label is the ratio of two sums over rows."""
    hits, predictions, rows = _counts(outputs, batch)
    predicted, total = _predicted(outputs), predictions + rows
    occurs = total > 0
    f1 = np.where(occurs, 2 * hits / np.maximum(total, 1), 0.0)
    per_row = len(batch) / np.maximum(total, 1) / max(occurs.sum(), 1)
    known = batch.target >= 0
    values = np.full(len(batch), _macro_f1(outputs, batch)) - (per_row * f1)[predicted]
    values[known] -= (per_row * f1)[batch.target[known]]
    right = predicted == batch.target
    values[right] += 2 * per_row[predicted[right]]
    return values


def _brier(outputs: Outputs, batch: Batch) -> Array:
    """Squared error of the probabilities, (n,): of the second label where there are two, else summed. Source: Brier 1950."""
    error = outputs[OUTPUT] - (batch.target[:, None] == np.arange(outputs[OUTPUT].shape[1]))
    return (error.astype(np.float64) ** 2).sum(axis=1) / (2 if error.shape[1] == 2 else 1)


_SHARE: dict[str, Any] = {"low": 0.0, "high": 1.0}


def _share(
    name: str,
    score: Callable[[Outputs, Batch], float],
    pseudo_values: Callable[[Outputs, Batch], Array],
    margin: float,
) -> Measure:
    """A measure between 0 and 1 that is not a mean over rows."""
    return Measure(name, True, score=score, **_SHARE, margin=margin, relative=False, pseudo_values=pseudo_values)


MEASURES = (
    Measure("accuracy", True, rows=_correct, **_SHARE, margin=0.01, relative=False, binary=True),
    Measure("log_loss", False, rows=_log_loss, low=0.0, high=-math.log(SMALLEST_PROBABILITY), margin=0.01),
    _share("macro_f1", _macro_f1, _macro_f1_values, 0.01),
    _share("balanced_accuracy", _balanced_accuracy, _balanced_accuracy_values, 0.01),
    _share("auc", _auc, _auc_values, 0.002),
)


def _brier_score(text: str) -> Measure:
    refuse_text("brier", text)
    return Measure("brier", False, rows=_brier, low=0.0, high=2.0, margin=0.01)


def _average_precision_of(label: str) -> Measure:
    """Average precision of one label, or with "" the mean over all labels."""

    def score(outputs: Outputs, batch: Batch) -> float:
        return float(np.mean(precision.values(outputs[OUTPUT], batch, label))) if len(batch) else 0.0

    def refuses(batch: Batch) -> str | None:
        if not label or label in batch.labels:
            return None
        return f"measure.positive: {unknown('class', label, batch.labels.tolist())}"

    return replace(
        _share(
            f"average_precision@{label}" if label else "average_precision",
            score,
            lambda outputs, batch: precision.values(outputs[OUTPUT], batch, label),
            0.005,
        ),
        refuses=refuses,
    )


FURTHER_MEASURES = {"brier": _brier_score, "average_precision": _average_precision_of}


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
    """Whether two models predict different labels, (n,) bool."""
    return _predicted(a) != _predicted(b)


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


CAPABILITIES = TaskCapabilities(constants=_constants)


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Convert outputs to JSON, one object per row. k: number of labels to list with their probability, all by default."""
    names = [str(label) for label in labels]
    objects = []
    for row in outputs[OUTPUT]:
        order = np.argsort(-row, kind="stable")[: k or len(names)]
        best = int(order[0])
        listed = order if k else range(len(names))
        probabilities = {names[i]: float(row[i]) for i in listed}
        objects.append({"label": names[best], "probability": float(row[best]), "probabilities": probabilities})
    return objects
