"""Access to private attributes of scikit-learn's histogram gradient boosting; no other file uses them.

Checked with scikit-learn 1.9.1. tests/families/trees/test_boosting_internals.py fails where one of these assumptions no longer
holds:

- `_predictors`: list over iterations of lists of trees, one per number that is learned, each with `nodes`, a structured array
  of feature_idx, num_threshold, left, right, value and is_leaf, the root first.
- `_baseline_prediction`: (1, k) float, what the values of all trees are added to.
- `_check_early_stopping_loss`: called once after every iteration with the losses so far.
- `binning._find_binning_thresholds(column, max_bins, sample_weight)`: bounds of the bins of one column, (b,) float64, those of
  rows of weight 1 the same as those without weights.
- `gradient_boosting._update_leaves_values(loss, grower, y_true, raw_prediction, sample_weight)`: called for each tree of a loss
  that is not differentiable, to set the `value` of its leaves; `grower.root` has left_child, right_child, split_info,
  sample_indices and is_leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np

from minnow.families._trees.tree_ensemble import Tree
from minnow.types import Array

CHECKED_WITH = "1.9.1"


def nodes(estimator: Any) -> list[Array]:
    """The nodes of each tree, as structured arrays that can be changed in place."""
    return [tree.nodes for iteration in estimator._predictors for tree in iteration]


def trees(estimator: Any) -> tuple[list[Tree], Array]:
    """The trees with float32 thresholds, and what their values are added to, (k,) float."""
    found = [
        Tree(
            target,
            tree.nodes["feature_idx"],
            tree.nodes["num_threshold"],
            tree.nodes["left"].astype(np.int64),
            tree.nodes["right"].astype(np.int64),
            tree.nodes["value"],
            tree.nodes["is_leaf"].astype(bool),
        )
        for iteration in estimator._predictors
        for target, tree in enumerate(iteration)
    ]
    return found, estimator._baseline_prediction.ravel()


def average(estimators: Sequence[Any]) -> Any:
    """Return the first estimator with the trees of all, so that it predicts their mean. Changes all estimators."""
    first = estimators[0]
    for estimator in estimators:
        for tree in nodes(estimator):
            tree["value"] /= len(estimators)
    first._predictors = [iteration for estimator in estimators for iteration in estimator._predictors]
    first._baseline_prediction = sum(estimator._baseline_prediction for estimator in estimators) / len(estimators)
    return first


def scaled(estimator: Any, factor: float) -> Any:
    """Return a copy of an estimator whose sums, the logits of labels, are those of the estimator times a factor."""
    copied = deepcopy(estimator)
    for tree in nodes(copied):
        tree["value"] *= factor
    copied._baseline_prediction = copied._baseline_prediction * factor
    return copied


def cut(estimator: Any, iterations: int) -> int:
    """Leave out the trees after so many iterations. Returns the number of iterations that are left."""
    estimator._predictors = estimator._predictors[:iterations]
    return len(estimator._predictors)


@contextmanager
def reporting(estimator: Any, report: Callable[[int], None]) -> Iterator[None]:
    """Within this context, report the number of iterations after each one of a fit; scikit-learn has no callback for it."""
    check = estimator._check_early_stopping_loss

    def check_and_report(*args: Any, **kwargs: Any) -> bool:
        stops = check(*args, **kwargs)
        if iterations := len(estimator.validation_score_) - 1:
            report(iterations)
        return stops

    estimator._check_early_stopping_loss = check_and_report
    yield
    del estimator._check_early_stopping_loss  # the estimator is pickled later, and a closure cannot be


@contextmanager
def bins_of_equal_rows(weight: Array) -> Iterator[None]:
    """Within this context, find the bounds of bins without weights where all rows weigh 1; they are the same.

    scikit-learn sorts the rows again for each of the 255 bounds of a column of weighted rows, which took most of a fit. weight:
    (n,) of the rows that are fitted.
    """
    if not np.all(weight == 1):
        yield
        return
    from sklearn.ensemble._hist_gradient_boosting import binning

    found = binning._find_binning_thresholds

    def without_weights(column: Array, max_bins: int, sample_weight: Array | None = None) -> Array:
        return found(column, max_bins)

    binning._find_binning_thresholds = without_weights
    try:
        yield
    finally:
        binning._find_binning_thresholds = found


def loss_of(kind: str, classes: int = 0, quantile: float | None = None) -> Any:
    """A loss: "log_loss" of classes, "squared_error", "absolute_error" or "quantile"."""
    from sklearn import _loss

    if kind == "log_loss":
        return _loss.HalfMultinomialLoss(n_classes=classes) if classes > 2 else _loss.HalfBinomialLoss()
    if kind == "quantile":
        return _loss.PinballLoss(quantile=0.5 if quantile is None else quantile)
    return {"squared_error": _loss.HalfSquaredError, "absolute_error": _loss.AbsoluteError}[kind]()


def intercept(loss: Any, target: Array, weight: Array | None) -> Array:
    """The constant of the least loss, (k,) float64."""
    return np.atleast_1d(loss.fit_intercept_only(y_true=target, sample_weight=weight)).astype(np.float64)


def losses(loss: Any, target: Array, raw: Array) -> Array:
    """Loss of each row, (n,) float64. raw: (n, k) float64."""
    return loss.loss(y_true=target, raw_prediction=np.ascontiguousarray(raw if raw.shape[1] > 1 else raw[:, 0]))


def gradients(loss: Any, target: Array, raw: Array, weight: Array | None) -> tuple[Array, Array]:
    """Gradients and hessians of the loss of each row by its sums, (n, k) float64 each."""
    plain = np.ascontiguousarray(raw if raw.shape[1] > 1 else raw[:, 0])
    gradient, hessian = loss.gradient_hessian(y_true=target, raw_prediction=plain, sample_weight=weight)
    return gradient.reshape(len(target), -1), hessian.reshape(len(target), -1)


def histograms(
    binned: Array, bins: int, gradient: Array, hessian: Array, features: Array | None
) -> Callable[[Array], Array]:
    """A function from rows (m,) uint32 to the sums of their gradients and hessians in each bin, (2, features, bins) float64.

    binned: (n, width) uint8, column by column in memory; gradient, hessian: (n,); features:
    (f,) uint32, sorted, None for all.
    """
    from sklearn.ensemble._hist_gradient_boosting.histogram import HistogramBuilder

    # constant hessians are counted, not added
    is_constant = bool((hessian == hessian[0]).all())
    own = hessian[:1] if is_constant else hessian
    builder = HistogramBuilder(binned, bins, gradient.astype(np.float32), own.astype(np.float32), is_constant, 1)

    def of_rows(rows: Array) -> Array:
        # the array under what is returned, whose type NumPy would parse at each call
        found = builder.compute_histograms_brute(rows, features).base
        found = found if features is None else found[features]
        summed = found["count"] * hessian[0] if is_constant else found["sum_hessians"]
        return np.stack([found["sum_gradients"], summed])

    return of_rows


@contextmanager
def leaves_in_order(constraints: Sequence[int] | None) -> Iterator[None]:
    """Within this context, keep the leaves of trees in the order that monotone constraints ask for, whatever the loss.

    scikit-learn grows each tree in that order; for absolute errors and quantiles it then sets the leaves to medians or
    quantiles of their rows without looking at it. constraints: per feature 1, -1 or 0; None where there are none.
    """
    if constraints is None:
        yield
        return
    from sklearn.ensemble._hist_gradient_boosting import gradient_boosting

    set_values = gradient_boosting._update_leaves_values

    def set_in_order(loss: Any, grower: Any, y_true: Array, raw_prediction: Array, sample_weight: Array | None) -> None:
        def best(node: Any) -> float:
            rows = node.sample_indices
            weight = None if sample_weight is None else sample_weight[rows]
            return grower.shrinkage * loss.fit_intercept_only(y_true[rows] - raw_prediction[rows], weight)

        _set_leaves(grower.root, best, constraints, (-np.inf, np.inf))

    gradient_boosting._update_leaves_values = set_in_order
    try:
        yield
    finally:
        gradient_boosting._update_leaves_values = set_values


def _set_leaves(
    node: Any, best: Callable[[Any], float], constraints: Sequence[int], bounds: tuple[float, float]
) -> None:
    """Set the leaves below a node to their best values within bounds; a constrained split divides them in the middle.

    best: the value of least loss for the rows of a node.
    """
    low, high = bounds
    if node.is_leaf:
        node.value = float(np.clip(best(node), low, high))
        return
    left, right = node.left_child, node.right_child
    direction = constraints[node.split_info.feature_idx]
    if not direction:
        _set_leaves(left, best, constraints, bounds)
        _set_leaves(right, best, constraints, bounds)
        return
    middle = float(np.clip((best(left) + best(right)) / 2, low, high))
    below, above = (left, right) if direction > 0 else (right, left)
    _set_leaves(below, best, constraints, (low, middle))
    _set_leaves(above, best, constraints, (middle, high))
