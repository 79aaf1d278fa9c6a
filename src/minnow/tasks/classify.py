"""Classify: predict one of the labels, with a probability for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.contracts import TaskCapabilities
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Columns, Measure, Outputs

OUTPUT = "probabilities"
_PREDICTED, _RANKS = "predicted", "ranks"
BINARY_LOSS = True

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


def _labelled(outputs: Outputs, batch: Batch) -> dict[str, Array]:
    return {_PREDICTED: _predicted(outputs)}


def _counts(outputs: Outputs, batch: Batch) -> tuple[Array, Array, Array]:
    """True positives, predictions and rows per label, (k,) each; rows of unknown labels are counted in predictions only.

    outputs: those of _labelled.
    """
    k, predicted = len(batch.labels), outputs[_PREDICTED]
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


def _ranked(outputs: Outputs, batch: Batch) -> dict[str, Array]:
    """Rank of each row's probability among all rows, (n, k) int32, equal ones alike; of two labels that of the second alone."""
    probabilities = outputs[OUTPUT][:, 1:] if outputs[OUTPUT].shape[1] == 2 else outputs[OUTPUT]
    columns = [np.unique(column, return_inverse=True)[1] for column in probabilities.T]
    return {_RANKS: np.stack(columns, axis=1).astype(np.int32)}


def _auc(outputs: Outputs, batch: Batch) -> float:
    """Area under the ROC curve; for more than two labels the mean of one against the rest. 0.5 where all rows have one label.

    It is the share of pairs in the right order, ties counting half. outputs: those of _ranked. Source: Hanley & McNeil 1982.
    """
    known = batch.target >= 0
    ranks, target = outputs[_RANKS][known], batch.target[known]
    labels = [1] if ranks.shape[1] == 1 else range(ranks.shape[1])
    by_label = [_ordered(column, target == label) for column, label in zip(ranks.T, labels, strict=True)]
    areas = [area for area in by_label if area is not None]
    return float(np.mean(areas)) if areas else 0.5


def _ordered(rank: Array, positive: Array) -> float | None:
    """Share of pairs of a positive and a negative row that rank (n,) orders correctly; None without pairs."""
    above = int(positive.sum())
    below = len(rank) - above
    if not above or not below:
        return None
    k = int(rank.max()) + 1
    above_at, below_at = np.bincount(rank[positive], minlength=k), np.bincount(rank[~positive], minlength=k)
    won = (above_at * (2 * np.cumsum(below_at) - below_at)).sum()
    return float(won / (2 * above * below))


_SHARE: dict[str, Any] = {"low": 0.0, "high": 1.0}
MEASURES = (
    Measure("accuracy", True, rows=_correct, **_SHARE, margin=0.01, relative=False),
    Measure("log_loss", False, rows=_log_loss, low=0.0, high=-math.log(SMALLEST_PROBABILITY), margin=0.01),
    Measure("macro_f1", True, score=_macro_f1, needs=_labelled, **_SHARE, margin=0.01, relative=False),
    Measure(
        "balanced_accuracy", True, score=_balanced_accuracy, needs=_labelled, **_SHARE, margin=0.01, relative=False
    ),
    Measure("auc", True, score=_auc, needs=_ranked, **_SHARE, margin=0.002, relative=False),
)


def loss(outputs: Outputs, batch: Batch) -> Array:
    """1 where the prediction is wrong, 0 where it is right, (n,) float64. It is wrong for an unknown label."""
    return 1.0 - _correct(outputs, batch)


def margin(loss: Array, setting: float | None) -> float:
    """Absolute margin on the mean loss, which is 1 - accuracy: setting, or that of accuracy."""
    return MEASURES[0].margin_at(1.0 - float(np.mean(loss)), setting)


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
