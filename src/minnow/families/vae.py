"""vae: a variational autoencoder: its encoder maps images to noise, its decoder generates images from noise.

The encoder returns mean and log variance of the noise, from which noise is sampled in training only. The exported model is the
decoder; the encoder is saved beside it for reconstructions. Source: Kingma & Welling 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import NOISE, PIXELS
from minnow.families._keras import generator, training
from minnow.families._keras.divergence import kl_to_normal
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "learning_rate": {"low": 0.0003, "high": 0.01, "log": True},
        "kl_weight": {"low": 0.1, "high": 2.0, "log": True},
    },
    libraries=("tensorflow",),
)
MODALITIES = ("images",)
TASKS = ("generate",)
READS = (PIXELS, NOISE)

load = generator.load


class Params(generator.GeneratorTraining):
    """encoder_channels: channels of the encoder's convolutions, each of which halves height and width.

    kl_weight: weight of the KL divergence of the encoded noise from a normal distribution, relative to the reconstruction
    loss; 1 is the evidence lower bound, smaller values give sharper images with a less regular distribution of the noise.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {**generator.GeneratorTraining.RENAMED, "reader": "encoder_channels"}

    encoder_channels: list[int] = Field(default=[32, 64], min_length=1)
    kl_weight: float = Field(default=1.0, ge=0)
    learning_rate: float = Field(default=0.003, gt=0)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> generator.GeneratorModel:
    """Train on image (n, h, w, c) float32 in 0..1; the size of the noise vector is that of noise (n, latent)."""
    import keras

    training.start(seed)
    shape, latent = train.inputs[PIXELS].shape[1:], train.inputs[NOISE].shape[1]
    decoder, encoder = generator.network(shape, latent, params), _encoder(shape, latent, params)
    optimizer = keras.optimizers.Adam(generator.learning_rate(params, train))
    optimizer.build([*encoder.trainable_variables, *decoder.trainable_variables])
    step = _step(decoder, encoder, optimizer, params.kl_weight)
    plan = generator.GeneratorPlan(step, ("reconstruction_loss", "kl"), params, seed, report)
    history, pictures = generator.train(decoder, train, val, plan)
    fitted = generator.GeneratorModel(decoder, history, pictures=pictures, inference=encoder)
    real = pictures["real"][: generator.GRID // 2]
    pairs = np.stack([real, fitted.reconstruct(real)], axis=1).reshape(-1, *shape)
    return replace(fitted, pictures={**pictures, "reconstructions": pairs})


def _encoder(shape: tuple[int, ...], latent: int, params: Params) -> Any:
    """Build the encoder: from images (n, h, w, c) to mean and log variance of their noise, (n, latent) each."""
    import keras
    from keras import layers

    image = keras.Input(shape, name=PIXELS)
    x: Any = image
    for channels in params.encoder_channels:
        x = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Flatten()(x)
    return keras.Model(image, [layers.Dense(latent, name="mean")(x), layers.Dense(latent, name="log_var")(x)])


def _step(decoder: Any, encoder: Any, optimizer: Any, kl_weight: float) -> Any:
    """Make the training step: encode, sample, decode, and minimize the negative evidence lower bound, in nats per image."""
    import tensorflow as tf

    variables = [*encoder.trainable_variables, *decoder.trainable_variables]

    def step(images: Any, seeds: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            mean, log_var = encoder(images, training=True)
            noise = mean + tf.exp(0.5 * log_var) * tf.random.stateless_normal(tf.shape(mean), seeds)
            decoded = tf.clip_by_value(decoder(noise, training=True), 1e-6, 1 - 1e-6)
            per_pixel = images * tf.math.log(decoded) + (1 - images) * tf.math.log(1 - decoded)
            reconstruction = -tf.reduce_mean(tf.reduce_sum(per_pixel, axis=[1, 2, 3]))
            kl = tf.reduce_mean(kl_to_normal(mean, log_var))
            loss = reconstruction + kl_weight * kl
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)
        return {"reconstruction_loss": reconstruction, "kl": kl}

    return step
