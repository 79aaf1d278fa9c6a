"""Transfer: a network begins with another's weights, learns what is its own while they stand still, then everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minnow.families._options import InitFrom, Schedule, Training
from minnow.types import Batch

FILE = "model.keras"


@dataclass(frozen=True)
class Taken:
    """Names of a network's layers: whose weights were taken, and which begin at random."""

    taken: tuple[str, ...]
    left: tuple[str, ...]


def take(network: Any, init_from: InitFrom, train: Batch) -> Taken:
    """Take another model's weights over, layer by layer from the input, as long as kind and shapes are the same.

    What comes behind a layer that differs would see other numbers than it learned from, so it is left; so is the answer,
    unless both name the same labels. Raises ValueError where the families differ, nothing can be taken, or inputs are ids.
    """
    import keras

    if train.sizes:
        raise ValueError(
            "init_from needs inputs that mean the same in both use cases, such as pixels. Received: ids, "
            f"{', '.join(train.sizes)}, which each use case numbers anew."
        )
    if init_from.model is None:
        raise ValueError(f"init_from needs a run to find the model of '{init_from.usecase}'. Received: none.")
    other: Any = keras.models.load_model(f"{init_from.model}/{FILE}", compile=False)
    if other.name != network.name:
        raise ValueError(
            f"init_from needs a model of the same family, '{network.name}'. Received: '{other.name}' of "
            f"'{init_from.usecase}'."
        )
    own, theirs = _weighted(network), _weighted(other)
    pairs = list(zip(own, theirs, strict=False))
    alike = [_shapes(one) == _shapes(two) for one, two in pairs]
    count = alike.index(False) if False in alike else len(alike)
    if count == len(own) and not (len(train.labels) and train.labels.tolist() == init_from.labels):
        count -= 1
    if not count:
        raise ValueError(
            f"init_from needs a first layer like that of '{init_from.usecase}': {_told(theirs[0])}. Received: "
            f"{_told(own[0])}. Give both use cases rows of one shape, and '{network.name}' the same parameters."
        )
    for one, two in pairs[:count]:
        one.set_weights(two.get_weights())
    return Taken(tuple(layer.name for layer in own[:count]), tuple(layer.name for layer in own[count:]))


def phases(network: Any, params: Training, taken: Taken | None) -> list[Training]:
    """Say how a network is trained, one after the other; only the last lets taken layers learn."""
    init_from = params.init_from
    if taken is None or init_from is None:
        return [params]
    rate = {"learning_rate": params.learning_rate * init_from.rate}
    last = params.model_copy(update=rate)
    if not init_from.frozen_epochs or not taken.left:
        return [last]
    still = {"epochs": init_from.frozen_epochs, "early_stopping": None, "schedule": Schedule(kind="constant")}
    return [params.model_copy(update={**still, "average": None}), last]


def freeze(network: Any, taken: Taken | None, *, frozen: bool) -> None:
    """Let taken layers stand still, batch normalisation with the statistics that it came with, or learn."""
    for name in taken.taken if taken else ():
        network.get_layer(name).trainable = not frozen


def _weighted(network: Any) -> list[Any]:
    return [layer for layer in network.layers if layer.weights]


def _shapes(layer: Any) -> tuple[Any, ...]:
    return type(layer).__name__, [tuple(value.shape) for value in layer.weights]


def _told(layer: Any) -> str:
    kind, shapes = _shapes(layer)
    return f"{kind} of {' and '.join(' x '.join(map(str, shape)) for shape in shapes)}"
