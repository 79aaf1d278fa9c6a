"""An import-linter contract: modules whose names begin with an underscore are imported only in their own package."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output


def package_of(module: str) -> str:
    """The package of a module: the one directly under minnow, or flows."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "minnow" else parts[0]


def is_private(module: str) -> bool:
    """Whether a module is ours, and a part of its name begins with an underscore."""
    return module.split(".")[0] in ("minnow", "flows") and any(part.startswith("_") for part in module.split("."))


class PrivateModulesContract(Contract):
    """Lists imports of private modules of another package."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check all imports of private modules."""
        broken = [
            (importer, private)
            for private in sorted(filter(is_private, graph.modules))
            for importer in sorted(graph.find_modules_that_directly_import(private))
            if package_of(importer) != package_of(private)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not allowed."""
        for importer, private in check.metadata["broken"]:
            output.print_error(f"{importer} imports {private}, a private module of {package_of(private)}.")
