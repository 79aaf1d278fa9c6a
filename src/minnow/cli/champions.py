"""Commands about one champion: predict, rollback, verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from minnow.cli.app import FAILED, Target, champion_of, exit_on, fail, load_settings, require_known


def predict(
    usecase: Annotated[str, typer.Argument(help="A use case with a published champion.")],
    file: Annotated[Path, typer.Argument(help="A file of inputs: JSON, or a format that the modality reads.")],
    k: Annotated[int | None, typer.Option(help="How many items a ranking lists.")] = None,
) -> None:
    """Answer a file of inputs with the champion, as the service would."""
    from minnow.records.bundle import BundleError
    from minnow.registry import unknown
    from minnow.serving.predictor import Predictor
    from minnow.stores import models

    published = models.newest(usecase) if usecase in models.usecases() else None
    if published is None:
        raise fail(unknown("published use case", usecase, models.usecases()))
    with exit_on(BundleError, OSError, ValueError):
        predictor = Predictor(published.bundle, provenance=published.provenance)
        inputs = predictor.modality.from_file(file, predictor.options)
        answers = predictor.answer(list(inputs), k)
    typer.echo(json.dumps({"answers": answers, **predictor.about}, indent=2))


def rollback(
    usecase: Annotated[str, typer.Argument(help="A use case with an earlier champion.")], target: Target = "cpu"
) -> None:
    """Make the previous champion the champion again, and serve it."""
    from flows.job import Busy, alone
    from flows.publish import follow
    from minnow.stores import champions

    space, settings = load_settings()
    require_known("use case", usecase, settings.usecases)
    with exit_on(LookupError, Busy, code=FAILED), alone(space):
        previous = champions.rollback(space, usecase, target)
        follow(space, usecase, target, typer.echo)
    typer.echo(f"{usecase}: version {previous.version} is champion for {target} again.")


def verify(
    usecase: Annotated[str, typer.Argument(help="A use case with a champion.")],
    target: Target = "cpu",
    quick: Annotated[bool, typer.Option("--quick", help="Compare files and answers, but train nothing.")] = False,
) -> None:
    """Train a champion again from its recorded settings, and compare every byte. Exit code 1 where anything differs."""
    from flows.job import Busy, alone
    from flows.verify import verify as compare
    from minnow.insight import summary

    space, settings = load_settings()
    champion = champion_of(space, settings, usecase, target)
    with exit_on(Busy, ValueError, RuntimeError, code=FAILED), alone(space):
        checks = compare(space, settings, champion, quick=quick, say=lambda text: typer.echo(f"  {text}"))
    summary.print_checks(f"{usecase} version {champion.version} for {target}", checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else FAILED)
