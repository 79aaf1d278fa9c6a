"""The entry of a proposal: shown with its reasons, and written to params.yaml."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from minnow.config.writing import escaped, inline
from minnow.onboarding import editing
from minnow.onboarding.proposal import Proposal
from minnow.runners.progress import wide_console
from minnow.workspace import Workspace

_OPTION = "options."


def show(name: str, proposal: Proposal) -> None:
    """Print each choice with its reason."""
    console = wide_console()
    for found in proposal.found:
        console.print(f"Found: {found}")
    table = Table(title=f"A proposal for {name}", title_justify="left")
    for column in ("key", "value", "because"):
        table.add_column(column)
    for key, why in proposal.reasons.items():
        option = key.removeprefix(_OPTION)
        value = proposal.options.get(option) if key.startswith(_OPTION) else proposal.entry[key]
        table.add_row(key, inline(value), why)
    console.print(table)
    for warning in proposal.warnings:
        console.print(f"Please check: {warning}", style="yellow")


def text_of(name: str, proposal: Proposal) -> str:
    """Format an entry for params.yaml, each key with its reason as a comment."""
    lines = [f"  {inline(name)}:"]
    for key, value in proposal.entry.items():
        if key == "options":
            lines.append("    options:")
            lines += [
                _line(f"      {option}", item, proposal.reasons.get(f"{_OPTION}{option}"))
                for option, item in value.items()
            ]
        else:
            lines.append(_line(f"    {key}", value, proposal.reasons.get(key)))
    return "\n".join(lines) + "\n"


def add(space: Workspace, name: str, proposal: Proposal) -> None:
    """Add an entry at the end of usecases in params.yaml. Raises ConfigError, and then the file is as it was."""
    editing.add_entry(space.params, name, text_of(name, proposal))


def _line(key: str, value: Any, why: str | None) -> str:
    return f"{key}: {inline(escaped(value))}" + (f" # {' '.join(why.split())}" if why else "")
