"""The command that removes what can be made again: clean."""

from __future__ import annotations

from typing import Annotated

import typer

from minnow.cli.app import FAILED, exit_on
from minnow.workspace import workspace


def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Remove the whole cache too: stale use cases train every family again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be removed, with sizes.")] = False,
) -> None:
    """Remove files of .minnow/ that can be made again: cached models that no outcome names, downloads, leftovers.

    Champions, outcomes, MLflow's runs, trials and studies are left. `cache.max_gb` in params.yaml limits the cache.
    """
    from flows import cleaning
    from flows.job import Busy, alone

    space = workspace()
    with exit_on(Busy, OSError, code=FAILED), alone(space):
        found = cleaning.removable(space, everything=everything)
        for one in found:
            typer.echo(f"{one.size_bytes / 1e6:>10,.1f} MB  {len(one.folders):>5,}  {one.what}")
        if not dry_run:
            cleaning.remove(found)
        total = sum(one.size_bytes for one in found)
        left = cleaning.left(space)
    verb = "can be removed" if dry_run else "removed"
    typer.echo(f"{total / 1e6:,.1f} MB {verb}." if found else "Nothing to remove.")
    for name, why in left:
        typer.echo(f"left: .minnow/{name}: {why}")
