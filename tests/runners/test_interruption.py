"""A signal ends a command within seconds, with its children, a line and an exit code; a second one ends it at once."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

START = """
import ctypes, signal, subprocess, sys, time
from minnow.runners.interruption import described, ending
with ending(), described(lambda: "Not complete: b."):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
    print(child.pid, flush=True)
"""
WAITS = "    time.sleep(100)"
UNDOES = """
    try:
        time.sleep(100)
    finally:
        print("undone", flush=True)
"""
IN_A_LIBRARY = """
    library = ctypes.CDLL(None)
    while True:
        library.sleep(100)
"""
SWALLOWS = """
    while True:
        try:
            time.sleep(100)
        except BaseException:
            pass
"""
IN_A_DESTRUCTOR = """
    class Slow:
        def __del__(self):
            for _ in range(20):
                time.sleep(0.01)
    Slow()
    time.sleep(100)
"""
ENDS_AFTER_A_LINE = "    sys.stdin.readline(); child.kill(); child.wait(); sys.exit(3)"


def started(body, **more):
    process = subprocess.Popen(
        [sys.executable, "-c", START + body], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    time.sleep(0.1)
    return process, child


def ended(process, child, number, *, within):
    start = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - start < within
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (signal.SIGINT, 130, "Interrupted. Not complete: b.\n"),
        (signal.SIGTERM, 143, "Ended by SIGTERM. Not complete: b.\n"),
        (signal.SIGHUP, 129, "Ended by SIGHUP. Not complete: b.\n"),
    ],
)
def test_a_signal_ends_the_command_and_its_children_with_one_line(number, code, line):
    assert ended(*started(WAITS), number, within=2) == (code, "", line)


def test_what_the_command_holds_is_undone_first():
    code, out, _ = ended(*started(UNDOES), signal.SIGINT, within=2)
    assert (code, out) == (130, "undone\n")


@pytest.mark.parametrize("body", [IN_A_LIBRARY, SWALLOWS], ids=["in a library", "swallowed"])
def test_a_main_thread_that_does_not_return_is_ended_after_the_grace(body):
    code, _, err = ended(*started(body), signal.SIGINT, within=5)
    assert (code, err) == (130, "Interrupted. Not complete: b.\n")


def test_a_signal_in_a_destructor_is_not_lost_and_prints_no_traceback():
    code, _, err = ended(*started(IN_A_DESTRUCTOR), signal.SIGINT, within=2)
    assert (code, err) == (130, "Interrupted. Not complete: b.\n")


def test_a_second_signal_ends_at_once():
    process, child = started(IN_A_LIBRARY)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert ended(process, child, signal.SIGINT, within=1.5)[0] == 130


def test_a_command_that_ends_by_itself_has_its_own_exit_code():
    process, _ = started(ENDS_AFTER_A_LINE, stdin=subprocess.PIPE)
    assert process.communicate("\n", timeout=20)[1] == ""
    assert process.returncode == 3


def test_an_ignored_signal_stays_ignored():
    process, _ = started(
        ENDS_AFTER_A_LINE,
        stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    process.send_signal(signal.SIGHUP)
    process.communicate("\n", timeout=20)
    assert process.returncode == 3
