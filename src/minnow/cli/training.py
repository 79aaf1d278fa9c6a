"""Commands that train or prepare training: run, new, tune, data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import click
import typer

from minnow.cli.app import FAILED, USAGE, Verbose, exit_on, load_settings, require_known
from minnow.workspace import Workspace, workspace

if TYPE_CHECKING:
    from minnow.onboarding.proposal import Proposal, Question, Request


def run(
    usecases: Annotated[
        list[str] | None, typer.Argument(help="Use cases of params.yaml. Default: all of them.")
    ] = None,
    params: Annotated[
        Path | None,
        typer.Option(help="Another settings file. The run is a trial then: nothing is promoted or published."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run up-to-date use cases too.")] = False,
    accept_data: Annotated[
        bool, typer.Option("--accept-data", help="Accept data that differs from its record.")
    ] = False,
    effort: Annotated[
        Literal["quick", "default", "thorough"] | None,
        typer.Option(
            help="How many settings of its families are fitted. Default: that of each use case in params.yaml."
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of the search with --effort thorough. Default: tune.trials.")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show where the time went, and write it to .minnow/profile.json.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Train, judge and publish the stale use cases.

    A use case is stale when its data, its settings or the code have changed since its last run. At the end a table shows what
    this run has done; `minnow results` shows the results of all use cases.

    Effort: quick fits each family once; default also fits other settings of those whose fits are cheap; thorough of all, and
    searches their parameters. A use case whose last run had another effort than --effort is run again.

    Exit codes: 0 complete (a refusal to promote is complete), 1 a family or use case failed, 2 settings or usage, 3 no variant
    within the budget.
    """
    from flows import plan, retrain
    from minnow.runners.profile import FILE, Profile

    if trials is not None and effort != "thorough":
        raise typer.BadParameter("a search is part of --effort thorough alone.", param_hint="--trials")
    space, log = workspace(params), Profile() if profile else None
    accept = plan.ALWAYS if accept_data else plan.NEVER
    ended = retrain.run(space, usecases or [], force=force, accept=accept, effort=effort, trials=trials, profile=log)
    from minnow.insight import overview
    from minnow.insight.profile import show as show_profile

    if log is not None:
        show_profile(log.write(space.home / FILE))
    overview.show_run(space, ended.written, ended.stopped, ended.fresh, complete=ended.code == 0, verbose=verbose)
    raise typer.Exit(ended.code)


def new(
    data: Annotated[
        Path,
        typer.Option(help="Folder, file or zip: images, sounds or documents in class folders, CSV, JSON, Parquet."),
    ],
    name: Annotated[
        str | None, typer.Argument(help="Name of the new use case. Default: that of the file or folder.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Column to predict. Default: by names and order of columns.")
    ] = None,
    modality: Annotated[str | None, typer.Option(help="See `minnow list modalities`. Default: by the data.")] = None,
    task: Annotated[str | None, typer.Option(help="See `minnow list tasks`. Default: by the data.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Split of a table: hash, time or group. Default: by the data.")
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Family to train; may be repeated. Default: by the task.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option of the entry, such as encoding=cp1251 or header=[a, b]; may be repeated."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the entry without confirmation.")] = False,
    trial: Annotated[bool, typer.Option(help="Run a short trial of the entry.")] = True,
) -> None:
    """Propose an entry of params.yaml for new data.

    Prints how the data was read and each choice with its reason, asks what the data does not tell, adds the entry to
    params.yaml and runs a trial: two families for a minute each at most, scored on val; the test set is not read.
    """
    from minnow.config import ConfigError
    from minnow.insight.summary import command
    from minnow.onboarding import editing, entry
    from minnow.onboarding import trial as trials
    from minnow.onboarding.proposal import Request, options_of

    space, settings = load_settings()
    folder = data.resolve()
    with exit_on(ConfigError, ValueError, OSError):
        name = name or editing.name_for(folder, settings)
        editing.check_new(settings, name, space.params)
        request = Request(target, modality, task, split, family, options_of(option or []))
        while (proposal := _proposed(folder, request)).questions:
            request = _answered(request, proposal.questions[0], ask=not yes)
        proposal.entry["data"] = _as_written(space, folder)
        entry.show(name, proposal)
        if not yes and not typer.confirm("Write this entry to params.yaml?"):
            raise typer.Exit(0)
        entry.add(space, name, proposal)
    typer.echo(f"params.yaml has the entry usecases.{name}.")
    code = trials.try_out(space, name, proposal.entry) if trial else 0
    accept = " --accept-data" if folder.is_relative_to(space.root / "data") else ""
    typer.echo(f"Next: `{command('minnow')} run {name}{accept}` trains every family, judges and publishes.")
    raise typer.Exit(code)


def _proposed(folder: Path, request: Request) -> Proposal:
    """Propose an entry, and show what takes long. Raises ValueError."""
    from minnow.onboarding.propose import propose
    from minnow.runners.progress import Display

    with Display() as display:
        return propose(folder, request, lambda name: display.step(name, counted=False))


def _answered(request: Request, question: Question, *, ask: bool) -> Request:
    """Ask a question, and add its answer to the request. Raises ValueError where nobody is to be asked."""
    if not ask:
        raise ValueError(f"{question.text} To settle it: {' or '.join(question.arguments)}")
    typer.echo(question.text)
    for number, (_, meaning) in enumerate(question.choices, 1):
        typer.echo(f"  {number}: {meaning}")
    numbers = click.Choice([str(number) for number in range(1, len(question.choices) + 1)])
    options, _ = question.choices[int(typer.prompt("Which one?", type=numbers)) - 1]
    return request.answered(options)


def _as_written(space: Workspace, folder: Path) -> str:
    """Write a path for params.yaml: relative to the project's root where it is inside."""
    return str(folder.relative_to(space.root) if folder.is_relative_to(space.root) else folder)


def tune(
    usecase: Annotated[str, typer.Argument(help="Use case of params.yaml.")],
    family: Annotated[
        str | None, typer.Argument(help="One of its families. Default: all that have a search space.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Total number of trials of the search. Default: tune.trials of params.yaml.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Start no trial after this many minutes.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the best values to the settings file.")] = False,
    params: Annotated[Path | None, typer.Option(help="Another settings file than params.yaml.")] = None,
) -> None:
    """Search the parameters of a family, or of all families of a use case.

    Trials are trained on train and scored on val; the test set is not read. Several families share the trials by successive
    halving: after each round the better half of them goes on. An interrupted search is resumed. Exit codes: 0 there is a best
    trial, 1 there is none or the data was refused, 2 settings or usage.
    """
    from flows.job import Busy
    from flows.tune import tune as search
    from minnow.config import ConfigError
    from minnow.insight import summary
    from minnow.onboarding import editing
    from minnow.runners.cluster import ClusterError
    from minnow.stages.validate import DataError

    space, settings = load_settings(params)
    with exit_on(ConfigError):
        families = settings.entry(usecase).families
    if family is not None:
        require_known("family", family, families, f"usecases.{usecase}.families: ")
    with exit_on(DataError, Busy, code=FAILED), exit_on(ConfigError, ClusterError):
        found = search(space, settings, usecase, family, trials or settings.tune.trials, minutes)
        summary.print_tuned(usecase, found, written=write)
        for name, tuned in found.items():
            if write and tuned.values and not tuned.is_present:
                editing.set_params(space.params, usecase, name, tuned.values)
    raise typer.Exit(0 if any(tuned.score is not None for tuned in found.values()) else FAILED)


def data() -> None:
    """Write the built-in data sets to data/.

    Their bytes are the same on every machine. Other data of params.yaml that is missing is pulled from the DVC remote.
    """
    from flows import plan

    space, settings = load_settings()
    brought = plan.bring_data(space, settings, settings.usecases)
    for path in brought.made:
        typer.echo(f"made {path}")
    failures = [*settings.refused.values(), *map(str, brought.failed.values())]
    for reason in failures:
        typer.echo(reason, err=True)
    if failures:
        raise typer.Exit(USAGE if settings.refused else FAILED)
    if not brought.made:
        typer.echo("All data is there.")
