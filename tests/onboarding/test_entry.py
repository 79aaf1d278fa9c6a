"""Entries: from somebody's file to one that a run takes, with nothing lost of params.yaml, and a short trial of it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from minnow import config
from minnow.catalog import catalog
from minnow.onboarding import entry, trial
from minnow.onboarding.proposal import Proposal, Request
from minnow.onboarding.propose import propose
from minnow.workspace import workspace

PARAMS = """# mine
seed: 3 # lucky
usecases:
  first: # a comment
    modality: text
    task: classify
    data: data/first
    families: [linear]

# behind
threads: 1
"""


@pytest.fixture
def project(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{i},{x:.3f},{'ab'[int(x + rng.normal(0, 0.3) > 0)]}" for i, x in enumerate(rng.normal(size=300))]
    (tmp_path / "rows.csv").write_text("\n".join(["id,size: mm,kind", *lines]) + "\n")
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path


def test_an_entry_is_added_and_everything_else_stays(project):
    space, proposal = workspace(root=project), propose(project / "rows.csv", Request())
    entry.add(space, "second", proposal)
    text = (project / "params.yaml").read_text()
    assert [line for line in PARAMS.splitlines() if line not in text.splitlines()] == []
    settings = config.load(space.params, catalog())
    assert list(settings.usecases) == ["first", "second"]
    assert settings.threads == 1
    assert settings.usecases["second"].options == proposal.entry["options"] == {"target": "kind", "drop": ["id"]}
    assert "# the last column" in text


@pytest.mark.parametrize(
    "name", ["on", "no", "null", "1e3", "007", "12:30", "a: b", "pulse [/min]", "a\nb", "${HOME}", "'"]
)
def test_a_column_of_any_name_reads_back_equal(name, project):
    """The name is that of the target, of a column to drop and of a key, as in options.kinds."""
    proposal = Proposal({"modality": "tabular", "task": "classify", "data": "rows.csv"})
    proposal.entry |= {
        "options": {"target": name, "drop": [name], "kinds": {name: "categorical"}},
        "families": ["linear"],
    }
    proposal.reasons["options.target"] = f"the last column is {name}"
    entry.add(workspace(root=project), "second", proposal)
    written = config.load(project / "params.yaml", catalog()).entry("second").options
    assert written == proposal.entry["options"]


@pytest.mark.parametrize("name", ["no", "on", "null"])
def test_a_use_case_may_be_called_by_a_word_of_yaml(name, project):
    entry.add(workspace(root=project), name, propose(project / "rows.csv", Request()))
    assert list(config.load(project / "params.yaml", catalog()).usecases) == ["first", name]


@pytest.mark.parametrize(
    ("name", "message"),
    [("first", "exists already"), ("No Name", "a name has at most 48 characters, lower-case letters")],
)
def test_an_entry_that_cannot_stand_leaves_the_file_as_it_was(name, message, project):
    with pytest.raises(config.ConfigError, match=message):
        entry.add(workspace(root=project), name, propose(project / "rows.csv", Request()))
    assert (project / "params.yaml").read_text() == PARAMS
    assert not list(project.glob(".params-*"))


def test_a_trial_is_short(project):
    settings = config.load(project / "params.yaml", catalog())
    usecase = {"modality": "tabular", "families": ["fcnn", "linear", "gboost"], "compression": ["int8"]}
    quick = trial.trial_settings(settings, "x", usecase)
    assert quick["usecases"]["x"]["families"] == {"gboost": {}, "linear": {}}
    assert quick["usecases"]["x"]["compression"] == ["int8"], "a trial tries the entry as it stands"
    assert quick["usecases"]["x"]["exam"] == "none"
    usecase = {"modality": "images", "families": ["linear", "fcnn", "cnn"]}
    assert trial.trial_settings(settings, "x", usecase)["usecases"]["x"]["families"] == {
        "cnn": {"epochs": 5},
        "linear": {},
    }
    assert quick["worker"]["job_minutes"] == 1


def test_from_a_file_to_a_tried_entry_with_one_command(project, one_prefect):
    command = [str(Path(sys.executable).parent / "minnow"), "new", "--data", "rows.csv", "--yes"]
    environment = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "the last column; choose another with --target" in done.stdout
    assert "It is scored on val; the test set is not read." in done.stdout
    rows = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("rows ")]
    assert sorted(name.partition("/")[0] for name in rows) == ["gboost", "linear"], done.stdout
    assert sum("chosen on val" in line for line in done.stdout.splitlines()) == 1
    assert "minnow run rows` trains every family" in done.stdout.splitlines()[-1]
    assert yaml.safe_load((project / "params.yaml").read_text())["usecases"]["rows"]["data"] == "rows.csv"
