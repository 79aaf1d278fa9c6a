"""gan: a generative adversarial network: a generator and a critic that separates real images from generated ones.

Both are convolutional, after Radford et al. 2015. The critic is spectrally normalized (Miyato et al. 2018). Each batch trains
the critic, then the generator. The model is the generator with averaged weights (Yazici et al. 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import NOISE, PIXELS
from minnow.families._keras import generator, training
from minnow.families._keras.adversarial import LOSSES
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        "learning_rate": {"low": 0.0003, "high": 0.003, "log": True},
        "critic_rate": {"low": 0.5, "high": 4.0, "log": True},
        "loss": {"among": ["hinge", "non_saturating"]},
    },
    libraries=("tensorflow",),
)
MODALITIES = ("images",)
TASKS = ("generate",)
READS = (PIXELS, NOISE)

load = generator.load


class Params(generator.GeneratorTraining):
    """Parameters of generator and critic.

    critic: channels of the critic's convolutions, each of which halves height and width; critic_rate: learning rate of the
    critic as a multiple of the generator's; lipschitz: bound on the slope of the critic's score with respect to pixels in
    -1..1; loss: "hinge" (Lim & Ye 2017) or "non_saturating" (Goodfellow et al. 2014); dropout: in the critic.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {**generator.GeneratorTraining.RENAMED, "slope": "lipschitz"}

    critic: list[int] = Field(default=[32, 64], min_length=1)
    critic_rate: float = Field(default=2.0, gt=0)
    lipschitz: float = Field(default=4.0, gt=0)
    loss: Literal["hinge", "non_saturating"] = "hinge"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    epochs: int = Field(default=60, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> generator.GeneratorModel:
    """Train on image (n, h, w, c) float32 in 0..1; the size of the noise vector is that of noise (n, latent)."""
    import keras

    training.start(seed)
    shape, latent = train.inputs[PIXELS].shape[1:], train.inputs[NOISE].shape[1]
    networks = generator.network(shape, latent, params), _critic(shape, params, seed)
    rates = (params.learning_rate, params.learning_rate * params.critic_rate)
    schedules = [generator.learning_rate(params, train, rate) for rate in rates]
    optimizers = [keras.optimizers.Adam(schedule, beta_1=0.5, beta_2=0.99) for schedule in schedules]
    for optimizer, network in zip(optimizers, networks, strict=True):
        optimizer.build(network.trainable_variables)
    step = _step(networks, optimizers, latent, params.loss)
    plan = generator.GeneratorPlan(step, ("generator_loss", "critic_loss"), params, seed, report)
    history, pictures = generator.train(networks[0], train, val, plan)
    return generator.GeneratorModel(networks[0], history, pictures=pictures)


def _critic(shape: tuple[int, ...], params: Params, seed: int) -> Any:
    """Build the critic: from images (n, h, w, c) to scores (n, 1), high for real ones."""
    import keras
    from keras import layers

    image = keras.Input(shape, name=PIXELS)
    x: Any = layers.Rescaling(2 * params.lipschitz, -params.lipschitz)(image)
    for index, channels in enumerate(params.critic):
        x = layers.SpectralNormalization(layers.Conv2D(channels, 4, strides=2, padding="same"))(x)
        x = layers.LeakyReLU(0.2)(x)
        x = layers.Dropout(params.dropout, seed=seed + index)(x) if params.dropout else x
    return keras.Model(image, layers.SpectralNormalization(layers.Dense(1))(layers.Flatten()(x)), name="critic")


def _step(networks: tuple[Any, Any], optimizers: list[Any], latent: int, loss: str) -> Any:
    """Make the training step: first of the critic on real and generated images, then of the generator by its scores."""
    import tensorflow as tf

    (network, critic), (optimizer, critic_optimizer) = networks, optimizers
    loss_of_critic, loss_of_generator = LOSSES[loss]

    def noise(images: Any, seeds: Any, turn: int) -> Any:
        return tf.random.stateless_normal(tf.stack([tf.shape(images)[0], latent]), seeds * 2 + turn)

    def step(images: Any, seeds: Any) -> dict[str, Any]:
        generated = network(noise(images, seeds, 0), training=True)
        with tf.GradientTape() as tape:
            scores = critic(tf.concat([images, generated], axis=0), training=True)
            critic_loss = loss_of_critic(*tf.split(scores, 2))
        _apply(critic_optimizer, tape, critic_loss, critic)
        with tf.GradientTape() as tape:
            scores = critic(network(noise(images, seeds, 1), training=True), training=True)
            generator_loss = loss_of_generator(scores)
        _apply(optimizer, tape, generator_loss, network)
        return {"generator_loss": generator_loss, "critic_loss": critic_loss}

    return step


def _apply(optimizer: Any, tape: Any, loss: Any, network: Any) -> None:
    """Apply one step of the optimizer to the gradient of a loss."""
    variables = network.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    optimizer.apply(gradients, variables)
