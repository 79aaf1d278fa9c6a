"""rnn: a simple recurrent network. Source: Elman 1990."""

from __future__ import annotations

from minnow.families._keras import model, recurrent, sequence
from minnow.types import Batch, Report, silent

CAPABILITIES = recurrent.CAPABILITIES
MODALITIES, TASKS, READS = sequence.MODALITIES, sequence.TASKS, sequence.READS
Params = recurrent.Params

load = model.load


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on tokens (n, m) int32 padded with 0, series (n, m, d) float32 or image (n, m, d, 1) float32."""
    from keras import layers

    return recurrent.fit(train, val, params, layers.SimpleRNN, seed=seed, report=report)
