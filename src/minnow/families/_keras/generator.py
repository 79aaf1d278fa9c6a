"""Shared by the families that generate images from noise: the network, its training and pictures of its progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from minnow.contracts import Parameters
from minnow.families._arrays import NOISE, PIXELS
from minnow.families._keras import model
from minnow.families._keras.model import KerasModel
from minnow.records.files import read_npz, write_npz
from minnow.tasks import generate
from minnow.types import Array, Batch, Report, StopFit

GRID = 64
"""Number of images in one picture of samples."""
_PICTURES, _INFERENCE = "pictures.npz", "inference.keras"
_CURVE_ROWS = 2000
"""Largest number of rows of val for the distance after each epoch."""
_DISTANCE = "val_distance"


class GeneratorTraining(Parameters):
    """Parameters of the network that generates images, and of its training.

    channels: one entry per size of the feature maps, from the smallest to that of the image, each twice the one before.
    kernel: height and width of a convolution. learning_rate: initial rate, which decays to a tenth along a cosine. average:
    decay of the moving average of the weights, which becomes the model. sample_grids: number of pictures of samples that are
    kept during the training.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"sheets": "sample_grids"}

    channels: list[int] = Field(default=[48, 32], min_length=1)
    kernel: int = Field(default=3, ge=1)
    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=0.001, gt=0)
    average: float = Field(default=0.995, ge=0, lt=1)
    sample_grids: int = Field(default=5, ge=1)


@dataclass(frozen=True)
class GeneratorModel(KerasModel):
    """A network from noise to images.

    pictures: name -> images (n, h, w, c) in 0..1, for plots; inference: the encoder from images to mean and log variance of
    their noise, which is not exported; None where there is none.
    """

    pictures: Mapping[str, Array] = field(default_factory=dict)
    inference: Any = None

    def save(self, folder: Path) -> None:
        """Write both networks and the pictures."""
        super().save(folder)
        write_npz(folder / _PICTURES, dict(self.pictures))
        if self.inference is not None:
            self.inference.save(folder / _INFERENCE)

    def reconstruct(self, images: Array) -> Array:
        """Encode images (n, h, w, c) in 0..1 to the mean of their noise, and decode it: (n, h, w, c) float32.

        Raises ValueError for a model without an encoder.
        """
        if self.inference is None:
            raise ValueError("This model has no encoder. Use the family 'vae' to reconstruct images.")
        mean, _ = self.inference(images, training=False)
        return self.predict({NOISE: np.asarray(mean)})[generate.OUTPUT]


def load(folder: Path) -> GeneratorModel:
    """Read what save wrote."""
    import keras

    path = folder / _INFERENCE
    inference = keras.models.load_model(path, compile=False) if path.exists() else None
    return GeneratorModel(model.load(folder).native, pictures=read_npz(folder / _PICTURES), inference=inference)


def network(shape: tuple[int, ...], latent: int, params: GeneratorTraining) -> Any:
    """Build the network from noise (n, latent) to images (n, h, w, c) in 0..1.

    shape: (h, w, c); latent: size of the noise vector. The smallest size is that of the image, halved for each further entry
    of channels and rounded up; the excess is cropped at the end.
    """
    import keras
    from keras import layers

    height, width, colors = shape
    halvings = len(params.channels) - 1
    smallest = [-(-size // 2**halvings) for size in (height, width)]
    noise = keras.Input((latent,), name=NOISE)
    x: Any = layers.Dense(smallest[0] * smallest[1] * params.channels[0], use_bias=False)(noise)
    x = layers.Reshape((*smallest, params.channels[0]))(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    for channels in params.channels[1:]:
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(channels, params.kernel, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(colors, params.kernel, padding="same")(x)
    excess = [low * 2**halvings - size for low, size in zip(smallest, (height, width), strict=True)]
    if any(excess):
        x = layers.Cropping2D(tuple((pixels // 2, pixels - pixels // 2) for pixels in excess))(x)
    return keras.Model(noise, layers.Activation("sigmoid", name=generate.OUTPUT)(x), name="generator")


def learning_rate(params: GeneratorTraining, train: Batch, highest: float | None = None) -> Any:
    """Build the schedule over all steps. highest: the initial rate; None takes learning_rate of params."""
    import keras

    steps = params.epochs * max(1, len(train) // params.batch_size)
    return keras.optimizers.schedules.CosineDecay(highest or params.learning_rate, max(steps, 1), alpha=0.1)


@dataclass(frozen=True)
class GeneratorPlan:
    """How a generator is trained.

    step: (images, seeds (2,) that are unique to the step) -> losses, each a scalar; losses: their names.
    """

    step: Callable[[Any, Any], Mapping[str, Any]]
    losses: tuple[str, ...]
    params: GeneratorTraining
    seed: int
    report: Report


def train(
    generator: Any, train: Batch, val: Batch, plan: GeneratorPlan
) -> tuple[dict[str, list[float]], dict[str, Array]]:
    """Train the generator, and set its averaged weights of the epoch with the least distance from val.

    Returns history and pictures.
    """
    epochs, record = _Epochs(generator, train, plan), _Record(generator, val, plan.params)
    for epoch in range(1, plan.params.epochs + 1):
        losses = epochs.run()
        weights = generator.get_weights()
        generator.set_weights(epochs.averaged_weights())
        metrics = record.add(epoch, losses)
        generator.set_weights(weights)
        try:
            plan.report(epoch, plan.params.epochs, metrics)
        except StopFit:
            break
    record.restore_best()
    return record.history, record.pictures


class _Record:
    """The record of a training: its curves, pictures of samples, and the weights of the best epoch."""

    def __init__(self, generator: Any, val: Batch, params: GeneratorTraining) -> None:
        self._generator = generator
        self._val = val.take(np.argsort(val.key, kind="stable")[:_CURVE_ROWS])
        self._pictured = set(np.unique(np.linspace(1, params.epochs, params.sample_grids).round().astype(int)).tolist())
        self._least, self._best_weights = np.inf, generator.get_weights()
        self.history: dict[str, list[float]] = {}
        self.pictures: dict[str, Array] = {"real": self._val.inputs[PIXELS][:GRID]}

    def add(self, epoch: int, losses: Mapping[str, float]) -> dict[str, float]:
        """Record an epoch. losses: of that epoch. Returns them with the distance from val."""
        samples = KerasModel(self._generator).predict(self._val.inputs)
        is_finite = bool(np.isfinite(samples[generate.OUTPUT]).all())
        distance = float(generate.MEASURES[0].loss(samples, self._val).mean()) if is_finite else np.nan
        if epoch in self._pictured:
            self.pictures[f"samples-{epoch:03d}"] = samples[generate.OUTPUT][:GRID]
        if distance < self._least:
            self._least, self._best_weights = distance, self._generator.get_weights()
        metrics = {**losses, _DISTANCE: distance}
        for name, value in metrics.items():
            self.history.setdefault(name, []).append(value)
        return metrics

    def restore_best(self) -> None:
        """Set the weights of the best epoch, and keep a picture of its samples."""
        self._generator.set_weights(self._best_weights)
        self.pictures["samples"] = KerasModel(self._generator).predict(self._val.inputs)[generate.OUTPUT][:GRID]


class _Epochs:
    """Runs the steps of an epoch in one graph, and averages the weights."""

    def __init__(self, generator: Any, train: Batch, plan: GeneratorPlan) -> None:
        import tensorflow as tf

        self._plan = plan
        self._images = tf.constant(train.inputs[PIXELS])
        self._weights = generator.weights
        self._averages = [tf.Variable(weight) for weight in generator.weights]
        self._random = np.random.default_rng(plan.seed)
        self._rows, self._batch_size = len(train), min(plan.params.batch_size, len(train))
        self._done = 0
        self._run = tf.function(self._steps)

    def run(self) -> dict[str, float]:
        """Train on every row once, in random order; an incomplete last batch is dropped. Returns the mean of each loss."""
        import tensorflow as tf

        steps = self._rows // self._batch_size
        order = self._random.permutation(self._rows)[: steps * self._batch_size].reshape(steps, self._batch_size)
        losses = self._run(tf.constant(order, tf.int32), tf.constant(self._done, tf.int32))
        self._done += steps
        return {name: float(value) for name, value in losses.items()}

    def averaged_weights(self) -> list[Array]:
        """The averaged weights, in the order of the generator's weights."""
        return [value.numpy() for value in self._averages]

    def _steps(self, order: Any, first: Any) -> Any:
        import tensorflow as tf

        count = tf.shape(order)[0]

        def body(index: Any, totals: Any) -> Any:
            images = tf.gather(self._images, order[index])
            losses = self._plan.step(images, tf.stack([self._plan.seed, first + index]))
            self._average(first + index)
            return index + 1, {name: totals[name] + losses[name] for name in totals}

        totals = {name: tf.constant(0.0) for name in self._plan.losses}
        _, totals = tf.while_loop(lambda index, _: index < count, body, (tf.constant(0), totals), parallel_iterations=1)
        return {name: value / tf.cast(count, tf.float32) for name, value in totals.items()}

    def _average(self, step: Any) -> None:
        """Update the averages. At first they span a tenth of the steps so far, so early weights are soon forgotten."""
        import tensorflow as tf

        decay = tf.minimum(self._plan.params.average, tf.cast(1 + step, tf.float32) / tf.cast(10 + step, tf.float32))
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign(average * decay + weight.value * (1 - decay))
