"""Protocols of compressions, exporters, runtimes and sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.families import Model
from minnow.contracts.parameters import Parameters
from minnow.types import Array, Batch, Columns, Report, Spec, silent


class UnsupportedModel(ValueError):
    """A model, or the rows beside it, that a compression or an exporter cannot convert; the message is the reason."""


@dataclass(frozen=True)
class CompressionSource:
    """Inputs of a compression that writes a file.

    path: the exported file, which is not changed. model: the model that was exported. train, val: encoded rows with targets,
    for calibration or training. seed: seed of random numbers.
    """

    path: Path
    model: Model
    train: Batch
    val: Batch
    seed: int = 0


@dataclass(frozen=True)
class ModelSource:
    """Inputs of a compression that makes a new model.

    model: the one that is compressed; it may be changed. teacher: a model that was fitted to the same rows, of any family: the
    one that the step names, or the one that the chain of compressions began with. train, val: encoded rows with targets.
    resume: (model, share of the family's epochs, report, a teacher's answers or None) -> the model trained further, as its
    family trains. refit: (share of the trees, report) -> a model of so many trees, fitted anew.
    """

    model: Any
    teacher: Model
    train: Batch
    val: Batch
    resume: Callable[..., Model]
    refit: Callable[..., Model]


@dataclass(frozen=True)
class Remade:
    """A new model. settled: parameters with which the same is made of a model that was fitted again, without choosing anew."""

    model: Model
    settled: Mapping[str, Any]


class Compression(Protocol):
    """Makes a model smaller, or better at its size: the model itself, or its file."""

    @property
    def KIND(self) -> str:
        """What it makes, "model" or "file"."""
        ...

    @property
    def SHRINKS(self) -> bool:
        """Whether what it makes is to be smaller; otherwise it is to be better, or part of a chain that is smaller."""
        ...

    @property
    def Params(self) -> type[Parameters]:
        """Class of its parameters in params.yaml."""
        ...

    def suits(self, model: Model) -> str | None:
        """Return why a model is not supported, or None."""
        ...


class ModelCompression(Compression, Protocol):
    """Makes a new model of a model; it may train."""

    @property
    def NEEDS(self) -> tuple[str, ...]:
        """Abilities of a family, by their names in FamilyCapabilities, of which it needs one."""
        ...

    def apply(self, source: ModelSource, params: Any, report: Report = silent) -> Remade:
        """Return the new model. Raises UnsupportedModel with the reason where that cannot be done."""
        ...


class FileCompression(Compression, Protocol):
    """Makes an exported model file smaller."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:
        """Suffixes of the files that it reads; it writes the same kind."""
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
