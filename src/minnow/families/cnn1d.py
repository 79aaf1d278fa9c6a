"""cnn1d: parallel one-dimensional convolutions of several widths over a sequence. Source: Kim 2014."""

from __future__ import annotations

from pydantic import Field

from minnow.contracts import FamilyCapabilities
from minnow.families._arrays import PIXELS
from minnow.families._keras import model, sequence, training
from minnow.families._keras.layers import finish_layer, regularizer
from minnow.families._keras.options import SEARCHED
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={
        **SEARCHED,
        "dim": {"low": 8, "high": 64, "log": True},
        "filters": {"low": 8, "high": 64, "log": True},
        "widths": {"among": [[3], [2, 3], [3, 4, 5], [1, 2, 3]]},
    },
    libraries=("tensorflow",),
    resume=training.resume,
)
MODALITIES, TASKS, READS = sequence.MODALITIES, sequence.TASKS, sequence.READS

load = model.load
_SOUNDS, _SOUND_EPOCHS = ([3, 5, 9], 32), 60
_OTHERS = ([2, 3], 16)


class Params(sequence.Stepwise):
    """widths: steps per convolution; filters: number per width, each followed by the maximum over all steps.

    None takes [3, 5, 9] and 32 for sounds, with 60 epochs, and [2, 3] and 16 for texts and series, with 12.
    """

    widths: list[int] | None = Field(default=None, min_length=1)
    filters: int | None = Field(default=None, ge=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train on tokens (n, m) int32 padded with 0, series (n, m, d) float32 or image (n, m, d, 1) float32.

    A convolution that is wider than the sequence is narrowed to its length.
    """
    from keras import layers

    training.start(seed)
    is_sound = PIXELS in train.inputs
    widths, filters = _SOUNDS if is_sound else _OTHERS
    params = params.model_copy(update={"epochs": params.epochs_for(len(train), _SOUND_EPOCHS if is_sound else None)})
    steps = sequence.begin(train, params, seed)
    features = []
    for width in params.widths or widths:
        kernel = min(width, steps.vectors.shape[1])
        x = layers.Conv1D(params.filters or filters, kernel, padding="same", kernel_regularizer=regularizer(params))(
            steps.vectors
        )
        features.append(layers.GlobalMaxPooling1D()(finish_layer(x, params)))
    x = layers.Concatenate()(features) if len(features) > 1 else features[0]
    network = sequence.end(steps, x, train, params, "cnn1d", seed)
    return training.train(network, train, val, training.TrainingPlan(params, seed, report))
