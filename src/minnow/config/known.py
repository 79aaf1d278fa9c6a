"""The names that params.yaml may use, and the parameters that may stand under each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from minnow.config.errors import ConfigError, faults_of
from minnow.contracts import Parameters
from minnow.registry import unknown


class Catalog(Protocol):
    """The names that params.yaml may use, and the classes of their parameters. It is an argument, since config imports none."""

    def known(self, kind: str) -> list[str]:
        """List the known names of a kind: "task", "modality", "family", "compression" or "exporter"."""
        ...

    def params(self, kind: str, name: str) -> type[Parameters]:
        """Return the class of the parameters of a name."""
        ...

    def fits(self, family: str, modality: str, task: str) -> str | None:
        """Return why a family does not support a modality or a task, or None."""
        ...

    def follows(self, family: str, name: str) -> bool:
        """Whether a compression that makes models can change those of a family."""
        ...

    def makes_model(self, name: str) -> bool:
        """Whether a compression makes a new model; others write a file."""
        ...

    def compress(self, exporter: str) -> list[str]:
        """List the compressions that read the files of an exporter."""
        ...

    def refuses(self, modality: str, options: Parameters, task: str) -> str | None:
        """Return why the options of a modality do not suit a task, or None."""
        ...

    def refuses_measure(self, task: str, measure: str) -> str | None:
        """Return why a measure cannot decide about a task, or None."""
        ...


def params_of(
    kind: str, name: str, values: Mapping[str, Any], where: str | tuple[str, ...], catalog: Catalog
) -> Parameters:
    """Validate the parameters of a name with their class. Raises ConfigError with the path of the key."""
    model = catalog.params(kind, name)
    if not isinstance(values, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  it is what YAML holds
        keys = ", ".join(model.model_fields)
        raise ConfigError.at(where, f"parameters with values are needed; they are {keys}. Received: {values!r}.")
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        location = tuple(where.split(".")) if isinstance(where, str) else where
        raise ConfigError.of(faults_of(error, location, model, values)) from error


def among(where: str, noun: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Check that names are among the known ones of their kind, the noun. Raises ConfigError with the nearest."""
    known = list(known)
    for name in names:
        if name not in known:
            raise ConfigError.at(where, unknown(noun, str(name), known))
