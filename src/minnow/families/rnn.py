"""rnn: a plain recurrent network. Source: Elman 1990."""

from __future__ import annotations

from minnow.families import _keras, _recurrent, _sequence
from minnow.types import Batch, Model, Report, silent

MODALITIES, TASKS, SPACE = _sequence.MODALITIES, _sequence.TASKS, _recurrent.SPACE

load = _keras.load
Params = _recurrent.Params


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on tokens (n, m) int32 padded with 0, series (n, m, d) float32 or image (n, m, d, 1) float32."""
    from keras import layers

    return _recurrent.fit(train, val, params, layers.SimpleRNN, seed=seed, report=report)
