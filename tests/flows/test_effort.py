"""`minnow run --effort`: what is fitted, what is said of it, and when an up-to-date use case is run again."""

import json
import re

import pytest
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]
SPACES = {"small": {"gboost": {"iterations": {"low": 2, "high": 30}, "leaves": {"among": [2, 4]}}}}
FAMILIES = {"linear": {}, "gboost": {"iterations": 3, "leaves": 4}, "shallow": {"family": "gboost", "leaves": 2}}


def run(project, *more):
    code, printed = project.call("-m", "minnow.cli", "run", *more)
    assert code == 0, printed
    return printed


def fitted(project):
    results = json.loads((project.folder / "outcomes" / "small" / "results.json").read_text())
    return results["effort"], {one["family"] for one in results["variants"]}


def test_the_effort_decides_what_is_fitted_and_another_one_runs_again(tmp_path):
    project = Project.make(tmp_path)
    project.settings(families=FAMILIES, tune={"spaces": SPACES})
    assert "tries" not in run(project)
    assert fitted(project) == ("quick", set(FAMILIES))
    assert "up to date" in run(project, "--effort", "quick"), "its last run had that effort"
    further = ["gboost_slow", "linear_splines", "linear_interactions", "shallow_slow"]
    assert f"small: tries {', '.join(further)} too (effort: default)" in run(project, "--effort", "default")
    wider = {*FAMILIES, *further, "blend"}
    assert fitted(project) == ("default", wider)
    printed = run(project, "--effort", "thorough", "--trials", "6")
    assert len(re.findall(r"small: trial \d of \w+ ", printed)) == 6, printed
    assert "minnow tune small --write" in printed
    level, names = fitted(project)
    assert level == "thorough"
    assert wider <= names <= wider | {f"{name}_tuned" for name in FAMILIES}
    assert len(names - wider) <= 2, "what the search found of the two best, unless it stands in params.yaml"
    assert "up to date" in run(project), "params.yaml has not changed"


def test_trials_are_those_of_a_search(tmp_path):
    project = Project.make(tmp_path)
    code, printed = project.call("-m", "minnow.cli", "run", "--trials", "3")
    assert (code, "--effort thorough" in printed) == (2, True), printed
