"""Boosted oblivious trees: what is grown, what is stored, and that a file answers as the trees do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from minnow import exporters, runtimes
from minnow.families import gboost, oblivious
from minnow.families._trees import boosting_internals, oblivious_boosting
from minnow.families._trees.oblivious_boosting import Growth, Rows
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn's own


def _splits(rows=1_500, labels=0):
    """Train and val of a number with interactions; with labels, of its quantiles."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(2 * rows, 6)).astype(np.float32)
    numbers[:, 5] = numbers[:, 5] * 1e6 + 3e7  # beyond half precision
    target = numbers[:, 0] * numbers[:, 1] + np.abs(numbers[:, 2]) + (numbers[:, 5] > 3e7)
    target = (target + 0.3 * rng.normal(size=2 * rows)).astype(np.float32)
    if labels:
        target = np.searchsorted(np.quantile(target, np.linspace(0, 1, labels + 1)[1:-1]), target)
    known = np.array([f"{label:03}" for label in range(labels)], dtype=str)
    key = np.arange(2 * rows, dtype=np.uint64)
    whole = Batch({"numbers": numbers}, target, known, "classify" if labels else "regress", key, modality="tabular")
    return whole.take(np.arange(rows)), whole.take(np.arange(rows, 2 * rows))


def _session(model, folder):
    exporters.get("onnx").write(model, folder / "model.onnx")
    return runtimes.open_model(folder / "model.onnx")


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("labels", [0, 2, 3])
@pytest.mark.parametrize("depth", [1, 4, 9])
def test_a_file_answers_as_the_trees(tmp_path, labels, bits, depth):
    train, val = _splits(400, labels)
    params = oblivious.Params(leaf_bits=bits, depth=depth, iterations=15, patience=None)
    model = oblivious.fit(train, val, params, seed=3)
    assert model.estimator.leaf.shape[1] == 2**depth
    assert np.abs(model.estimator.leaf.astype(int)).max() <= 2 ** (bits - 1)
    (answers,) = _session(model, tmp_path).predict(val.inputs).values()
    (own,) = model.predict(val.inputs).values()
    np.testing.assert_allclose(answers, own, rtol=1e-5, atol=1e-5)


def test_it_learns_more_than_boosted_trees_of_the_same_rows_in_fewer_bytes(tmp_path):
    train, val = _splits(2_000)
    sizes, errors = {}, {}
    for family in (gboost, oblivious):
        model = family.fit(train, val, family.Params(), seed=1)
        errors[family] = float(np.mean((model.predict(val.inputs)["value"] - val.target) ** 2))
        exporters.get("onnx").write(model, tmp_path / "model.onnx")
        sizes[family] = (tmp_path / "model.onnx").stat().st_size
    assert errors[oblivious] < errors[gboost]
    assert sizes[oblivious] < sizes[gboost]


def test_val_settles_the_number_of_trees_which_a_fit_without_val_repeats():
    train, val = _splits()
    model = oblivious.fit(train, val, oblivious.Params(), seed=1)
    assert 1 < model.settled["iterations"] < 300
    assert len(model.estimator.test) == model.settled["iterations"]
    again = oblivious.fit(train, val.take(np.arange(5)), oblivious.Params(**model.settled), seed=1)
    np.testing.assert_array_equal(again.predict(val.inputs)["value"], model.predict(val.inputs)["value"])


def test_the_sums_of_growing_are_those_of_the_trees():
    """Leaves and scales are rounded as they are stored while they are boosted, so that nothing is lost afterwards."""
    train, val = _splits(500, labels=2)
    rows = Rows(train.inputs["numbers"], train.target.astype(float))
    held = Rows(val.inputs["numbers"], val.target.astype(float))
    growth = Growth(30, 0.3, 3, 1.0, 0.7, 4, 50, seed=2)
    grown = oblivious_boosting.grow(rows, held, boosting_internals.loss_of("log_loss", 2), 2, growth, lambda _: None)
    for known, part in ((grown.loss, rows), (grown.val_loss, held)):
        assert len(known) == 31
        loss = log_loss(part.target, grown.trees.predict_proba(part.values))
        assert known[-1] == pytest.approx(loss, rel=1e-6)
    assert grown.loss[-1] < grown.loss[0]


@pytest.mark.parametrize("labels", [0, 3])
def test_what_is_left_out_leaves_the_others_as_they_were(labels):
    train, val = _splits(400, labels)
    params = {"patience": None, "depth": 3}
    few, many = (
        oblivious.fit(train, val, oblivious.Params(iterations=count, **params), seed=1).estimator for count in (4, 9)
    )
    left = oblivious_boosting.kept(many, 4)
    np.testing.assert_array_equal(left.sums(val.inputs["numbers"]), few.sums(val.inputs["numbers"]))
    assert left.parameters == few.parameters < many.parameters


def test_the_median_and_a_quantile_are_followed():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(4_000, 3)).astype(np.float32)
    target = (numbers[:, 0] + rng.exponential(size=4_000)).astype(np.float32)
    key = np.arange(4_000, dtype=np.uint64)
    below = {}
    for measure in ("mae", "pinball@0.9"):
        whole = Batch(
            {"numbers": numbers}, target, np.array([], str), "regress", key, modality="tabular", measure=measure
        )
        train, val = whole.take(np.arange(2_000)), whole.take(np.arange(2_000, 4_000))
        model = oblivious.fit(train, val, oblivious.Params(), seed=1)
        below[measure] = float(np.mean(val.target < model.predict(val.inputs)["value"]))
    assert 0.45 < below["mae"] < 0.55
    assert 0.86 < below["pinball@0.9"] < 0.94


@pytest.mark.parametrize("kind", ["log_loss", "squared_error", "absolute_error"])
def test_rows_of_weight_two_are_as_two_rows(kind):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 9, (300, 4)).astype(np.float32)  # few, so that all are told apart
    target = (values[:, 0] * values[:, 1] > 12).astype(float)
    weight, twice = np.repeat([2.0, 1.0], [100, 200]), np.concatenate([np.arange(300), np.arange(100)])
    growth = Growth(8, 0.3, 3, 1.0, 1.0, 8, None, seed=2)
    one, two = (
        oblivious_boosting.grow(rows, None, boosting_internals.loss_of(kind, 2), 2, growth, lambda _: None)
        for rows in (Rows(values, target, weight), Rows(values[twice], target[twice]))
    )
    np.testing.assert_allclose(one.trees.sums(values), two.trees.sums(values), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(one.loss, two.loss, rtol=1e-3)


def test_features_without_two_values_give_the_mean(tmp_path):
    train, val = _splits(200)
    constant = {"numbers": np.full((200, 6), 7.0, np.float32)}
    train, val = (
        Batch(constant, part.target, part.labels, part.task, part.key, modality="tabular") for part in (train, val)
    )
    model = oblivious.fit(train, val, oblivious.Params(), seed=1)
    (answers,) = _session(model, tmp_path).predict(val.inputs).values()
    np.testing.assert_allclose(answers, train.target.mean(), rtol=1e-5)


@given(
    values=st.lists(st.floats(-1e9, 1e9, width=32), min_size=2, max_size=60),
    bins=st.integers(2, 40),
)
@settings(max_examples=200, deadline=None)
def test_bounds_divide_the_values_of_a_column(values, bins):
    column = np.array(values, np.float32)
    bounds = oblivious_boosting._bounds(column, bins)
    assert len(bounds) <= max(bins - 1, 0)
    assert (np.diff(bounds) > 0).all()
    for bound in bounds:
        assert (column > bound).any()
        assert (column <= bound).any()
    if len(np.unique(column)) <= bins:
        assert len(bounds) == len(np.unique(column)) - 1
