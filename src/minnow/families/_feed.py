"""How rows come to a Keras network: from memory, shuffled and changed at random, the same at every run of one seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minnow.families._options import Augmentation
from minnow.types import Array, Batch

Change = Callable[[Any, Any], Any]
"""(inputs, seeds (2,) int64) -> inputs: a random change of training rows."""
DRAWS = 7
SHUFFLED = 65_536


def dataset(
    names: list[str], batch: Batch, target: Array, batch_size: int, seed: int | None, change: Change | None
) -> Any:
    """Feed rows from memory, shuffled anew each epoch where there is a seed.

    One batch at a time is changed, while the network learns from the one before: more at once would only take its threads.
    """
    import tensorflow as tf

    rows: Any = ({name: batch.inputs[name] for name in names}, target, batch.weight)
    data = tf.data.Dataset.from_tensor_slices(rows).cache()
    if seed is not None:
        data = data.shuffle(min(len(batch), SHUFFLED), seed=seed, reshuffle_each_iteration=True)
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
    """Mirror, move and erase each image at random; None where nothing is to be changed."""
    if augmentation is None or augmentation == Augmentation():
        return None
    import tensorflow as tf

    def change(inputs: dict[str, Any], seeds: Any) -> dict[str, Any]:
        image = inputs["image"]
        draw = tf.random.stateless_uniform(tf.stack([DRAWS, tf.shape(image)[0]]), seeds, -1.0, 1.0)
        if augmentation.flip:
            image = tf.where(draw[4][:, None, None, None] < 0, image[:, :, ::-1], image)
        if augmentation.shift or augmentation.rotate or augmentation.zoom:
            image = _moved(image, draw, augmentation)
        if augmentation.erase:
            image = _erased(image, draw[5], draw[6], augmentation.erase)
        return {**inputs, "image": image}

    return change


def _moved(image: Any, draw: Any, augmentation: Augmentation) -> Any:
    """Shift, rotate and zoom, bilinear, with zeros from outside. image: (n, h, w, c); draw: (4 or more, n) in -1..1."""
    import keras
    import tensorflow as tf

    height, width = image.shape[1], image.shape[2]
    angle = draw[0] * augmentation.rotate * math.pi / 180
    scale = 1.0 + draw[1] * augmentation.zoom
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    dx = middle_x - cos * middle_x + sin * middle_y + draw[2] * augmentation.shift * width
    dy = middle_y - sin * middle_x - cos * middle_y + draw[3] * augmentation.shift * height
    zero = tf.zeros_like(cos)
    transform = tf.stack([cos, -sin, dx, sin, cos, dy, zero, zero], axis=1)
    return keras.ops.image.affine_transform(
        image, transform, interpolation="bilinear", fill_mode="constant", data_format="channels_last"
    )


def _erased(image: Any, down: Any, right: Any, share: float) -> Any:
    """Put zeros in a rectangle of each image that is share of its sides and may reach over the edge.

    image: (n, h, w, c); down, right: (n,) in -1..1, where its middle lies. Source: DeVries & Taylor 2017.
    """
    import tensorflow as tf

    def inside(middle: Any, side: int) -> Any:
        place = (tf.range(side, dtype=tf.float32) + 0.5) / side
        return tf.abs(place[None, :] - (middle[:, None] + 1) / 2) < share / 2

    hole = inside(down, image.shape[1])[:, :, None] & inside(right, image.shape[2])[:, None, :]
    return tf.where(hole[..., None], tf.zeros_like(image), image)
