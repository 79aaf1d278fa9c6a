"""What becomes of a model: a smaller file, an exported file, an open session that answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.families import Model
from minnow.contracts.parameters import Parameters
from minnow.types import Array, Batch, Columns, Spec


@dataclass(frozen=True)
class CompressionSource:
    """What a compression starts from.

    path: the exported file, which is not changed; model: what it was exported from; train, val: encoded rows with their
    targets, to calibrate by or to train on; seed: of random draws.
    """

    path: Path
    model: Model
    train: Batch
    val: Batch
    seed: int = 0


class Compression(Protocol):
    """A model in, a smaller file out."""

    @property
    def Params(self) -> type[Parameters]:
        """What may stand under its name in params.yaml."""
        ...

    def suits(self, framework: str) -> str | None:
        """Say why a model of a framework cannot be compressed so, or None."""
        ...

    def apply(self, source: CompressionSource, out: Path, params: Any) -> None:
        """Write a compressed file to out. Raises ValueError."""
        ...


class Exporter(Protocol):
    """A model in, a file out."""

    @property
    def SUFFIX(self) -> str:
        """How its files end."""
        ...

    def suits(self, model: Model) -> str | None:
        """Say why a model cannot be exported, or None."""
        ...

    def write(self, model: Model, path: Path) -> None:
        """Write a model to a file with a free batch axis and the model's own names. Raises ValueError."""
        ...


class Session(Protocol):
    """A model file, open to answer rows."""

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays it takes."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays it gives."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored. Raises ValueError when one is missing."""
        ...


class Runtime(Protocol):
    """What opens a model file."""

    @property
    def SUFFIX(self) -> str:
        """How the files that it opens end."""
        ...

    def open_model(self, path: Path, threads: int = 1, device: str = "cpu") -> Session:
        """Open a file. device: "cpu" or "gpu". Raises ValueError."""
        ...
