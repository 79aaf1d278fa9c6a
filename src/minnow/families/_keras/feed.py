"""Feeding rows to a Keras network: from memory, shuffled and augmented, reproducible with one seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minnow.families._arrays import PIXELS
from minnow.families._keras.options import Augmentation
from minnow.types import Array, Batch

Change = Callable[[Any, Any], Any]
"""(inputs, seeds (2,) int64) -> inputs: a random change of training rows."""
_RANDOM_NUMBERS = 7
"""Number of random numbers per image."""
_SHUFFLE_BUFFER = 65_536


def dataset(
    names: list[str],
    batch: Batch,
    target: Array,
    batch_size: int,
    seed: int | None = None,
    change: Change | None = None,
) -> Any:
    """Make a tf.data.Dataset of batches (inputs, target, weight), shuffled anew in each epoch where there is a seed.

    names: inputs of the network; target: (n,), as the loss takes it; change: of training rows. One batch at a time is changed,
    in parallel with the training, so that most threads remain for the training.
    """
    import tensorflow as tf

    rows: Any = ({name: batch.inputs[name] for name in names}, target, batch.weight)
    data = tf.data.Dataset.from_tensor_slices(rows).cache()
    if seed is not None:
        data = data.shuffle(min(len(batch), _SHUFFLE_BUFFER), seed=seed, reshuffle_each_iteration=True)
    data = data.batch(batch_size)
    if change is not None:
        random = tf.data.Dataset.random(seed=seed or 0, rerandomize_each_iteration=True).batch(2)
        data = tf.data.Dataset.zip((data, random)).map(
            lambda row, seeds: (change(row[0], tf.cast(seeds, tf.int64)), *row[1:]), num_parallel_calls=1
        )
    options = tf.data.Options()
    options.deterministic = True
    return data.with_options(options).prefetch(2)


def augment(augmentation: Augmentation | None) -> Change | None:
    """Make the random change of images that options ask for; None where they ask for none."""
    if augmentation is None or augmentation == Augmentation():
        return None
    import tensorflow as tf

    def change(inputs: dict[str, Any], seeds: Any) -> dict[str, Any]:
        image = inputs[PIXELS]
        random = tf.random.stateless_uniform(tf.stack([_RANDOM_NUMBERS, tf.shape(image)[0]]), seeds, -1.0, 1.0)
        if augmentation.flip:
            image = tf.where(random[4][:, None, None, None] < 0, image[:, :, ::-1], image)
        if augmentation.shift or augmentation.rotate or augmentation.zoom:
            image = _moved(image, random, augmentation)
        if augmentation.erase:
            image = _erased(image, random[5], random[6], augmentation.erase)
        return {**inputs, PIXELS: image}

    return change


def _moved(image: Any, random: Any, augmentation: Augmentation) -> Any:
    """Shift, rotate and zoom with bilinear interpolation and zero padding. image: (n, h, w, c); random: (4+, n) in -1..1."""
    import keras
    import tensorflow as tf

    height, width = image.shape[1], image.shape[2]
    angle = random[0] * augmentation.rotate * math.pi / 180
    scale = 1.0 + random[1] * augmentation.zoom
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    center_y, center_x = (height - 1) / 2, (width - 1) / 2
    dx = center_x - cos * center_x + sin * center_y + random[2] * augmentation.shift * width
    dy = center_y - sin * center_x - cos * center_y + random[3] * augmentation.shift * height
    zero = tf.zeros_like(cos)
    transform = tf.stack([cos, -sin, dx, sin, cos, dy, zero, zero], axis=1)
    return keras.ops.image.affine_transform(
        image, transform, interpolation="bilinear", fill_mode="constant", data_format="channels_last"
    )


def _erased(image: Any, center_y: Any, center_x: Any, share: float) -> Any:
    """Set a rectangle of each image to zero: `share` of height and width; it may extend beyond the edge.

    image: (n, h, w, c); center_y, center_x: (n,) in -1..1. Source: DeVries & Taylor 2017.
    """
    import tensorflow as tf

    def inside(center: Any, size: int) -> Any:
        position = (tf.range(size, dtype=tf.float32) + 0.5) / size
        return tf.abs(position[None, :] - (center[:, None] + 1) / 2) < share / 2

    hole = inside(center_y, image.shape[1])[:, :, None] & inside(center_x, image.shape[2])[:, None, :]
    return tf.where(hole[..., None], tf.zeros_like(image), image)
