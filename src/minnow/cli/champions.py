"""Commands about the champion of a use case: rollback, verify."""

from __future__ import annotations

from typing import Annotated

import typer

from minnow.cli.app import FAILED, Target, champion_of, exit_on, load_settings, require_known


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
    require_known("use case", usecase, settings.names)
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
