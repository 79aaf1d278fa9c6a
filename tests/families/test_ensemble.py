"""What an ensemble does with its members' answers."""

import numpy as np
import pytest
import tiny
from pydantic import ValidationError

from minnow import compression, exporters, families, runtimes, tasks
from minnow.families import _stack

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
ensemble, linear = families.get("ensemble"), families.get("linear")
TWO = {"strong": {"family": "linear"}, "weak": {"family": "linear", "C": [1e-6]}}


def _members(modality, task):
    train, val = tiny.sides(modality, task)
    return [
        linear.fit(train, val, linear.Params(C=given), seed=3).predict(val.inputs)
        for given in ([0.03, 0.3, 3.0], [1e-6])
    ]


@pytest.mark.parametrize(
    ("modality", "task"), [("images", "classify"), ("tabular", "regress"), ("timeseries", "forecast")]
)
def test_an_average_is_the_mean_of_what_the_members_say(modality, task):
    train, val = tiny.sides(modality, task)
    model = ensemble.fit(train, val, ensemble.Params(members=TWO, fusion="average"), seed=3)
    (name,) = model.predict(val.inputs)
    wanted = np.mean([answer[name] for answer in _members(modality, task)], axis=0)
    np.testing.assert_allclose(model.predict(val.inputs)[name], wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("modality", "task"), [("images", "classify"), ("tabular", "regress")])
@pytest.mark.parametrize("fusion", ["weighted", "stacked"])
def test_a_member_that_knows_nothing_spoils_nothing(fusion, modality, task):
    train, val = tiny.sides(modality, task)
    loss = tasks.get(task).loss
    model = ensemble.fit(train, val, ensemble.Params(members=TWO, fusion=fusion), seed=3)
    strong, weak = (loss(answer, val).mean() for answer in _members(modality, task))
    assert loss(model.predict(val.inputs), val).mean() < min(1.1 * strong + 0.02 * weak, weak)


@pytest.mark.parametrize(
    ("modality", "task"), [("text", "classify"), ("images", "classify"), ("timeseries", "forecast")]
)
def test_a_stack_survives_the_file_and_eight_bits(modality, task, tmp_path):
    train, val = tiny.sides(modality, task)
    model = ensemble.fit(train, val, ensemble.Params(members=TWO, fusion="stacked"), seed=3)
    ((name, given),) = model.predict(val.inputs).items()
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    found = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)[name]
    np.testing.assert_allclose(found, given, atol=1e-4 * max(1, np.abs(given).max()))
    int8 = compression.get("int8")
    int8.apply(tmp_path / "model.onnx", tmp_path / "small.onnx", train.inputs, int8.Params())
    small = runtimes.open_model(tmp_path / "small.onnx").predict(val.inputs)
    assert tasks.get(task).loss(small, val).mean() < tasks.get(task).loss({name: given}, val).mean() * 1.1 + 0.03


def test_a_stack_trusts_whom_val_proves_right():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    good = np.full((400, 3), 0.15)
    good[np.arange(400), truth] = 0.7
    noise = rng.dirichlet(np.ones(3), 400)
    weights, bias = _stack._fit_labels(np.log(np.stack([good, noise])), truth)
    assert weights[0] > 1 > 0.2 > abs(weights[1])
    assert np.abs(bias).max() < 0.3
    weights, bias = _stack._fit_numbers(np.stack([truth * 2.0 + 5, noise[:, 0]], axis=1), truth.astype(float))
    assert weights == pytest.approx([0.5, 0.0], abs=0.02)
    assert bias == pytest.approx(-2.5, abs=0.1)


def test_a_member_without_a_share_takes_no_room():
    train, val = tiny.sides("images", "classify")
    model = ensemble.fit(train, val, ensemble.Params(members=TWO), seed=3)
    one = linear.fit(train, val, linear.Params(), seed=3)
    assert model.parameters == one.parameters


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a": {"family": "linear"}, "b": {"family": "gboost"}}, "members.b.family: a member must be a network"),
        (
            {"a": {"family": "linear"}, "b": {"family": "liner"}},
            "members.b.family: No family 'liner'. Did you mean 'linear'",
        ),
        ({"a": {"family": "linear"}, "b": {}}, "members.b.family: No family 'None'"),
        ({"a": {"family": "linear", "c": 1}, "b": {"family": "linear"}}, "members.a.c: Extra inputs are not permitted"),
        ({"a": {"family": "linear"}, "b": {"family": "ensemble"}}, "members.b.family: a member must be a network"),
        ({"a": {"family": "linear"}}, "at least 2 items"),
    ],
)
def test_members_are_checked_where_they_are_named(members, message):
    with pytest.raises(ValidationError, match=message):
        ensemble.Params.model_validate({"members": members})


def test_a_member_must_read_these_rows():
    train, val = tiny.sides("text", "classify")
    members = {"a": {"family": "linear"}, "b": {"family": "fcnn"}}
    with pytest.raises(ValueError, match=r"members\.b\.family: fcnn does not read text"):
        ensemble.fit(train, val, ensemble.Params(members=members), seed=3)
