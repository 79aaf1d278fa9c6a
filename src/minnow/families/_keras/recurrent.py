"""Shared by the recurrent families: parameters, network and training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._keras import sequence, training
from minnow.families._keras.layers import regularizer
from minnow.families._keras.model import KerasModel
from minnow.families._keras.options import SEARCHED
from minnow.types import Batch, Report

CAPABILITIES = FamilyCapabilities(
    space={**SEARCHED, "dim": {"low": 8, "high": 64, "log": True}, "units": {"low": 8, "high": 64, "log": True}},
    libraries=("tensorflow",),
    resume=training.resume,
)
_FAR = 10.0
"""Larger than any state, which tanh bounds to -1..1."""


class Params(sequence.Stepwise):
    """units: of the recurrent layer; bidirectional: read the sequence from both ends.

    pooling: how the states become one vector: the state after the last step, or the mean or the maximum of all states.
    """

    units: int = Field(default=24, ge=1)
    bidirectional: bool = False
    pooling: Literal["last", "mean", "max"] = "max"
    dropout: float = Field(default=0.2, ge=0, lt=1)


def fit(
    train: Batch, val: Batch, params: Params, layer: Callable[..., Any], *, seed: int, report: Report
) -> KerasModel:
    """Train on tokens (n, m) int32 padded at the end with 0, series (n, m, d) or image (n, m, d, 1) float32.

    layer: class of the recurrent layer.
    """
    from keras import layers

    training.start(seed)
    steps = sequence.begin(train, params, seed)
    states = layer(params.units, return_sequences=True, kernel_regularizer=regularizer(params))
    x = (layers.Bidirectional(states) if params.bidirectional else states)(steps.vectors)
    x = _pooled(x, params.pooling) if steps.mask is None else _pooled_words(x, steps.mask, params.pooling)
    network = sequence.end(steps, x, train, params, layer.__name__.lower(), seed)
    return training.train(network, train, val, training.TrainingPlan(params, seed, report))


def _pooled(states: Any, pooling: str) -> Any:
    """Pool states (n, m, u) over the steps. Returns (n, u)."""
    import keras

    ops: Any = keras.ops
    if pooling == "max":
        return ops.max(states, axis=1)
    return ops.mean(states, axis=1) if pooling == "mean" else states[:, -1]


def _pooled_words(states: Any, mask: Any, pooling: str) -> Any:
    """Pool states (n, m, u) over the steps without padding. Returns (n, u). mask: (n, m, 1), 0 at padding."""
    import keras

    ops: Any = keras.ops
    if pooling == "max":
        return ops.max(states * mask - _FAR * (1.0 - mask), axis=1)
    if pooling == "last":
        is_last = mask - ops.concatenate([mask[:, 1:], ops.zeros_like(mask[:, :1])], axis=1)
        return ops.sum(states * is_last, axis=1)
    return ops.sum(states * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)
