"""`minnow pareto` on a table: stopped, gone on with, tracked, chosen within a budget, and written to params.yaml."""

import json
import re

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
    [r.info.run_name, r.data.tags.get("mlflow.parentRunId"), r.info.run_id, r.data.metrics,
     [one.path for one in client(space).list_artifacts(r.info.run_id, "pareto")]]
    for r in runs
]))
"""


def pareto(project, *more):
    return project.call("-m", "minnow.cli", "pareto", "small", *more)


def result(project):
    return json.loads((project.folder / ".minnow" / "pareto" / "small.json").read_text())


def test_a_front_is_found_gone_on_with_chosen_from_tracked_and_written(tmp_path):
    project = Project.make(tmp_path)
    given = {"linear": {}, "gboost": {"iterations": 20, "leaves": 4}}
    project.settings(families=given, tune={"spaces": SPACES})
    before = (tmp_path / "params.yaml").read_text()
    code, printed = pareto(project, "--trials", "2")
    assert code == 0, printed
    assert "trial 1, gboost" in printed
    assert "trial 2, linear" in printed
    first = result(project)
    assert {point["entry"] for point in first["points"]} == {"linear", "gboost"}
    refused = [point for point in first["points"] if point["refused"]]
    assert {point["variant"] for point in refused} == {"float16"}, "its file is as large as that of float32"
    least = min(point["size_bytes"] for point in first["points"] if not point["refused"])
    code, printed = pareto(project, "--trials", "4", "--size-bytes", str(least))
    assert code == 0, printed
    assert "trial 1," not in printed, "it goes on where it was"
    again = result(project)
    assert first["points"] == again["points"][: len(first["points"])], "what was measured stays"
    assert again["chosen"]["size_bytes"] <= least
    assert (tmp_path / "params.yaml").read_text() == before, "nothing is written unasked"
    page = (tmp_path / ".minnow" / "pareto" / "small.html").read_text()
    assert page.count('class="mark"') == len(again["points"])

    least = min(point["size_bytes"] for point in again["points"] if not point["refused"])
    code, printed = pareto(project, "--trials", "4", "--size-bytes", str(least - 1))
    assert code == 3, printed
    nearest = result(project)["nearest"]["point"]
    assert f"budget.size_bytes binds. The nearest is {nearest['entry']}/float32" in printed.replace("\n", " ")
    assert f"{least:,} bytes, 1 over {least - 1:,}" in printed.replace("\n", " ")

    code, printed = project.call("-c", RUNS)
    assert code == 0, printed
    runs = json.loads(printed.splitlines()[-1])
    ((_, _, parent, metrics, artifacts),) = [run for run in runs if run[0] == "pareto small"]
    trials = [run for run in runs if run[0].startswith("trial ")]
    assert [run[1] for run in trials] == [parent] * 4
    assert all("float32/size_bytes" in run[3] and "float32/val/accuracy" in run[3] for run in trials)
    assert metrics["trials complete"] == 4
    assert set(artifacts) == {"pareto/small.html", "pareto/small.json"}


def test_what_is_written_is_what_the_next_run_makes(tmp_path):
    project = Project.make(tmp_path)
    spaces = {"small": {"gboost": {"iterations": {"low": 25, "high": 30}, "leaves": {"among": [6]}}}}
    project.settings(families={"gboost": {"iterations": 1, "leaves": 2}}, tune={"spaces": spaces})
    code, printed = pareto(project, "--trials", "3", "--write")
    assert code == 0, printed
    chosen = result(project)["chosen"]
    entry = yaml.safe_load((tmp_path / "params.yaml").read_text())["usecases"]["small"]
    assert entry["families"]["gboost"] == chosen["params"]
    assert chosen["trial"] > 1, "one tree with two leaves is not the best"
    code, printed = project.run()
    assert code == 0, printed
    variants = json.loads((tmp_path / "outcomes" / "small" / "results.json").read_text())["variants"]
    (made,) = [one for one in variants if one["variant"] == chosen["variant"]]
    assert made["val"]["accuracy"] == chosen["score"]
    assert made["size_bytes"] == pytest.approx(chosen["size_bytes"], rel=0.01), "it is fitted again on train and val"
    code, printed = pareto(project, "--trials", "3")
    assert code == 0, printed
    assert re.search("trial 4, gboost", printed) or "params.yaml has it already" in printed, printed


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--size-bytes", "0"), 2, "--size-bytes"),
        (("--p95-us", "-1"), 2, "p95_us"),
        (("--export", "litert"), 2, "usecases.small.exports"),
    ],
)
def test_what_cannot_be_asked_is_named(tmp_path, arguments, code, message):
    project = Project.make(tmp_path)
    assert (project_code := pareto(project, *arguments))[0] == code, project_code
    assert message in project_code[1]
