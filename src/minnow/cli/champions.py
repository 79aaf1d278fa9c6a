"""Commands about the champion of a use case: rollback, retire, withdraw, verify."""

from __future__ import annotations

from typing import Annotated

import typer

from minnow.cli.app import FAILED, Target, champion_of, exit_on, load_settings
from minnow.workspace import workspace


def rollback(
    usecase: Annotated[str, typer.Argument(help="Use case with an earlier champion.")], target: Target = "cpu"
) -> None:
    """Make the previous champion the champion again.

    It is published too, and a running service loads it. What was withdrawn, retired or rolled back from before is left out.
    """
    from flows.job import Busy, alone
    from flows.publish import follow
    from minnow.stores import removal

    space = workspace()
    with exit_on(LookupError, Busy, code=FAILED), alone(space):
        previous = removal.rollback(space, usecase, target)
        follow(space, usecase, target, typer.echo)
    typer.echo(f"{usecase}: version {previous.version} is champion for {target} again.")


def retire(usecase: Annotated[str, typer.Argument(help="Use case with a champion.")], target: Target = "cpu") -> None:
    """Take the champion away, so that nothing of it is served.

    Its history and the number of comparisons on its test set are kept. The next run decides as one without a champion; where
    nothing is stale, `minnow run USECASE --force` starts it.
    """
    from flows.job import Busy, alone
    from flows.publish import retire as take_away

    space = workspace()
    with exit_on(LookupError, Busy, code=FAILED), alone(space):
        typer.echo(take_away(space, usecase, target, typer.echo))


def withdraw(
    usecase: Annotated[str, typer.Argument(help="Use case of the registry.")],
    version: Annotated[int, typer.Argument(help="Version in the registry; `minnow champions` shows those in use.")],
    why: Annotated[str, typer.Option(help="Reason, which later decisions on the same model give.")] = "",
) -> None:
    """Withdraw a version, so that no rollback and no run brings it back.

    Where it is champion, the last good version becomes champion again; where there is none, the use case is retired. A run that
    makes the same model again is refused.
    """
    from flows.job import Busy, alone
    from flows.publish import withdraw as take_back

    space = workspace()
    with exit_on(LookupError, Busy, code=FAILED), alone(space):
        for line in take_back(space, usecase, version, why, typer.echo):
            typer.echo(line)


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
