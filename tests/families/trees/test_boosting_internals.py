"""That scikit-learn's private attributes are as boosting_internals takes them to be."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.ensemble._hist_gradient_boosting import binning, gradient_boosting

from minnow.families._trees import boosting_internals

MOVED = (
    f"scikit-learn {sklearn.__version__} differs from {boosting_internals.CHECKED_WITH}, which minnow/families/_trees/"
    "boosting_internals.py was checked with: {}. Look it up in sklearn/ensemble/_hist_gradient_boosting/gradient_boosting.py "
    "of the installed version, follow it in boosting_internals.py and set CHECKED_WITH, or hold scikit-learn back in "
    "pyproject.toml."
)
ROWS = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
OPTIONS = {"max_iter": 6, "max_features": 0.5, "early_stopping": True, "n_iter_no_change": 6}
PROBLEMS = {
    "two labels": (HistGradientBoostingClassifier, (ROWS[:, 0] > 0).astype(int), 1),
    "three labels": (HistGradientBoostingClassifier, np.digitize(ROWS[:, 0], [-0.5, 0.5]), 3),
    "numbers": (HistGradientBoostingRegressor, ROWS[:, 0] + ROWS[:, 1], 1),
}


def _raw(estimator):
    """Sum of the values of all trees and the baseline, (n, k)."""
    if isinstance(estimator, HistGradientBoostingRegressor):
        return estimator.predict(ROWS)[:, None]
    return estimator.decision_function(ROWS).reshape(len(ROWS), -1)


def _fitted(problem, seed=0):
    kind, target, _ = PROBLEMS[problem]
    return kind(**OPTIONS, random_state=seed).fit(ROWS, target, X_val=ROWS, y_val=target)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_predictors_hold_the_nodes_of_all_trees(problem):
    estimator, per_iteration = _fitted(problem), PROBLEMS[problem][2]
    assert hasattr(estimator, "_predictors"), MOVED.format("_predictors is gone")
    assert [len(trees) for trees in estimator._predictors] == [per_iteration] * estimator.n_iter_, MOVED.format(
        "_predictors is not a list over iterations of lists of trees"
    )
    for nodes in boosting_internals.nodes(estimator):
        names = {"feature_idx", "num_threshold", "left", "right", "value", "is_leaf"}
        assert names <= set(nodes.dtype.names or ()), MOVED.format(f"nodes are not made of {', '.join(sorted(names))}")
    before = _raw(estimator)
    for nodes in boosting_internals.nodes(estimator):
        nodes["value"] *= 2
    baseline = estimator._baseline_prediction
    np.testing.assert_allclose(
        _raw(estimator) - baseline, 2 * (before - baseline), rtol=1e-6,
        err_msg=MOVED.format("predict does not add up the values of _predictors and _baseline_prediction"),
    )  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_average_predicts_the_mean(problem):
    estimators = [_fitted(problem, seed) for seed in range(3)]
    mean = np.mean([_raw(estimator) for estimator in estimators], axis=0)
    np.testing.assert_allclose(
        _raw(boosting_internals.average(estimators)), mean, rtol=1e-5, atol=1e-7,
        err_msg=MOVED.format("trees and baselines of several fits can no longer be put together"),
    )  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_iteration_is_reported_and_nothing_of_it_stays(problem):
    kind, target, _ = PROBLEMS[problem]
    estimator, reported = kind(**OPTIONS, random_state=0), []
    assert hasattr(estimator, "_check_early_stopping_loss"), MOVED.format("_check_early_stopping_loss is gone")
    with boosting_internals.reporting(estimator, reported.append):
        estimator.fit(ROWS, target, X_val=ROWS, y_val=target)
    assert reported == list(range(1, estimator.n_iter_ + 1)), MOVED.format(
        "_check_early_stopping_loss is not called once after each iteration"
    )
    assert "_check_early_stopping_loss" not in vars(estimator), (
        "Delete the wrapper after the fit: it cannot be pickled."
    )
    np.testing.assert_array_equal(_raw(estimator), _raw(_fitted(problem)))


MANY = np.random.default_rng(1).normal(size=(600, 3)).astype(np.float32)
MANY[::7, 0] = np.nan
MANY[:, 1] = np.round(MANY[:, 1], 2)


def _boosted(loss, weight, within):
    estimator = HistGradientBoostingRegressor(loss=loss, max_iter=5, random_state=0)
    with within:
        estimator.fit(MANY, np.nansum(MANY, axis=1), sample_weight=weight)
    return [tree.tobytes() for tree in boosting_internals.nodes(estimator)]


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_rows_of_weight_one_have_the_same_trees_without_looking_at_weights(loss, monkeypatch):
    ones, looked = np.ones(len(MANY), np.float32), []
    plain = _boosted(loss, ones, nullcontext())
    weighted = binning._weighted_percentile
    monkeypatch.setattr(binning, "_weighted_percentile", lambda *a, **k: looked.append(1) or weighted(*a, **k))
    assert _boosted(loss, ones, boosting_internals.bins_of_equal_rows(ones)) == plain, MOVED.format(
        "bins of rows of weight 1 are not those without weights"
    )
    assert not looked, MOVED.format("bins are not found by binning._find_binning_thresholds")


def test_rows_of_other_weights_keep_them():
    weight = np.linspace(0.2, 1.8, len(MANY)).astype(np.float32)
    plain = _boosted("squared_error", weight, nullcontext())
    assert _boosted("squared_error", weight, boosting_internals.bins_of_equal_rows(weight)) == plain
    before = binning._find_binning_thresholds
    with boosting_internals.bins_of_equal_rows(np.ones(3)):
        assert binning._find_binning_thresholds is not before
    assert binning._find_binning_thresholds is before


def test_leaves_of_every_loss_are_in_order_and_nothing_of_it_stays():
    """A quantile at the ends of a wave: scikit-learn alone sets the leaves out of order."""
    rows = np.random.default_rng(2).normal(size=(800, 2)).astype(np.float32)
    target = rows[:, 0] + np.sin(4 * rows[:, 0]) + np.random.default_rng(3).exponential(np.exp(rows[:, 1]))
    line = np.stack([np.linspace(-3, 3, 200), np.zeros(200)], axis=1)
    before, least = gradient_boosting._update_leaves_values, {}
    for name, constraints in (("alone", None), ("in order", [1, 0])):
        estimator = HistGradientBoostingRegressor(
            loss="quantile", quantile=0.9, max_iter=60, monotonic_cst=[1, 0], early_stopping=False, random_state=0
        )
        with boosting_internals.leaves_in_order(constraints):
            assert (gradient_boosting._update_leaves_values is before) == (constraints is None)
            estimator.fit(rows, target)
        least[name] = np.diff(estimator.predict(line)).min()
    assert gradient_boosting._update_leaves_values is before
    assert least["alone"] < 0, "scikit-learn orders these leaves itself now: leaves_in_order can go"
    assert least["in order"] >= 0, MOVED.format("leaves are not set by gradient_boosting._update_leaves_values")


@pytest.mark.parametrize("features", [None, np.array([1, 3], np.uint32)])
@pytest.mark.parametrize("constant", [True, False])
def test_histograms_are_sums_of_the_rows_of_each_bin(features, constant):
    rng = np.random.default_rng(1)
    binned = np.asfortranarray(rng.integers(0, 5, (200, 4)).astype(np.uint8))
    gradient = rng.normal(size=200)
    hessian = np.full(200, 2.0) if constant else rng.uniform(1, 2, 200)
    rows = np.arange(0, 200, 3, dtype=np.uint32)
    found = boosting_internals.histograms(binned, 5, gradient, hessian, features)(rows)
    for place, feature in enumerate(range(4) if features is None else features):
        for sums, values in zip(found[:, place], (gradient, hessian), strict=True):
            expected = np.bincount(binned[rows, feature], values[rows], 5)
            np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=1e-5, err_msg=MOVED.format("HistogramBuilder"))


@pytest.mark.parametrize("kind", ["log_loss", "squared_error", "absolute_error", "quantile"])
def test_gradients_are_the_slopes_of_losses(kind):
    rng = np.random.default_rng(1)
    labels = 3 if kind == "log_loss" else 1
    target = rng.integers(0, 3, 50).astype(float) if kind == "log_loss" else rng.normal(size=50)
    loss, raw, step = boosting_internals.loss_of(kind, 3, 0.8), rng.normal(size=(50, labels)), 1e-6
    gradient, _ = boosting_internals.gradients(loss, target, raw, None)
    for number in range(labels):
        moved = raw.copy()
        moved[:, number] += step
        slope = (boosting_internals.losses(loss, target, moved) - boosting_internals.losses(loss, target, raw)) / step
        np.testing.assert_allclose(gradient[:, number], slope, atol=1e-4, err_msg=MOVED.format("sklearn._loss"))
