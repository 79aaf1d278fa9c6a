"""Commands that show something and change nothing: status, list, champions."""

from __future__ import annotations

import enum
import json
from typing import Annotated

import typer

from minnow.cli.app import FAILED, AsJson, exit_on, load_settings


class Kind(enum.StrEnum):
    """What there is a list of."""

    tasks = "tasks"
    modalities = "modalities"
    families = "families"
    compressions = "compressions"


_REGISTRY_OF = {
    Kind.tasks: "task",
    Kind.modalities: "modality",
    Kind.families: "family",
    Kind.compressions: "compression",
}


def status(as_json: AsJson = False) -> None:
    """Show which use cases are stale, who is champion, and whether the served store agrees with the registry."""
    from flows import plan
    from minnow.config import ConfigError
    from minnow.insight import summary
    from minnow.stores import versions

    space, settings = load_settings()
    with exit_on(versions.VersionError, code=FAILED), exit_on(ConfigError):
        recorded, names = versions.state(space.root), plan.selected(settings, [])
    state = versions.State(plan.with_starts(space, settings, recorded.stale, names), recorded.data)
    rows = [summary.status_row(space, settings, name, state) for name in settings.usecases]
    if as_json:
        typer.echo(json.dumps({"usecases": rows, "data": state.data}, indent=2))
    else:
        summary.print_status(rows, state.data)


def list_names(kind: Annotated[Kind, typer.Argument()]) -> None:
    """List the names that params.yaml may contain."""
    from minnow.catalog import REGISTRIES

    registry = REGISTRIES[_REGISTRY_OF[kind]]
    for name in registry.names():
        about = registry.about(name)
        typer.echo(f"{name:<14} {about.partition(': ')[2] or about}")


def champions(as_json: AsJson = False) -> None:
    """Show the champion of each use case, with its version."""
    from minnow.insight import summary

    space, settings = load_settings()
    rows = summary.champions(space, settings)
    typer.echo(json.dumps(rows, indent=2) if as_json else summary.champion_lines(rows))
