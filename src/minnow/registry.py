"""A package as a registry: the file's name is its registration, and there is no list to edit."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType


def unknown(noun: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, with the nearest known one."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"No {noun} '{name}'.{hint} Known: {', '.join(names) or 'none'}."


class Registry:
    """The public modules of one package, found by name and imported when asked for."""

    def __init__(self, package: str, noun: str) -> None:
        """package: dotted name; noun: what one entry is called in messages."""
        self.package = package
        self.noun = noun

    def names(self) -> list[str]:
        """List the entries in alphabetical order; modules that begin with an underscore are helpers."""
        path = importlib.import_module(self.package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))

    def get(self, name: str) -> ModuleType:
        """Import an entry. Raises KeyError with the nearest known name when there is none."""
        if name not in self.names():
            raise KeyError(unknown(self.noun, name, self.names()))
        return importlib.import_module(f"{self.package}.{name}")
