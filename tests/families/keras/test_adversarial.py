"""What the losses of generator and critic reward."""

from __future__ import annotations

import pytest

from minnow.families._keras.adversarial import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


def test_losses_reward_what_they_should():
    import tensorflow as tf

    low, high = tf.constant([[-2.0]]), tf.constant([[2.0]])
    for of_critic, of_generator in LOSSES.values():
        assert float(of_critic(high, low)) < float(of_critic(low, high))
        assert float(of_generator(high)) < float(of_generator(low))
