"""cnn1d: convolutions over steps in order, several widths side by side. Source: Kim 2014."""

from __future__ import annotations

from pydantic import Field

from minnow.families import _keras, _sequence
from minnow.families._options import SEARCHED
from minnow.types import Batch, Model, Report, silent

MODALITIES, TASKS = _sequence.MODALITIES, _sequence.TASKS

SPACE = {
    **SEARCHED,
    "dim": {"low": 8, "high": 64, "log": True},
    "filters": {"low": 8, "high": 64, "log": True},
    "widths": {"among": [[3], [2, 3], [3, 4, 5], [1, 2, 3]]},
}

load = _keras.load


class Params(_sequence.Stepwise):
    """widths: steps that a convolution sees; filters: of each width, of whose answers the largest are handed on."""

    widths: list[int] = Field(default=[2, 3], min_length=1)
    filters: int = Field(default=16, ge=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train on tokens (n, m) int32 padded with 0, series (n, m, d) float32 or image (n, m, d, 1) float32.

    A convolution wider than there are steps is narrowed to them.
    """
    from keras import layers

    _keras.start(seed)
    steps = _sequence.begin(train, params, seed)
    found = []
    for width in params.widths:
        wide = min(width, steps.vectors.shape[1])
        x = layers.Conv1D(params.filters, wide, padding="same", kernel_regularizer=_keras.regulariser(params))(
            steps.vectors
        )
        found.append(layers.GlobalMaxPooling1D()(_keras.finish_layer(x, params)))
    x = layers.Concatenate()(found) if len(found) > 1 else found[0]
    network = _sequence.end(steps, x, train, params, "cnn1d", seed)
    return _keras.train(network, train, val, params, seed=seed, report=report)
