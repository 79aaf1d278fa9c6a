"""Compression: makes models and their files smaller. A module is registered by its name."""

from typing import Any

from minnow.contracts import Compression, FileCompression, ModelCompression
from minnow.registry import Registry

registry: Registry[Compression] = Registry(__name__, noun="compression")
names, get = registry.names, registry.get


def makes_model(name: str) -> bool:
    """Whether a compression makes a new model; others write a file. Raises KeyError for an unknown name."""
    return get(name).KIND == "model"


def of_models(name: str) -> ModelCompression:
    """Return a compression that makes models. Raises KeyError for another."""
    return _of_kind(name, "model")


def of_files(name: str) -> FileCompression:
    """Return a compression that writes files. Raises KeyError for another."""
    return _of_kind(name, "file")


def _of_kind(name: str, kind: str) -> Any:
    module = get(name)
    if kind != module.KIND:
        raise KeyError(f"'{name}' must be a compression of a {kind}. It is one of a {module.KIND}.")
    return module
