"""Values written to params.yaml, and nothing else touched."""

import difflib

import pytest
import yaml

from minnow import config
from minnow.onboarding import editing

TEXT = """# mine
seed: 3 # lucky
usecases:
  first: # a comment
    modality: images
    task: classify
    data: data/first
    families:
      linear:
      cnn:
        epochs: 5 # few

  second:
    modality: text
    task: classify
    data: data/second
    families: [linear, embedbag]

# behind
threads: 1
"""


@pytest.fixture
def params(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    return path


def changed(path):
    lines = difflib.ndiff(TEXT.splitlines(), path.read_text().splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_values_are_set_and_every_other_line_stays(params):
    editing.set_params(params, "first", "cnn", {"epochs": 9, "conv": [8, "pool"], "schedule.floor": 0.1})
    assert changed(params) == [
        "-         epochs: 5 # few",
        "+         epochs: 9 # few",
        "+         conv: [8, pool]",
        "+         schedule:",
        "+           floor: 0.1",
    ]


def test_a_family_that_had_only_a_name_takes_values(params):
    editing.set_params(params, "first", "linear", {"C": [1.0]})
    assert changed(params) == ["+         C: [1.0]"]
    editing.set_params(params, "second", "embedbag", {"dim": 6})
    assert yaml.safe_load(params.read_text())["usecases"]["second"]["families"] == {
        "linear": None,
        "embedbag": {"dim": 6},
    }


def test_values_that_a_family_does_not_take_leave_the_file_as_it_was(params):
    with pytest.raises(config.ConfigError, match=r"families\.cnn\.epochs"):
        editing.set_params(params, "first", "cnn", {"epochs": 0})
    assert params.read_text() == TEXT
    assert not list(params.parent.glob(".params-*"))
