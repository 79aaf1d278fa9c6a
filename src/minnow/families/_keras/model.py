"""The model that Keras families return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.families._calibration import TINY, noted
from minnow.types import OFFSET, Array, Columns, Spec

OUTPUTS = {
    "classify": "probabilities",
    "regress": "value",
    "forecast": "value",
    "rate": "value",
    "rank": "scores",
    "generate": "sample",
}
"""Task -> name of the last layer, which is the name of the output."""
NUMERIC = ("regress", "forecast", "rate")
FILE = "model.keras"
_PREDICT_ROWS = 1024
_DIFFERENCE, _SHARES = "change", "shares"
LOGITS = "logits"
"""Name of the layer from whose output a last Softmax computes probabilities."""


@dataclass(frozen=True)
class KerasModel:
    """A trained Keras network over named arrays.

    facts: "init_from" -> layers that were taken from another model; settled: see contracts.Model.
    """

    native: Any
    history: Mapping[str, list[float]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    framework: str = "keras"
    settled: Mapping[str, Any] | None = None

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that it needs."""
        return tuple(_spec(tensor, tensor.name) for tensor in self.native.inputs)

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array that it returns, named by its last layer."""
        (tensor,) = self.native.outputs
        return (_spec(tensor, self.native.layers[-1].name),)

    @property
    def parameters(self) -> int:
        """Number of weights, including the running statistics of batch normalization."""
        return int(self.native.count_params())

    def network(self) -> Any:
        """Return the network itself."""
        return self.native

    def with_network(self, network: Any) -> KerasModel:
        """Return the model with another network over the same arrays, such as a narrower one."""
        return replace(self, native=network)

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays, (n, ...) each; extra arrays are ignored."""
        rows = [inputs[spec.name] for spec in self.inputs]
        parts = [
            np.asarray(self.native(one_or_list([value[i : i + _PREDICT_ROWS] for value in rows]), training=False))
            for i in range(0, len(rows[0]), _PREDICT_ROWS)
        ]
        name = self.outputs[0].name
        return {name: np.concatenate(parts) if parts else np.empty((0, *self.native.output_shape[1:]), np.float32)}

    def with_offset(self) -> KerasModel:
        """Return the network with the offset as a further input, added to the output. Renames the last layer of self."""
        import keras
        from keras import layers

        network, last = self.native, self.native.layers[-1]
        name, last.name = last.name, _DIFFERENCE
        offset = keras.Input((), name=OFFSET)
        total = layers.Add(name=name)([network.outputs[0], offset])
        return replace(self, native=keras.Model([*network.inputs, offset], total, name=network.name))

    def without_offset(self) -> KerasModel:
        """Return the network without the offset that with_offset has added. Renames the last layer of self."""
        import keras

        network, total = self.native, self.native.layers[-1]
        own = [tensor for tensor in network.inputs if tensor.name != OFFSET]
        name, total.name = total.name, f"{total.name}_total"
        network.get_layer(_DIFFERENCE).name = name
        return replace(self, native=keras.Model(one_or_list(own), total.input[0], name=network.name))

    @property
    def least_probability(self) -> float:
        """As of logits, from which the probabilities are computed."""
        return TINY

    def with_temperature(self, temperature: float) -> KerasModel:
        """Return the network with its logits divided by a temperature, in the weights of self where these make the logits."""
        same = noted(self, temperature)
        if temperature == 1:
            return same
        if not any(layer.name == LOGITS for layer in self.native.layers):
            return replace(same, native=self._with_powers(1 / temperature))
        layer = self.native.get_layer(LOGITS)
        layer.set_weights([weights * np.float32(1 / temperature) for weights in layer.get_weights()])
        return same

    def _with_powers(self, power: float) -> Any:
        """The network with layers that take a power of its probabilities. Renames the last layer of self."""
        import keras
        from keras import layers

        ops: Any = keras.ops
        network, last = self.native, self.native.layers[-1]
        name, last.name = last.name, _SHARES
        logs = ops.log(ops.maximum(network.outputs[0], self.least_probability))
        powers = layers.Softmax(name=name)(layers.Rescaling(power)(logs))
        return keras.Model(network.inputs, powers, name=network.name)

    def save(self, folder: Path) -> None:
        """Write architecture and weights to a folder."""
        self.native.save(folder / FILE)


def load(folder: Path) -> KerasModel:
    """Read what save wrote."""
    import keras

    return KerasModel(keras.models.load_model(folder / FILE, compile=False))


def one_or_list(values: list[Any]) -> Any:
    """Return a single value itself, and several values as a list, as Keras expects the inputs of a network."""
    return values[0] if len(values) == 1 else values


def _spec(tensor: Any, name: str) -> Spec:
    return Spec(name, tuple(tensor.shape[1:]), str(tensor.dtype))
