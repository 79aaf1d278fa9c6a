"""What an ensemble does with its members' answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny
from pydantic import ValidationError

from minnow import compression, exporters, families, runtimes, tasks
from minnow.contracts import CompressionSource

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
ensemble = families.get("ensemble")
TWO = {"strong": {"family": "linear"}, "weak": {"family": "linear", "C": [1e-6]}}


def _members(modality, task):
    train, val = tiny.splits(modality, task)
    return [_fit(train, val, "linear", C=strengths).predict(val.inputs) for strengths in ([0.03, 0.3, 3.0], [1e-6])]


def _fit(train, val, name="ensemble", **params):
    """Fit without calibration, which would change what members are joined to by val."""
    params = ({"temperature": 1.0} if train.task == "classify" else {}) | params
    return families.fit(name, train, val, families.get(name).Params.model_validate(params), seed=3)


@pytest.mark.parametrize(
    ("modality", "task"), [("images", "classify"), ("tabular", "regress"), ("timeseries", "forecast")]
)
def test_an_average_is_the_mean_of_the_members_answers(modality, task):
    train, val = tiny.splits(modality, task)
    model = _fit(train, val, members=TWO, fusion="average")
    (name,) = model.predict(val.inputs)
    mean = np.mean([answer[name] for answer in _members(modality, task)], axis=0)
    np.testing.assert_allclose(model.predict(val.inputs)[name], mean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("modality", "task"), [("images", "classify"), ("tabular", "regress")])
@pytest.mark.parametrize("fusion", ["weighted", "stacked"])
def test_a_member_that_learned_nothing_does_no_harm(fusion, modality, task):
    train, val = tiny.splits(modality, task)
    loss = tasks.measure(task).loss
    model = _fit(train, val, members=TWO, fusion=fusion)
    strong, weak = (loss(answer, val).mean() for answer in _members(modality, task))
    assert loss(model.predict(val.inputs), val).mean() < min(1.1 * strong + 0.02 * weak, weak)


@pytest.mark.parametrize(
    ("modality", "task"), [("text", "classify"), ("images", "classify"), ("timeseries", "forecast")]
)
def test_a_stack_survives_the_file_and_eight_bits(modality, task, tmp_path):
    train, val = tiny.splits(modality, task)
    model = _fit(train, val, members=TWO, fusion="stacked")
    ((name, answers),) = model.predict(val.inputs).items()
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    exported = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)[name]
    np.testing.assert_allclose(exported, answers, atol=1e-4 * max(1, np.abs(answers).max()))
    int8 = compression.get("int8")
    source = CompressionSource(tmp_path / "model.onnx", model, train, val)
    int8.apply(source, tmp_path / "small.onnx", int8.Params())
    small = runtimes.open_model(tmp_path / "small.onnx").predict(val.inputs)
    loss = tasks.measure(task).loss
    assert loss(small, val).mean() < loss({name: answers}, val).mean() * 1.1 + 0.03


@pytest.mark.parametrize("fusion", ["weighted", "stacked"])
@pytest.mark.parametrize(("modality", "task"), [("images", "classify"), ("tabular", "regress")])
def test_rows_that_choose_among_families_have_no_part_in_shares_and_stack(fusion, modality, task):
    train, val = tiny.splits(modality, task)
    another = replace(val, target=val.target[::-1].copy())
    fixed = {name: {"family": "linear", "C": [strength]} for name, strength in (("a", 0.3), ("b", 0.01))}
    first, second = (_fit(train, rows, members=fixed, fusion=fusion).predict(val.inputs) for rows in (val, another))
    for name, answer in first.items():
        np.testing.assert_array_equal(answer, second[name])


def test_a_label_of_one_row_is_learned_by_every_fit_and_rows_of_a_group_are_answered_by_others():
    train, val = tiny.splits("images", "classify")
    target = np.where(np.arange(len(train)) == 7, 2, train.target % 2)
    rare = replace(train, target=target, group=np.arange(len(train)) // 5)
    folds = ensemble._folds(rare, 3)
    for others, rows in folds:
        assert set(rare.target[others]) == {0, 1, 2}
        assert not set(rare.group[rows]) & set(rare.group[others]) - {7 // 5}
    assert sorted(np.concatenate([rows for _, rows in folds])) == [row for row in range(len(rare)) if row != 7]
    assert _fit(rare, val, members=TWO, fusion="stacked").outputs[0].shape == (3,)


def test_many_rows_are_answered_by_few_folds(monkeypatch):
    monkeypatch.setattr(ensemble, "_ENOUGH_ROWS", 100)
    train, _ = tiny.splits("tabular", "regress")
    assert len(ensemble._folds(train, 3)) == 2
    assert len(ensemble._folds(train, 2)) == 1


def test_rows_of_one_group_cannot_be_stacked_and_the_message_says_what_can():
    train, val = tiny.splits("tabular", "regress")
    with pytest.raises(ValueError, match=r"at least 2 groups.*Use fusion: average"):
        _fit(replace(train, group=np.zeros(len(train), np.int64)), val, members=TWO, fusion="stacked")


def test_a_member_without_a_share_takes_no_room():
    train, val = tiny.splits("images", "classify")
    model = _fit(train, val, members=TWO)
    assert model.parameters == _fit(train, val, "linear").parameters


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"a": {"family": "linear"}, "b": {"family": "gan"}},
            "members.b.family: a member must be one of linear, gboost",
        ),
        (
            {"a": {"family": "linear"}, "b": {"family": "liner"}},
            "members.b.family: No family 'liner'. Did you mean 'linear'",
        ),
        ({"a": {"family": "linear"}, "b": {}}, "members.b.family: No family 'None'"),
        ({"a": {"family": "linear", "c": 1}, "b": {"family": "linear"}}, "members.a.c: No key 'c'. Did you mean 'pca'"),
        ({"a": {"family": "linear"}, "b": {"family": "ensemble"}}, "members.b.family: a member must be one of"),
        ({"a": {"family": "linear"}}, "at least 2 items"),
    ],
)
def test_members_are_checked_where_they_are_named(members, message):
    with pytest.raises(ValidationError, match=message):
        ensemble.Params.model_validate({"members": members})


def test_a_member_must_read_these_rows():
    train, val = tiny.splits("text", "classify")
    members = {"a": {"family": "linear"}, "b": {"family": "fcnn"}}
    with pytest.raises(ValueError, match=r"members\.b\.family: fcnn does not support text"):
        _fit(train, val, members=members)


MIXED = {
    "net": {"family": "fcnn", "epochs": 2},
    "steps": {"family": "gboost", "iterations": 5},
    "line": {"family": "linear"},
}


@pytest.mark.parametrize(
    ("modality", "task"), [("images", "classify"), ("tabular", "regress"), ("timeseries", "forecast")]
)
def test_trees_and_networks_are_averaged_in_one_file(modality, task, tmp_path):
    train, val = tiny.splits(modality, task)
    shares = {"net": 0.2, "steps": 0.5, "line": 0.3}
    model = _fit(train, val, members=MIXED, shares=shares)
    ((name, answers),) = model.predict(val.inputs).items()
    alone = {
        one: _fit(train, val, params["family"], **{k: v for k, v in params.items() if k != "family"})
        for one, params in MIXED.items()
    }
    expected = sum(share * alone[one].predict(val.inputs)[name].astype(float) for one, share in shares.items())
    close = {"atol": 1e-5 * max(1, np.abs(expected).max()), "rtol": 1e-5}
    np.testing.assert_allclose(answers, expected, **close)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(
        runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)[name], expected, **close
    )
    model.save(tmp_path)
    np.testing.assert_array_equal(ensemble.load(tmp_path).predict(val.inputs)[name], answers)
    assert model.parameters == sum(one.parameters for one in alone.values())
    assert set(model.settled["members"]) == set(MIXED)
    for name in ("int8", "float16"):
        assert compression.get(name).suits(model) is None, "its networks are compressed"


def test_an_average_of_trees_has_no_network_to_compress():
    trees = {"steps": {"family": "gboost", "iterations": 5}, "more": {"family": "oblivious", "iterations": 5}}
    model = _fit(*tiny.splits("tabular", "regress"), members=trees)
    for name in ("int8", "float16"):
        assert "supports networks" in compression.get(name).suits(model)
    assert "takes channels out of networks" in compression.get("prune").suits(model)


def test_bends_and_products_of_linear_models_are_saved_with_the_network(tmp_path):
    train, val = tiny.splits("tabular", "regress")
    members = {"line": {"family": "linear", "splines": 3, "interactions": True}, "net": {"family": "fcnn", "epochs": 1}}
    model = _fit(train, val, members=members, fusion="average")
    model.save(tmp_path)
    for name, answer in model.predict(val.inputs).items():
        np.testing.assert_array_equal(ensemble.load(tmp_path).predict(val.inputs)[name], answer)


def test_the_average_of_trees_and_networks_has_a_temperature(tmp_path):
    train, val = tiny.splits("images", "classify")
    plain, soft = (_fit(train, val, members=MIXED, fusion="average", temperature=value) for value in (1.0, 2.0))
    expected = np.sqrt(np.maximum(plain.predict(val.inputs)["probabilities"], 1e-4).astype(float))
    expected /= expected.sum(axis=1, keepdims=True)
    exporters.get("onnx").write(soft, tmp_path / "model.onnx")
    soft.save(tmp_path)
    for model in (soft, ensemble.load(tmp_path), runtimes.open_model(tmp_path / "model.onnx")):
        np.testing.assert_allclose(model.predict(val.inputs)["probabilities"], expected, atol=1e-5)
    assert soft.settled["temperature"] == 2


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fusion": "stacked"}, r"stacked needs members that are networks or linear models. Received: steps: gboost"),
        (
            {"shares": {"net": 1.0}},
            r"shares: needs .* Members: line, net, steps. Received: fusion: weighted, .*net \(1\)",
        ),
        ({"shares": dict.fromkeys(MIXED, 0.0)}, "of which one is above it"),
        ({"shares": {**dict.fromkeys(MIXED, 1.0), "net": -1.0}}, "a number of at least 0"),
        ({"shares": dict.fromkeys(MIXED, 1.0), "fusion": "average"}, "Received: fusion: average"),
    ],
)
def test_shares_and_trees_are_checked(params, message):
    with pytest.raises(ValidationError, match=message):
        ensemble.Params.model_validate({"members": MIXED, **params})


def test_fitted_shares_leave_out_trees_that_learned_nothing():
    train, val = tiny.splits("images", "classify")
    model = _fit(train, val, members={"line": {"family": "linear"}, "steps": {"family": "gboost", "iterations": 1}})
    shares = dict(zip(model.families, model.shares, strict=True)) if model.framework == "mixed" else {"linear": 1.0}
    assert shares["linear"] > 0.9


def test_a_forest_and_boosting_with_many_labels_cannot_be_one_file():
    train, val = tiny.splits("images", "classify")
    many = replace(train, labels=np.array(["a", "b", "c"]))
    members = {name: {"family": name} for name in ("forest", "gboost")}
    with pytest.raises(ValueError, match=r"Received: 3 labels and members of both families. Leave one of them out."):
        _fit(many, replace(val, labels=many.labels), members=members, fusion="average")
