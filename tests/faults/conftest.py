"""The fault suite's account: what was injected, and what was lost."""

import os
from collections import Counter

import pytest


class Account(Counter):
    """What was injected, by name."""

    def until(self, name, count):
        """Number the tries until a fault was injected so often: a process may have ended before it was killed."""
        for i in range(4 * count):
            if self[name] >= count:
                return
            yield i
        assert self[name] >= count, f"{self[name]} of {count} faults could be injected: {name}"


INJECTED = Account()


def pytest_configure(config):
    config.addinivalue_line("markers", "full: part of `make faults` alone")


def pytest_collection_modifyitems(items):
    if os.environ.get("MINNOW_FAULTS") != "full":
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(pytest.mark.skip(reason="part of the long form: make faults"))


@pytest.fixture
def injected():
    """Count a fault: injected["killed: run"] += 1."""
    return INJECTED


@pytest.fixture(scope="session")
def full():
    """Whether `make faults` runs, rather than the short form of `make test`."""
    return os.environ.get("MINNOW_FAULTS") == "full"


def pytest_terminal_summary(terminalreporter):
    if os.environ.get("MINNOW_FAULTS") != "full" or not INJECTED:
        return
    lost = len(terminalreporter.stats.get("failed", [])) + len(terminalreporter.stats.get("error", []))
    terminalreporter.section("faults")
    for name, count in sorted(INJECTED.items()):
        terminalreporter.write_line(f"{count:>4}  {name}")
    killed = sum(count for name, count in INJECTED.items() if name.startswith("killed"))
    terminalreporter.write_line(
        f"{killed} processes killed, {sum(INJECTED.values())} faults in all; lost: {lost or 'nothing'}"
    )
