"""An import-linter contract: a module whose name begins with an underscore is imported inside of its own room alone."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output


def room_of(module: str) -> str:
    """The package that a module belongs to: directly under minnow, or flows."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "minnow" else parts[0]


def is_private(module: str) -> bool:
    """Whether it is of this project, and a part of its name begins with an underscore."""
    return module.split(".")[0] in ("minnow", "flows") and any(part.startswith("_") for part in module.split("."))


class PrivateModulesContract(Contract):
    """Lists imports of another room's private modules."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Go through all imports of private modules."""
        broken = [
            (importer, private)
            for private in sorted(filter(is_private, graph.modules))
            for importer in sorted(graph.find_modules_that_directly_import(private))
            if room_of(importer) != room_of(private)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print who imports what is not theirs."""
        for importer, private in check.metadata["broken"]:
            output.print_error(f"{importer} imports {private}, which belongs to {room_of(private)} alone.")
