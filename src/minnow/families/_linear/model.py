"""The model of `linear`, which predicts with NumPy. Of the other forms that it has, the network alone imports Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.families._calibration import TINY, noted
from minnow.families._linear import export
from minnow.families._linear.expansion import Expansion
from minnow.families._linear.function import Ids, LinearFunction, Numbers
from minnow.records.files import read_npz, write_json, write_npz
from minnow.types import Array, Columns, Spec

_FACTS, _ARRAYS = "model.json", "model.npz"
_EXPANSION = [field.name for field in fields(Expansion)]
_ROWS = 1024
"""Number of rows that are predicted at once."""


@dataclass(frozen=True)
class LinearModel:
    """A fitted linear function. settled: see contracts.Model."""

    function: LinearFunction
    history: Mapping[str, list[float]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    framework: str = "sklearn"
    settled: Mapping[str, Any] | None = None

    @property
    def native(self) -> LinearModel:
        """The model itself, which has to_onnx."""
        return self

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that it needs."""
        return self.function.inputs

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array that it returns."""
        return (Spec(self.function.output, (self.function.labels,) if self.function.labels else (), "float32"),)

    @property
    def parameters(self) -> int:
        """Number of weights, biases included."""
        return self.function.parameters

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays, (n, ...) each; extra arrays are ignored."""
        rows = {spec.name: inputs[spec.name] for spec in self.inputs}
        starts = range(0, max(len(next(iter(rows.values()))), 1), _ROWS)
        parts = [
            self.function.answers({name: value[start : start + _ROWS] for name, value in rows.items()})
            for start in starts
        ]
        return {self.function.output: np.concatenate(parts)}

    def with_offset(self) -> LinearModel:
        """Return the model with the offset as a further input, which is added to the output."""
        return replace(self, function=replace(self.function, has_offset=True))

    @property
    def least_probability(self) -> float:
        """As of logits, from which the probabilities are computed."""
        return TINY

    def with_temperature(self, temperature: float) -> LinearModel:
        """Return the model with its weights divided by a temperature."""
        function = self.function if temperature == 1 else self.function.scaled(1 / temperature)
        return replace(noted(self, temperature), function=function)

    def save(self, folder: Path) -> None:
        """Write arrays and facts to a folder."""
        function, arrays = self.function, {"bias": self.function.bias}
        if function.numbers:
            arrays["numbers"] = function.numbers.weights
            expansion = function.numbers.expansion
            arrays |= {f"expansion {name}": value for name, value in vars(expansion).items()} if expansion else {}
        for ids in function.ids:
            arrays[f"weights {ids.spec.name}"] = ids.weights
            arrays |= {} if ids.scales is None else {f"scales {ids.spec.name}": ids.scales}
        facts: dict[str, Any] = {name: getattr(function, name) for name in ("output", "labels", "has_offset")}
        facts["numbers"] = [asdict(spec) for spec in function.numbers.specs] if function.numbers else []
        facts["ids"] = [{"spec": asdict(ids.spec), "norm": ids.norm} for ids in function.ids]
        write_json(folder / _FACTS, facts)
        write_npz(folder / _ARRAYS, arrays)

    def to_onnx(self) -> Any:
        """Convert to an ONNX model with named arrays."""
        return export.to_onnx(self.function, self.outputs[0])

    def network(self) -> Any:
        """Convert to a Keras network with named arrays."""
        from minnow.families._linear.network import network_of

        return network_of(self.function)


def load(folder: Path) -> LinearModel:
    """Read what save wrote."""
    facts, arrays = json.loads((folder / _FACTS).read_text()), read_npz(folder / _ARRAYS)
    specs = tuple(map(_spec, facts["numbers"]))
    numbers = Numbers(specs, arrays["numbers"], _expansion(arrays)) if specs else None
    ids = tuple(_ids(_spec(entry["spec"]), entry["norm"], arrays) for entry in facts["ids"])
    return LinearModel(
        LinearFunction(facts["output"], facts["labels"], arrays["bias"], numbers, ids, facts["has_offset"])
    )


def _expansion(arrays: Columns) -> Expansion | None:
    """The expansion among the arrays of a file; None where there is none."""
    own = {name: arrays[f"expansion {name}"] for name in _EXPANSION if f"expansion {name}" in arrays}
    return Expansion(**own) if own else None


def _ids(spec: Spec, norm: Any, arrays: Columns) -> Ids:
    return Ids(spec, arrays[f"weights {spec.name}"], norm, arrays.get(f"scales {spec.name}"))


def _spec(entry: Mapping[str, Any]) -> Spec:
    return Spec(entry["name"], tuple(entry["shape"]), entry["dtype"])
