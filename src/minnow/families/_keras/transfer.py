"""Transfer learning: a network starts from another's weights, which are frozen at first and then trained too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.families._keras.model import FILE
from minnow.families._keras.options import InitFrom, Schedule, Training
from minnow.types import Batch


@dataclass(frozen=True)
class Transferred:
    """Names of layers. taken: with the weights of another network; left: with random weights."""

    taken: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def facts(self) -> dict[str, list[str]]:
        """The names as JSON-ready lists."""
        return {"taken": list(self.taken), "left": list(self.left)}


def transfer(network: Any, init_from: InitFrom, train: Batch) -> Transferred:
    """Copy another model's weights layer by layer from the input, as long as kind and shapes are the same.

    Layers after the first one that differs get other activations than they were trained on, so their weights are not copied;
    nor is the output layer, unless both models have the same labels. Raises ValueError where the families differ, no layer
    can be copied, or inputs are ids.
    """
    own, other = _weighted(network), _weighted(_other_network(network, init_from, train))
    count = _equal_layers(own, other)
    if count == len(own) and not (len(train.labels) and train.labels.tolist() == init_from.labels):
        count -= 1
    if not count:
        raise ValueError(
            f"init_from needs a first layer like that of '{init_from.usecase}': {_described(other[0])}. Received: "
            f"{_described(own[0])}. Give both use cases rows of one shape, and '{network.name}' the same parameters."
        )
    for layer, source in list(zip(own, other, strict=False))[:count]:
        layer.set_weights(source.get_weights())
    return Transferred(tuple(layer.name for layer in own[:count]), tuple(layer.name for layer in own[count:]))


def phases(network: Any, params: Training, transferred: Transferred | None) -> list[Training]:
    """List the phases of a training in order; only the last trains the taken layers."""
    init_from = params.init_from
    if transferred is None or init_from is None:
        return [params]
    last = params.model_copy(update={"learning_rate": params.learning_rate * init_from.rate})
    if not init_from.frozen_epochs or not transferred.left:
        return [last]
    constant = {"epochs": init_from.frozen_epochs, "early_stopping": None, "schedule": Schedule(kind="constant")}
    return [params.model_copy(update={**constant, "average": None}), last]


def freeze(network: Any, transferred: Transferred | None, *, frozen: bool) -> None:
    """Freeze the taken layers, with the statistics of their batch normalization, or make them trainable."""
    for name in transferred.taken if transferred else ():
        network.get_layer(name).trainable = not frozen


def _other_network(network: Any, init_from: InitFrom, train: Batch) -> Any:
    """Load the network whose weights are copied. Raises ValueError for another family, or where inputs are ids."""
    import keras

    if train.cardinalities:
        raise ValueError(
            "init_from needs inputs with the same meaning in both use cases, such as pixels. Received: ids, "
            f"{', '.join(train.cardinalities)}, which each use case numbers differently."
        )
    if init_from.model is None:
        raise ValueError(f"init_from needs a run to find the model of '{init_from.usecase}'. Received: none.")
    other: Any = keras.models.load_model(Path(init_from.model) / FILE, compile=False)
    if other.name != network.name:
        raise ValueError(
            f"init_from needs a model of the same family, '{network.name}'. Received: '{other.name}' of "
            f"'{init_from.usecase}'."
        )
    return other


def _equal_layers(own: list[Any], other: list[Any]) -> int:
    """Number of leading layers with the same kind and shapes in both networks."""
    equal = [_shapes(layer) == _shapes(source) for layer, source in zip(own, other, strict=False)]
    return equal.index(False) if False in equal else len(equal)


def _weighted(network: Any) -> list[Any]:
    return [layer for layer in network.layers if layer.weights]


def _shapes(layer: Any) -> tuple[Any, ...]:
    return type(layer).__name__, [tuple(value.shape) for value in layer.weights]


def _described(layer: Any) -> str:
    kind, shapes = _shapes(layer)
    return f"{kind} of {' and '.join(' x '.join(map(str, shape)) for shape in shapes)}"
