"""Ctrl-C, SIGTERM and SIGHUP end a command within seconds, with everything that it started, and one line says what is left.

The first signal raises Interrupted in the main thread, which undoes what the command holds. Code that does not return within
GRACE_S, or a second signal, ends the process at once. A thread waits for the signals, since Python runs a handler only between
two instructions of the main thread, which may be in a library for minutes.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 3.0
"""How long the main thread may take to undo what the command holds."""
_SAME_S = 0.3
"""Signals that follow so soon are one: a terminal and a program that forwards signals may both send it."""
_AGAIN_S = 0.05
"""Less than _SAME_S: how long after an exception that Python dropped the signal is raised again."""
_SHOW_CURSOR = "\x1b[?25h"

Describe = Callable[[], str]
_descriptions: list[Describe] = []
_ending = threading.Lock()


class Interrupted(BaseException):
    """A signal that ends the command. Not an Exception, so that nobody takes it for a failed step."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def described(describe: Describe) -> Iterator[None]:
    """Say what an interruption leaves. describe: returns sentences in one line; the outermost one is used."""
    _descriptions.append(describe)
    try:
        yield
    except Interrupted:  # the description is needed at the very end
        raise
    except BaseException:
        _descriptions.remove(describe)
        raise
    _descriptions.remove(describe)


@contextmanager
def ending() -> Iterator[None]:
    """End the process on a signal, with exit code 128 and the signal's number. To be used once, around the whole command.

    A signal that is ignored when the command starts stays ignored, as `nohup` and shells without job control want it.
    """
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in heard:
        signal.signal(number, _raise)
    sys.unraisablehook = partial(_again, sys.unraisablehook)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader, heard), name="signals", daemon=True).start()
    try:
        yield
    except Interrupted as error:
        _end(error.number)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


def _again(hook: Callable[[Any], object], lost: Any) -> None:
    """Raise Interrupted once more where it was raised in a destructor or a callback, in which Python drops exceptions."""
    if lost.exc_type is Interrupted:
        main, number = threading.main_thread().ident, lost.exc_value.number
        again = threading.Timer(_AGAIN_S, signal.pthread_kill, (main, number))
        again.daemon = True
        again.start()
    else:
        hook(lost)


def _watch(reader: int, heard: list[signal.Signals]) -> None:
    """End the process GRACE_S after the first signal, or at the second one."""
    first = _next(reader, heard, None)
    start = time.monotonic()
    while (left := start + GRACE_S - time.monotonic()) > 0:
        if _next(reader, heard, left) and time.monotonic() - start > _SAME_S:
            break
    _end(first or signal.SIGTERM)


def _next(reader: int, heard: list[signal.Signals], seconds: float | None) -> int | None:
    """Wait for one of the signals. Returns its number, None where there was none within the time, and for other signals."""
    while True:
        if seconds is not None and not select.select([reader], [], [], seconds)[0]:
            return None
        number = os.read(reader, 1)[0]
        if number in heard or seconds is not None:
            return number if number in heard else None


def _end(number: int) -> NoReturn:
    """Kill what this process started, print the line, and exit without any further clean-up."""
    if not _ending.acquire(blocking=False):
        threading.Event().wait()  # the other thread is ending the process
    _kill_children()
    with suppress(Exception):
        sys.stdout.flush()
    with suppress(Exception):
        cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
        sys.stderr.write(f"{cursor}\n{line(number)}\n" if cursor else f"{line(number)}\n")
        sys.stderr.flush()
    os._exit(128 + number)


def line(number: int) -> str:
    """The line that says that the command was interrupted, and what that leaves."""
    what = "Interrupted" if number == signal.SIGINT else f"Ended by {signal.Signals(number).name}"
    try:
        left = _descriptions[0]() if _descriptions else ""
    except Exception as error:  # the state may be half-built; the line itself must come
        left = f"What is left could not be found out ({type(error).__name__})."
    return f"{what}. {left}".strip()


def _kill_children() -> None:
    """Kill every process under this one; they hold nothing that is not written again."""
    import psutil

    with suppress(psutil.Error):
        children = psutil.Process().children(recursive=True)
        for child in children:
            with suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(children, timeout=1)
