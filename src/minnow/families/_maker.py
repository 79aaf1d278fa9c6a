"""What the families share that make images from noise: the network, the loop that trains it, and pictures of its progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from minnow.bundle import read_npz, write_npz
from minnow.families import _keras
from minnow.families._keras import KerasModel
from minnow.families._options import Strict
from minnow.tasks import generate
from minnow.types import Array, Batch, Enough, Report

PICTURES, INFERENCE = "pictures.npz", "inference.keras"
GRID = 64
"""Images of one picture of samples."""
CURVE_ROWS = 2000
"""Rows of val that the distance is taken of after each epoch."""
DISTANCE = "val_distance"


class Making(Strict):
    """The network that makes images, and its training.

    channels: of each size, from the smallest up; each further entry doubles height and width, and the last is the image's
    own size. kernel: side of a convolution. average: how much of the averaged weights is kept at each step; they are what is
    shipped. sheets: how many pictures of samples are kept along the way. learning_rate falls to a tenth along a cosine.
    """

    channels: list[int] = Field(default=[48, 32], min_length=1)
    kernel: int = Field(default=3, ge=1)
    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=0.001, gt=0)
    average: float = Field(default=0.995, ge=0, lt=1)
    sheets: int = Field(default=5, ge=1)


@dataclass
class Maker(KerasModel):
    """A network from noise to images.

    pictures: name -> images (n, h, w, c) in 0..1, what the record shows; inference: the half that is not shipped, from
    images to where in the noise they lie, None where there is none.
    """

    pictures: dict[str, Array] = field(default_factory=dict)
    inference: Any = None

    def save(self, folder: Path) -> None:
        """Write both halves and the pictures."""
        super().save(folder)
        write_npz(folder / PICTURES, self.pictures)
        if self.inference is not None:
            self.inference.save(folder / INFERENCE)

    def reconstruct(self, images: Array) -> Array:
        """Bring images (n, h, w, c) in 0..1 to the middle of where they lie in the noise, and back, (n, h, w, c)."""
        if self.inference is None:
            raise ValueError("This model makes images and reads none. Take the family 'vae' to reconstruct them.")
        mean, _ = self.inference(images, training=False)
        return self.predict({"noise": np.asarray(mean)})[generate.OUTPUT]


def load(folder: Path) -> Maker:
    """Read what save wrote."""
    import keras

    half = folder / INFERENCE
    inference = keras.models.load_model(half, compile=False) if half.exists() else None
    return Maker(_keras.load(folder).native, pictures=read_npz(folder / PICTURES), inference=inference)


def generator(shape: tuple[int, ...], latent: int, params: Making) -> Any:
    """Build the network from noise (n, latent) to images (n, h, w, c) in 0..1.

    The smallest size is the image's, halved for each further entry of channels and rounded up; what is too much at the
    end is cut off.
    """
    import keras
    from keras import layers

    height, width, colours = shape
    halvings = len(params.channels) - 1
    low = [-(-side // 2**halvings) for side in (height, width)]
    noise = keras.Input((latent,), name="noise")
    x: Any = layers.Dense(low[0] * low[1] * params.channels[0], use_bias=False)(noise)
    x = layers.Reshape((*low, params.channels[0]))(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    for channels in params.channels[1:]:
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(channels, params.kernel, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(colours, params.kernel, padding="same")(x)
    extra = [size * 2**halvings - side for size, side in zip(low, (height, width), strict=True)]
    if any(extra):
        x = layers.Cropping2D(tuple((more // 2, more - more // 2) for more in extra))(x)
    return keras.Model(noise, layers.Activation("sigmoid", name=generate.OUTPUT)(x), name="generator")


def rate_of(params: Making, steps: int, top: float | None = None) -> Any:
    """The learning rate over all steps."""
    import keras

    return keras.optimizers.schedules.CosineDecay(top or params.learning_rate, max(steps, 1), alpha=0.1)


def train(
    maker: Any,
    step: Callable[[Any, Any], Mapping[str, Any]],
    losses: tuple[str, ...],
    train: Batch,
    val: Batch,
    params: Making,
    *,
    seed: int,
    report: Report,
) -> tuple[dict[str, list[float]], dict[str, Array]]:
    """Train by steps, average the maker's weights, and leave it with those of the epoch that came nearest to val.

    step: (images, two numbers that no other step gets) -> losses, each a scalar; a whole epoch of steps is one graph.
    losses: their names. Returns the history and the pictures.
    """
    feed = _Feed(step, losses, maker, train, params, seed)
    held = val.take(np.argsort(val.key, kind="stable")[:CURVE_ROWS])
    history: dict[str, list[float]] = {}
    pictures: dict[str, Array] = {"real": held.inputs["image"][:GRID]}
    shown = set(np.unique(np.linspace(1, params.epochs, params.sheets).round().astype(int)).tolist())
    best, kept = np.inf, maker.get_weights()
    for epoch in range(1, params.epochs + 1):
        found = feed.epoch()
        raw = maker.get_weights()
        maker.set_weights(feed.averaged())
        samples = KerasModel(maker).predict(held.inputs)
        finite = bool(np.isfinite(samples[generate.OUTPUT]).all())
        found[DISTANCE] = float(generate.loss(samples, held).mean()) if finite else np.nan
        if epoch in shown:
            pictures[f"samples-{epoch:03d}"] = samples[generate.OUTPUT][:GRID]
        if found[DISTANCE] < best:
            best, kept = found[DISTANCE], maker.get_weights()
        maker.set_weights(raw)
        for name, value in found.items():
            history.setdefault(name, []).append(value)
        try:
            report(epoch, params.epochs, found)
        except Enough:
            break
    maker.set_weights(kept)
    pictures["samples"] = KerasModel(maker).predict(held.inputs)[generate.OUTPUT][:GRID]
    return history, pictures


class _Feed:
    """Runs an epoch of steps in one graph, and averages the weights along the way."""

    def __init__(
        self, step: Callable[..., Any], losses: tuple[str, ...], maker: Any, train: Batch, params: Making, seed: int
    ) -> None:
        import tensorflow as tf

        self._images = tf.constant(train.inputs["image"])
        self._variables = maker.weights
        self._average = [tf.Variable(weight) for weight in maker.weights]
        self._random = np.random.default_rng(seed)
        self._rows, self._size = len(train), min(params.batch_size, len(train))
        self._done, self._seed, self._losses = 0, seed, losses
        self._run = tf.function(lambda order, first: self._steps(step, params.average, order, first))

    def epoch(self) -> dict[str, float]:
        """Take every row once, in an order of its own. Returns the mean of each loss."""
        import tensorflow as tf

        count = self._rows // self._size
        order = self._random.permutation(self._rows)[: count * self._size].reshape(count, self._size)
        found = self._run(tf.constant(order, tf.int32), tf.constant(self._done, tf.int32))
        self._done += count
        return {name: float(value) for name, value in found.items()}

    def averaged(self) -> list[Array]:
        """The averaged weights, in the order of the maker's."""
        return [value.numpy() for value in self._average]

    def _steps(self, step: Callable[..., Any], average: float, order: Any, first: Any) -> Any:
        import tensorflow as tf

        count = tf.shape(order)[0]

        def body(place: Any, totals: Any) -> Any:
            images = tf.gather(self._images, order[place])
            losses = step(images, tf.stack([self._seed, first + place]))
            # early weights are soon forgotten: the average reaches back a tenth of the steps so far
            keep = tf.minimum(average, tf.cast(1 + first + place, tf.float32) / tf.cast(10 + first + place, tf.float32))
            for mean, now in zip(self._average, self._variables, strict=True):
                mean.assign(mean * keep + now.value * (1 - keep))
            return place + 1, {name: totals[name] + losses[name] for name in totals}

        totals = {name: tf.constant(0.0) for name in self._losses}
        _, totals = tf.while_loop(lambda place, _: place < count, body, (tf.constant(0), totals), parallel_iterations=1)
        return {name: value / tf.cast(count, tf.float32) for name, value in totals.items()}
