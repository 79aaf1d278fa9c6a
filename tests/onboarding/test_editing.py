"""Values written to params.yaml, and nothing else touched."""

import difflib

import pytest
import yaml

from minnow import config
from minnow.catalog import catalog
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


def test_a_list_with_parameters_and_a_short_form_take_values(params):
    params.write_text(TEXT.replace("[linear, embedbag]", "[linear, {embedbag: {schedule: cosine}}]"))
    editing.set_params(params, "second", "embedbag", {"schedule.floor": 0.1})
    assert yaml.safe_load(params.read_text())["usecases"]["second"]["families"] == {
        "linear": None,
        "embedbag": {"schedule": {"kind": "cosine", "floor": 0.1}},
    }


ENTRY = """  third:
    modality: text
    task: classify
    data: d
    families: [linear]
"""


@pytest.mark.parametrize(
    "text",
    [
        "usecases: {}\n",
        "usecases: # mine\n",
        "usecases:\nthreads: 1\n",
        "\ufeffusecases: {}\n",
        TEXT,
        TEXT.replace("  first:", "  first: {}\n  last:"),
        "usecases:\n    one:\n        modality: text\n        task: classify\n        data: d\n        families: [linear]\n",
    ],
)
def test_an_entry_is_added_to_a_file_of_any_form(params, text):
    params.write_text(text, encoding="utf-8")
    before = config.load(params, catalog())
    editing.add_entry(params, "third", ENTRY)
    after = config.load(params, catalog())
    assert after.entry("third").data == "d"
    assert {**after.usecases, "third": None} == {**before.usecases, "third": None}
    kept = {line.strip() for line in params.read_text().splitlines()}
    assert {line.strip() for line in text.splitlines() if "#" in line} <= kept


def test_the_ends_of_lines_stay(params):
    params.write_bytes(TEXT.replace("\n", "\r\n").encode())
    editing.add_entry(params, "third", ENTRY)
    editing.set_params(params, "third", "linear", {"C": [1.0]})
    data = params.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") > TEXT.count("\n")


def test_an_entry_is_not_added_to_what_it_cannot_stand_under(params):
    text = "usecases: {a: {modality: text, task: classify, data: d, families: [linear]}}\n"
    params.write_text(text)
    with pytest.raises(config.ConfigError, match="each on lines of its own"):
        editing.add_entry(params, "third", ENTRY)
    assert params.read_text() == text


def test_a_fault_of_the_new_entry_names_the_file_that_it_was_for(params):
    with pytest.raises(config.ConfigError, match=r"params\.yaml, line \d+: usecases\.third\.task: No task 'clasify'"):
        editing.add_entry(params, "third", ENTRY.replace("classify", "clasify"))
    assert params.read_text() == TEXT


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Wine Quality (red).csv.gz", "wine_quality_red"),
        ("first.csv", "first_2"),
        ("2024-sales.csv", "data_2024_sales"),
        ("Käufe.parquet", "kaufe"),
        ("数据.csv", "data"),
        ("x" * 90 + ".csv", "x" * 40),
    ],
)
def test_a_use_case_without_a_name_is_called_as_its_file(params, path, name):
    settings = config.load(params, catalog())
    assert editing.name_for(params.parent / path, settings) == name
    editing.check_new(settings, name, params)


def test_the_name_of_a_folder_keeps_what_follows_a_full_stop(params):
    folder = params.parent / "v1.2"
    folder.mkdir()
    assert editing.name_for(folder, config.load(params, catalog())) == "v1_2"


@pytest.mark.parametrize(
    ("written", "recipe", "after"),
    [
        ("", ("int8", {}), "    compression: [int8]"),
        (
            "    compression: [float16] # mine\n",
            ("prune(0.7) > int8", {}),
            "    compression: [float16, prune(0.7) > int8] # mine",
        ),
        ("    compression: float16\n", ("int8", {}), "    compression: [float16, int8]"),
        (
            "    compression:\n      float16: # mine\n",
            ("prune(0.7) > int8", {"prune": {"epochs": 0.5}}),
            "    compression:\n      float16: # mine\n      prune(0.7) > int8:\n        prune:\n          epochs: 0.5",
        ),
    ],
)
def test_a_recipe_is_added_in_the_form_that_stands_there(params, written, recipe, after):
    params.write_text(TEXT.replace("    data: data/second\n", f"    data: data/second\n{written}"))
    editing.set_params(params, "second", "linear", {}, recipe)
    text = params.read_text()
    assert f"{after}\n" in text
    entry = config.load(params, catalog()).usecases["second"]
    assert entry.recipes[-1].variant == config.recipe(*recipe).variant
    assert "seed: 3 # lucky" in text


def test_an_entry_of_a_name_of_its_own_is_added_with_its_family(params):
    editing.set_params(params, "first", "linear_strong", {"family": "linear", "C": [0.01]})
    added = ["+       linear_strong:", "+         family: linear", "+         C: [0.01]"]
    assert [line for line in changed(params) if line[2:].strip()] == added
    assert config.load(params, catalog()).usecases["first"].family_of("linear_strong") == "linear"


def test_the_lines_of_other_use_cases_stay_to_the_byte(tmp_path):
    path = tmp_path / "params.yaml"
    other = """  other: # shares its attributes
    modality: tabular
    task: classify
    data: rows.csv
    options: &shared # of all
      target: kind
    families:
      fcnn:
        early_stopping: null # val is small
      linear:
"""
    small = "  small:\n    modality: tabular\n    task: classify\n    data: rows.csv\n    options: *shared\n"
    small += "    families:\n      fcnn:\n"
    for text in (other + small, other + "\n" + small + "\njudge:\n  level: 0.05 # of all\n"):
        path.write_text(f"usecases:\n{text}")
        editing.set_params(path, "small", "fcnn", {"epochs": 7}, ("int8", {}))
        changed = path.read_text()
        assert other in changed
        assert "      fcnn:\n        epochs: 7\n    compression: [int8]\n" in changed
        assert changed.replace("        epochs: 7\n    compression: [int8]\n", "") == f"usecases:\n{text}"


def test_use_cases_on_one_line_are_edited_too(tmp_path):
    path = tmp_path / "params.yaml"
    entry = (
        "{modality: tabular, task: classify, data: rows.csv, options: {target: kind}, families: {fcnn: {epochs: 3}}}"
    )
    path.write_text(f"usecases: {{first: {entry}, small: {entry}}}\n")
    editing.set_params(path, "small", "fcnn", {"epochs": 7})
    assert path.read_text().count("epochs: 7") == 1
