"""A port that another program has, in one sentence in place of BentoML's traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from types import TracebackType

DEFAULT = 3000
_OPTIONS = ("-p", "--port")


def explain_taken_port() -> None:
    """Let an error that ends this process be said in one sentence where it is about a port that is taken."""
    before = sys.excepthook

    def shown(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            print(sentence(sys.argv[1:]), file=sys.stderr)
        else:
            before(kind, error, trace)

    sys.excepthook = shown


def sentence(arguments: Sequence[str]) -> str:
    """What to do about the taken port that `bentoml serve` was told, by its arguments or by BENTOML_PORT."""
    port = _given(arguments) or os.environ.get("BENTOML_PORT") or str(DEFAULT)
    other = int(port) + 1 if port.isdigit() else DEFAULT + 1
    return f"Port {port} is taken by another program. End that, or serve on another port: bentoml serve --port {other}"


def _given(arguments: Sequence[str]) -> str | None:
    """Return the value of the option for the port, None where it is not there."""
    for i, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name in _OPTIONS:
            return value or next(iter(arguments[i + 1 : i + 2]), None)
    return None
