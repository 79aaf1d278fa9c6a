"""Ctrl-C and SIGTERM in the middle of real commands: they end within five seconds with one line, and leave no process."""

import os
import signal
import time

import psutil
import pytest
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]
ENDLESS = {"fcnn": {"epochs": 1_000_000, "early_stopping": None}}
LIMIT_S = 5.0


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A use case that is soon complete, and one that never is."""
    made = Project.make(tmp_path_factory.mktemp("interrupt"))
    entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "options": {"target": "kind"}}
    both = {"first": {**entry, "families": ["linear"]}, "small": {**entry, "families": ENDLESS}}
    made.settings(usecases=both)
    return made


def interrupted(project, command, at, number, *, whole_group, recorded=""):
    """Start a command, send it a signal once its output holds a text, and return exit code, output and its processes.

    recorded: use case that dvc.lock is to hold by then.
    """
    process = project.start(*command, start_new_session=True)
    printed = ""
    while at not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    lock = project.folder / "dvc.lock"
    while recorded and not (lock.exists() and f"@{recorded}" in lock.read_text()):
        time.sleep(0.1)
    time.sleep(1)
    children = psutil.Process(process.pid).children(recursive=True)
    start = time.monotonic()
    (os.killpg if whole_group else os.kill)(process.pid, number)
    rest, _ = process.communicate(timeout=60)
    assert time.monotonic() - start < LIMIT_S
    left = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not left
    return process.returncode, printed + rest, children


def test_a_run_says_what_is_complete_and_leaves_neither_process_nor_lock(project, injected):
    code, printed, children = interrupted(
        project, ("-m", "minnow.cli", "run"), "small: prepare", signal.SIGINT, whole_group=True, recorded="first"
    )
    assert code == 130
    last = "Interrupted. Complete and recorded: first. Not complete: small; trained models are kept. To go on: minnow run small"
    assert printed.splitlines()[-1] == last, printed
    assert "Traceback" not in printed
    assert children, "the worker is a process"
    injected["interrupted: run"] += 1
    code, printed, _ = interrupted(
        project, ("-m", "flows.retrain"), "small: prepare", signal.SIGTERM, whole_group=False
    )
    assert code == 143, printed
    assert "first: validate" not in printed, "it was recorded before the signal came"
    assert "Traceback" not in printed
    assert printed.splitlines()[-1].startswith("Ended by SIGTERM. Not complete: small;")
    injected["interrupted: run"] += 1


def test_a_study_keeps_its_trials(project, injected):
    command = ("-m", "minnow.cli", "tune", "small", "fcnn", "--trials", "2")
    code, printed, _ = interrupted(project, command, "validate and prepare", signal.SIGINT, whole_group=True)
    assert code == 130
    assert printed.splitlines()[-1] == "Interrupted. Trials that ended are kept. To go on: minnow tune small fcnn"
    assert "Traceback" not in printed
    injected["interrupted: tune"] += 1
