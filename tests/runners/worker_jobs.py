"""Jobs for the worker's tests, found by name in the child."""

import os
import sys
import time


def double(value, report=None):
    report(1, 2, {"loss": 0.5})
    return 2 * value


def threads(report=None):
    return os.environ["OMP_NUM_THREADS"], os.environ["TF_NUM_INTRAOP_THREADS"], os.getpid()


def process(report=None):
    return os.getpid()


def imported(names, report=None):
    return [name for name in names if name in sys.modules]


def refuse(report=None):
    raise ValueError("no rows")


def fill(report=None):
    raise OSError(28, "No space left on device", "model.keras")


def die(report=None):
    os.kill(os.getpid(), 9)


def swell(report=None):
    block = bytearray(400 * 2**20)
    time.sleep(30)
    return len(block)


def sleep(report=None):
    time.sleep(60)


def count(report):
    for step in range(1, 1000):
        report(step, 1000, {"loss": 1.0})
        time.sleep(0.002)
    return "to the end"


def linger(report):
    """Run for a minute, unless its caller stops it."""
    for step in range(1, 600):
        report(step, 600, {"loss": 1.0})
        time.sleep(0.1)


def swell_while_reporting(report):
    """Take 10 MB more after each report, for half a minute."""
    hoard = []
    for step in range(1, 10_000):
        hoard.append(bytearray(10 * 2**20) if len(hoard) < 60 else bytearray())
        report(step, 10_000, {"loss": 1.0})
        time.sleep(0.003)


def report_on_and_on(report):
    """Report every few milliseconds, for half a minute."""
    for step in range(1, 10_000):
        report(step, 10_000, {"loss": 1.0})
        time.sleep(0.003)


def hoard(megabytes, report=None):
    """Keep memory after the job has ended."""
    KEPT.append(bytearray(megabytes * 2**20))
    return os.getpid()


KEPT: list[bytearray] = []
