"""vae: an encoder that says where in the noise an image lies, and a decoder that makes images from there.

The encoder gives a mean and a logarithm of the variance (Kingma & Welling 2014); the draw between the two halves belongs to
training alone. What is exported is the decoder, from noise to image; the encoder is kept beside it, for reconstructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from minnow.families import _keras, _maker
from minnow.families._maker import GRID, Maker, Making
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images",)
TASKS = ("generate",)

SPACE = {
    "learning_rate": {"low": 0.0003, "high": 0.01, "log": True},
    "kl_weight": {"low": 0.1, "high": 2.0, "log": True},
}

load = _maker.load


class Params(Making):
    """The two halves. reader: channels of the encoder's convolutions, each of which halves height and width.

    kl_weight: how much the distance of the noise from a normal distribution counts beside the reconstruction; one is the
    bound on the likelihood, less gives sharper images from a less regular noise.
    """

    reader: list[int] = Field(default=[32, 64], min_length=1)
    kl_weight: float = Field(default=1.0, ge=0)
    learning_rate: float = Field(default=0.003, gt=0)


def kl_to_normal(mean: Any, log_var: Any) -> Any:
    """KL divergence from N(mean, exp(log_var)) to N(0, 1), one value per row.

    mean, log_var: (n, latent). Returns (n,), in nats, never below zero. Raises ValueError when the shapes differ.
    Source: Kingma & Welling 2014, appendix B.
    """
    import keras

    if tuple(mean.shape) != tuple(log_var.shape):
        raise ValueError(f"mean and log_var need one shape. Received: {tuple(mean.shape)} and {tuple(log_var.shape)}.")
    ops: Any = keras.ops
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - 1.0 - log_var, axis=-1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on inputs image (n, h, w, c) float32 in 0..1 and the width of noise (n, latent)."""
    import keras

    _keras.start(seed)
    shape, latent = train.inputs["image"].shape[1:], train.inputs["noise"].shape[1]
    maker, reader = _maker.generator(shape, latent, params), _reader(shape, latent, params)
    steps = params.epochs * max(1, len(train) // params.batch_size)
    optimizer = keras.optimizers.Adam(_maker.rate_of(params, steps))
    variables = [*reader.trainable_variables, *maker.trainable_variables]
    optimizer.build(variables)
    step = _step(maker, reader, variables, optimizer, params.kl_weight)
    names = ("reconstruction_loss", "kl")
    history, pictures = _maker.train(maker, step, names, train, val, params, seed=seed, report=report)
    model = Maker(maker, history, pictures=pictures, inference=reader)
    real = pictures["real"][: GRID // 2]
    model.pictures["reconstructions"] = np.stack([real, model.reconstruct(real)], axis=1).reshape(-1, *shape)
    return model


def _reader(shape: tuple[int, ...], latent: int, params: Params) -> Any:
    """Build the encoder, from images (n, h, w, c) to mean and log_var, (n, latent) each."""
    import keras
    from keras import layers

    image = keras.Input(shape, name="image")
    x: Any = image
    for channels in params.reader:
        x = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Flatten()(x)
    return keras.Model(image, [layers.Dense(latent, name="mean")(x), layers.Dense(latent, name="log_var")(x)])


def _step(maker: Any, reader: Any, variables: list[Any], optimizer: Any, kl_weight: float) -> Any:
    """Make the step: read, draw, make, and lower the bound on the negative log-likelihood, in nats per image."""
    import tensorflow as tf

    def step(images: Any, seeds: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            mean, log_var = reader(images, training=True)
            drawn = mean + tf.exp(0.5 * log_var) * tf.random.stateless_normal(tf.shape(mean), seeds)
            made = tf.clip_by_value(maker(drawn, training=True), 1e-6, 1 - 1e-6)
            per_pixel = images * tf.math.log(made) + (1 - images) * tf.math.log(1 - made)
            reconstruction = -tf.reduce_mean(tf.reduce_sum(per_pixel, axis=[1, 2, 3]))
            kl = tf.reduce_mean(kl_to_normal(mean, log_var))
            loss = reconstruction + kl_weight * kl
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)
        return {"reconstruction_loss": reconstruction, "kl": kl}

    return step
