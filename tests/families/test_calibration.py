"""Temperatures: how they are chosen on val, and that a model of a temperature has the same ones in every form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from minnow import exporters, families, runtimes
from minnow.families import _calibration
from minnow.families._calibration import Calibrated, chosen, tempered
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
PROBLEMS = {
    name: next(modality for modality in families.get(name).MODALITIES if (modality, "classify") in tiny.PROBLEMS)
    for name in families.names()
    if issubclass(families.get(name).Params, Calibrated) and "classify" in families.get(name).TASKS
}
RECURRENT = ("gru", "lstm", "rnn")
"""LiteRT has no operators for them."""


def _softmax(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def _answered(n, seed, labels=3):
    """Logits (n, labels), and rows whose labels are as frequent as these say."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(n, labels))
    target = (_softmax(logits).cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(max=labels - 1)
    return logits, Batch({}, target, np.arange(labels).astype(str), "classify", np.arange(n, dtype=np.uint64))


@pytest.mark.parametrize("labels", [2, 5])
@pytest.mark.parametrize("planted", [0.5, 0.8, 1.25, 2.0, 4.0])
def test_a_planted_temperature_is_found(planted, labels):
    logits, val = _answered(4_000, 1, labels)
    found = chosen(_softmax(logits * planted).astype(np.float32), val)
    assert found == pytest.approx(planted, rel=0.1)
    assert found == float(f"{found:.3g}"), "Rounded, so that small differences of a machine change no byte."


@pytest.mark.parametrize("rows", [200, 500, 2_000])
def test_probabilities_that_are_right_stay_as_they_are(rows):
    draws = [_answered(rows, seed) for seed in range(40)]
    found = np.array([chosen(_softmax(logits), val) for logits, val in draws])
    assert (found == 1).mean() >= 0.9
    assert np.abs(np.log(found)).max() < 0.5


def test_rows_weigh_as_they_are_told():
    logits, val = _answered(4_000, 2)
    spoilt = replace(val, target=np.where(np.arange(4_000) < 2_000, val.target, logits.argmin(axis=1)))
    probabilities = _softmax(1.5 * logits)
    weighed = replace(spoilt, weight=(np.arange(4_000) < 2_000).astype(np.float32))
    assert chosen(probabilities, weighed) == pytest.approx(1.5, rel=0.1)
    assert chosen(probabilities, spoilt) > 3


def test_rows_of_one_group_are_one_observation():
    logits, val = _answered(200, 3)
    target = np.where(np.arange(200) < 30, logits.argmin(axis=1), logits.argmax(axis=1))
    probabilities, target = _softmax(np.tile(logits, (20, 1))), np.tile(target, 20)
    rows = Batch({}, target, val.labels, "classify", np.arange(4_000, dtype=np.uint64))
    assert chosen(probabilities, rows) > 1.1
    assert chosen(probabilities, replace(rows, group=np.arange(4_000) % 200)) == 1
    assert chosen(probabilities, replace(rows, group=np.arange(4_000) % 8)) == 1, "So few groups settle nothing."


def test_rows_that_are_all_right_do_not_make_a_model_certain_and_few_settle_nothing():
    logits, val = _answered(200, 4, labels=2)
    probabilities = _softmax(logits)
    right = replace(val, target=probabilities.argmax(axis=1))
    assert 0.3 < chosen(probabilities, right) < 0.8
    few = np.arange(199)
    assert chosen(probabilities[few], right.take(few)) == 1


def test_a_fit_that_diverged_is_not_calibrated():
    logits, val = _answered(300, 4)
    assert chosen(np.full_like(logits, np.nan), val) == 1


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 2.0, 10.0]), st.sampled_from([2, 7]))
def test_the_most_probable_label_stays_and_probabilities_sum_to_one(seed, temperature, labels):
    random = np.random.default_rng(seed)
    shares = random.multinomial(40, np.full(labels, 1 / labels), 20) / 40
    for probabilities in (shares, _softmax(30 * random.normal(size=(20, labels)))):
        after = tempered(probabilities.astype(np.float32), temperature, 1e-4)
        assert after.dtype == np.float32
        np.testing.assert_array_equal(after.argmax(axis=1), probabilities.argmax(axis=1))
        np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-5)


def test_numbers_have_no_temperature():
    splits = tiny.splits("tabular", "regress")
    with pytest.raises(ValueError, match=r"temperature needs a task with labels\. Received: temperature 2"):
        families.fit("linear", *splits, families.get("linear").Params(temperature=2.0), seed=1)
    assert "temperature" not in families.fit("linear", *splits, families.get("linear").Params(), seed=1).settled


def _small(name, **more):
    """Parameters of a fit that takes little and has not to learn anything."""
    params = families.get(name).Params
    few = {"epochs": 1, "early_stopping": None, "trees": 5, "iterations": 8, "patience": None, "fusion": "average"}
    few = {key: value for key, value in few.items() if key in params.model_fields and name != "linear"}
    return params.model_validate(few | more)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_temperature_softens_the_same_model_in_every_form(name, tmp_path):
    train, val = tiny.splits(PROBLEMS[name], "classify")
    plain = families.fit(name, train, val, _small(name, temperature=1.0), seed=3)
    (before,) = plain.predict(val.inputs).values()
    assert plain.settled["temperature"] == plain.facts["temperature"] == 1
    soft = plain.with_temperature(2.0)
    assert soft.settled["temperature"] == soft.facts["temperature"] == 2
    (after,) = soft.predict(val.inputs).values()
    expected = tempered(before.astype(np.float64), 2.0, plain.least_probability)
    assert np.abs(expected - before).max() > 1e-3
    np.testing.assert_allclose(after, expected, atol=1e-5)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    soft.save(tmp_path)
    (loaded,) = families.get(name).load(tmp_path).predict(val.inputs).values()
    np.testing.assert_array_equal(loaded, after)
    for form in exporters.names():
        exporter = exporters.get(form)
        if exporter.suits(soft) or (form == "litert" and name in RECURRENT):
            continue
        path = tmp_path / f"model{exporter.SUFFIX}"
        exporter.write(soft, path)
        (exported,) = runtimes.open_model(path).predict(val.inputs).values()
        np.testing.assert_allclose(exported, after, atol=1e-4)


@pytest.mark.parametrize("name", ["linear", "forest", "fcnn"])
def test_a_temperature_of_the_parameters_is_that_of_the_model(name):
    train, val = tiny.splits("images", "classify")
    plain, soft = (families.fit(name, train, val, _small(name, temperature=t), seed=3) for t in (1.0, 2.0))
    (before,), (after,) = (model.predict(val.inputs).values() for model in (plain, soft))
    np.testing.assert_allclose(after, tempered(before, 2.0, plain.least_probability), atol=1e-5)
    assert soft.settled["temperature"] == 2


@pytest.mark.parametrize("labels", [2, 3])
def test_a_forest_of_any_number_of_labels_has_its_temperature_in_the_file(labels, tmp_path):
    train, val = (tiny.batch("tabular" if labels == 2 else "images", "classify", seed) for seed in (1, 2))
    model = families.fit("forest", train, val, families.get("forest").Params(trees=10, temperature=3.0), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    (exported,) = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs).values()
    np.testing.assert_allclose(exported, model.predict(val.inputs)["probabilities"], atol=1e-4)
    assert exported.min() > 0


def test_val_chooses_the_temperature_of_a_fit_and_the_refit_keeps_it():
    """Half of the labels of val are at odds with those of train: answers that are certain are too confident."""
    train, val = tiny.splits("images", "classify")
    noise = np.random.default_rng(0).random(len(val)) < 0.5
    odd = replace(val, target=np.where(noise, (val.target + 1) % 3, val.target))
    params = families.get("gboost").Params
    model = families.fit("gboost", train, odd, params(iterations=20, patience=None), seed=1)
    assert model.settled["temperature"] > 2
    again = families.fit("gboost", train, val, params.model_validate(model.settled), seed=1)
    (first,), (second,) = (one.predict(val.inputs).values() for one in (model, again))
    np.testing.assert_array_equal(first, second)


def test_rows_of_val_weigh_as_the_labels_of_train_do(monkeypatch):
    seen = []
    monkeypatch.setattr(_calibration, "chosen", lambda _, val, least: seen.append(val) or 1.0)
    train, val = tiny.splits("images", "classify")
    heavy = replace(train, weight=np.where(train.target == 0, 3.0, 0.5).astype(np.float32))
    families.fit("gboost", heavy, val, families.get("gboost").Params(iterations=2, patience=None), seed=1)
    np.testing.assert_array_equal(seen[0].weight, np.where(val.target == 0, 3.0, 0.5))


def test_of_many_rows_some_are_read(monkeypatch):
    monkeypatch.setattr(_calibration, "_ENOUGH_ROWS", 50)
    seen = []
    monkeypatch.setattr(_calibration, "chosen", lambda rows, *_: seen.append(len(rows)) or 1.0)
    families.fit("gboost", *tiny.splits("images", "classify"), _small("gboost"), seed=1)
    assert seen == [50]


def test_members_of_an_ensemble_are_joined_as_they_are():
    train, val = tiny.splits("images", "classify")
    params = families.get("ensemble").Params(
        members={"a": {"family": "linear"}, "b": {"family": "linear"}}, fusion="average"
    )
    model = families.fit("ensemble", train, val, params, seed=1)
    assert [member["temperature"] for member in model.settled["members"].values()] == [1, 1]
