"""`minnow tune` on a table: stopped, gone on with, tracked, and written to params.yaml on request."""

import contextlib
import re
import sqlite3
import time

import pytest
import yaml
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]
SPACES = {"small": {"gboost": {"iterations": {"low": 2, "high": 30}, "leaves": {"among": [2, 4]}}}}
RUNS = """
import json
from minnow.stores.database import client, experiment_id
from minnow.workspace import workspace
space = workspace()
runs = client(space).search_runs([experiment_id(space)], max_results=100)
print(json.dumps([
    [r.info.run_name, r.info.status, r.data.tags.get("mlflow.parentRunId"), r.info.run_id, r.data.params, r.data.metrics]
    for r in runs
]))
"""


def tune(project, *more, **how):
    return project.call("-m", "minnow.cli", "tune", "small", "gboost", *more, **how)


def killed_in_its_trials(project):
    """Start a study, and end it by SIGKILL after its second trial has begun. Returns how many had."""
    process, path = project.start("-m", "minnow.cli", "tune", "small", "gboost", "--trials", "500"), project.folder
    begun, deadline = 0, time.monotonic() + 120
    while begun < 2:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        with contextlib.suppress(sqlite3.OperationalError):  # not made yet, or not its tables
            uri = f"file:{path / '.minnow' / 'tune.db'}?mode=ro"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as opened:
                begun = opened.execute("SELECT count(*) FROM trials").fetchone()[0]
        time.sleep(0.1)
    process.kill()
    process.communicate(timeout=60)
    return begun


def test_a_study_is_stopped_goes_on_is_tracked_and_written(tmp_path):
    project = Project.make(tmp_path)
    project.settings(families={"linear": {}, "gboost": {"iterations": 3, "leaves": 4}}, tune={"spaces": SPACES})
    before = (tmp_path / "params.yaml").read_text()
    begun = killed_in_its_trials(project)
    code, printed = tune(project, "--trials", str(begun + 3))
    assert code == 0, printed
    assert "trial 1 of gboost" not in printed, "it goes on where it was"
    assert "best accuracy on val" in printed
    assert "params.yaml's values: 0." in printed
    assert (tmp_path / "params.yaml").read_text() == before, "nothing is written unasked"
    code, printed = tune(project, "--trials", "1", "--write")
    assert code == 0, printed
    assert "trial 1 of" not in printed, "the study has its trials"
    families = yaml.safe_load((tmp_path / "params.yaml").read_text())["usecases"]["small"]["families"]
    assert 2 <= families["gboost"]["iterations"] <= 30
    assert str(families["gboost"]["iterations"]) in printed
    code, printed = project.call("-c", RUNS)
    assert code == 0, printed
    runs = yaml.safe_load(printed.splitlines()[-1])
    (parent,) = [run for run in runs if run[0] == "tune small gboost"]
    trials = [run for run in runs if run[0].startswith("trial ")]
    assert {run[2] for run in trials} == {parent[3]}
    assert parent[1] == "FINISHED"
    whole = [run for run in trials if "val/accuracy" in run[5]]
    assert len(whole) >= 3
    assert max(run[5]["val/accuracy"] for run in whole) == pytest.approx(parent[5]["val/accuracy"])
    assert {"iterations", "leaves"} == set(whole[0][4])


@pytest.mark.parametrize(
    ("family", "message"),
    [("gbost", "Did you mean 'gboost'"), ("forest", "No family 'forest'"), ("linear", "tune.spaces")],
)
def test_what_cannot_be_searched_is_named(tmp_path, family, message):
    project = Project.make(tmp_path)
    project.settings(
        families={"linear": {}, "gboost": {}}, tune={"spaces": {"small": {"linear": {"c": {"among": [1]}}}}}
    )
    if family != "linear":
        project.settings(families={"linear": {}, "gboost": {}})
    code, printed = project.call("-m", "minnow.cli", "tune", "small", family)
    assert (code, message in printed) == (2, True), printed


def test_all_families_share_the_trials_and_the_better_half_goes_on(tmp_path):
    project = Project.make(tmp_path)
    leaves = {"leaves": {"among": [2, 4]}, "iterations": {"low": 2, "high": 30}}
    spaces = {"small": {"gboost": leaves, "forest": {"leaves": {"among": [2, 4]}}}}
    given = {"linear": {}, "gboost": {"leaves": 4, "iterations": 1}, "forest": {}}
    project.settings(families=given, tune={"spaces": spaces})
    command = ("-m", "minnow.cli", "tune", "small")
    code, printed = project.call(*command, "--trials", "9", "--write")
    assert code == 0, printed
    # a round of three families, one of the better two, and one of the best
    rounds = re.findall(r"after (\d+) trials? of each family, the search goes on with (.*)", printed)
    assert [(int(count), len(names.split(", "))) for count, names in rounds] == [(1, 2), (2, 1)], printed
    found = re.findall(r"small, (\w+): best accuracy on val (\d\.\d+).*of trials (\d+) complete", printed)
    assert sorted(int(count) for _, _, count in found) == [1, 2, 6], printed
    assert [float(score) for _, score, _ in found] == sorted((float(score) for _, score, _ in found), reverse=True)
    families = yaml.safe_load((tmp_path / "params.yaml").read_text())["usecases"]["small"]["families"]
    kept = {name for name, params in families.items() if (params or {}) == given[name]}
    assert printed.count("No trial was better than the values in params.yaml") == len(kept), printed
    assert {"forest", "linear"} <= kept, "what a family does by itself had the first trial, and was not beaten"
    code, printed = project.call(*command, "--trials", "9")
    assert code == 0, printed
    assert "trial 1 of" not in printed.replace("after 1 trial of each", ""), "the search has its trials"
