"""`minnow new`: a proposal shown with its reasons, written to params.yaml, and tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from minnow import config, editing
from minnow.catalog import catalog
from minnow.stages.proposal import Proposal
from minnow.workspace import Workspace, workspace

TRIED, TRIAL_MINUTES, TRIAL_EPOCHS = 2, 1, 5


def show(name: str, proposal: Proposal) -> None:
    """Print each choice with its reason."""
    console = Console(highlight=False)
    table = Table(title=f"A proposal for {name}", title_justify="left")
    for column in ("key", "value", "because"):
        table.add_column(column)
    for key, why in proposal.reasons.items():
        value = proposal.entry.get("options", {}).get(key[8:]) if key.startswith("options.") else proposal.entry[key]
        table.add_row(key, escape(_flow(value)), escape(why))
    console.print(table)
    for warning in proposal.warnings:
        console.print(f"Think about this: {escape(warning)}", style="yellow")


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True).removesuffix(
        "\n"
    ).removesuffix("\n...")  # fmt: skip


def text_of(name: str, proposal: Proposal) -> str:
    """Write an entry as it stands in params.yaml, each key with its reason."""
    lines = [f"  {name}:"]
    for key, value in proposal.entry.items():
        if key == "options":
            lines.append("    options:")
            lines += [
                _line(f"      {inner}", item, proposal.reasons.get(f"options.{inner}")) for inner, item in value.items()
            ]
        else:
            lines.append(_line(f"    {key}", value, proposal.reasons.get(key)))
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, why: str | None) -> str:
    return f"{key}: {_flow(value)}" + (f" # {why}" if why else "")


def add(space: Workspace, name: str, proposal: Proposal) -> None:
    """Put an entry at the end of usecases in params.yaml. Raises ConfigError, and then the file is as it was."""
    editing.add_entry(space.params, name, text_of(name, proposal))


def trial_settings(settings: config.Settings, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a short trial: the first two families, networks for a few epochs, each for a minute at most."""
    families: Sequence[str] = list(entry["families"])[:TRIED]
    quick = {
        family: {"epochs": TRIAL_EPOCHS} if "epochs" in catalog().params("family", family).model_fields else {}
        for family in families
    }
    worker = settings.worker.model_dump() | {"job_minutes": float(TRIAL_MINUTES)}
    tried = {**entry, "families": quick, "compression": {}}
    return {"seed": settings.seed, "threads": settings.threads, "worker": worker, "usecases": {name: tried}}


def try_out(space: Workspace, name: str, entry: Mapping[str, Any]) -> int:
    """Run a short trial of an entry that stands in params.yaml. Returns the run's exit code."""
    from flows import retrain
    from minnow import summary

    settings = config.load(space.params, catalog())
    path = space.home / "new" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(trial_settings(settings, name, entry), sort_keys=False))
    trial = workspace(path, space.root)
    code = retrain.run(trial, [name])
    if code == 0:
        summary.show(trial, [name])
    return code
