"""Where the time of a run went: what is noted, written and shown."""

import json
import subprocess
import sys

import pytest
import typer

from flows import retrain
from flows.plan import Plan
from minnow.cli import training
from minnow.insight import profile as shown
from minnow.runners import profile
from minnow.runners.profile import BETWEEN, FILE, Profile
from minnow.runners.progress import Display


@pytest.fixture
def clocks(monkeypatch):
    """Clocks that a test sets: seconds by the clock, and of CPU."""
    now = {"wall": 0.0, "cpu": 0.0}
    monkeypatch.setattr(profile.time, "monotonic", lambda: now["wall"])
    monkeypatch.setattr(profile, "cpu_seconds", lambda: now["cpu"])
    return now


def spend(clocks, wall, cpu):
    clocks["wall"] += wall
    clocks["cpu"] += cpu


def test_each_step_of_a_display_is_noted_with_its_seconds_and_share(clocks, tmp_path):
    log = Profile()
    spend(clocks, 1.0, 0.5)
    with Display(profile=log) as display:
        with display.step("plan", counted=False):
            spend(clocks, 2.0, 1.0)
        with display.step("digits: train cnn"):
            spend(clocks, 5.0, 8.0)
    value = log.write(tmp_path / "new" / FILE)
    assert json.loads((tmp_path / "new" / FILE).read_text()) == value
    assert {key: value[key] for key in ("format", "seconds", "cpu_s")} == {"format": 1, "seconds": 8.0, "cpu_s": 9.5}
    assert [(one["usecase"], one["step"], one["seconds"], one["cpu_s"], one["share"]) for one in value["steps"]] == [
        (None, "plan", 2.0, 1.0, 0.25),
        ("digits", "train cnn", 5.0, 8.0, 0.625),
        (None, BETWEEN, 1.0, 0.5, 0.125),
    ]


def test_a_step_that_fails_is_noted_too(clocks):
    log = Profile()

    def fail():
        with Display(profile=log) as display, display.step("a: read"):
            spend(clocks, 3.0, 3.0)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert [(one.usecase, one.step, one.seconds) for one in log.steps] == [("a", "read", 3.0)]


def test_steps_side_by_side_cover_their_time_once(clocks):
    log = Profile()
    with log.timing("a: train linear"):
        spend(clocks, 1.0, 1.0)
        with log.timing("a: train gboost"):
            spend(clocks, 4.0, 4.0)
    spend(clocks, 0.5, 0.0)
    assert log.ended()["steps"][-1]["seconds"] == 0.5


def test_the_table_has_the_steps_and_what_is_short_in_one_row(clocks, capsys):
    log = Profile()
    for name, seconds in (("a: train [x]", 90.0), ("a: judge", 0.1), ("plan", 0.2), ("publish", 9.7)):
        with log.timing(name):
            spend(clocks, seconds, seconds / 2)
    shown.show(log.ended())
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "a train [x] 90.0 45.0 90 %" in rows
    assert "3 steps below 0.5 % each 0.3 0.2 0 %" in rows
    assert "the whole run 100.0 50.0 100 %" in rows
    assert not any("judge" in row for row in rows)


def test_cpu_of_children_counts_while_they_run_and_after():
    before = profile.cpu_seconds()
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
    child = subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    assert profile.cpu_seconds() - before >= 0.45
    child.communicate(b"\n")
    assert profile.cpu_seconds() - before >= 0.45


def test_the_command_writes_where_the_time_went(in_folder, monkeypatch, capsys):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    monkeypatch.setattr(retrain.planning, "make", lambda *_, **__: Plan())
    monkeypatch.setattr(retrain.publishing, "publish", lambda *_: None)
    with pytest.raises(typer.Exit):
        training.run([], profile=True)
    assert "the whole run" in capsys.readouterr().out
    assert "plan" in [one["step"] for one in json.loads((in_folder / ".minnow" / FILE).read_text())["steps"]]
