"""Entries of params.yaml: the forms in which they may be written, and faults, of which one stops no other entry."""

import re

import pytest
from dvc.utils.serialize import loads_yaml

from minnow import config
from minnow.catalog import catalog
from minnow.config import ConfigError, errors
from minnow.stages.case import Case
from minnow.workspace import workspace

TABLE = """
seed: 7
judge: {level: 0.01, smaller: 0.2}
usecases:
  first:
    modality: tabular
    task: classify
    data: first
    options: {target: kind}
    families: [linear]
  second:
    modality: tabular
    task: classify
    data: second
    options: {target: kind}
    families: [linear]
"""


def load(folder, text):
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return config.load(path, catalog())


def first(folder, text):
    return load(folder, text).entry("first")


def test_a_judge_of_a_use_case_inherits_what_it_does_not_name(tmp_path):
    settings = load(tmp_path, TABLE.replace("data: first", "data: first\n    judge: {margin: 0.02, smaller: 0.1}"))
    assert settings.judge_of("first") == config.Judge(level=0.01, margin=0.02, smaller=0.1)
    assert settings.judge_of("second") == settings.judge == config.Judge(level=0.01, smaller=0.2)
    recorded = Case("first", settings, workspace(root=tmp_path)).entry["judge"]
    assert recorded == {"level": 0.01, "margin": 0.02, "smaller": 0.1}, "a record says what was in force"


@pytest.mark.parametrize(
    ("families", "read"),
    [
        ("[linear, {fcnn: {epochs: 3}}]", {"linear": {}, "fcnn": {"epochs": 3}}),
        ("\n      - linear\n      - fcnn: {epochs: 3}\n", {"linear": {}, "fcnn": {"epochs": 3}}),
        ("\n      - fcnn:\n          epochs: 3\n", {"fcnn": {"epochs": 3}}),
        ("linear", {"linear": {}}),
        ("{fcnn: {schedule: cosine}}", {"fcnn": {"schedule": {"kind": "cosine"}}}),
        ("{fcnn: {early_stopping: 5}}", {"fcnn": {"early_stopping": {"patience": 5}}}),
        ("{fcnn: {early_stopping: null}}", {"fcnn": {"early_stopping": None}}),
        ("{fcnn: {batch_norm: no}}", {"fcnn": {"batch_norm": "no"}}),
        ("{wide: {family: fcnn, units: [99]}}", {"wide": {"family": "fcnn", "units": [99]}}),
        ("{wide: {family: fcnn, schedule: cosine}}", {"wide": {"family": "fcnn", "schedule": {"kind": "cosine"}}}),
        ("{ensemble: {members: [linear, fcnn]}}", {"ensemble": {"members": ["linear", "fcnn"]}}),
        ("{ensemble: {members: {a: linear, b: fcnn}}}", {"ensemble": {"members": {"a": "linear", "b": "fcnn"}}}),
    ],
)
def test_families_are_read_in_every_plain_form(tmp_path, families, read):
    assert first(tmp_path, TABLE.replace("[linear]", families, 1)).families == read


def test_short_forms_are_those_of_the_class():
    assert catalog().params("family", "cnn").model_validate({"schedule": "constant"}).schedule.kind == "constant"  # pyright: ignore[reportAttributeAccessIssue]
    assert catalog().params("family", "cnn").model_validate({"init_from": "other"}).init_from.usecase == "other"  # pyright: ignore[reportAttributeAccessIssue]
    options = catalog().params("modality", "tabular").model_validate({"target": "kind", "split": "hash"})
    assert options.split.by == "hash"  # pyright: ignore[reportAttributeAccessIssue]
    assert not catalog().params("family", "fcnn").model_validate({"batch_norm": "no"}).batch_norm  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("name", catalog().known("family"))
def test_every_block_of_parameters_has_a_short_form_or_no_main_key(name):
    """A new block of one main key declares it; those without are named here."""
    fields = catalog().params("family", name).model_fields.values()
    blocks = {block for field in fields if (block := errors._model_in(field.annotation)) is not None}
    assert {block.__name__ for block in blocks if block.SHORT is None} <= {"Augmentation"}  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[linear]", "[linear, linear]", r"line 10: usecases\.first\.families: 'linear' stands twice in the list"),
        ("[linear]", "[3]", r"line 10: usecases\.first\.families: a list must hold names.*One item is 3"),
        (
            "[linear]",
            "\n      - linear\n      - fcnn: {epochs: x}",
            r"line 12: usecases\.first\.families\.fcnn\.epochs: this",
        ),
        (
            "[linear]",
            "{wide: {family: fcn}}",
            r"line 10: usecases\.first\.families\.wide\.family: No family 'fcn'\. Did you mean 'fcnn'",
        ),
        ("[linear]", "{wide: {family: fcnn, unit: 3}}", r"families\.wide\.unit: .*Did you mean 'units'"),
        ("[linear]", "{linear: {family: fcnn}}", r"families\.linear\.family: 'linear' is a family itself"),
        ("[linear]", "{'Wide 1': {family: fcnn}}", r"families\.Wide 1: a name has at most 48 .*Received: 'Wide 1'"),
        ("[linear]", "{cnn_2: {family: cnn}}", r"families\.cnn_2: 'cnn' learns from images, audio.*Received: tabular"),
        ("[linear]", "[]", r"line 10: usecases\.first\.families: this must be of 1 or more entries"),
        (
            "[linear]",
            "{fcnn: {schedule: cosin}}",
            r"families\.fcnn\.schedule: .*Did you mean 'cosine'\? Received: 'cosin'",
        ),
        (
            "[linear]",
            "{linear: {C: 1.0}}",
            r"families\.linear\.C: this must be a list, such as \[1\.0\]\. Received: 1\.0",
        ),
        ("[linear]", "{fcnn: {epochs: 1e3}}", r"fcnn\.epochs: this must be a whole number\. Received: 1000\.0"),
        (
            "data: first",
            "data: first\n    split: 0.2",
            r"line 9: usecases\.first\.split: .*the keys are val, test, train_rows",
        ),
        (
            "data: first",
            "data: first\n    judge: 0.05",
            r"line 9: usecases\.first\.judge: .*the keys are level, margin, sm",
        ),
        (
            "data: first",
            "data: first\n    folds: group",
            r"first\.folds: this must be a whole number or 'groups'\. Did you",
        ),
        ("data: first", "data: first\n    folds: 1", r"first\.folds: this must be a number of at least 2 or 'groups'"),
        ("data: first", "data: first\n    targets: cpu", r"first\.targets: this must be a list, such as \['cpu'\]"),
        (
            "{target: kind}",
            "{target: true}",
            r"options\.target: this must be text.*YAML reads true as .*in quotes, 'true'",
        ),
        ("{target: kind}", "{target: 007}", r"Received: 7\. YAML reads 007 as .*in quotes, '007'"),
        ("{target: kind}", "{target: 2020-01-01}", r"YAML reads 2020-01-01 as .*in quotes, '2020-01-01'"),
        ("{target: kind}", "{target: k, labels: [a, 08]}", r"options\.labels\.1: .*YAML reads 08 as .*in quotes, '08'"),
        ("{target: kind}", "{target: k, class_weights: {01: 2.0}}", r"options\.class_weights\.1: .*in quotes, '01'"),
        ("{target: kind}", "{target: k, split: time}", r"options\.split: a split by 'time' or 'group' needs a column"),
        ("{target: kind}", "5", r"usecases\.first\.options: this must be keys with values"),
        ("{target: kind}", "", r"usecases\.first\.options\.target: this key is required"),
        ("data: first", "data: ''", r"usecases\.first\.data: this must be text of 1 or more characters"),
    ],
)
def test_a_fault_of_an_entry_is_told_in_words_of_yaml_and_stops_that_entry_alone(tmp_path, old, new, message):
    settings = load(tmp_path, TABLE.replace(old, new, 1))
    assert list(settings.usecases) == ["second"]
    assert list(settings.refused) == ["first"]
    assert re.search(message, settings.refused["first"]), settings.refused["first"]
    assert "Input should" not in settings.refused["first"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  second:", "  first:", r"params\.yaml, line 11: usecases\.first: this use case stands in line 5 too"),
        ("data: first", "data: first\n    data: x", r"line 9: usecases\.first\.data: this key stands in line 8 too"),
        ("seed: 7", "seed: [", r"line \d+, column \d+ is not YAML: "),
        ("seed: 7", "<<<<<<< mine\nseed: 7", r"is not YAML: .* the marks of an unfinished merge"),
        ("seed: 7", "seed: 7\njudg: 1", r"line 3: judg: No key 'judg'\. Did you mean 'judge'"),
        ("level: 0.01", "level: 1", r"line 3: judge\.level: this must be a number below 0\.5\. Received: 1"),
        ("seed: 7", "seed: 7\nx: &a [*a]", r"an alias .* must not stand within what it stands for"),
        (TABLE, "", "needs keys and values, with `usecases:` among them. Received: an empty file"),
        (TABLE, "usecases: []", r"line 1: usecases: this must be keys with values.* Received: \[\]"),
        (TABLE, "seed: 7", r"usecases: this key is required and missing"),
    ],
)
def test_a_fault_of_the_whole_file_stops_everything_with_its_line(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, TABLE.replace(old, new, 1))


def test_a_file_that_is_not_text_and_a_folder_are_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes(b"seed: \xe9")
    with pytest.raises(ConfigError, match="must be text in UTF-8"):
        config.load(tmp_path / "params.yaml", catalog())
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path, catalog())


@pytest.mark.parametrize(
    "entry", ["3", "", "[a]", "{modality: tabular}", "{modality: x, task: classify, data: d, families: x}"]
)
def test_an_entry_that_is_none_stops_itself_alone(tmp_path, entry):
    settings = load(tmp_path, f"{TABLE}  third: {entry}\n  9: {{}}\n")
    assert list(settings.usecases) == ["first", "second"]
    assert list(settings.refused) == ["9", "third"] or list(settings.refused) == ["third", "9"]
    with pytest.raises(ConfigError, match=r"line 17: usecases\.third"):
        settings.entry("third")
    with pytest.raises(ConfigError, match=r"No use case 'thrd'\. Did you mean 'third'"):
        settings.entry("thrd")


def test_use_cases_that_need_each_other_stop_each_other_and_no_third(tmp_path):
    text = TABLE.replace("data: first", "data: first\n    needs: [third]") + TABLE[TABLE.index("  second:") :].replace(
        "second:", "third:\n    needs: [first]"
    )
    settings = load(tmp_path, text)
    assert list(settings.usecases) == ["second"]
    assert sorted(settings.refused) == ["first", "third"]
    assert "must not form a circle" in settings.refused["first"]


def test_a_use_case_may_need_one_whose_entry_has_a_fault(tmp_path):
    settings = load(
        tmp_path, TABLE.replace("data: first", "data: first\n    needs: [second]").replace("data: second", "dat: x")
    )
    assert (list(settings.usecases), list(settings.refused)) == (["first"], ["second"])


def test_yaml_1_2_is_read_as_dvc_reads_it(tmp_path):
    text = TABLE.replace("{target: kind}", "{target: on, drop: [no, yes, y, off], missing: [12e03]}", 1)
    options = first(tmp_path, text).options
    assert options == {"target": "on", "drop": ["no", "yes", "y", "off"], "missing": [12000.0]}
    assert options == loads_yaml(text)["usecases"]["first"]["options"]


def test_a_dollar_before_a_variable_stands_for_its_text(tmp_path):
    assert first(tmp_path, TABLE.replace("target: kind", "target: '$${HOME}'", 1)).options["target"] == "${HOME}"
    settings = load(tmp_path, TABLE.replace("target: kind", "target: '${NO_SUCH_NAME}'", 1))
    assert "line 9: usecases.first.options.target: the environment variable NO_SUCH_NAME" in settings.refused["first"]


def test_nothing_may_stand_under_usecases_yet(tmp_path):
    assert load(tmp_path, "usecases: # none yet\n").names == []
