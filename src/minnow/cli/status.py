"""Commands that only show something: status, results, list, champions."""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Annotated

import typer

from minnow.cli.app import FAILED, AsJson, Verbose, exit_on, fail, load_settings, require_known
from minnow.workspace import workspace


class Kind(enum.StrEnum):
    """What `minnow list` lists."""

    tasks = "tasks"
    modalities = "modalities"
    families = "families"
    compressions = "compressions"
    measures = "measures"


_REGISTRY_OF = {
    Kind.tasks: "task",
    Kind.modalities: "modality",
    Kind.families: "family",
    Kind.compressions: "compression",
}


def status(as_json: AsJson = False) -> None:
    """Show stale use cases, champions and divergences.

    For each use case: why it is stale, its champion with score and data version, and whether the served model is the champion
    of the registry.
    """
    from flows import ages, plan
    from minnow.config import ConfigError
    from minnow.insight import status as states
    from minnow.stores import versions

    space, settings = load_settings()
    with exit_on(versions.VersionError, code=FAILED), exit_on(ConfigError):
        names = plan.selected(settings, [])
        recorded = plan.state_of(space, settings, names)
    reasons = ages.overdue(space, settings, names, untried=False)
    found = {name: [*reasons.get(name, []), *recorded.stale.get(name, [])] for name in {*reasons, *recorded.stale}}
    state = versions.State(plan.with_starts(space, settings, found, names), recorded.data)
    rows = [states.status_of(space, settings, name, state) for name in settings.usecases]
    if as_json:
        content = {"usecases": states.as_json(rows), "data": state.data, "refused": dict(settings.refused)}
        typer.echo(json.dumps(content, indent=2))
    else:
        states.print_status(rows, state.data)
        for reason in settings.refused.values():
            typer.echo(f"Refused: {reason}")


def results(
    usecases: Annotated[list[str] | None, typer.Argument(help="Use cases. Default: all that were run.")] = None,
    params: Annotated[Path | None, typer.Option(help="Settings file of a trial, to show the results of that.")] = None,
    verbose: Verbose = False,
) -> None:
    """Show the results of the last runs.

    For each use case and target: the champion, its score on the test set, its size and the verdict of the last run.
    """
    from minnow.insight import overview

    space = workspace(params)
    for name in usecases or ():
        require_known("use case with results", name, overview.known(space))
    if not overview.show_results(space, usecases or (), verbose=verbose):
        raise fail("No use case has results yet. Run `minnow run`.", FAILED)


def list_names(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """List the names that params.yaml accepts."""
    from minnow.catalog import REGISTRIES

    if kind is Kind.measures:
        _list_measures()
        return
    registry = REGISTRIES[_REGISTRY_OF[kind]]
    for name in registry.names():
        about = registry.about(name)
        typer.echo(f"{name:<14} {about.partition(': ')[2] or about}")


def _list_measures() -> None:
    """Print the measures of each task, the one that decides by default first, and how those with a parameter are written."""
    from minnow import tasks

    for task in tasks.names():
        own = [one.name for one in tasks.get(task).MEASURES if one.decides]
        typer.echo(f"{task:<14} {', '.join([*own, *tasks.get(task).FURTHER_MEASURES])}")
    typer.echo(
        "\nmeasure: auc, and where a parameter is needed:\n"
        "  {name: f1, positive: CLASS}                            F1 of a class, at the threshold that is best on val\n"
        "  {name: average_precision, positive: CLASS}             of a class; without it the mean over all classes\n"
        "  {name: cost, costs: {TRUE: {PREDICTED: number}, ...}}  mean cost, each pair of two classes named\n"
        "  {name: pinball, quantile: 0.9}                         loss of a quantile\n"
        "  ndcg@5, recall@5, hit@5                                of a list of so many items"
    )


def champions(as_json: AsJson = False) -> None:
    """Show the champions and their versions."""
    from minnow.insight import status as states

    space, settings = load_settings()
    rows = states.champions_of(space, settings)
    typer.echo(json.dumps(states.as_json(rows), indent=2) if as_json else states.champion_lines(rows))
