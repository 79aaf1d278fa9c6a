"""That scikit-learn's private attributes are as boosting_internals takes them to be."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

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
