"""What learns, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.parameters import Parameters
from minnow.types import Array, Batch, Columns, Report, Spec, silent


class Model(Protocol):
    """What a family's fit returns: named arrays in, named arrays out."""

    @property
    def framework(self) -> str:
        """What exporters and compressions dispatch on: "keras" or "sklearn"."""
        ...

    @property
    def native(self) -> Any:
        """That framework's object."""
        ...

    @property
    def history(self) -> Mapping[str, list[float]]:
        """Metrics per epoch; empty where nothing is iterated."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else is recorded of it, JSON-ready."""
        ...

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that it needs."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays that it gives."""
        ...

    @property
    def parameters(self) -> int:
        """How many numbers it learned."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored."""
        ...

    def with_offset(self) -> Model:
        """The same model, which also takes the offset of its rows and adds it to its answers."""
        ...

    def save(self, folder: Path) -> None:
        """Write to folder so that the family's load(folder) answers the same."""
        ...


@dataclass(frozen=True)
class FamilyCapabilities:
    """What a family can do beyond the least.

    space: what `minnow tune` searches: parameter -> {low, high, log} or {among: [...]}; empty where nothing is named.
    handles_offset: it reads Batch.offset itself; the others are given targets that are differences from it.
    """

    space: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    handles_offset: bool = False


class Family(Protocol):
    """What learns."""

    @property
    def CAPABILITIES(self) -> FamilyCapabilities:
        """What it can do beyond the least."""
        ...

    @property
    def MODALITIES(self) -> tuple[str, ...]:
        """What it learns from."""
        ...

    @property
    def TASKS(self) -> tuple[str, ...]:
        """What it learns to do."""
        ...

    @property
    def READS(self) -> tuple[str, ...]:
        """The arrays of encoders that its models may read."""
        ...

    @property
    def Params(self) -> type[Parameters]:
        """What may stand under its name in params.yaml."""
        ...

    def fit(self, train: Batch, val: Batch, params: Any, *, seed: int, report: Report = silent) -> Model:
        """Learn from train; val stops early and chooses strengths. Raises ValueError for rows that it cannot learn from."""
        ...

    def load(self, folder: Path) -> Model:
        """Read what a model's save wrote."""
        ...
