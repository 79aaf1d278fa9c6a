"""What every family promises: a new file in families/ is tested by being there."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import registered
import tiny
from pydantic import ValidationError

from minnow import exporters, families, runtimes, tasks
from minnow.contracts import Family
from minnow.families._keras.options import Activation
from minnow.types import OFFSET, Batch

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
    models = {}

    def fit(case):
        if case not in models:
            name, modality, task = case
            train, val = tiny.splits(modality, task)
            events = []
            model = _fit(name, train, val, report=lambda *event: events.append(event))
            models[case] = families.get(name), model, val, events
        return models[case]

    return fit


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    """Each case is exported once for all of its tests."""
    files = {}

    def export(case):
        if case not in files:
            path = tmp_path_factory.mktemp("exported") / "model.onnx"
            exporters.get("onnx").write(fitted(case)[1], path)
            files[case] = path
        return files[case]

    return export


SETTLING = [
    next(case for case in CASES if case[0] == name)
    for name in ("linear", "gboost", "forest", "fcnn", "ensemble", "neighbours", "content", "recommender")
]
"""One case of each way in which val settles something; networks share their training."""


@pytest.mark.parametrize("case", SETTLING, ids="-".join)
def test_what_val_settled_is_fitted_again_without_looking_at_val(case, fitted):
    """With it, the same rows give the same model whatever val holds."""
    name, modality, task = case
    family, model, val, _ = fitted(case)
    train, _ = tiny.splits(modality, task)
    others = val.take(np.arange(len(val))[::-1][: len(val) // 2])
    params = family.Params.model_validate({**tiny.quick(family).model_dump(), **model.settled})
    again = [families.fit(name, train, rows, params, seed=3) for rows in (val, others)]
    first, second = (one.predict(val.inputs) for one in again)
    for output, values in first.items():
        np.testing.assert_array_equal(values, second[output])
    assert again[0].settled in ({}, model.settled) or set(again[0].settled) <= set(model.settled)


def _fit(name, train, val, **more):
    return families.fit(name, train, val, tiny.quick(families.get(name)), seed=3, **more)


@pytest.mark.parametrize("name", families.names())
def test_its_public_names_are_those_of_the_contract(name):
    registered.check_names(families.registry, name, Family)


def test_pyright_reads_every_family():
    registered.check_listed(families.registry)


def test_every_family_has_a_problem_to_learn():
    without = sorted(set(families.names()) - {name for name, _, _ in CASES})
    assert not without, (
        f"tests/tiny.py has no problem for {', '.join(without)}. Add rows of one of its MODALITIES and TASKS to PROBLEMS there."
    )


PLAIN = {"popularity"}
"""Families that are a plain baseline themselves, whose one parameter has nothing to gain in the problem of tests/tiny.py."""


@pytest.mark.parametrize("case", [case for case in CASES if case[0] not in PLAIN], ids="-".join)
def test_it_beats_the_plain_baselines_of_its_task(fitted, case):
    _, model, val, _ = fitted(case)
    task = tasks.get(case[2])
    loss = task.MEASURES[0].loss(model.predict(val.inputs), val).mean()
    for name, answer in task.baselines(tiny.batch(*case[1:], seed=1)).items():
        assert loss < 0.8 * task.MEASURES[0].loss(answer(val), val).mean(), (
            f"{case[0]} is hardly better than {name}, which needs no model. Choose default parameters with which it learns the "
            "problem of tests/tiny.py in a few epochs."
        )


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_comes_back_from_disk_unchanged(fitted, case, tmp_path):
    family, model, val, _ = fitted(case)
    model.save(tmp_path)
    again = family.load(tmp_path)
    for name, value in model.predict(val.inputs).items():
        message = f"{case[0]}'s load answers differently. Let save write all that predict needs."
        np.testing.assert_array_equal(again.predict(val.inputs)[name], value, err_msg=message)
    assert again.parameters == model.parameters > 0, "Count what was learned, the same after load as after fit."


def _arrays(case):
    """Names of the arrays that a family reads in a case."""
    name, modality, task = case
    return frozenset(tiny.batch(modality, task, seed=1).inputs) & set(families.get(name).READS)


ONE_TASK_EACH = list({(case[0], _arrays(case)): case for case in reversed(CASES)}.values())
"""A family trains alike for all tasks and modalities whose arrays are the same: one of them is trained twice."""


@pytest.mark.parametrize("case", ONE_TASK_EACH, ids="-".join)
def test_one_seed_gives_one_model_and_one_file(fitted, exported, case, tmp_path):
    _, model, val, _ = fitted(case)
    again = _fit(case[0], *tiny.splits(*case[1:]))
    message = f"A second fit of {case[0]} differs. Take every random number from seed."
    for name, value in model.predict(val.inputs).items():
        np.testing.assert_array_equal(again.predict(val.inputs)[name], value, err_msg=message)
    exporters.get("onnx").write(again, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == exported(case).read_bytes(), message


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_names_its_arrays_as_task_and_encoder_do(fitted, case):
    _, model, val, _ = fitted(case)
    output = tasks.get(case[2]).OUTPUT
    assert [spec.name for spec in model.outputs] == [output], f"Name the one output of {case[0]} {output}."
    (answer,) = model.predict({name: value[:1] for name, value in val.inputs.items()}).values()
    assert answer.dtype == np.float32, f"Let {case[0]}'s predict return float32."
    assert answer.shape == (1, *model.outputs[0].shape), f"Let {case[0]}'s outputs say the shape that predict returns."


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_declares_that_it_needs_tensorflow(fitted, case):
    family, model, _, _ = fitted(case)
    declared = "tensorflow" in family.CAPABILITIES.libraries
    assert declared == (model.framework == "keras"), (
        f'Let {case[0]} declare FamilyCapabilities(libraries=("tensorflow",)) where its fit makes a Keras network, else not.'
    )


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_reads_the_arrays_that_it_declares(fitted, case):
    family, model, val, _ = fitted(case)
    read, offset = {spec.name for spec in model.inputs}, set() if val.offset is None else {OFFSET}
    assert read <= set(val.inputs), (
        f"{case[0]} reads {read - set(val.inputs)}, which no encoder makes. Read what a batch has."
    )
    undeclared = sorted(read - set(family.READS) - offset)
    assert not undeclared, f"{case[0]} reads {', '.join(undeclared)}. Add the names to its READS."
    assert offset <= read, f"{case[0]} does not add the offset. Let with_offset return a model that reads {OFFSET}."


@pytest.mark.parametrize(
    ("name", "params", "least"),
    [
        ("gboost", {"iterations": 20, "patience": 20}, 20),
        ("forest", {"trees": 40}, 4),
        ("ensemble", {"members": {name: {"family": "fcnn", "epochs": 5} for name in "ab"}}, 10),
    ],
    ids=["gboost", "forest", "ensemble"],
)
def test_a_long_fit_reports_its_parts(name, params, least):
    checked, events = families.get(name).Params.model_validate(params), []
    splits = tiny.splits("tabular", "classify")
    families.fit(name, *splits, checked, seed=3, report=lambda *event: events.append(event))
    done = [epoch / epochs for epoch, epochs, _ in events]
    assert done == sorted(done)
    assert done[-1] == 1
    assert len(set(done)) >= least


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_reports_progress_and_finite_history(fitted, case):
    _, model, _, events = fitted(case)
    assert events, f"Let {case[0]}'s fit call report at least once."
    assert all(0 < epoch <= epochs for epoch, epochs, _ in events), "Report the epoch, from 1, and how many there are."
    assert all(np.isfinite(values).all() for values in model.history.values()), "Keep finite metrics in the history."


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_its_onnx_file_answers_alike_for_any_number_of_rows(fitted, exported, case):
    _, model, val, _ = fitted(case)
    session = runtimes.open_model(exported(case))
    message = f"The file of {case[0]} differs from its predict. Let both compute the same of the same inputs."
    assert {spec.name for spec in session.inputs} == {spec.name for spec in model.inputs}, message
    for n in (1, 7):
        rows = {name: value[:n] for name, value in val.inputs.items()}
        for name, value in model.predict(rows).items():
            tolerance = 1e-4 * max(1, np.abs(value).max())
            np.testing.assert_allclose(session.predict(rows)[name], value, atol=tolerance, err_msg=message)


TEXTS = [case for case in CASES if case[1] == "text"]


@pytest.mark.parametrize("case", TEXTS, ids="-".join)
def test_a_text_of_which_no_word_is_known_has_one_finite_answer(fitted, exported, case):
    """Nothing but padding, or but unknown words, as in another script: the same alone and among others, in the file too."""
    _, model, val, _ = fitted(case)
    session = runtimes.open_model(exported(case))
    for filler in (0, 1):
        tokens = np.full_like(val.inputs["tokens"][:3], filler)
        rows = {"tokens": tokens, "ngrams": np.zeros_like(val.inputs["ngrams"][:3])}
        for answers in (model.predict(rows)["probabilities"], session.predict(rows)["probabilities"]):
            assert np.isfinite(answers).all()
            np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
            np.testing.assert_allclose(answers, answers[:1].repeat(3, axis=0), atol=1e-6)


@pytest.mark.parametrize("name", families.names())
def test_unknown_parameters_are_refused(name):
    with pytest.raises(ValidationError, match="no_such_parameter"):  # derive Params from contracts.Parameters
        families.get(name).Params.model_validate({"no_such_parameter": 1})


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("gboost", {"bags": 2, "feature_share": 0.5}, {"n_bags": 2, "feature_share": 0.5}),
        ("gboost", {"categories": "marks"}, {"categories": "one_hot"}),
        ("gboost", {"categories": "answers"}, {"categories": "target_encoding"}),
        ("gan", {"slope": 2.0, "sheets": 3}, {"lipschitz": 2.0, "sample_grids": 3}),
        ("vae", {"reader": [4], "sheets": 3}, {"encoder_channels": [4], "sample_grids": 3}),
    ],
)
def test_parameters_that_an_older_version_recorded_are_read_by_their_new_names(name, old, new):
    params = families.get(name).Params
    assert params.read(old) == params.model_validate(new)
    with pytest.raises(ValidationError):
        params.model_validate(old)


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
    cnn, (train, val) = families.get("cnn"), tiny.splits("images", "classify")
    small = {"conv": [6, "pool", 6], "epochs": 8, "batch_size": 16, "augmentation": None}
    model = cnn.fit(train, val, cnn.Params.model_validate(small | params), seed=1)
    assert tasks.get("classify").MEASURES[0].loss(model.predict(val.inputs), val).mean() < 0.4


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_that_params_yaml_offers_can_be_exported(activation, tmp_path):
    fcnn, (train, val) = families.get("fcnn"), tiny.splits("images", "classify")
    model = fcnn.fit(train, val, fcnn.Params(units=[4], activation=activation, epochs=1), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    answers = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)
    np.testing.assert_allclose(answers["probabilities"], model.predict(val.inputs)["probabilities"], atol=1e-4)


def test_augmentation_changes_training_rows_alone():
    cnn, (train, val) = families.get("cnn"), tiny.splits("images", "classify")
    before = train.inputs["image"].copy()
    cnn.fit(train, val, cnn.Params(conv=[4], epochs=1), seed=1)
    np.testing.assert_array_equal(train.inputs["image"], before)


@pytest.mark.parametrize(
    ("conv", "padding"), [([4, *["pool"] * 4], "same"), ([4] * 4, "valid"), ([4, "pool", 4, 4], "valid")]
)
def test_an_image_of_which_nothing_would_be_left_is_refused(conv, padding):
    cnn, (train, val) = families.get("cnn"), tiny.splits("images", "classify")
    with pytest.raises(ValueError, match="Nothing is left of an image"):
        cnn.fit(train, val, cnn.Params(conv=conv, padding=padding), seed=1)


@pytest.mark.parametrize(
    ("shape", "padding", "channels"),
    [
        ((8, 8), "same", [8, 12, 16, 16]),
        ((8, 200), "same", [8, 12, 16, 16]),
        ((28, 28), "same", [16, 16, 32, 32, 48]),
        ((28, 28), "valid", [16, 16, 32, 32, 48]),
        ((16, 16), "valid", [8, 12, 16, 16]),
        ((68, 40), "same", [8, 16, 16, 32, 32, 48]),
    ],
)
def test_convolutions_follow_the_size_of_the_images(shape, padding, channels):
    cnn, random = families.get("cnn"), np.random.default_rng(0)
    train, val = (
        Batch(
            {"image": random.random((12, *shape, 1), np.float32)},
            np.arange(12) % 2,
            np.array(["a", "b"]),
            "classify",
            np.arange(12, dtype=np.uint64),
            modality="images",
        )
        for _ in range(2)
    )
    network = cnn.fit(train, val, cnn.Params(epochs=1, padding=padding), seed=1).native
    assert [layer.filters for layer in network.layers if hasattr(layer, "filters")] == channels


def test_padding_decides_how_many_numbers_come_to_the_answer():
    cnn, (train, val) = families.get("cnn"), tiny.splits("images", "classify")
    height = train.inputs["image"].shape[1]
    for padding, left in (("same", height), ("valid", height - 2)):
        model = cnn.fit(train, val, cnn.Params(conv=[4], padding=padding, epochs=1), seed=1)
        assert model.native.get_layer("logits").kernel.shape[0] == 4 * left * left


@pytest.mark.parametrize("name", ["linear", "gboost"])
@pytest.mark.parametrize(
    ("modality", "task"), [("tabular", "classify"), ("tabular", "regress"), ("images", "classify")]
)
def test_principal_components_are_part_of_the_file(name, modality, task, tmp_path):
    family, (train, val) = families.get(name), tiny.splits(modality, task)
    model = family.fit(train, val, family.Params(pca=4), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    answers = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)
    for key, value in model.predict(val.inputs).items():
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
    splits = [_confused(batch) for batch in tiny.splits(modality, "classify")]
    shares = [
        (_fit(name, *rows).predict(splits[1].inputs)["probabilities"].argmax(1) == 0).mean()
        for rows in (splits, [_heavy(batch) for batch in splits])
    ]
    assert shares[1] > shares[0] + 0.08, f"Let {name}'s fit count each row by train.weight."
