"""gan: a generator that learns to pass for the data before a critic, and a critic that learns to tell them apart.

Both are convolutional, after Radford et al. 2015; the critic's layers are held to a slope (Miyato et al. 2018), the two
take turns at each batch, and what is shipped are the generator's averaged weights (Yazici et al. 2019).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from minnow.families import _keras, _maker
from minnow.families._maker import Maker, Making
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images",)
TASKS = ("generate",)

SPACE = {
    "learning_rate": {"low": 0.0003, "high": 0.003, "log": True},
    "critic_rate": {"low": 0.5, "high": 4.0, "log": True},
    "loss": {"among": ["hinge", "non_saturating"]},
}

load = _maker.load


class Params(Making):
    """The two networks.

    critic: channels of its convolutions, each of which halves height and width; critic_rate: its learning rate as a multiple
    of the generator's; slope: how steeply its score may change with an image; dropout: in the critic.
    loss: hinge (Lim & Ye 2017) or non_saturating (Goodfellow et al. 2014).
    """

    critic: list[int] = Field(default=[32, 64], min_length=1)
    critic_rate: float = Field(default=2.0, gt=0)
    slope: float = Field(default=4.0, gt=0)
    loss: Literal["hinge", "non_saturating"] = "hinge"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    epochs: int = Field(default=60, ge=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on inputs image (n, h, w, c) float32 in 0..1 and the width of noise (n, latent)."""
    import keras

    _keras.start(seed)
    shape, latent = train.inputs["image"].shape[1:], train.inputs["noise"].shape[1]
    maker = _maker.generator(shape, latent, params)
    critic = _critic(shape, params, seed)
    steps = params.epochs * max(1, len(train) // params.batch_size)
    rates = (params.learning_rate, params.learning_rate * params.critic_rate)
    optimizers = [keras.optimizers.Adam(_maker.rate_of(params, steps, rate), beta_1=0.5, beta_2=0.99) for rate in rates]
    for optimizer, network in zip(optimizers, (maker, critic), strict=True):
        optimizer.build(network.trainable_variables)
    step = _turns(maker, critic, optimizers, latent, params.loss)
    names = ("generator_loss", "critic_loss")
    history, pictures = _maker.train(maker, step, names, train, val, params, seed=seed, report=report)
    return Maker(maker, history, pictures=pictures)


def _critic(shape: tuple[int, ...], params: Params, seed: int) -> Any:
    """Build the network from images (n, h, w, c) to how real they look, (n, 1)."""
    import keras
    from keras import layers

    image = keras.Input(shape, name="image")
    x: Any = layers.Rescaling(2 * params.slope, -params.slope)(image)
    for place, channels in enumerate(params.critic):
        x = layers.SpectralNormalization(layers.Conv2D(channels, 4, strides=2, padding="same"))(x)
        x = layers.LeakyReLU(0.2)(x)
        x = layers.Dropout(params.dropout, seed=seed + place)(x) if params.dropout else x
    return keras.Model(image, layers.SpectralNormalization(layers.Dense(1))(layers.Flatten()(x)), name="critic")


def _turns(maker: Any, critic: Any, optimizers: list[Any], latent: int, loss: str) -> Any:
    """Make the step: first the critic learns on real and made images, then the generator from the critic."""
    import tensorflow as tf

    of_critic, of_maker = LOSSES[loss]

    def noise(images: Any, seeds: Any, turn: int) -> Any:
        return tf.random.stateless_normal(tf.stack([tf.shape(images)[0], latent]), seeds * 2 + turn)

    def learn(optimizer: Any, tape: Any, value: Any, network: Any) -> None:
        variables = network.trainable_variables
        gradients = tape.gradient(value, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)

    def step(images: Any, seeds: Any) -> dict[str, Any]:
        made = maker(noise(images, seeds, 0), training=True)
        with tf.GradientTape() as tape:
            scores = critic(tf.concat([images, made], axis=0), training=True)
            critic_loss = of_critic(*tf.split(scores, 2))
        learn(optimizers[1], tape, critic_loss, critic)
        with tf.GradientTape() as tape:
            generator_loss = of_maker(critic(maker(noise(images, seeds, 1), training=True), training=True))
        learn(optimizers[0], tape, generator_loss, maker)
        return {"generator_loss": generator_loss, "critic_loss": critic_loss}

    return step


def _hinge(real: Any, made: Any) -> Any:
    """What the critic loses by scores (n, 1) of real images below 1 and of made ones above -1."""
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + made))


def _cross_entropy(real: Any, made: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(made))


def _raise_scores(made: Any) -> Any:
    import tensorflow as tf

    return -tf.reduce_mean(made)


def _non_saturating(made: Any) -> Any:
    """What the generator loses by looking made; its slope does not vanish where the critic is sure."""
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.softplus(-made))


LOSSES = {"hinge": (_hinge, _raise_scores), "non_saturating": (_cross_entropy, _non_saturating)}
"""For the critic (real scores, made scores), and for the generator (made scores)."""
