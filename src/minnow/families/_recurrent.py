"""Recurrent families: one step read after the other. TensorFlow is imported inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from minnow.families import _keras, _sequence
from minnow.families._options import SEARCHED
from minnow.types import Batch, Report

FAR = 10.0
"""Further from 0 than any state that tanh bounds."""
SPACE = {**SEARCHED, "dim": {"low": 8, "high": 64, "log": True}, "units": {"low": 8, "high": 64, "log": True}}


class Params(_sequence.Stepwise):
    """units: of the recurrent layer; bidirectional: read from both ends.

    pooling: what stands for all steps: the state after the last, or the mean or the largest of the states.
    """

    units: int = Field(default=24, ge=1)
    bidirectional: bool = False
    pooling: Literal["last", "mean", "max"] = "max"
    dropout: float = Field(default=0.2, ge=0, lt=1)


def fit(
    train: Batch, val: Batch, params: Params, layer: Callable[..., Any], *, seed: int, report: Report
) -> _keras.KerasModel:
    """Train on tokens (n, m) int32 padded at the end with 0, series (n, m, d) or image (n, m, d, 1) float32."""
    from keras import layers

    _keras.start(seed)
    steps = _sequence.begin(train, params, seed)
    states = layer(params.units, return_sequences=True, kernel_regularizer=_keras.regulariser(params))
    x = (layers.Bidirectional(states) if params.bidirectional else states)(steps.vectors)
    x = _pooled(x, steps.there, params.pooling)
    network = _sequence.end(steps, x, train, params, layer.__name__.lower(), seed)
    return _keras.train(network, train, val, params, seed=seed, report=report)


def _pooled(states: Any, there: Any, pooling: str) -> Any:
    """Bring states (n, m, u) to one row each (n, u); what stands at padding counts for nothing."""
    import keras

    ops: Any = keras.ops
    if there is None:
        return {"max": lambda: ops.max(states, axis=1), "mean": lambda: ops.mean(states, axis=1)}.get(
            pooling, lambda: states[:, -1]
        )()
    if pooling == "max":
        return ops.max(states * there - FAR * (1.0 - there), axis=1)
    if pooling == "last":
        before = there - ops.concatenate([there[:, 1:], ops.zeros_like(there[:, :1])], axis=1)
        return ops.sum(states * before, axis=1)  # 1 where a word is followed by padding or by the end
    return ops.sum(states * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
