"""What every family promises: a new file in families/ is tested by being there."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import tiny
from pydantic import ValidationError

from minnow import exporters, families, runtimes, tasks
from minnow.families._options import Activation

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

CASES = [
    (name, modality, task)
    for name in families.names()
    for modality in families.get(name).MODALITIES
    for task in families.get(name).TASKS
    if (modality, task) in tiny.PROBLEMS
]


@pytest.fixture(scope="module")
def fitted():
    """Each case is trained once for all of its tests."""
    made = {}

    def fit(case):
        if case not in made:
            name, modality, task = case
            family, (train, val) = families.get(name), tiny.sides(modality, task)
            events = []
            model = family.fit(train, val, tiny.quick(family), seed=3, report=lambda *event: events.append(event))
            made[case] = family, model, val, events
        return made[case]

    return fit


def test_every_family_has_a_problem_to_learn():
    assert {name for name, _, _ in CASES} == set(families.names())


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_beats_the_plain_baselines_of_its_task(fitted, case):
    _, model, val, _ = fitted(case)
    task = tasks.get(case[2])
    loss = task.loss(model.predict(val.inputs), val).mean()
    for name, answer in task.baselines(tiny.batch(*case[1:], seed=1)).items():
        assert loss < 0.8 * task.loss(answer(val), val).mean(), name


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_comes_back_from_disk_unchanged(fitted, case, tmp_path):
    family, model, val, _ = fitted(case)
    model.save(tmp_path)
    again = family.load(tmp_path)
    for name, value in model.predict(val.inputs).items():
        np.testing.assert_array_equal(again.predict(val.inputs)[name], value)
    assert again.parameters == model.parameters > 0


ONE_TASK_EACH = list({case[:2]: case for case in reversed(CASES)}.values())
"""A family trains alike for all tasks of a modality: one of them is trained twice."""


@pytest.mark.parametrize("case", ONE_TASK_EACH, ids="-".join)
def test_one_seed_gives_one_model_and_one_file(fitted, case, tmp_path):
    family, model, val, _ = fitted(case)
    again = family.fit(*tiny.sides(*case[1:]), tiny.quick(family), seed=3)
    for name, value in model.predict(val.inputs).items():
        np.testing.assert_array_equal(again.predict(val.inputs)[name], value)
    for name, one in {"a": model, "b": again}.items():
        exporters.get("onnx").write(one, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_names_its_arrays_as_task_and_encoder_do(fitted, case):
    _, model, val, _ = fitted(case)
    assert [spec.name for spec in model.outputs] == [tasks.get(case[2]).OUTPUT]
    assert {spec.name for spec in model.inputs} <= set(val.inputs)
    (answer,) = model.predict({name: value[:1] for name, value in val.inputs.items()}).values()
    assert answer.dtype == np.float32
    assert answer.shape == (1, *model.outputs[0].shape)


@pytest.mark.parametrize(
    ("name", "params", "least"),
    [
        ("gboost", {"iterations": 20, "patience": 20}, 20),
        ("forest", {"trees": 40}, 4),
        ("ensemble", {"members": {name: {"family": "fcnn", "epochs": 5} for name in "ab"}}, 10),
    ],
    ids=["gboost", "forest", "ensemble"],
)
def test_a_long_fit_tells_of_its_parts(name, params, least):
    family, events = families.get(name), []
    told = lambda *event: events.append(event)  # noqa: E731
    family.fit(*tiny.sides("tabular", "classify"), family.Params.model_validate(params), seed=3, report=told)
    done = [epoch / epochs for epoch, epochs, _ in events]
    assert done == sorted(done)
    assert done[-1] == 1
    assert len(set(done)) >= least


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_reports_progress_and_finite_history(fitted, case):
    _, model, _, events = fitted(case)
    assert events
    assert all(0 < epoch <= epochs for epoch, epochs, _ in events)
    assert all(np.isfinite(values).all() for values in model.history.values())


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_its_onnx_file_answers_alike_for_any_number_of_rows(fitted, case, tmp_path):
    _, model, val, _ = fitted(case)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    runner = runtimes.open_model(tmp_path / "model.onnx")
    assert {spec.name for spec in runner.inputs} == {spec.name for spec in model.inputs}
    for n in (1, 7):
        rows = {name: value[:n] for name, value in val.inputs.items()}
        for name, value in model.predict(rows).items():
            np.testing.assert_allclose(runner.predict(rows)[name], value, atol=1e-4 * max(1, np.abs(value).max()))


TEXTS = [case for case in CASES if case[1] == "text"]


@pytest.mark.parametrize("case", TEXTS, ids="-".join)
def test_a_text_of_which_no_word_is_known_has_one_finite_answer(fitted, case, tmp_path):
    """Nothing but padding, or but unknown words, as in another script: the same alone and among others, in the file too."""
    _, model, val, _ = fitted(case)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    runner = runtimes.open_model(tmp_path / "model.onnx")
    for filler in (0, 1):
        tokens = np.full_like(val.inputs["tokens"][:3], filler)
        rows = {"tokens": tokens, "ngrams": np.zeros_like(val.inputs["ngrams"][:3])}
        for answers in (model.predict(rows)["probabilities"], runner.predict(rows)["probabilities"]):
            assert np.isfinite(answers).all()
            np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
            np.testing.assert_allclose(answers, answers[:1].repeat(3, axis=0), atol=1e-6)


@pytest.mark.parametrize("name", families.names())
def test_unknown_parameters_are_refused(name):
    with pytest.raises(ValidationError, match="no_such_parameter"):
        families.get(name).Params.model_validate({"no_such_parameter": 1})


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "sgd", "learning_rate": 0.05, "schedule": {"kind": "exponential"}},
        {"optimizer": "rmsprop", "schedule": {"kind": "constant"}, "l1": 1e-4, "l2": 1e-4},
        {"optimizer": "adamw", "weight_decay": 1e-3, "dropout": 0.2, "activation": "gelu", "early_stopping": None},
        {"optimizer": "nadam", "loss": "focal", "batch_norm": False, "augmentation": {"shift": 0.05, "rotate": 5.0}},
        {"label_smoothing": 0.1, "separable": True, "head": "average", "dense": [8]},
    ],
    ids=lambda params: "-".join(params),
)
def test_what_params_yaml_offers_trains(params):
    cnn, (train, val) = families.get("cnn"), tiny.sides("images", "classify")
    given = {"conv": [6, "pool", 6], "epochs": 8, "batch_size": 16, "augmentation": None} | params
    model = cnn.fit(train, val, cnn.Params.model_validate(given), seed=1)
    assert tasks.get("classify").loss(model.predict(val.inputs), val).mean() < 0.4


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_that_params_yaml_offers_can_be_exported(activation, tmp_path):
    fcnn, (train, val) = families.get("fcnn"), tiny.sides("images", "classify")
    model = fcnn.fit(train, val, fcnn.Params(units=[4], activation=activation, epochs=1), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    found = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)
    np.testing.assert_allclose(found["probabilities"], model.predict(val.inputs)["probabilities"], atol=1e-4)


def test_augmentation_changes_training_rows_alone():
    cnn, (train, val) = families.get("cnn"), tiny.sides("images", "classify")
    before = train.inputs["image"].copy()
    cnn.fit(train, val, cnn.Params(conv=[4], epochs=1), seed=1)
    np.testing.assert_array_equal(train.inputs["image"], before)


@pytest.mark.parametrize(
    ("conv", "padding"), [([4, *["pool"] * 4], "same"), ([4] * 4, "valid"), ([4, "pool", 4, 4], "valid")]
)
def test_an_image_of_which_nothing_would_be_left_is_refused(conv, padding):
    cnn, (train, val) = families.get("cnn"), tiny.sides("images", "classify")
    with pytest.raises(ValueError, match="Nothing is left of an image"):
        cnn.fit(train, val, cnn.Params(conv=conv, padding=padding), seed=1)


def test_padding_decides_how_many_numbers_come_to_the_answer():
    cnn, (train, val) = families.get("cnn"), tiny.sides("images", "classify")
    side = train.inputs["image"].shape[1]
    for padding, left in (("same", side), ("valid", side - 2)):
        model = cnn.fit(train, val, cnn.Params(conv=[4], padding=padding, epochs=1), seed=1)
        assert model.native.get_layer("logits").kernel.shape[0] == 4 * left * left


@pytest.mark.parametrize("name", ["linear", "gboost"])
@pytest.mark.parametrize(
    ("modality", "task"), [("tabular", "classify"), ("tabular", "regress"), ("images", "classify")]
)
def test_principal_components_are_part_of_the_file(name, modality, task, tmp_path):
    family, (train, val) = families.get(name), tiny.sides(modality, task)
    model = family.fit(train, val, family.Params(pca=4), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    answers, wanted = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs), model.predict(val.inputs)
    for key, value in wanted.items():
        np.testing.assert_allclose(answers[key], value, atol=1e-4 * max(1, np.abs(value).max()))
    with pytest.raises(ValueError, match="pca needs at most"):
        family.fit(train, val, family.Params(pca=1000), seed=1)


WEIGHED = {
    name: modality
    for name, modality, task in reversed(CASES)
    if task == "classify" and modality != "text" and name != "centroid"
}


def _confused(batch):
    """Half of the labels moved on by one: two labels are as likely as each other."""
    noise = np.random.default_rng(0).random(len(batch)) < 0.5
    return replace(batch, target=np.where(noise, (batch.target + 1) % len(batch.labels), batch.target))


def _heavy(batch):
    return replace(batch, weight=np.where(batch.target == 0, 5.0, 0.5).astype(np.float32))


@pytest.mark.parametrize(("name", "modality"), WEIGHED.items())
def test_rows_that_weigh_more_are_answered_more_often(name, modality):
    family, sides = families.get(name), [_confused(batch) for batch in tiny.sides(modality, "classify")]
    shares = [
        (family.fit(*rows, tiny.quick(family), seed=3).predict(sides[1].inputs)["probabilities"].argmax(1) == 0).mean()
        for rows in (sides, [_heavy(batch) for batch in sides])
    ]
    assert shares[1] > shares[0] + 0.08


TREES = [
    ("gboost", "tabular", "classify", {"categories": "marks"}),
    ("gboost", "tabular", "regress", {"categories": "marks", "bags": 3, "feature_share": 0.5}),
    ("gboost", "images", "classify", {"bags": 2, "feature_share": 0.5}),
    ("gboost", "timeseries", "forecast", {"bags": 2, "feature_share": 0.5, "loss": "mae"}),
    ("forest", "tabular", "regress", {"answer": "median"}),
    ("forest", "tabular", "regress", {"answer": "median", "extra": True, "trees": 4}),
]


@pytest.mark.parametrize(
    ("name", "modality", "task", "given"), TREES, ids=lambda one: one if isinstance(one, str) else ""
)
def test_what_trees_offer_is_part_of_the_file(name, modality, task, given, tmp_path):
    family, (train, val) = families.get(name), tiny.sides(modality, task)
    if given.get("answer") == "median":  # marks that few answers share, some of them equally often
        train, val = (replace(side, target=np.round(side.target / 200)) for side in (train, val))
    model = family.fit(train, val, family.Params(**given), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    model.save(tmp_path)
    rows = {key: value[:77] for key, value in val.inputs.items()}
    answers = runtimes.open_model(tmp_path / "model.onnx").predict(rows)
    for key, value in model.predict(rows).items():
        np.testing.assert_allclose(answers[key], value, atol=1e-4 * max(1, np.abs(value).max()))
        np.testing.assert_array_equal(family.load(tmp_path).predict(rows)[key], value)
    wanted = tasks.get(task)
    plain = min(wanted.loss(one(val), val).mean() for one in wanted.baselines(train).values())
    assert wanted.loss(model.predict(val.inputs), val).mean() < 0.8 * plain


def test_the_mean_of_several_fits_is_what_the_fits_say_on_average():
    family, (train, val) = families.get("gboost"), tiny.sides("tabular", "regress")
    each = [
        family.fit(train, val, family.Params(feature_share=0.5), seed=seed).predict(val.inputs)["value"]
        for seed in (4, 5, 6)
    ]
    bagged = family.fit(train, val, family.Params(feature_share=0.5, bags=3), seed=4).predict(val.inputs)["value"]
    np.testing.assert_allclose(bagged, np.mean(each, axis=0), rtol=1e-5)
    with pytest.raises(ValidationError, match="bags over 1 need a feature_share below 1"):
        family.Params(bags=2)


def test_the_median_of_few_numbers_is_one_of_them_and_many_are_refused():
    family, (train, val) = families.get("forest"), tiny.sides("tabular", "regress")
    params = family.Params(answer="median")
    few = replace(train, target=np.round(train.target / 200))
    assert set(family.fit(few, val, params, seed=1).predict(val.inputs)["value"]) <= set(few.target)
    with pytest.raises(
        ValueError, match=r"answer: median needs a target of 2 to 64 different numbers. Received: '240 of"
    ):
        family.fit(train, val, params, seed=1)
