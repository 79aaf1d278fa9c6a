"""Settings: what is refused, and that the message says where and what to write instead."""

import pytest

from minnow import config
from minnow.catalog import catalog
from minnow.config import ConfigError

BASE = """
seed: 7
usecases:
  digits:
    modality: images
    task: classify
    data: data/digits
    families: [linear]
"""


def load(folder, text):
    path = folder / "params.yaml"
    path.write_text(text)
    return config.load(path, catalog())


def test_names_alone_take_all_defaults(tmp_path):
    settings = load(tmp_path, BASE)
    assert settings.usecases["digits"].families == {"linear": {}}
    assert settings.usecases["digits"].targets == ["cpu"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 7", "sede: 7", r"sede: No key 'sede'\. Did you mean 'seed'"),
        ("modality: images", "modality: image", r"digits\.modality: No modality 'image'\. Did you mean 'images'"),
        ("task: classify", "task: clasify", r"digits\.task: No task 'clasify'\. Did you mean 'classify'"),
        ("[linear]", "[linaer]", r"digits\.families: No family 'linaer'\. Did you mean 'linear'"),
        (
            "[linear]",
            "[recommender]",
            r"families\.recommender: 'recommender' learns from interactions\. Received: images",
        ),
        ("[linear]", "{linear: {wrong: 1}}", r"usecases\.digits\.families\.linear\.wrong: No key 'wrong'"),
        (
            "data: data/digits",
            "data: data/digits\n    options: {scal: 16}",
            r"options\.scal: No key 'scal'\. Did you mean 'scale'",
        ),
        ("task: classify", "task: generate", r"digits\.options\.labelled: task 'generate' .* Needed: labelled: false"),
        (
            "data: data/digits",
            "data: data/digits\n    options: {labelled: false}",
            r"digits\.options\.labelled: task 'classify' learns from labels",
        ),
        ("task: classify", "", r"usecases\.digits\.task: this key is needed"),
        ("seed: 7", "seed: seven", r"seed: .*integer\. Received: 'seven'"),
        ("digits:", "Digits:", r"usecases\.Digits: a name is lower-case letters"),
        (
            "data: data/digits",
            "data: data/digits\n    compression: [int9]",
            r"No compression 'int9'\. Did you mean 'int8'",
        ),
        ("data: data/digits", "data: data/digits\n    needs: [digit]", r"No use case 'digit'\. Did you mean 'digits'"),
        ("data: data/digits", "data: ${NO_SUCH_PLACE}/x", r"export NO_SUCH_PLACE="),
        ("data: data/digits", "data: data/digits\n    targets: [tpu]", r"No target 'tpu'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path, old, new, message):
    assert old in BASE
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, BASE.replace(old, new))


def test_environment_variables_are_filled_in(tmp_path, monkeypatch):
    monkeypatch.setenv("SOMEWHERE", "/tmp/there")
    settings = load(tmp_path, BASE.replace("data/digits", "${SOMEWHERE}/digits"))
    assert settings.usecases["digits"].data == "/tmp/there/digits"


def test_a_missing_file_says_where_to_stand(tmp_path):
    with pytest.raises(ConfigError, match="Run from the project's root"):
        config.load(tmp_path / "params.yaml", catalog())


def test_the_project_own_settings_are_valid(project):
    settings = config.load(project / "params.yaml", catalog())
    assert {"digits", "reviews", "shop", "cancer", "diabetes"} <= set(settings.usecases)


PAIR = (
    BASE.replace("[linear]", "[linear, fcnn]")
    + """  few:
    modality: images
    task: classify
    data: data/digits
    families: {fcnn: {init_from: {usecase: digits}}}
"""
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{usecase: digits}", "{usecase: digit}", r"init_from\.usecase: No use case 'digit'\. Did you mean 'digits'"),
        ("{usecase: digits}", "{usecase: few}", r"few\.families\.fcnn\.init_from\.usecase: No use case 'few'"),
        ("{usecase: digits}", "{usecase: digits, model: a}", r"init_from\.model: a run fills this in"),
        ("{usecase: digits}", "{usecas: digits}", r"init_from\.usecase: this key is needed"),
        ("[linear, fcnn]", "[linear]", r"'digits' must train 'fcnn' too\. It trains: linear"),
        ("{fcnn: {init", "{linear: {init", r"families\.linear\.init_from: No key 'init_from'"),
    ],
)
def test_weights_are_taken_from_a_use_case_that_has_them(tmp_path, old, new, message):
    assert load(tmp_path, PAIR).usecases["few"].before == ["digits"]
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, PAIR.replace(old, new))


def test_shares_must_leave_rows_for_train(tmp_path):
    with pytest.raises(ConfigError, match="must leave rows for train"):
        load(tmp_path, BASE + "    split: {val: 0.2, test: 0.8}\n")
