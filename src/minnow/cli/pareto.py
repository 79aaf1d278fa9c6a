"""The command `minnow pareto`: the best models of each size, and the one to take within a budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minnow.cli.app import FAILED, exit_on, load_settings, require_known

if TYPE_CHECKING:
    from minnow.config import Settings
    from minnow.tuning.front import Found
    from minnow.workspace import Workspace

UNFIT = 3
"""Exit code: no model is within the budget."""
TRIALS = 20


def pareto(
    usecase: Annotated[str, typer.Argument(help="Use case of params.yaml.")],
    trials: Annotated[int, typer.Option(min=1, help="Total number of trials of the search.")] = TRIALS,
    minutes: Annotated[float | None, typer.Option(help="Start no trial after this many minutes.")] = None,
    size_bytes: Annotated[
        int | None, typer.Option(min=1, help="Most bytes of model and encoder. Default: budget.size_bytes.")
    ] = None,
    p95_us: Annotated[
        float | None, typer.Option(help="Most microseconds of 95 % of one-row answers. Default: budget.p95_us.")
    ] = None,
    memory_bytes: Annotated[
        int | None, typer.Option(min=1, help="Most memory while answering. Default: budget.memory_bytes.")
    ] = None,
    export: Annotated[
        str | None, typer.Option(help="Choose among the files of this exporter instead of those that are served.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the chosen parameters and recipe to the settings file.")
    ] = False,
    params: Annotated[Path | None, typer.Option(help="Another settings file than params.yaml.")] = None,
) -> None:
    """Search the best models of each size, and choose one within a budget.

    Trials choose a family, its parameters and a recipe of compression; they are trained on train and scored on val, and the
    test set is not read. The first trials are what stands in params.yaml. An interrupted search is resumed. The front is
    printed, and written to .minnow/pareto/USECASE.html and .json. Exit codes: 0 a model was chosen, 1 no trial was completed or
    the data was refused, 2 settings or usage, 3 no model is within the budget.
    """
    from flows import pareto as search
    from flows.job import Busy
    from minnow.config import Budget, ConfigError
    from minnow.insight import fronts
    from minnow.runners.cluster import ClusterError
    from minnow.stages.validate import DataError

    space, settings = load_settings(params)
    with exit_on(ConfigError):
        entry = settings.entry(usecase)
    if export is not None:
        known = [recipe.steps[0].name for recipe in entry.exported]
        require_known("export", export, known, f"usecases.{usecase}.exports: ")
    given = {"size_bytes": size_bytes, "p95_us": p95_us, "memory_bytes": memory_bytes}
    given = {name: limit for name, limit in given.items() if limit is not None}
    with exit_on(ValueError):
        budget = Budget.model_validate({**entry.budget.model_dump(), **given})
    with exit_on(DataError, Busy, ValueError, code=FAILED), exit_on(ConfigError, ClusterError):
        found = search.search(space, settings, usecase, trials, minutes, budget, export)
    fronts.show(found)
    typer.echo(f"Page: {space.home / 'pareto' / f'{usecase}.html'}")
    if found.chosen is None:
        raise typer.Exit(UNFIT)
    with exit_on(ConfigError):
        _write(space, settings, found, write=write)
    if write and given:
        limits = ", ".join(f"{name}: {limit:g}" for name, limit in given.items())
        typer.echo(f"For the run to keep these limits, they must stand in params.yaml: budget: {{{limits}}}.")


def _write(space: Workspace, settings: Settings, found: Found, *, write: bool) -> None:
    """Write what was chosen to the settings file where that is asked for, or say how."""
    from minnow.insight.summary import command
    from minnow.onboarding import editing
    from minnow.stages.case import Case
    from minnow.tuning import pareto as study

    usecase, point = found.usecase, found.chosen
    assert point is not None
    case = Case(usecase, settings, space)
    values = study.changed(case, point)
    recipe = (point.recipe, point.settings) if study.lacks_recipe(case, point) else None
    if not values and recipe is None:
        typer.echo(f"params.yaml has it already. Then: {command('minnow')} run {usecase}")
        return
    if write:
        editing.set_params(space.params, usecase, point.entry, values, recipe)
    for name, value in values.items():
        typer.echo(f"  {point.entry}.{name}: {value}")
    if recipe is not None:
        typer.echo(f"  compression: {recipe[0]}")
    where = "They are in params.yaml" if write else "To write them to params.yaml, add --write"
    typer.echo(f"{where}. Then: {command('minnow')} run {usecase}")
