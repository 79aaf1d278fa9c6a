"""Commands that train or prepare for it: run, new, tune, data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from minnow.cli.app import FAILED, exit_on, load_settings, require_known
from minnow.workspace import Workspace, workspace


def run(
    usecases: Annotated[
        list[str] | None, typer.Argument(help="Use cases of params.yaml; all where none is named.")
    ] = None,
    params: Annotated[Path | None, typer.Option(help="Another settings file: a trial, which promotes nothing.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run up-to-date use cases too.")] = False,
    accept_data: Annotated[bool, typer.Option("--accept-data", help="Accept changed data.")] = False,
) -> None:
    """Train, judge and publish the use cases that are stale.

    Exit codes: 0 complete, 1 a family or use case failed, 2 settings or usage, 3 infeasible budget.
    """
    from flows import plan, retrain

    space = workspace(params)
    code = retrain.run(space, usecases or [], force=force, accept=plan.ALWAYS if accept_data else plan.NEVER)
    if code in (0, 1, 3):
        from minnow.insight import summary

        summary.show(space, usecases or ())
    raise typer.Exit(code)


def new(
    name: Annotated[str, typer.Argument(help="Name of the new use case.")],
    data: Annotated[Path, typer.Option(help="A folder or a file: images in class folders, WAV, CSV, Parquet.")],
    target: Annotated[str | None, typer.Option(help="The column to be predicted.")] = None,
    modality: Annotated[str | None, typer.Option(help="What rows mean; derived from the data by default.")] = None,
    task: Annotated[str | None, typer.Option(help="What an answer means; derived from the data by default.")] = None,
    split: Annotated[str | None, typer.Option(help="hash, time or group.")] = None,
    family: Annotated[list[str] | None, typer.Option(help="A family to train; may be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the entry without asking.")] = False,
    trial: Annotated[bool, typer.Option(help="Run a trial of about a minute.")] = True,
) -> None:
    """Propose an entry of params.yaml for new data, with reasons; write it, and run a short trial."""
    from minnow.config import ConfigError
    from minnow.onboarding import entry
    from minnow.onboarding import trial as trials
    from minnow.onboarding.proposal import Request
    from minnow.onboarding.propose import propose

    space, _ = load_settings()
    folder = data.resolve()
    with exit_on(ConfigError, ValueError, OSError):
        proposal = propose(folder, Request(target, modality, task, split, family))
        proposal.entry["data"] = _as_written(space, folder)
        entry.show(name, proposal)
        if not yes and not typer.confirm("Write this entry to params.yaml?"):
            raise typer.Exit(0)
        entry.add(space, name, proposal)
    typer.echo(f"params.yaml has the entry usecases.{name}.")
    if trial and (code := trials.try_out(space, name, proposal.entry)):
        raise typer.Exit(code)
    accept = " --accept-data" if folder.is_relative_to(space.root / "data") else ""
    typer.echo(f"\nNext:\n  minnow run {name}{accept}     train every family, judge and publish")


def _as_written(space: Workspace, folder: Path) -> str:
    """Write a path as it stands in params.yaml: relative to the project's root where it lies inside."""
    return str(folder.relative_to(space.root) if folder.is_relative_to(space.root) else folder)


def tune(
    usecase: Annotated[str, typer.Argument(help="A use case of params.yaml.")],
    family: Annotated[str, typer.Argument(help="One of its families.")],
    trials: Annotated[int | None, typer.Option(help="Trials of the study in all; tune.trials by default.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Begin no trial after this many minutes.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the best values to params.yaml.")] = False,
    params: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
) -> None:
    """Search a family's parameters on train and val; a stopped study is resumed. The test set is not read."""
    from flows.job import Busy
    from flows.tune import tune as search
    from minnow.config import ConfigError
    from minnow.insight import summary
    from minnow.onboarding import editing
    from minnow.runners.cluster import ClusterError
    from minnow.stages.validate import DataError

    space, settings = load_settings(params)
    require_known("use case", usecase, settings.usecases)
    require_known("family", family, settings.usecases[usecase].families, f"usecases.{usecase}.families: ")
    with exit_on(DataError, Busy, code=FAILED), exit_on(ConfigError, ClusterError):
        tuned = search(space, settings, usecase, family, trials or settings.tune.trials, minutes)
        summary.print_tuned(usecase, family, tuned, written=write)
        if write and tuned.values and not tuned.is_present:
            editing.set_params(space.params, usecase, family, tuned.values)
    raise typer.Exit(0 if tuned.score is not None else FAILED)


def data() -> None:
    """Write the built-in data sets to data/, with the same bytes on every machine."""
    from flows import plan

    space, settings = load_settings()
    paths = plan.bring_data(space, settings, settings.usecases)
    typer.echo("\n".join(f"made {path}" for path in paths) or "All data is there.")
