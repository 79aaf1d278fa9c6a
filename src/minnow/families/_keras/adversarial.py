"""Losses of generator and critic of a generative adversarial network."""

from __future__ import annotations

from typing import Any


def _hinge(real: Any, generated: Any) -> Any:
    """Hinge loss of a critic with scores (n, 1): real images above 1, generated ones below -1. Source: Lim & Ye 2017."""
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + generated))


def _cross_entropy(real: Any, generated: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(generated))


def _negative_score(generated: Any) -> Any:
    import tensorflow as tf

    return -tf.reduce_mean(generated)


def _non_saturating(generated: Any) -> Any:
    """Loss of a generator; its gradient does not vanish where the critic is certain. Source: Goodfellow et al. 2014."""
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.softplus(-generated))


LOSSES = {"hinge": (_hinge, _negative_score), "non_saturating": (_cross_entropy, _non_saturating)}
"""Name -> loss of the critic (real scores, generated scores), and loss of the generator (generated scores)."""
