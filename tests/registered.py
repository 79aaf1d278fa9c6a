"""Checks of the names of registered modules, for the contract test of each package."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import symtable
from pathlib import Path

from minnow.registry import Registry


def check_names(registry: Registry, name: str, contract: type) -> None:
    """Check that a module defines exactly the public names of its protocol."""
    module, protocol = registry.module(name), f"{contract.__module__}.{contract.__name__}"
    own = [vars(base) for base in contract.__mro__ if base.__module__.startswith("minnow.")]
    known = {key for names in own for key in (*names, *names.get("__annotations__", {})) if not key.startswith("_")}
    public = _public_names(_source(module))
    strange, missing = sorted(public - known), sorted(known - public)
    assert not strange, (
        f"{module} has public names that {protocol} does not define: {', '.join(strange)}. Begin them with an underscore, move "
        "them to a helper file whose name begins with one, or add them to the protocol."
    )
    assert not missing, f"{module} lacks names of {protocol}: {', '.join(missing)}. Add them."


def check_listed(registry: Registry) -> None:
    """Check that `_checked.py` of the package names every registered module; pyright checks only these."""
    path = _source(f"{registry.package}._checked")
    listed = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    missing = sorted(set(registry.names()) - listed)
    assert not missing, (
        f"{path} does not name {', '.join(missing)}. Add it to the tuple there, so that pyright checks it against its protocol."
    )


def check_near_names(subject: type, contract: type) -> None:
    """A public name of a class must be one of its contract, or be unlike all of them: else it is one that was mistyped."""
    known = {key for base in contract.__mro__ for key in vars(base) if not key.startswith("_")}
    own = [base for base in subject.__mro__ if base.__module__.startswith("minnow.") and base not in contract.__mro__]
    for name in {name for base in own for name in vars(base) if not name.startswith("_")} - known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        assert not near, (
            f"{subject.__module__}.{subject.__name__} has '{name}', which {contract.__name__} does not know. If '{near[0]}' is "
            "meant, rename it; else give it a name that is less like it, or begin it with an underscore."
        )


def _source(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin, f"{module} has no source. Add the file."
    return Path(spec.origin)


def _public_names(path: Path) -> set[str]:
    """Names that a module defines at its top, without those that it imports."""
    symbols = symtable.symtable(path.read_text(), str(path), "exec").get_symbols()
    names = {symbol.get_name() for symbol in symbols if symbol.is_assigned() and not symbol.is_imported()}
    return {name for name in names if not name.startswith("_")}
