"""The weighted average of models that are not all networks, such as boosted trees and a network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Model
from minnow.families._calibration import noted, tempered
from minnow.graphs import LEAST_SHARE
from minnow.types import Array, Columns, Spec

FILE = "members.json"
SMALLEST_SHARE = 1e-3
"""Members with a smaller share are left out."""


@dataclass(frozen=True)
class MixedModel:
    """Models and their shares, which sum to 1. families: of each, by name; settled: see contracts.Model.

    temperature: of the joined probabilities, None leaves them.
    """

    members: tuple[Model, ...]
    shares: tuple[float, ...]
    families: tuple[str, ...]
    settled: Mapping[str, Any] | None = None
    history: Mapping[str, list[float]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    temperature: float | None = None
    framework: str = "mixed"
    network: None = None

    @property
    def native(self) -> MixedModel:
        """The model itself, which has parts and a temperature."""
        return self

    @property
    def parts(self) -> list[tuple[Model, float]]:
        """Pairs of a member and its share."""
        return list(zip(self.members, self.shares, strict=True))

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that the members need, each once."""
        return tuple({spec.name: spec for member in self.members for spec in member.inputs}.values())

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array that each member returns."""
        return self.members[0].outputs

    @property
    def parameters(self) -> int:
        """Number of parameters of all members."""
        return sum(member.parameters for member in self.members)

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays, (n, ...) each; extra arrays are ignored."""
        (name,) = (spec.name for spec in self.outputs)
        parts = np.stack([share * member.predict(inputs)[name] for member, share in self.parts])
        average = parts.sum(axis=0, dtype=np.float32)
        return {name: average if self.temperature is None else tempered(average, self.temperature, LEAST_SHARE)}

    def with_offset(self) -> MixedModel:
        """Return the model of the members with the offset as a further input, which is added to the output."""
        return replace(self, members=tuple(member.with_offset() for member in self.members))

    @property
    def least_probability(self) -> float:
        """That of averages."""
        return LEAST_SHARE

    def with_temperature(self, temperature: float) -> MixedModel:
        """Return the model with powers of the joined probabilities."""
        same: MixedModel = noted(self, temperature)
        return same if temperature == 1 else replace(same, temperature=temperature)

    def save(self, folder: Path) -> None:
        """Write each member to a folder of its own."""
        about = {"families": self.families, "shares": self.shares, "temperature": self.temperature}
        (folder / FILE).write_text(json.dumps(about))
        for index, member in enumerate(self.members):
            _folder(folder, index).mkdir()
            member.save(_folder(folder, index))


def mixed(
    members: Sequence[Model], shares: Array, families: Sequence[str], settled: Mapping[str, Any] | None
) -> MixedModel:
    """Make the model of members. shares: (m,), of which those next to nothing are left out; families: of each member."""
    kept = [index for index, share in enumerate(shares) if share > SMALLEST_SHARE]
    total = sum(float(shares[index]) for index in kept)
    return MixedModel(
        tuple(members[index] for index in kept),
        tuple(float(shares[index]) / total for index in kept),
        tuple(families[index] for index in kept),
        settled,
    )


def load(folder: Path, families: Mapping[str, Any]) -> MixedModel:
    """Read what save wrote. families: name -> module."""
    kept = json.loads((folder / FILE).read_text())
    members = (families[name].load(_folder(folder, index)) for index, name in enumerate(kept["families"]))
    model = MixedModel(tuple(members), tuple(kept["shares"]), tuple(kept["families"]))
    return replace(model, temperature=kept["temperature"])


def _folder(folder: Path, index: int) -> Path:
    return folder / f"member_{index}"
