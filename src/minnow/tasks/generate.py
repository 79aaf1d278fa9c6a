"""Generate: from noise, generate a new row with the distribution of the data.

A set of generated rows is compared with as many real rows in the features of a fixed extractor (tasks/_extractor.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.contracts import AnswerChange, FeatureExtraction, TaskCapabilities
from minnow.tasks import _extractor, _frechet
from minnow.types import Array, Batch, Columns, Measure, Outputs, noise_of

OUTPUT = "sample"
_FLIP = 0.05
"""Mean absolute difference of pixels, as a share of their range, above which two images count as different."""
_NEIGHBOURS = 3
_MOST_COMPARED = 5000
"""Largest number of rows for measures that search neighbours."""
_EXPLAINED = 0.95
"""Share of the variance of the pixels that the principal components of a baseline explain."""
_DIGITS = 4

_PIXEL = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["image"],
    "properties": {"image": {"type": "array", "items": {"type": "array", "items": _PIXEL}}},
}


def _features(outputs: Outputs, batch: Batch) -> tuple[Array, Array]:
    """Features of the real and of the generated rows, (n, d) float64 each."""
    real = _extractor.features(batch.extractor, batch.inputs["image"])
    return real, _extractor.features(batch.extractor, outputs[OUTPUT])


def _distance(outputs: Outputs, batch: Batch) -> Array:
    """The Fréchet distance plus the influence of each row, (n,) float64."""
    return _frechet.influences(*_features(outputs, batch)) if len(batch) else np.empty(0)


def _rows(batch: Batch) -> Array:
    """Index of the rows for measures that search neighbours, (m,) int: chosen by their keys, so the order does not matter."""
    return np.argsort(batch.key, kind="stable")[:_MOST_COMPARED]


def _compared(outputs: Outputs, batch: Batch) -> tuple[Array, Array, Array]:
    """Index of the compared rows, (m,) int, and their features, real and generated, (m, d) each."""
    rows = _rows(batch)
    return rows, *_features({OUTPUT: outputs[OUTPUT][rows]}, batch.take(rows))


def _covered(rows: Array, by: Array) -> Array:
    """Whether each row is as near to a row of the other set as the third nearest neighbour of that one, (n,) bool."""
    if not len(by):
        return np.empty(0, bool)
    return _frechet.within(rows, by, _frechet.nearest(by, by, min(_NEIGHBOURS, len(by) - 1)))


def _precision(outputs: Outputs, batch: Batch) -> Array:
    """Whether a generated row lies among the real rows. Source: Kynkäänniemi et al. 2019, with three neighbours."""
    rows, real, generated = _compared(outputs, batch)
    return _scatter(rows, _covered(generated, real), len(batch))


def _recall(outputs: Outputs, batch: Batch) -> Array:
    """Whether a real row lies among the generated rows. Source: Kynkäänniemi et al. 2019, with three neighbours."""
    rows, real, generated = _compared(outputs, batch)
    return _scatter(rows, _covered(real, generated), len(batch))


def _scatter(rows: Array, values: Array, n: int) -> Array:
    """Assign values (m,) to rows (m,) of n, (n,) float64, NaN elsewhere."""
    per_row = np.full(n, np.nan)
    per_row[rows] = values
    return per_row


def _memorised(outputs: Outputs, batch: Batch) -> Array:
    """Whether a generated row is nearer to a training row than 95 % of the training rows are to another one.

    Distances are of pixels, in the first principal components of the training rows. The mean over new real rows is about 0.05.
    """
    rows = _rows(batch)
    generated = _extractor.project(batch.extractor, outputs[OUTPUT][rows])
    copies = _frechet.nearest(generated, batch.extractor["known"]) < batch.extractor["usual"]
    return _scatter(rows, copies, len(batch))


MEASURES = (
    Measure("frechet", False, rows=_distance, pseudo=True, low=0.0),
    Measure("precision", True, rows=_precision, low=0.0, high=1.0),
    Measure("recall", True, rows=_recall, low=0.0, high=1.0),
    Measure("memorised", False, rows=_memorised, low=0.0, high=1.0),
)
FURTHER_MEASURES: dict[str, Callable[[str], Measure]] = {}


def classes(target: Array) -> Array:
    """Rows without a target have no classes: (0,) str."""
    return np.empty(0, dtype="<U1")


def encode(target: Array, labels: Array) -> Array:
    """Rows have no target: (n,) float32 zeros. The real rows are among the inputs."""
    return np.zeros(len(target), np.float32)


def outputs_from_answers(answers: Array, labels: Array) -> dict[str, Array]:
    """Outputs of a model that generates these images, (n, h, w, c) in 0..1."""
    return {OUTPUT: np.asarray(answers, np.float32)}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Whether images of the same noise differ by more than 5 % of the range of pixels on average, (n,) bool."""
    return _apart(a, b, batch) > _FLIP


def _apart(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Mean absolute difference of the pixels of two images of the same noise, (n,) float64."""
    difference = np.abs(a[OUTPUT].astype(np.float64) - b[OUTPUT])
    return difference.reshape(len(batch), -1).mean(axis=1) if len(batch) else np.empty(0)


def _fit(train: Batch, labels: Array, earlier: Columns | None) -> dict[str, Array]:
    """Make the feature extractor of train's images: train a network, or use that of an earlier extractor."""
    images = train.inputs["image"]
    return _extractor.complete(earlier or _extractor.learn(images, labels), images)


def _about(batch: Batch) -> dict[str, Any]:
    """Facts beside each figure: the extractor, the number of samples, and the distance of as many training rows."""
    real = _extractor.features(batch.extractor, batch.inputs["image"])
    train = batch.extractor["features"].astype(np.float64)
    return {
        "extractor": _extractor.sha(batch.extractor),
        "learned": str(batch.extractor["extractor.learned"][0]),
        "samples": len(batch),
        "training rows": round(_frechet.distance(real, train[: len(real)]), 6),
    }


CAPABILITIES = TaskCapabilities(
    feature_extraction=FeatureExtraction(fit=_fit, kept=_extractor.network_of, about=_about),
    redivided=False,
    joined=False,
    change=AnswerChange("mean absolute difference of the pixels from those of the parent", _apart),
)


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """pixel_gaussian: a normal distribution per pixel; pca_gaussian: a normal distribution over principal components."""
    images = train.inputs["image"]
    shape = images.shape[1:]
    rows = images.reshape(len(images), -1).astype(np.float64)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    transform = _scaled_components(rows)

    def pixels(batch: Batch) -> dict[str, Array]:
        return images_of(mean + noise_of(batch.key, len(mean)) * spread)

    def components(batch: Batch) -> dict[str, Array]:
        return images_of(mean + noise_of(batch.key, transform.shape[1]) @ transform.T)

    def images_of(samples: Array) -> dict[str, Array]:
        return {OUTPUT: np.clip(samples, 0, 1).reshape(-1, *shape).astype(np.float32)}

    return {"pixel_gaussian": pixels, "pca_gaussian": components}


def _scaled_components(rows: Array) -> Array:
    """Principal components of rows (n, p) that explain 95 % of the variance, scaled by their deviations, (p, q)."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(rows.T, bias=True)))
    needed = int((np.cumsum(np.sort(values)[::-1]) < _EXPLAINED * values.sum()).sum()) + 1
    kept = np.argsort(-values)[: max(1, needed)]
    return vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0))


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Convert outputs to JSON, one object per row: pixels in the units of the data, without the axis of a single channel."""
    images = np.round(outputs[OUTPUT].astype(np.float64), _DIGITS)
    images = images[..., 0] if images.shape[-1] == 1 else images
    return [{"image": image.tolist()} for image in images]
