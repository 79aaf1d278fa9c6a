"""The Typer application, and helpers that several commands share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minnow.workspace import Workspace, workspace

if TYPE_CHECKING:
    from minnow.config import Settings
    from minnow.stores.champions import Champion

FAILED, USAGE = 1, 2
"""Exit codes: the command failed; its arguments or the settings are wrong."""

app = typer.Typer(
    help="Train, compress, judge and serve small AI models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Show every variant, the reasons, the baselines and the hints too.")
]
Target = Annotated[str, typer.Option(help="Target of the champion: cpu or gpu.")]


def fail(error: object, code: int = USAGE) -> typer.Exit:
    """Print a message to stderr, and return the exception that ends the command with an exit code."""
    typer.echo(str(error), err=True)
    return typer.Exit(code)


@contextmanager
def exit_on(*errors: type[Exception], code: int = USAGE) -> Iterator[None]:
    """Turn any of these errors into its message and an exit code."""
    try:
        yield
    except errors as error:
        raise fail(error, code) from error


def load_settings(params: Path | None = None) -> tuple[Workspace, Settings]:
    """Find the workspace of the working directory and load its settings. params: another settings file."""
    from minnow import config
    from minnow.catalog import catalog

    space = workspace(params)
    with exit_on(config.ConfigError):
        return space, config.load(space.params, catalog())


def require_known(noun: str, name: str, known: Iterable[str], where: str = "") -> None:
    """End the command where a name is unknown; the message gives the nearest known name."""
    from minnow.registry import unknown

    names = list(known)
    if name not in names:
        raise fail(f"{where}{unknown(noun, name, names)}")


def champion_of(space: Workspace, settings: Settings, usecase: str, target: str) -> Champion:
    """Return the champion of a use case, or end the command where there is none."""
    from minnow.stores import champions

    require_known("use case", usecase, settings.names)
    champion = champions.current(space, usecase, target)
    if champion is None:
        raise fail(f"'{usecase}' has no champion for {target}. Run `minnow run {usecase}`.", FAILED)
    return champion
