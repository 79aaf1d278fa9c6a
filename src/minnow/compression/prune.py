"""prune: channels and units of a network are taken out, and the rest is trained further: a smaller, faster network.

Of trees, fewer are fitted anew; boosting learns faster by as much, which keeps more than cutting off the last trees.

In each layer the channels go first without which the loss changes least, to first order (Molchanov et al. 2017). How many go in
each layer is decided by a scan: each layer is cut alone, on rows of train, and all are cut to where the loss rises equally.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from minnow import tasks
from minnow.compression import _narrow
from minnow.contracts import Model, ModelSource, Parameters, Remade, UnsupportedModel
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Report, silent

KIND = "model"
SHRINKS = True
NEEDS = ("resume", "fewer")
_ROWS = 512
"""Most rows of train on which channels and layers are compared."""
_PARTS = 8
"""Parts into which the channels of a layer are divided for the scan."""
_Names = tuple[str, ...]
_Widths = Mapping[_Names, int]


class Params(Parameters):
    """amount: share of the weights, or of the trees, that is taken out.

    epochs: of the training of a network afterwards, as a share of the family's; widths: channels that are left in each of its
    layers, by its name; null finds them by the scan.
    """

    SHORT: ClassVar[str | None] = "amount"

    amount: float = Field(default=0.5, gt=0, lt=1)
    epochs: float = Field(default=1.0, gt=0, le=4)
    widths: dict[str, int] | None = None


def suits(model: Model) -> str | None:
    """Return why a model is not supported, or None."""
    if model.framework == "sklearn" and model.network is None:
        return None
    if model.framework != "keras":
        return (
            f"prune takes channels out of networks and trees out of ensembles. Received: a model of {model.framework}."
        )
    if not _narrow.cuttable(model.native):
        return (
            f"prune takes channels out of hidden layers. Received: {model.native.name}, which has none that can be cut."
        )
    return None


def apply(source: ModelSource, params: Params, report: Report = silent) -> Remade:
    """Return a narrower model, trained further, or fewer trees. Raises UnsupportedModel where so much cannot be taken out."""
    if source.model.framework != "keras":
        return Remade(source.refit(1 - params.amount, report), {})
    network, rows = source.model.native, _some(source.train)
    groups = _narrow.cuttable(network)
    order = {names: _order(source.model, names, rows) for names in groups}
    if params.widths is None:
        widths = _found(source.model, order, rows, params.amount)
    else:
        widths = {names: params.widths[names[0]] for names in groups}
    narrow = source.model.with_network(_narrow.narrowed(network, _kept(order, widths)))
    model = source.resume(narrow, params.epochs, report)
    return Remade(model, {"widths": {names[0]: width for names, width in widths.items()}})


def _some(train: Batch) -> Batch:
    """Rows of train, evenly spaced."""
    return train.take(np.unique(np.linspace(0, len(train) - 1, min(len(train), _ROWS)).astype(int)))


def _kept(order: Mapping[_Names, Array], widths: _Widths) -> dict[str, Array]:
    """Layer -> whether each of its channels is kept. order: channels, those that matter most first."""
    masks = {names: np.isin(np.arange(len(ranked)), ranked[: widths[names]]) for names, ranked in order.items()}
    return {name: mask for names, mask in masks.items() for name in names}


def _order(model: Any, names: _Names, rows: Batch) -> Array:
    """Channels of layers that are cut together, those that matter most first, (width,)."""
    import keras
    import tensorflow as tf

    network = model.native
    probe: Any = keras.Model(network.inputs, [_narrow.answer_of(network, names[0]), network.output])
    inputs = [tf.convert_to_tensor(rows.inputs[tensor.name]) for tensor in network.inputs]
    with tf.GradientTape() as tape:
        channels, answer = probe(inputs if len(inputs) > 1 else inputs[0], training=False)
        loss = _differentiable(answer, rows)
    change = channels * tape.gradient(loss, channels)
    steps = tuple(range(1, len(change.shape) - 1))
    importance = np.asarray(tf.reduce_sum(tf.abs(tf.reduce_sum(change, steps) if steps else change), 0))
    width = network.get_layer(names[0]).output.shape[-1]
    importance = importance.reshape(-1, width).sum(axis=0)
    return np.argsort(-importance, kind="stable")


def _differentiable(answer: Any, rows: Batch) -> Any:
    """Sum of the log loss of labels, and of the absolute error of numbers."""
    import tensorflow as tf

    if not len(rows.labels):
        return tf.reduce_sum(tf.abs(answer - rows.target))
    of_target = tf.gather(answer, rows.target.astype(np.int32), axis=1, batch_dims=1)
    return -tf.reduce_sum(tf.math.log(tf.maximum(of_target, SMALLEST_PROBABILITY)))


def _found(model: Any, order: Mapping[_Names, Array], rows: Batch, amount: float) -> dict[_Names, int]:
    """Widths with which enough weights are taken out, so that the loss rises equally by each layer's cut alone.

    Raises UnsupportedModel where the widest cut of all layers does not take out enough.
    """
    loss, network = _loss_of(rows), model.native
    whole = {names: len(ranked) for names, ranked in order.items()}
    rises: dict[_Names, dict[int, float]] = {}
    for names, width in whole.items():
        tried = sorted({max(1, round(width * part / _PARTS)) for part in range(1, _PARTS)} - {width}, reverse=True)
        cut = {size: _narrow.narrowed(network, _kept({names: order[names]}, {names: size})) for size in tried}
        losses = np.maximum.accumulate([loss(model.with_network(narrow)) for narrow in cut.values()])
        rises[names] = dict(zip(tried, losses.tolist(), strict=True))
    most = (1 - amount) * model.parameters
    for bound in sorted({value for curve in rises.values() for value in curve.values()}):
        widths = {
            names: min([size for size, value in rises[names].items() if value <= bound], default=width)
            for names, width in whole.items()
        }
        left = _narrow.parameters(network, _kept(order, widths))
        if left <= most:
            return widths
    raise UnsupportedModel(
        f"prune must take out {amount:.0%} of the weights. Received: layers whose channels hold fewer of them. Lower amount."
    )


def _loss_of(rows: Batch) -> Callable[[Model], float]:
    measure = tasks.measure(rows.task, "log_loss" if len(rows.labels) else rows.measure)
    return lambda model: float(measure.loss(model.predict(rows.inputs), rows).mean())
