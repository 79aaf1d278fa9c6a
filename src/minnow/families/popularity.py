"""popularity: the same ranking for every user, by how often each item was taken, and how lately.

Where nothing about a user helps, this is the best ranking; what a user has taken is left out. Source: Ji et al. 2020.
"""

from __future__ import annotations

from typing import Any

from minnow.contracts import FamilyCapabilities
from minnow.families import _popularity
from minnow.families._arrays import USER
from minnow.families._keras import model
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(libraries=("tensorflow",))
MODALITIES = ("interactions",)
TASKS = ("rank",)
READS = (USER,)

load = model.load


class Params(_popularity.Aging):
    """half_life: as in all families that rank."""


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Count the items in target (n, r) int64. The network reads user (n,) int32 for the number of rows alone."""
    log_share, settled = _popularity.present(train, val, params)
    report(1, 1, _popularity.val_metrics(_popularity.loss(log_share, val), val))
    return model.KerasModel(_network(log_share), settled=settled)


def _network(log_share: Array) -> Any:
    """Build the network: a table whose only row are the scores. log_share: (k,)."""
    import keras
    from keras import layers

    user: Any = keras.Input((), dtype="int32", name=USER)
    scores = layers.Embedding(1, len(log_share), name=model.OUTPUTS["rank"])
    network = keras.Model(user, scores(user * 0), name="popularity")
    scores.set_weights([log_share[None, :]])
    return network
