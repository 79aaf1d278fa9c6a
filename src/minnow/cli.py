"""`minnow ...`: the pipeline from a terminal. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import enum
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from minnow.workspace import Workspace, workspace

app = typer.Typer(
    help="Train, shrink, judge and serve small AI models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


class Kind(enum.StrEnum):
    """What there is a list of."""

    tasks = "tasks"
    modalities = "modalities"
    families = "families"
    compressions = "compressions"


REGISTRY_OF = {"tasks": "task", "modalities": "modality", "families": "family", "compressions": "compression"}


def _fail(error: object, code: int = 2) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(code)


@app.command()
def run(
    usecases: Annotated[
        list[str] | None, typer.Argument(help="Use cases of params.yaml; all where none is named.")
    ] = None,
    params: Annotated[Path | None, typer.Option(help="Another settings file: a trial, which promotes nothing.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run what is fresh too.")] = False,
    accept_data: Annotated[bool, typer.Option("--accept-data", help="Take changed data over.")] = False,
) -> None:
    """Train, judge and publish what is stale.

    Exit codes: 0 complete, 1 a family or use case failed, 2 settings or usage, 3 infeasible budget.
    """
    from flows import plan, retrain

    space = workspace(params)
    code = retrain.run(space, usecases or [], force=force, accept=plan.ALWAYS if accept_data else plan.NEVER)
    if code in (0, 1, 3):
        from minnow import summary

        summary.show(space, usecases or ())
    raise typer.Exit(code)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What the use case is to be called.")],
    data: Annotated[Path, typer.Option(help="A folder or a file: pictures in class folders, CSV, Parquet.")],
    target: Annotated[str | None, typer.Option(help="The column to be predicted.")] = None,
    modality: Annotated[str | None, typer.Option(help="What rows mean; found where it is left out.")] = None,
    task: Annotated[str | None, typer.Option(help="What an answer means; found where it is left out.")] = None,
    split: Annotated[str | None, typer.Option(help="hash, time or group.")] = None,
    family: Annotated[list[str] | None, typer.Option(help="A family to train; may be given again.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the entry without asking.")] = False,
    trial: Annotated[bool, typer.Option(help="Try the entry for a minute.")] = True,
) -> None:
    """Look at somebody's data, propose an entry for params.yaml with the reasons, write it, and try it."""
    from minnow import newcomer
    from minnow.config import ConfigError
    from minnow.stages.proposal import Asked, propose

    space, _ = _settings()
    place = data.resolve()
    try:
        proposal = propose(place, Asked(target, modality, task, split, family))
        inside = place.is_relative_to(space.root)
        proposal.entry["data"] = str(place.relative_to(space.root)) if inside else str(place)
        newcomer.show(name, proposal)
        if not yes and not typer.confirm("Write this entry to params.yaml?"):
            raise typer.Exit(0)
        newcomer.add(space, name, proposal)
    except (ConfigError, ValueError, OSError) as error:
        raise _fail(error) from error
    typer.echo(f"params.yaml has the entry usecases.{name}.")
    if trial and (code := newcomer.try_out(space, name, proposal.entry)):
        raise typer.Exit(code)
    accept = " --accept-data" if place.is_relative_to(space.root / "data") else ""
    typer.echo(f"\nNext:\n  minnow run {name}{accept}     train every family, judge and publish")


@app.command()
def tune(
    usecase: Annotated[str, typer.Argument(help="A use case of params.yaml.")],
    family: Annotated[str, typer.Argument(help="One of its families.")],
    trials: Annotated[int | None, typer.Option(help="Trials of the study in all; tune.trials by default.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Begin no trial after so many minutes.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the best values to params.yaml.")] = False,
    params: Annotated[Path | None, typer.Option(help="Another settings file.")] = None,
) -> None:
    """Search a family's parameters on train and val; a study that was stopped goes on. Test rows are not read."""
    from flows.job import Busy
    from flows.tune import tune as search
    from minnow import editing, summary
    from minnow.cluster import ClusterError
    from minnow.config import ConfigError
    from minnow.registry import unknown
    from minnow.stages.validate import DataError

    space, settings = _settings(params)
    _known(usecase, settings)
    if family not in (names := list(settings.usecases[usecase].families)):
        raise _fail(f"usecases.{usecase}.families: {unknown('family', family, names)}")
    try:
        found = search(space, settings, usecase, family, trials or settings.tune.trials, minutes)
        summary.print_tuned(usecase, family, found, written=write)
        if write and found.values and not found.is_present:
            editing.set_params(space.params, usecase, family, found.values)
    except (ConfigError, ClusterError) as error:
        raise _fail(error) from error
    except (DataError, Busy) as error:
        raise _fail(error, 1) from error
    raise typer.Exit(0 if found.score is not None else 1)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what is stale, who is champion and whether the served store agrees."""
    from flows import plan
    from minnow import config, summary
    from minnow.stores import versions

    space, settings = _settings()

    try:
        found, names = versions.state(space.root), plan.selected(settings, [])
    except versions.VersionError as error:
        raise _fail(error, 1) from error
    except config.ConfigError as error:
        raise _fail(error) from error
    stale = plan.with_starts(space, settings, found.stale, names)
    state = versions.State(stale, found.data)
    rows = [summary.status_row(space, settings, name, state) for name in settings.usecases]
    if as_json:
        typer.echo(json.dumps({"usecases": rows, "data": state.data}, indent=2))
    else:
        summary.print_status(rows, state.data)


@app.command()
def data() -> None:
    """Write the data sets that the project makes itself to data/, the same bytes on every machine."""
    from flows import plan

    space, settings = _settings()
    made = plan.bring_data(space, settings, settings.usecases)
    typer.echo("\n".join(f"made {path}" for path in made) or "All data is there.")


@app.command("list")
def list_(kind: Kind) -> None:
    """List what params.yaml may name."""
    from minnow.catalog import REGISTRIES

    registry = REGISTRIES[REGISTRY_OF[kind]]
    for name in registry.names():
        about = (registry.get(name).__doc__ or "").strip().splitlines()[0]
        typer.echo(f"{name:<14} {about.partition(': ')[2] or about}")


@app.command()
def champions(as_json: AsJson = False) -> None:
    """Show who is champion, and since which version."""
    from minnow import summary

    space, settings = _settings()
    found = summary.champions(space, settings)
    typer.echo(json.dumps(found, indent=2) if as_json else summary.champion_lines(found))


@app.command()
def predict(
    usecase: Annotated[str, typer.Argument(help="A use case with a published champion.")],
    file: Annotated[Path, typer.Argument(help="A file of inputs: JSON, or what the modality reads.")],
    k: Annotated[int | None, typer.Option(help="How many items a ranking lists.")] = None,
) -> None:
    """Answer a file of inputs with the champion, as the service would."""
    from minnow.bundle import BundleError
    from minnow.registry import unknown
    from minnow.serving.predictor import Predictor
    from minnow.stores import models

    published = models.newest(usecase) if usecase in models.usecases() else None
    if published is None:
        raise _fail(unknown("published use case", usecase, models.usecases()))
    try:
        predictor = Predictor(published.bundle, provenance=published.provenance)
        inputs = predictor.modality.from_file(file, predictor.options)
        answers = predictor.answer(inputs, k)
    except (BundleError, OSError, ValueError) as error:
        raise _fail(error) from error
    typer.echo(json.dumps({"answers": answers, **predictor.about}, indent=2))


@app.command()
def rollback(
    usecase: Annotated[str, typer.Argument(help="A use case with an earlier champion.")],
    target: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
) -> None:
    """Make the previous champion the champion again, and serve it."""
    from flows.job import Busy, alone
    from flows.publish import follow
    from minnow.stores import champions as registry

    space, settings = _settings()
    _known(usecase, settings)
    try:
        with alone(space):
            back = registry.rollback(space, usecase, target)
            follow(space, usecase, target, typer.echo)
    except (LookupError, Busy) as error:
        raise _fail(error, 1) from error
    typer.echo(f"{usecase}: version {back.version} is champion for {target} again.")


@app.command()
def verify(
    usecase: Annotated[str, typer.Argument(help="A use case with a champion.")],
    target: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    quick: Annotated[bool, typer.Option("--quick", help="Compare bytes and answers, but train nothing.")] = False,
) -> None:
    """Make a champion again from what it records, and compare every byte. Exit code 1 where anything differs."""
    from flows.job import Busy, alone
    from flows.verify import verify as compare
    from minnow import summary

    space, settings = _settings()
    champion = _champion(space, settings, usecase, target)
    try:
        with alone(space):
            checks = compare(space, settings, champion, quick=quick, say=lambda text: typer.echo(f"  {text}"))
    except (Busy, ValueError, RuntimeError) as error:
        raise _fail(error, 1) from error
    summary.print_checks(f"{usecase} version {champion.version} for {target}", checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@app.command()
def receipt(
    usecase: Annotated[str | None, typer.Argument(help="A use case with a champion.")] = None,
    target: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    check: Annotated[Path | None, typer.Option(help="A receipt to check instead of making one.")] = None,
    public_key: Annotated[Path | None, typer.Option(help="PEM file of whom a checked receipt must be from.")] = None,
) -> None:
    """Print where a champion comes from as JSON, signed where MINNOW_SIGNING_KEY names a key; or check a receipt."""
    from minnow import receipts

    try:
        if check is not None:
            found = receipts.check(check.read_text(), public_key)
            whose = "by that key" if public_key else "by the key that it carries"
            typer.echo(f"{check}: signed {whose}, unchanged: {found['usecase']} version {found['version']}.")
            return
        if usecase is None:
            raise _fail("Name a use case, or a receipt to check: --check FILE.")
        space, settings = _settings()
        made = receipts.signed(receipts.receipt(space, _champion(space, settings, usecase, target)))
    except (OSError, ValueError) as error:
        raise _fail(error, 1) from error
    typer.echo(json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False))


def _champion(space: Workspace, settings: Any, usecase: str, target: str) -> Any:
    from minnow.stores import champions as registry

    _known(usecase, settings)
    champion = registry.current(space, usecase, target)
    if champion is None:
        raise _fail(f"'{usecase}' has no champion for {target}. Run `minnow run {usecase}`.", 1)
    return champion


def _settings(params: Path | None = None) -> tuple[Workspace, Any]:
    from minnow import config
    from minnow.catalog import catalog

    space = workspace(params)
    try:
        return space, config.load(space.params, catalog())
    except config.ConfigError as error:
        raise _fail(error) from error


def _known(usecase: str, settings: Any) -> None:
    from minnow.registry import unknown

    if usecase not in settings.usecases:
        raise _fail(unknown("use case", usecase, settings.usecases))


def main() -> None:
    """Run the command line; a store that cannot be read ends any command in words."""
    from minnow.stores.database import BrokenStore

    try:
        app()
    except BrokenStore as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
