"""A package as a registry: the file's name is its registration, and there is no list to edit."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

Module = TypeVar("Module")


def unknown(noun: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, with the nearest known one."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"No {noun} '{name}'.{hint} Known: {', '.join(names) or 'none'}."


class Registry(Generic[Module]):
    """The public modules of one package, found by name and imported when asked for.

    Each is an implementation of the Protocol `Module`; pyright reads them against it in the package's `_checked.py`.
    """

    def __init__(self, package: str, noun: str) -> None:
        """package: dotted name; noun: what one entry is called in messages."""
        self.package = package
        self.noun = noun

    def names(self) -> list[str]:
        """List the entries in alphabetical order; modules that begin with an underscore are helpers."""
        path = importlib.import_module(self.package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))

    def get(self, name: str) -> Module:
        """Import an entry. Raises KeyError with the nearest known name when there is none."""
        module: Any = importlib.import_module(self.module(name))
        return module

    def module(self, name: str) -> str:
        """Dotted name of an entry, which code_version takes. Raises KeyError with the nearest known name."""
        if name not in self.names():
            raise KeyError(unknown(self.noun, name, self.names()))
        return f"{self.package}.{name}"

    def about(self, name: str) -> str:
        """First line of what an entry says of itself."""
        return (importlib.import_module(self.module(name)).__doc__ or "").strip().partition("\n")[0]
