"""Grows boosted oblivious trees whose leaves are rounded while they are boosted, so that later trees repair the rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minnow.families._trees import boosting_internals
from minnow.families._trees.oblivious import ObliviousTrees
from minnow.types import Array

MOST_BINS, _LEAST_BINS, _ROWS_PER_BIN = 255, 32, 16
_TINY = 1e-6
"""Added to l2, so that a leaf without rows has a value."""
_SHRUNK = (1.0, 0.9, 0.8, 0.7, 0.6)
"""Largest leaves that four bits hold, as shares of the largest value; the best of them for a tree's rows is taken."""


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    iterations: largest number; l2: on the values of leaves; feature_share: share of the features that a tree considers;
    bits: of a leaf, 4 or 8; patience: iterations without improvement on val after which growing ends, None for never; seed: of
    random features.
    """

    iterations: int
    learning_rate: float
    depth: int
    l2: float
    feature_share: float
    bits: int
    patience: int | None
    seed: int


@dataclass(frozen=True)
class Rows:
    """Rows of numbers (n, width) float32, their target (n,) float64 and weight (n,) float64, None where all weigh 1."""

    values: Array
    target: Array
    weight: Array | None = None


@dataclass(frozen=True)
class Grown:
    """All trees that were grown, and the mean loss on train and val before the first and after each iteration."""

    trees: ObliviousTrees
    loss: Array
    val_loss: Array


def grow(
    train: Rows, val: Rows | None, loss: Any, classes: int, growth: Growth, report: Callable[[int], None]
) -> Grown:
    """Grow trees. loss: as of boosting_internals.loss_of; report: called with the number of iterations after each."""
    bins = min(MOST_BINS, max(_LEAST_BINS, len(train.values) // _ROWS_PER_BIN))
    bounds = [_bounds(column, bins) for column in train.values.T]
    booster = _Booster(train, bounds, loss, growth)
    held = None if val is None else _Held(val, booster)
    losses, held_losses = [booster.mean_loss()], [held.mean_loss()] if held else []
    for iteration in range(growth.iterations if any(map(len, bounds)) else 0):
        grown = booster.iterate()
        losses.append(booster.mean_loss())
        if held:
            held.add(grown)
            held_losses.append(held.mean_loss())
        report(iteration + 1)
        if growth.patience is not None and int(np.argmin(held_losses)) <= iteration + 1 - growth.patience:
            break
    return Grown(booster.trees(classes), np.array(losses), np.array(held_losses))


def kept(trees: ObliviousTrees, iterations: int) -> ObliviousTrees:
    """The trees of the first iterations, and of the tests those that they have."""
    count = iterations * len(trees.base)
    used, test = np.unique(trees.test[:count], return_inverse=True)
    return replace(
        trees,
        feature=trees.feature[used],
        threshold=trees.threshold[used],
        test=test.reshape(count, -1),
        leaf=trees.leaf[:count],
        scale=trees.scale[:count],
    )


def _mean_loss(loss: Any, rows: Rows, raw: Array) -> float:
    each = boosting_internals.losses(loss, rows.target, raw)
    return float(np.average(each, weights=rows.weight))


def _bounds(column: Array, bins: int) -> Array:
    """Thresholds between the values of a column, (bins - 1,) float32 or fewer, those of half precision where one suits."""
    values, counts = np.unique(column, return_counts=True)
    low, high = values[:-1], values[1:]
    if len(low) >= bins:
        share = np.cumsum(np.sqrt(counts))
        places = np.searchsorted(share, share[-1] * np.arange(1, bins) / bins)
        places = np.unique(places[places < len(low)])
        low, high = low[places], high[places]
    middle = (low.astype(np.float64) + high) / 2
    with np.errstate(over="ignore"):
        half = middle.astype(np.float16).astype(np.float64)
    single = middle.astype(np.float32)
    single = np.where(single < high, single, low)
    return np.unique(np.where((half >= low) & (half < high), half, single)).astype(np.float32)


def _binned(values: Array, bounds: Sequence[Array]) -> Array:
    """Number of thresholds that each value is above, (n, width) uint8, column by column in memory."""
    columns = [np.searchsorted(own, column, side="left") for column, own in zip(values.T, bounds, strict=True)]
    return np.asfortranarray(np.stack(columns, axis=1).astype(np.uint8))


class _Booster:
    """What has been grown, and the sums of its trees for the rows of train."""

    def __init__(self, train: Rows, bounds: Sequence[Array], loss: Any, growth: Growth) -> None:
        self.train, self.bounds, self.loss, self.growth = train, bounds, loss, growth
        self.binned = _binned(train.values, bounds)
        self.bins = 1 + max(map(len, bounds))
        self.is_test = np.arange(self.bins - 1) < np.array([len(own) for own in bounds])[:, None]
        self.base = boosting_internals.intercept(loss, train.target, train.weight)
        self.raw = np.repeat(self.base[None], len(train.values), axis=0)
        self.random = np.random.default_rng(growth.seed)
        self.l2 = np.float32(growth.l2 + _TINY)
        self.unit = 0.0
        self.tests, self.leaves, self.scales = list[list[tuple[int, int]]](), list[Array](), list[float]()

    def mean_loss(self) -> float:
        """On train."""
        return _mean_loss(self.loss, self.train, self.raw)

    def iterate(self) -> range:
        """Grow a tree for each number. Returns their indices."""
        gradient, hessian = boosting_internals.gradients(self.loss, self.train.target, self.raw, self.train.weight)
        features = self._features()
        found = [self._tree(gradient[:, number], hessian[:, number], features) for number in range(self.raw.shape[1])]
        start = len(self.tests)
        for number, (tests, parts, gradients, hessians) in enumerate(found):
            value = self._values(parts, number, gradients, hessians)
            self.unit = self.unit or float(np.float32(np.abs(value).max()))
            leaf, scale = _rounded(value / (self.unit or 1.0), hessians, self.growth.bits)
            self.tests.append(tests)
            self.leaves.append(leaf)
            self.scales.append(scale)
            for part, one in zip(parts, leaf, strict=True):
                self.raw[part, number] += self.unit * scale * one
        return range(start, len(self.tests))

    def _features(self) -> Array | None:
        """Random features of an iteration, sorted; None for all."""
        width = len(self.bounds)
        count = max(1, round(self.growth.feature_share * width))
        return None if count >= width else np.sort(self.random.choice(width, count, replace=False)).astype(np.uint32)

    def _tree(self, gradient: Array, hessian: Array, features: Array | None) -> tuple[Any, list[Array], Array, Array]:
        """Grow one tree. Returns its tests, and the rows, sum of gradients and sum of hessians of each leaf."""
        histogram = boosting_internals.histograms(self.binned, self.bins, gradient, hessian, features)
        parts = [np.arange(len(gradient), dtype=np.uint32)]
        sums, tests = histogram(parts[0])[None], list[tuple[int, int]]()
        allowed = self.is_test if features is None else self.is_test[features]
        for level in range(self.growth.depth):
            gain = np.where(allowed, self._gain(sums), -1.0)
            place, bound = (int(found) for found in np.unravel_index(int(gain.argmax()), gain.shape))
            feature = place if features is None else int(features[place])
            tests.append((feature, bound))
            goes_right = [self.binned[part, feature] > bound for part in parts]
            if level < self.growth.depth - 1:
                sums = _of_children(sums, parts, goes_right, histogram)
            parts = [
                side for part, right in zip(parts, goes_right, strict=True) for side in (part[~right], part[right])
            ]
        gradients, hessians = (np.array([values[part].sum() for part in parts]) for values in (gradient, hessian))
        return tests, parts, gradients, hessians

    def _gain(self, sums: Array) -> Array:
        """How much each test lowers the loss over all leaves, (features, bins - 1). sums: (leaves, 2, features, bins)."""
        left = sums.cumsum(axis=3, dtype=np.float32)
        total, left = left[..., -1:], left[..., :-1]
        gain = self._score(left)
        gain += self._score(total - left)
        gain -= self._score(total)
        return gain.sum(axis=0)

    def _score(self, sums: Array) -> Array:
        """How much values of leaves lower the loss. sums: of gradients and hessians, (leaves, 2, ...)."""
        return sums[:, 0] ** 2 / (sums[:, 1] + self.l2)

    def _values(self, parts: Sequence[Array], number: int, gradients: Array, hessians: Array) -> Array:
        """Values of the leaves, (2**d,) float64."""
        growth = self.growth
        if self.loss.differentiable:
            return -growth.learning_rate * gradients / (hessians + self.l2)
        values = np.zeros(len(parts))
        for leaf, part in enumerate(parts):
            if len(part):
                weight = None if self.train.weight is None else self.train.weight[part]
                rest = self.train.target[part] - self.raw[part, number]
                values[leaf] = boosting_internals.intercept(self.loss, rest, weight)[0]
        return growth.learning_rate * values * hessians / (hessians + self.l2)

    def reached(self, binned: Array, index: int) -> Array:
        """Values that rows reach in one tree, (n,) float64."""
        leaf = np.zeros(len(binned), np.int64)
        for feature, bound in self.tests[index]:
            leaf = 2 * leaf + (binned[:, feature] > bound)
        return self.unit * self.scales[index] * self.leaves[index][leaf]

    def trees(self, classes: int) -> ObliviousTrees:
        """All that has been grown."""
        depth = self.growth.depth
        if not self.tests:  # nothing to test: one tree for each number that says nothing
            self.tests, self.leaves = (
                [[(0, 0)] * depth] * len(self.base),
                [np.zeros(2**depth, np.int8)] * len(self.base),
            )
            self.scales = [0.0] * len(self.base)
        flat = np.array(self.tests).reshape(-1, 2)
        known, test = np.unique(flat, axis=0, return_inverse=True)
        threshold = [self.bounds[f][b] if len(self.bounds[f]) else 0.0 for f, b in known]
        return ObliviousTrees(
            known[:, 0],
            np.array(threshold, np.float32),
            test.reshape(-1, depth),
            np.array(self.leaves),
            np.array(self.scales, np.float16),
            self.unit,
            self.base,
            self.growth.bits,
            classes,
        )


class _Held:
    """Rows that trees are not grown on, and the sums of the trees for them."""

    def __init__(self, rows: Rows, booster: _Booster) -> None:
        self.rows, self.booster = rows, booster
        self.binned = _binned(rows.values, booster.bounds)
        self.raw = np.repeat(booster.base[None], len(rows.values), axis=0)

    def mean_loss(self) -> float:
        """Of what has been added."""
        return _mean_loss(self.booster.loss, self.rows, self.raw)

    def add(self, trees: range) -> None:
        """Add the trees of an iteration, by their indices: one for each number."""
        for number, index in enumerate(trees):
            self.raw[:, number] += self.booster.reached(self.binned, index)


def _of_children(
    sums: Array, parts: Sequence[Array], goes_right: Sequence[Array], histogram: Callable[[Array], Array]
) -> Array:
    """Sums of both children of each leaf, those of the larger as the difference."""
    children = np.empty((2 * len(parts), *sums.shape[1:]))
    for leaf, (part, right) in enumerate(zip(parts, goes_right, strict=True)):
        smaller = int(2 * np.count_nonzero(right) < len(part))  # 1: the right one
        rows = part[right] if smaller else part[~right]
        own = histogram(rows) if len(rows) else np.zeros(sums.shape[1:])
        children[2 * leaf + smaller], children[2 * leaf + 1 - smaller] = own, sums[leaf] - own
    return children


def _rounded(value: Array, weight: Array, bits: int) -> tuple[Array, float]:
    """Round values (2**d,) to whole steps of the best size. Returns the steps and their size, which half precision holds."""
    most = 2 ** (bits - 1) - 1
    best, found = np.inf, (np.zeros(len(value), np.int8), 0.0)
    for share in _SHRUNK if bits == 4 else (1.0,):
        size = float(np.float16(share * np.abs(value).max() / most))
        if size == 0:
            continue
        steps = np.clip(np.rint(value / size), -most - (bits == 4), most)
        error = float((weight * (steps * size - value) ** 2).sum())
        if error < best:
            best, found = error, (steps.astype(np.int8), size)
    return found
