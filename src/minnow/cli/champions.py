"""Commands about the champion of a use case: predict, rollback, verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from minnow.cli.app import FAILED, Target, champion_of, exit_on, fail, load_settings, require_known


def predict(
    usecase: Annotated[str, typer.Argument(help="Use case with a published champion.")],
    file: Annotated[Path, typer.Argument(help="File of inputs: JSON, or a format that the modality reads.")],
    k: Annotated[int | None, typer.Option(help="Number of items that a ranking lists.")] = None,
) -> None:
    """Predict the inputs of a file with the champion.

    The answers are printed as JSON, the same as those of the service. The champion for cpu is used.
    """
    from minnow.records.bundle import BundleError
    from minnow.registry import unknown
    from minnow.serving.predictor import Predictor
    from minnow.stores import models

    published = models.newest(usecase) if usecase in models.usecases() else None
    if published is None:
        raise fail(unknown("published use case", usecase, models.usecases()))
    with exit_on(BundleError, OSError, ValueError):
        predictor = Predictor(published.bundle, provenance=published.provenance)
        inputs = predictor.modality.from_file(file, predictor.options, predictor.encoder)
        answers = predictor.answer(list(inputs), k)
    typer.echo(json.dumps({"answers": answers, **predictor.about}, indent=2))


def rollback(
    usecase: Annotated[str, typer.Argument(help="Use case with an earlier champion.")], target: Target = "cpu"
) -> None:
    """Make the previous champion the champion again.

    It is published too, and a running service loads it.
    """
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
    usecase: Annotated[str, typer.Argument(help="Use case with a champion.")],
    target: Target = "cpu",
    quick: Annotated[bool, typer.Option("--quick", help="Compare with the record only; do not train.")] = False,
) -> None:
    """Check that a champion can be reproduced.

    Compares files, answers, data, code and machine with the champion's record, then trains it again from the recorded settings
    and compares every byte and score. Exit codes: 0 nothing differs, 1 something differs or there is no champion, 2 settings
    or usage.
    """
    from flows.job import Busy, alone
    from flows.verify import verify as compare
    from minnow.insight import summary

    space, settings = load_settings()
    champion = champion_of(space, settings, usecase, target)
    with exit_on(Busy, ValueError, RuntimeError, code=FAILED), alone(space):
        checks = compare(space, settings, champion, quick=quick, say=lambda text: typer.echo(f"  {text}"))
    summary.print_checks(f"{usecase} version {champion.version} for {target}", checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else FAILED)
