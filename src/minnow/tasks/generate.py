"""Generate: nothing is asked, and an answer is a new row that looks as if it were one of the data's.

A set of answers is compared with as many real rows, looked at through the features of a pinned extractor: tasks/_lens.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.tasks import _frechet, _lens
from minnow.types import Array, Batch, Columns, Measure, Outputs, noise_of

OUTPUT = "sample"
BINARY_LOSS = False
MARGIN = 0.02
"""Share of the distance."""
FLIP = 0.05
"""Mean difference of pixels, as a share of their range, from which on two images count as different."""
NEIGHBOURS = 3
MOST_COMPARED = 5000
"""Pairs of rows that neighbours are looked for among."""
DIGITS = 4

_PIXEL = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["image"],
    "properties": {"image": {"type": "array", "items": {"type": "array", "items": _PIXEL}}},
}


def _features(outputs: Outputs, batch: Batch) -> tuple[Array, Array]:
    """Features of the real rows and of the made ones, (n, d) float64 each."""
    return _lens.features(batch.lens, batch.inputs["image"]), _lens.features(batch.lens, outputs[OUTPUT])


def _distance(outputs: Outputs, batch: Batch) -> Array:
    """The Fréchet distance, told apart into rows so that it has an interval and can be compared in pairs."""
    return _frechet.influences(*_features(outputs, batch)) if len(batch) else np.empty(0)


def _rows(batch: Batch) -> Array:
    """Which rows neighbours are looked for of, (m,) int: by their keys, whatever their order."""
    return np.argsort(batch.key, kind="stable")[:MOST_COMPARED]


def _compared(outputs: Outputs, batch: Batch) -> tuple[Array, Array, Array]:
    """Rows that are compared, (m,) int, and their features, real and made."""
    rows = _rows(batch)
    return rows, *_features({OUTPUT: outputs[OUTPUT][rows]}, batch.take(rows))


def _covered(answers: Array, by: Array) -> Array:
    """Which rows lie as near to one of another set as its own neighbours do, (n,) bool."""
    if not len(by):
        return np.empty(0, bool)
    return _frechet.within(answers, by, _frechet.nearest(by, by, min(NEIGHBOURS, len(by) - 1)))


def _precision(outputs: Outputs, batch: Batch) -> Array:
    """Whether a made row lies among the real ones. Source: Kynkäänniemi et al. 2019, with three neighbours."""
    rows, real, made = _compared(outputs, batch)
    return _spread(rows, _covered(made, real), len(batch))


def _recall(outputs: Outputs, batch: Batch) -> Array:
    """Whether a real row lies among the made ones. Source: Kynkäänniemi et al. 2019, with three neighbours."""
    rows, real, made = _compared(outputs, batch)
    return _spread(rows, _covered(real, made), len(batch))


def _spread(rows: Array, values: Array, n: int) -> Array:
    found = np.full(n, np.nan)
    found[rows] = values
    return found


def _memorised(outputs: Outputs, batch: Batch) -> Array:
    """Whether a made row is nearer to a training row than 19 of 20 training rows are to their nearest other one.

    Distances are of pixels, in the training rows' first principal components. New real rows come to about 0.05.
    """
    rows = _rows(batch)
    made = _lens.place(batch.lens, outputs[OUTPUT][rows])
    return _spread(rows, _frechet.nearest(made, batch.lens["known"]) < batch.lens["usual"], len(batch))


MEASURES = (
    Measure("frechet", False, rows=_distance),
    Measure("precision", True, rows=_precision),
    Measure("recall", True, rows=_recall),
    Measure("memorised", False, rows=_memorised),
)


def loss(outputs: Outputs, batch: Batch) -> Array:
    """Fréchet distance with what each row adds to it, (n,) float64: the mean is the distance."""
    return _distance(outputs, batch)


def margin(loss: Array, setting: float | None) -> float:
    """Absolute margin on the mean loss: 2 % of it unless set."""
    return (MARGIN if setting is None else setting) * float(np.mean(loss))


def vocabulary(target: Array) -> Array:
    """What is not asked has no vocabulary: (0,) str."""
    return np.empty(0, dtype="<U1")


def encode(target: Array, labels: Array) -> Array:
    """Nothing is asked of a row: (n,) float32 of 0. The rows themselves are among the inputs."""
    return np.zeros(len(target), np.float32)


def stated(answers: Array, labels: Array) -> dict[str, Array]:
    """Outputs of a model that makes these images, (n, h, w, c) in 0..1."""
    return {OUTPUT: np.asarray(answers, np.float32)}


def flips(a: Outputs, b: Outputs, batch: Batch) -> Array:
    """Where two models make images of the same noise that differ by 5 % of the range in the mean pixel, (n,) bool."""
    difference = np.abs(a[OUTPUT].astype(np.float64) - b[OUTPUT])
    return difference.reshape(len(batch), -1).mean(axis=1) > FLIP if len(batch) else np.empty(0, bool)


def lens(train: Batch, labels: Array, extractor: Columns | None = None) -> dict[str, Array]:
    """Make what answers are looked at through. labels: (n,) str of train's rows, "" where there is none.

    extractor: one that was made before, whose arrays begin with "extractor."; without it one is learned. Raises ValueError
    for too few rows, or an extractor of images of another size.
    """
    images = train.inputs["image"]
    return _lens.known(images, extractor or _lens.learn(images, labels))


def extractor(arrays: Columns) -> dict[str, Array]:
    """Keep of a lens what names and repeats a figure: the extractor without the rows."""
    return {name: value for name, value in arrays.items() if name.startswith(_lens.EXTRACTOR)}


def about(batch: Batch) -> dict[str, Any]:
    """Say what belongs beside every figure: the extractor, how many samples, and how far training rows are from the exam's."""
    real, train = _lens.features(batch.lens, batch.inputs["image"]), batch.lens["features"].astype(np.float64)
    return {
        "extractor": _lens.sha(batch.lens),
        "learned": str(batch.lens["extractor.learned"][0]),
        "samples": len(batch),
        "training rows": round(_frechet.distance(real, train[: len(real)]), 6),
    }


def baselines(train: Batch) -> dict[str, Callable[[Batch], dict[str, Array]]]:
    """pixel_gaussian: each pixel by its own mean and spread; pca_gaussian: a normal distribution over principal components."""
    images = train.inputs["image"]
    shape = images.shape[1:]
    rows = images.reshape(len(images), -1).astype(np.float64)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(rows.T, bias=True)))
    kept = np.argsort(-values)[: max(1, int((np.cumsum(np.sort(values)[::-1]) < 0.95 * values.sum()).sum()) + 1)]
    carry = vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0))

    def pixels(batch: Batch) -> dict[str, Array]:
        return made(mean + noise_of(batch.key, len(mean)) * spread)

    def components(batch: Batch) -> dict[str, Array]:
        return made(mean + noise_of(batch.key, len(kept)) @ carry.T)

    def made(found: Array) -> dict[str, Array]:
        return {OUTPUT: np.clip(found, 0, 1).reshape(-1, *shape).astype(np.float32)}

    return {"pixel_gaussian": pixels, "pca_gaussian": components}


def answers(outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
    """Turn outputs into JSON: pixels in the units of the data, without an axis for one channel."""
    images = np.round(outputs[OUTPUT].astype(np.float64), DIGITS)
    images = images[..., 0] if images.shape[-1] == 1 else images
    return [{"image": image.tolist()} for image in images]
