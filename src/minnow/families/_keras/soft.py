"""Targets beside which a teacher's answers are learned: knowledge distillation. Source: Hinton, Vinyals & Dean 2015.

The target of a labelled row is its label and the teacher's probabilities, (1 + k,) float32 in one array, as Keras takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.contracts import Taught
from minnow.types import SMALLEST_PROBABILITY, Array


def mixed(target: Array, taught: Taught) -> Array:
    """The average of numbers and of the teacher's, (n,) each, by the teacher's share."""
    return ((1 - taught.share) * target + taught.share * taught.answers.reshape(len(target))).astype(np.float32)


def beside(target: Array, probabilities: Array) -> Array:
    """Labels (n,) and probabilities (n, k) in one array, (n, 1 + k) float32."""
    return np.column_stack([target, probabilities]).astype(np.float32)


def one_hot(target: Array, labels: int) -> Array:
    """Labels (n,) as probabilities, (n, labels) float32."""
    return np.eye(labels, dtype=np.float32)[target]


def loss_of(hard: Any, taught: Taught) -> Callable[[Any, Any], Any]:
    """The loss per row of targets (n, 1 + k): that of the label, and the divergence from the teacher at its temperature.

    hard: the loss of labels. The divergence is multiplied by the square of the temperature, so that its gradients keep their
    size.
    """
    import keras

    ops: Any = keras.ops
    of_rows = hard.call if isinstance(hard, keras.losses.Loss) else hard
    share, power = taught.share, 1 / taught.temperature

    def softened(probabilities: Any) -> Any:
        return ops.log_softmax(power * ops.log(ops.maximum(probabilities, SMALLEST_PROBABILITY)), axis=-1)

    def loss(target: Any, probabilities: Any) -> Any:
        theirs, ours = softened(target[:, 1:]), softened(probabilities)
        divergence = ops.sum(ops.exp(theirs) * (theirs - ours), axis=-1) / power**2
        return (1 - share) * of_rows(target[:, :1], probabilities) + share * divergence

    return loss


def accuracy(target: Any, probabilities: Any) -> Any:
    """Whether the most probable label of each row is its own."""
    import keras

    return keras.metrics.sparse_categorical_accuracy(target[:, :1], probabilities)
