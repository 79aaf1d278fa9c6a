"""Small easy problems, one for each modality and task that a family may learn."""

from functools import cache

import numpy as np

from minnow import tasks
from minnow.types import OFFSET, Batch, Columns, noise_of

ROWS = 240


def images_classify(rng, n):
    target = rng.integers(0, 3, n)
    image = rng.random((n, 8, 8, 1), np.float32) * 0.3
    for row, label in enumerate(target):
        image[row, 2 * label : 2 * label + 2, :, 0] += 0.6
    return {"image": image}, target.astype(np.int64), ["a", "b", "c"], {}


def audio_classify(rng, n):
    """Frames of eight bands, of which a label has its own."""
    inputs, target, labels, cardinalities = images_classify(rng, n)
    return {"image": inputs["image"].transpose(0, 2, 1, 3).copy()}, target, labels, cardinalities


def images_regress(rng, n):
    value = rng.random(n, np.float32)
    image = np.tile(value[:, None, None, None], (1, 8, 8, 1)) + rng.random((n, 8, 8, 1), np.float32) * 0.02
    return {"image": image.astype(np.float32)}, value, [], {}


def text_classify(rng, n):
    target = rng.integers(0, 2, n)
    ids = rng.integers(4, 40, (n, 12)).astype(np.int32)
    ids[:, 0] = 2 + target
    ids[:, 9:] = 0
    return {"tokens": ids, "ngrams": ids}, target.astype(np.int64), ["no", "yes"], {"tokens": 40, "ngrams": 40}


def _table(rng, n):
    """Numbers of which the first matters, and two columns of categories of which the second does."""
    numbers = rng.normal(size=(n, 3)).astype(np.float32)
    categories = np.stack([rng.integers(2, 5, n), 5 + rng.integers(2, 6, n)], axis=1).astype(np.int32)
    return {"numbers": numbers, "categories": categories}, {"categories": 11}


def tabular_classify(rng, n):
    inputs, cardinalities = _table(rng, n)
    bold = inputs["categories"][:, 1] % 2 * 2.0 - 1.0
    return inputs, (inputs["numbers"][:, 0] + bold > 0).astype(np.int64), ["no", "yes"], cardinalities


def tabular_regress(rng, n):
    inputs, cardinalities = _table(rng, n)
    value = 4000 + 300 * inputs["numbers"][:, 0] + 500 * (inputs["categories"][:, 1] % 2)
    return inputs, value.astype(np.float32), [], cardinalities


def _series(rng, n):
    """Six steps of two sensors, of which the first matters by its mean."""
    series = rng.normal(size=(n, 6, 2)).astype(np.float32)
    series[:, :, 0] += rng.choice([-1.0, 1.0], n)[:, None]
    return {"series": series, "numbers": rng.normal(size=(n, 2)).astype(np.float32)}, {}


def timeseries_classify(rng, n):
    inputs, cardinalities = _series(rng, n)
    return inputs, (inputs["series"][:, :, 0].mean(axis=1) > 0).astype(np.int64), ["no", "yes"], cardinalities


def timeseries_forecast(rng, n):
    """A change from the last value, which is the offset."""
    inputs, cardinalities = _series(rng, n)
    offset = rng.normal(100, 30, n).astype(np.float32)
    change = 20 * np.sign(inputs["series"][:, :, 0].mean(axis=1)) + 5 * inputs["numbers"][:, 0]
    return inputs | {OFFSET: offset}, offset + change.astype(np.float32), [], cardinalities


def interactions_rank(rng, n):
    user = rng.integers(1, 9, n).astype(np.int32)
    liked = (user[:, None] * 3 + np.arange(3)) % 24
    return (
        {"user": user, "seen": liked[:, :1].astype(np.int32)},
        liked.astype(np.int64),
        [f"i{i:02}" for i in range(24)],
        {"user": 9},
    )


def images_generate(rng, n):
    """One of four bright bars, which no normal distribution makes."""
    image = rng.random((n, 8, 8, 1), np.float32) * 0.1
    for row, bar in enumerate(rng.integers(0, 4, n)):
        image[row, 2 * bar : 2 * bar + 2] += 0.8
    noise = noise_of(rng.integers(0, 2**62, n).astype(np.uint64), 4)
    return {"image": image, "noise": noise}, np.zeros(n, np.float32), [], {}


@cache
def extractor() -> Columns:
    """The feature extractor that images are compared through, of the rows of seed 1."""
    inputs, target, _, _ = images_generate(np.random.default_rng(1), ROWS)
    train = Batch(inputs, target, np.empty(0, "<U1"), "generate", np.arange(ROWS, dtype=np.uint64))
    bars = inputs["image"].mean(axis=(2, 3)).argmax(axis=1) // 2
    extraction = tasks.get("generate").CAPABILITIES.feature_extraction
    assert extraction
    return extraction.fit(train, bars.astype(str), None)


def interactions_rate(rng, n):
    """What a user and an item add to an offset, known by their numbers and by their ids."""
    user, item = rng.integers(1, 9, n).astype(np.int32), rng.integers(1, 13, n).astype(np.int32)
    offset = rng.normal(3, 0.1, n).astype(np.float32)
    of_user, of_item = (np.sin(3.0 * ids).astype(np.float32) for ids in (user, item))
    numbers = np.stack([offset, of_user, of_item], axis=1)
    return (
        {"user": user, "item": item, OFFSET: offset, "numbers": numbers},
        offset + of_user + 2 * of_item,
        [],
        {"user": 9, "item": 13},
    )


LABEL_FEATURES = {("interactions", "rank"): {"attributes": np.repeat(np.eye(8, dtype=np.float32), 3, axis=0)}}


PROBLEMS = {
    ("images", "generate"): images_generate,
    ("images", "classify"): images_classify,
    ("images", "regress"): images_regress,
    ("audio", "classify"): audio_classify,
    ("text", "classify"): text_classify,
    ("tabular", "classify"): tabular_classify,
    ("tabular", "regress"): tabular_regress,
    ("timeseries", "classify"): timeseries_classify,
    ("timeseries", "forecast"): timeseries_forecast,
    ("interactions", "rank"): interactions_rank,
    ("interactions", "rate"): interactions_rate,
}


def batch(modality, task, seed, n=ROWS):
    inputs, target, labels, cardinalities = PROBLEMS[modality, task](np.random.default_rng(seed), n)
    return Batch(
        inputs,
        target,
        np.array(labels, dtype=str),
        task,
        key=np.arange(n, dtype=np.uint64),
        modality=modality,
        cardinalities=cardinalities,
        extractor=extractor() if task == "generate" else {},
        label_features=LABEL_FEATURES.get((modality, task), {}),
    )


def splits(modality, task):
    """A batch to train on and one to validate."""
    return batch(modality, task, 1), batch(modality, task, 2)


def quick(family):
    """Default parameters, fewer epochs where a family counts them; generators of images get more, and smaller networks."""
    params, names = family.Params(), family.Params.model_fields
    if "channels" in names:
        return params.model_copy(update={"epochs": 40, "batch_size": 32, "channels": [16, 16], "average": 0.9})
    return params.model_copy(update={"epochs": 16}) if "epochs" in names else params
