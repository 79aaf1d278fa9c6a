"""What there is to choose from: every registered task, modality, family, compression and exporter."""

from __future__ import annotations

from functools import cache
from typing import Any

from minnow import compression, exporters, families, modalities, tasks
from minnow.contracts import Parameters
from minnow.registry import Registry

REGISTRIES: dict[str, Registry[Any]] = {
    "task": tasks.registry,
    "modality": modalities.registry,
    "family": families.registry,
    "compression": compression.registry,
    "exporter": exporters.registry,
}


class Catalog:
    """The registries, as config wants them."""

    def known(self, kind: str) -> list[str]:
        """List the names of one kind."""
        return REGISTRIES[kind].names()

    def params(self, kind: str, name: str) -> type[Parameters]:
        """Return the pydantic model of what may stand under a name in params.yaml."""
        module = REGISTRIES[kind].get(name)
        return module.Options if kind == "modality" else module.Params

    def fits(self, family: str, modality: str, task: str) -> str | None:
        """Say why a family cannot learn a task on a modality, or None when it can."""
        module = families.get(family)
        if modality not in module.MODALITIES:
            return f"'{family}' learns from {', '.join(module.MODALITIES)}. Received: {modality}."
        if task not in module.TASKS:
            return f"'{family}' learns to {', '.join(module.TASKS)}. Received: {task}."
        return None

    def follows(self, family: str, name: str) -> bool:
        """Say whether a compression that makes models can change those of a family."""
        return families.can(family, compression.of_models(name).NEEDS)

    def makes_model(self, name: str) -> bool:
        """Say whether a compression makes a new model; others write a file."""
        return compression.makes_model(name)

    def compress(self, exporter: str) -> list[str]:
        """List the compressions that read the files of an exporter."""
        suffix = exporters.get(exporter).SUFFIX
        files = [name for name in compression.names() if not compression.makes_model(name)]
        return [name for name in files if suffix in compression.of_files(name).SUFFIXES]

    def refuses(self, modality: str, options: Parameters, task: str) -> str | None:
        """Say why a modality's options do not go with a task, or None when they do."""
        return modalities.get(modality).CAPABILITIES.refuses(options, task)

    def refuses_measure(self, task: str, measure: str) -> str | None:
        """Say why a measure cannot decide about a task, or None when it can."""
        try:
            tasks.measure(task, measure)
        except ValueError as error:
            return str(error)
        return None


@cache
def catalog() -> Catalog:
    """Return the one catalog."""
    return Catalog()
