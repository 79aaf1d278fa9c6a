"""Protocols of compressions, exporters, runtimes and sessions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.families import Model
from minnow.contracts.parameters import Parameters
from minnow.types import Array, Batch, Columns, Spec


class UnsupportedModel(ValueError):
    """A model, or the rows beside it, that a compression or an exporter cannot convert; the message is the reason."""


@dataclass(frozen=True)
class CompressionSource:
    """Inputs of a compression.

    path: the exported file, which is not changed. model: the model that was exported. train, val: encoded rows with targets,
    for calibration or training. seed: seed of random numbers.
    """

    path: Path
    model: Model
    train: Batch
    val: Batch
    seed: int = 0


class Compression(Protocol):
    """Makes an exported model file smaller."""

    @property
    def Params(self) -> type[Parameters]:
        """Class of its parameters in params.yaml."""
        ...

    def suits(self, model: Model) -> str | None:
        """Return why a model is not supported, or None."""
        ...

    def apply(self, source: CompressionSource, out: Path, params: Any) -> None:
        """Write the compressed file to out. Raises UnsupportedModel with the reason where that cannot be done."""
        ...


class Exporter(Protocol):
    """Writes a model to a file."""

    @property
    def SUFFIX(self) -> str:
        """Suffix of its files."""
        ...

    def suits(self, model: Model) -> str | None:
        """Return why a model is not supported, or None."""
        ...

    def write(self, model: Model, path: Path) -> None:
        """Write a model to a file, with any batch size and the model's names of inputs and outputs.

        Raises UnsupportedModel with the reason where that cannot be done.
        """
        ...


class Session(Protocol):
    """An open model file."""

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """Arrays that it reads."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """Arrays that it returns."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays; extra arrays are ignored. Raises ValueError for a missing array."""
        ...


class Runtime(Protocol):
    """Opens model files."""

    @property
    def SUFFIX(self) -> str:
        """Suffix of the files that it opens."""
        ...

    def open_model(self, path: Path, threads: int = 1, device: str = "cpu") -> Session:
        """Open a file. device: "cpu" or "gpu". Raises ValueError."""
        ...
