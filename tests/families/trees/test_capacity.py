"""That the size of `gboost` and of `oblivious` follows the rows, unless its parameters set it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from minnow.families import forest, gboost, oblivious
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn's own


def _splits(rows, labels=0, plain=False):
    """Train and val of a number that no small tree can tell, or a plain sum; with labels, of its quantiles."""
    rng = np.random.default_rng(0)
    numbers = rng.uniform(-1, 1, (rows + 1_000, 4)).astype(np.float32)
    target = (np.sin(6 * numbers[:, 0] * numbers[:, 1]) + np.sin(8 * numbers[:, 2] * numbers[:, 3])).astype(np.float32)
    if plain:
        target = numbers.sum(axis=1) + rng.normal(size=len(numbers)).astype(np.float32)
    if labels:
        target = np.searchsorted(np.quantile(target, np.linspace(0, 1, labels + 1)[1:-1]), target)
    known = np.array([f"{label:03}" for label in range(labels)], dtype=str)
    key = np.arange(len(target), dtype=np.uint64)
    whole = Batch({"numbers": numbers}, target, known, "classify" if labels else "regress", key, modality="tabular")
    return whole.take(np.arange(rows)), whole.take(np.arange(rows, len(target)))


def _error(model, rows):
    return float(np.mean((model.predict(rows.inputs)["value"] - rows.target) ** 2))


@pytest.mark.parametrize(("rows", "leaves", "most"), [(2_999, 4, 120), (3_000, 16, 600)])
def test_more_rows_have_larger_trees_and_more_of_them(rows, leaves, most):
    train, val = _splits(rows)
    assert gboost.fit(train, val, gboost.Params(), seed=1).settled["leaves"] == leaves
    without_val = gboost.fit(train, val, gboost.Params(patience=None), seed=1)
    assert without_val.settled["iterations"] == most == len(without_val.estimator._predictors)


def test_many_rows_are_learned_further_than_a_few_small_trees_can():
    train, val = _splits(6_000)
    small = gboost.Params(iterations=60, learning_rate=0.15, leaves=8)
    assert _error(gboost.fit(train, val, gboost.Params(), seed=1), val) < 0.4 * _error(
        gboost.fit(train, val, small, seed=1), val
    )


@pytest.mark.parametrize(("labels", "most"), [(2, 600), (3, 200), (40, 60)])
def test_labels_share_the_leaves_of_a_file(labels, most):
    train, val = _splits(3_000, labels)
    model = gboost.fit(train, val, gboost.Params(patience=None, leaves=16, min_rows_leaf=500), seed=1)
    assert model.settled["iterations"] == most


def test_larger_trees_are_fewer():
    assert gboost.fit(*_splits(3_000), gboost.Params(patience=None, leaves=32), seed=1).settled["iterations"] == 300


def test_what_is_set_stays():
    own = {"iterations": 7, "learning_rate": 0.3, "leaves": 5, "l2": 2.0}
    model = gboost.fit(*_splits(3_000), gboost.Params(**own), seed=1)
    assert model.settled == own | {"iterations": 7, "patience": None}


@pytest.mark.parametrize(("rows", "tail"), [(1_000, 0.005), (3_000, 0.001)])
def test_late_trees_that_bring_next_to_nothing_are_left_out(rows, tail):
    model = gboost.fit(*_splits(rows, plain=True), gboost.Params(), seed=1)
    loss = -np.asarray(model.estimator.validation_score_)
    kept, allowed = model.settled["iterations"], loss.min() + tail * (loss[0] - loss.min())
    assert kept == len(model.estimator._predictors) < int(loss.argmin())
    assert loss[kept] <= allowed < loss[kept - 1]


def test_a_forecast_is_the_median_unless_the_mean_is_asked_for():
    train, val = (replace(rows, task="forecast", target=rows.target**3) for rows in _splits(1_000, plain=True))
    unset, median, mean = (
        gboost.fit(train, val, gboost.Params(loss=loss), seed=1).predict(val.inputs)["value"]
        for loss in (None, "mae", "mse")
    )
    np.testing.assert_array_equal(unset, median)
    assert not np.array_equal(unset, mean)


@pytest.mark.parametrize(
    ("rows", "labels", "leaves"), [(2_999, 0, 64), (3_000, 0, 256), (3_000, 2, 256), (3_000, 3, 56)]
)
def test_trees_of_a_forest_grow_with_the_rows_but_not_with_a_number_per_label(rows, labels, leaves):
    settled = forest.fit(*_splits(rows, labels), forest.Params(trees=3), seed=1).settled
    assert settled["leaves"] == leaves
    own = {"leaves": None, "min_rows_leaf": 9, "feature_share": None}
    set_ = forest.fit(*_splits(rows, labels), forest.Params(trees=3, **own), seed=1).settled
    assert {name: set_[name] for name in own} == own


def test_val_chooses_the_answer_of_a_forest_where_the_target_has_few_values():
    train, val = _splits(1_000, plain=True)
    grades = [replace(rows, target=np.clip(np.round(rows.target), -2, 2)) for rows in (train, val)]
    skewed = [replace(rows, target=np.where(rows.target < 0.5, 0, 5).astype(np.float32)) for rows in (train, val)]
    for splits in (grades, skewed):
        values = np.unique(splits[0].target)
        error = {}
        for answer in ("mean", "median"):
            found = forest.fit(*splits, forest.Params(answer=answer), seed=1).predict(splits[1].inputs)["value"]
            rounded = values[np.abs(found[:, None] - values).argmin(axis=1)]
            error[answer] = min(np.abs(one - splits[1].target).mean() for one in (found, rounded))
        chosen = forest.fit(*splits, forest.Params(), seed=1)
        assert chosen.settled["answer"] == min(error, key=error.get)
    assert forest.fit(train, val, forest.Params(), seed=1).settled["answer"] == "mean"


def test_trees_are_finer_where_the_measure_may_round_their_mean():
    few = [replace(rows, target=np.clip(np.round(rows.target), -2, 2)) for rows in _splits(1_000, plain=True)]
    for measure, extra, leaves in (("", False, 200), ("mae", True, 200), ("rmse", False, 64), ("rmse", True, 128)):
        own = [replace(rows, measure=measure) for rows in few]
        settled = forest.fit(*own, forest.Params(trees=3, answer="mean", extra=extra), seed=1).settled
        assert settled["leaves"] == leaves, measure
        median = forest.fit(*own, forest.Params(trees=3, answer="median", extra=extra), seed=1).settled
        assert median["leaves"] == 56


@pytest.mark.parametrize(("rows", "labels", "most"), [(2_999, 0, 300), (3_000, 0, 1_500), (3_000, 40, 60)])
def test_oblivious_trees_follow_rows_and_labels(rows, labels, most):
    params = oblivious.Params()
    assert oblivious._growth(params, _splits(rows, labels)[0], 4, seed=1).iterations == most


def test_many_rows_are_read_by_fewer_oblivious_trees():
    train = _splits(20_000)[0]
    assert oblivious._growth(oblivious.Params(), train, 100, seed=1).iterations == 500
    assert oblivious._growth(oblivious.Params(iterations=900), train, 100, seed=1).iterations == 900
