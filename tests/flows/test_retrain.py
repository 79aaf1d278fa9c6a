"""The exit code of a run in which some use cases were stopped, and what it says."""

import pytest

from flows import retrain
from flows.guard import DataChanged
from flows.plan import Plan
from minnow.config import ConfigError
from minnow.stores.versions import VersionError
from minnow.workspace import workspace


@pytest.mark.parametrize(
    ("stopped", "worked", "code"),
    [
        ({}, 0, 0),
        ({"bad": ConfigError("usecases.bad: no")}, 0, 2),
        ({"bad": ConfigError("usecases.bad: no")}, 1, 2),
        ({"bad": DataChanged("changed")}, 3, 2),
        ({"bad": VersionError("no remote")}, 0, 1),
        ({"bad": VersionError("no remote"), "worse": DataChanged("changed")}, 0, 2),
    ],
)
def test_what_is_stopped_is_told_and_the_others_are_run(in_folder, monkeypatch, capsys, stopped, worked, code):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    ran = []
    monkeypatch.setattr(retrain.planning, "make", lambda *_, **__: Plan({"good": ["code"]}, [], stopped))
    monkeypatch.setattr(retrain, "_work", lambda space, settings, plan, done: ran.extend(plan.stale) or worked)
    result = retrain.run(workspace())
    assert result.code == code
    assert ran == ["good"]
    said = capsys.readouterr().err
    for name, error in stopped.items():
        assert f"{name} is not run. {error}" in said, "before the others are run"
    assert result.stopped == {name: str(error) for name, error in stopped.items()}, "what the end of a run shows"


def test_a_file_with_a_fault_runs_nothing(in_folder, capsys):
    (in_folder / "params.yaml").write_text("seed: x\nusecases: {}\n")
    assert retrain.run(workspace()).code == 2
    assert "params.yaml, line 1: seed: this must be a whole number" in capsys.readouterr().err
