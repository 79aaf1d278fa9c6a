"""The command line, `minnow COMMAND`. Heavy packages are imported only by the commands that need them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from minnow import environment
from minnow.cli import champions, cleaning, pareto, prediction, receipts, status, training
from minnow.cli.app import app
from minnow.runners.interruption import ending

_COMMANDS: dict[str, Callable[..., None]] = {
    "run": training.run,
    "new": training.new,
    "tune": training.tune,
    "pareto": pareto.pareto,
    "status": status.status,
    "results": status.results,
    "data": training.data,
    "list": status.list_names,
    "champions": status.champions,
    "predict": prediction.predict,
    "rollback": champions.rollback,
    "retire": champions.retire,
    "withdraw": champions.withdraw,
    "verify": champions.verify,
    "receipt": receipts.receipt,
    "clean": cleaning.clean,
}
"""In the order of `minnow --help`."""

for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Run the command line.

    A broken MLflow database ends any command with a message and exit code 1, a signal with one line and 128 and its number.
    """
    from minnow.stores.database import BrokenStore

    environment.collect_rarely()
    with ending():
        try:
            app()
        except BrokenStore as error:
            typer.echo(str(error), err=True)
            sys.exit(1)
