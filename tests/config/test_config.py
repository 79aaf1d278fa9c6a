"""Settings: what is refused, and that the message says where and what to write instead."""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

import pytest
from pydantic import ValidationError

from minnow import config
from minnow.catalog import catalog
from minnow.config import ConfigError
from minnow.config.errors import faults_of
from minnow.contracts import Parameters

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
    path.write_text(text, encoding="utf-8")
    return config.load(path, catalog())


def refusal(folder, text, usecase="digits"):
    """Return the message about a use case, or about the whole file."""
    with pytest.raises(ConfigError) as error:
        load(folder, text).entry(usecase)
    return str(error.value).replace(str(folder / "params.yaml"), "params.yaml")


def test_names_alone_take_all_defaults(tmp_path):
    settings = load(tmp_path, BASE)
    assert settings.usecases["digits"].families == {"linear": {}}
    assert settings.usecases["digits"].targets == ["cpu"]


def _compressed(value, message):
    return "data: data/digits", f"data: data/digits\n    compression: {value}", message


def _taught(teacher, message):
    families = "{small: {family: fcnn, units: [8]}, gboost: {}}"
    return "[linear]", f"{families}\n    compression: {{distill: {{teacher: {teacher}}}}}", message


def _exported(value, message):
    return "data: data/digits", f"data: data/digits\n    exports: {value}", message


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
        ("task: classify", "task: generate", r"digits\.options\.labelled: task 'generate' .* Set labelled: false"),
        (
            "data: data/digits",
            "data: data/digits\n    options: {labelled: false}",
            r"digits\.options\.labelled: task 'classify' needs labels. Received: labelled: false",
        ),
        ("task: classify", "", r"usecases\.digits\.task: this key is required"),
        ("seed: 7", "seed: seven", r"line 2: seed: this must be a whole number\. Received: 'seven'"),
        ("digits:", "Digits:", r"usecases\.Digits: a name has at most 48 characters, lower-case letters"),
        (
            "data: data/digits",
            "data: data/digits\n    compression: [int9]",
            r"No compression 'int9'\. Did you mean 'int8'",
        ),
        _compressed("[int8 > float16]", r"compression\.int8 > float16: 'int8' writes a file, .* Move it to the end"),
        _compressed("[float16(3)]", r"'float16' takes no parameter in brackets\. Received: '3'"),
        _compressed("[prune(2)]", r"compression\.prune\(2\).*below 1\.0\. Received: 2"),
        _compressed(
            "[prune(0.5]", r"a recipe is a compression, or several with '>' between them.* Received: 'prune\(0\.5'"
        ),
        _compressed("[prune > prune > int8]", r"a step stands once in a chain\. Received: 'prune' twice"),
        _compressed("{prune(0.5): {amount: 0.3}}", r"`amount` of 'prune' stands twice: in brackets and below"),
        _compressed("{prune > int8: {prun: {}}}", r"under the names of its steps, prune, int8\. Received: 'prun'"),
        _compressed("[prune(0.5), prune( 0.5 )]", r"two recipes make the same variant, 'prune-0\.5'"),
        _compressed("[prune(0.5) > int8]", r"'prune' needs a family that it can change: cnn, .* gboost, .* has linear"),
        _compressed(
            "{distill: {teacher: linear}}",
            r"'distill' needs a family that it can change: cnn, cnn1d, embedbag, fcnn, gru, lstm, rnn\. .* has linear",
        ),
        _taught("gboos", r"compression\.distill\.teacher: No entry under families 'gboos'\. Did you mean 'gboost'"),
        _taught("3", r"compression\.distill\.teacher: this must be text\. Received: 3"),
        _taught(
            "small",
            r"teacher: 'small' must teach another entry that .*: cnn, .* has small, gboost\. .* leave `teacher` out",
        ),
        _compressed(
            "{prune(0.5) > int8: {prune: {epochs: 0.5}}, prune(0.5) > float16: }",
            r"'prune-0\.5' is made in two ways: its steps have other parameters in one recipe than in another",
        ),
        _exported("[litert > int9]", r"No compression 'int9'\. Did you mean 'int8'"),
        _exported("[litter > int8]", r"No exporter 'litter'\. Did you mean 'litert'"),
        _exported("[int8 > litert]", r"No exporter 'int8'"),
        _exported("[litert(3)]", r"'litert' takes no parameters\. Received: '3'"),
        _exported("[litert > int8 > float16]", r"'int8' writes a file, .* Remove 'float16'"),
        _exported("[litert > float16]", r"'float16' does not compress the files of 'litert'\. Use one of int8"),
        _exported("[litert > prune(0.5)]", r"'prune' makes a model, and stands under compression"),
        _exported("[litert > int8(3)]", r"'int8' takes no parameter in brackets\. Received: '3'"),
        _exported("{litert > int8: {int8: {rows: 3}}}", r"exports\.litert > int8\.rows"),
        _exported("{litert > int8: {calibration_rows: 30}}", r"under the names of its steps, litert, int8"),
        _exported("[litert > int8, litert >int8]", r"two recipes make the same variant, 'litert-int8'"),
        ("data: data/digits", "data: data/digits\n    needs: [digit]", r"No use case 'digit'\. Did you mean 'digits'"),
        ("data: data/digits", "data: ${NO_SUCH_PLACE}/x", r"export NO_SUCH_PLACE="),
        ("data: data/digits", "data: data/digits\n    targets: [tpu]", r"No target 'tpu'"),
        (
            "families: [linear]",
            "families: {linear: 3}",
            r"families\.linear: parameters with values .* C, iterations, .* Received: 3",
        ),
        ("families: [linear]", "families: {linear: [C]}", r"families\.linear: parameters .* Received: \['C'\]"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path, old, new, message):
    assert old in BASE
    assert re.search(message, refusal(tmp_path, BASE.replace(old, new), "Digits" if old == "digits:" else "digits"))


def test_exports_may_have_a_compression_with_parameters(tmp_path):
    recipes = "[litert, {litert > int8: {int8: {weights_only: true}}}]"
    text = BASE.replace("families: [linear]", f"families: [linear]\n    exports: {recipes}")
    usecase = load(tmp_path, text).usecases["digits"]
    assert usecase.exports == {"litert": {}, "litert > int8": {"int8": {"weights_only": True}}}
    assert [one.variant for one in usecase.exported] == ["litert", "litert-int8"]


def test_recipes_of_compression_have_the_parameters_of_their_steps(tmp_path):
    recipes = "{float16: , prune(0.7) > distill > int8: {prune: {epochs: 0.5}, int8: {calibration_rows: 99}}}"
    text = BASE.replace("families: [linear]", f"families: [linear, cnn]\n    compression: {recipes}")
    one, other = load(tmp_path, text).usecases["digits"].recipes
    assert (one.variant, other.variant) == ("float16", "prune-0.7-distill-int8")
    assert [(step.name, step.params) for step in other.steps] == [
        ("prune", {"amount": 0.7, "epochs": 0.5}),
        ("distill", {}),
        ("int8", {"calibration_rows": 99}),
    ]


def test_entries_may_teach_each_other(tmp_path):
    """What teaches is the trained model, before any compression, so that this is no circle."""
    recipes = "{distill: {teacher: small}, prune(0.5) > distill > int8: {distill: {teacher: wide}}}"
    entries = "{small: {family: fcnn, units: [8]}, wide: {family: fcnn}, linear: {}}"
    text = BASE.replace("[linear]", f"{entries}\n    compression: {recipes}")
    assert load(tmp_path, text).usecases["digits"].teachers == ("small", "wide")


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
        ("{usecase: digits}", "{usecase: digits, model: a}", r"init_from\.model: a run sets this"),
        ("{usecase: digits}", "{usecas: digits}", r"init_from\.usecase: this key is required"),
        ("[linear, fcnn]", "[linear]", r"'digits' must train 'fcnn' too\. It trains: linear"),
        ("{fcnn: {init", "{linear: {init", r"families\.linear\.init_from: No key 'init_from'"),
    ],
)
def test_weights_are_taken_from_a_use_case_that_has_them(tmp_path, old, new, message):
    assert load(tmp_path, PAIR).usecases["few"].before == ["digits"]
    assert re.search(message, refusal(tmp_path, PAIR.replace(old, new), "few"))


def test_shares_must_leave_rows_for_train(tmp_path):
    assert "must leave rows for train" in refusal(tmp_path, BASE + "    split: {val: 0.2, test: 0.8}\n")


HOME = """
usecases:
  home:
    modality: timeseries
    task: classify
    data: data/home
    options: {target: lamp, window: 6, rolling_mean: [3]}
    families: {gboost: {categories: one_hot}}
    folds: groups
"""


@pytest.mark.parametrize(
    ("new", "old", "message"),
    [
        (
            "rolling_mean: [3]",
            "means: [3]",
            "usecases.home.options.means: 'means' is called 'rolling_mean' now.",
        ),
        (
            "categories: one_hot",
            "categories: marks",
            "usecases.home.families.gboost.categories: 'marks' is called 'one_hot' now.",
        ),
        ("folds: groups", "folds: units", "usecases.home.folds: 'units' is called 'groups' now."),
    ],
)
def test_a_key_or_a_value_of_an_older_version_is_answered_with_its_new_name(tmp_path, new, old, message):
    assert load(tmp_path, HOME).usecases["home"].folds == "groups"
    line = HOME[: HOME.index(new)].count("\n") + 1
    assert refusal(tmp_path, HOME.replace(new, old), "home") == f"params.yaml, line {line}: {message}"


class Inner(Parameters):
    RENAMED: ClassVar[Mapping[str, str]] = {"old_key": "key", "pace=slow": "steady"}

    key: int = 0
    pace: int | Literal["steady"] | list[Literal["steady", "fast"]] = 0
    name: Literal["a"] | None = None


class Outer(Parameters):
    inner: Inner = Inner()
    named: dict[str, dict[str, Inner | None]] = {}  # noqa: RUF012


def explained(values):
    with pytest.raises(ValidationError) as error:
        Outer.model_validate(values)
    return [str(fault) for fault in faults_of(error.value, ("at",), Outer, values)]


def test_new_names_are_those_of_the_class_that_holds_the_key():
    assert explained({"inner": {"old_key": 1}}) == ["at.inner.old_key: 'old_key' is called 'key' now."]
    assert explained({"named": {"x": {"y": {"old_key": 1}}}}) == [
        "at.named.x.y.old_key: 'old_key' is called 'key' now."
    ]
    assert explained({"old_key": 1}) == ["at.old_key: No key 'old_key'. Known: inner, named."]


def test_a_value_is_answered_once_however_many_types_its_field_takes():
    assert explained({"inner": {"pace": "slow"}}) == ["at.inner.pace: 'slow' is called 'steady' now."]
    assert explained({"inner": {"pace": ["fast", "slow"]}}) == ["at.inner.pace: 'slow' is called 'steady' now."]
    other = explained({"inner": {"name": "slow", "key": "slow"}})
    assert len(other) == 2
    assert not any("is called" in line for line in other)


def test_an_unknown_name_in_a_space_is_named(tmp_path):
    text = """
usecases:
  small: {modality: tabular, task: classify, data: d, options: {target: kind}, families: [fcnn]}
tune:
  spaces:
    small:
      fcnn: {droput: {low: 0.0, high: 0.5}}
"""
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"tune\.spaces\.small\.fcnn\.droput: .*dropout"):
        config.load(tmp_path / "params.yaml", catalog())
    for wrong, right in (("      fcnn", "      gboost"), ("    small:\n      f", "    smal:\n      f")):
        (tmp_path / "params.yaml").write_text(text.replace(wrong, right))
        with pytest.raises(ConfigError, match=r"tune\.spaces"):
            config.load(tmp_path / "params.yaml", catalog())
