"""Scores with confidence intervals: Wilson's for proportions of independent rows, otherwise the bootstrap over groups.

An interval stays within the range of its measure. One group of rows has none: its ends are the value itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from minnow.types import Array, Batch, Measure, Outputs, Score

Z = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""
RESAMPLES = 2000
SCORE_RESAMPLES = 100
"""Resamples of scores that are not means, each of which is computed anew: enough for a standard error."""
EQUAL = 1e-12
"""Relative width below which an interval is that of equal values, which differ in rounding alone."""
CELLS = 4_000_000
"""Number of drawn indices that are in memory at once."""


def score(measure: Measure, outputs: Outputs, batch: Batch, *, seed: int = 0) -> Score:
    """Score outputs on a batch, with a two-sided 95 % interval.

    Rows of one group are resampled together. The result does not depend on the order of the rows. It is NaN for a batch
    in which every row is NaN. Groups without a row that counts are left out.
    """
    values = measure.rows or measure.pseudo_values
    if values is None:
        return _score_of_function(measure, outputs, batch, seed)
    rows = values(outputs, batch)
    counts = np.isfinite(rows)
    sums, sizes = by_group(rows[counts], batch.group[counts])
    if not len(sizes):
        return Score(math.nan, math.nan, math.nan, 0)
    n, mean = len(sizes), float(sums.sum() / sizes.sum())
    shares = np.isin(rows[counts], (0.0, 1.0)).all() and not measure.root
    if shares and sizes.max() == 1:
        low, high = wilson(mean, n) if n > 1 else (mean, mean)
    elif measure.rows is None:  # the limit of a score that is no mean over rows
        half = Z * standard_error(sums, sizes) if n > 1 else 0.0
        low, high = mean - half, mean + half
    else:
        low, high = (float(v) for v in np.quantile(bootstrap_means(sums, sizes, seed), [0.025, 0.975]))
    if measure.root:
        mean, low, high = (math.sqrt(max(v, 0.0)) for v in (mean, low, high))
    return within(measure, mean, low, high, n)


def within(measure: Measure, value: float, low: float, high: float, n: int) -> Score:
    """Score with its interval (low, high) over n groups, clipped to the measure's range.

    Where all groups agree, so that low and high are equal, the interval is that of `agreed`.
    """
    if high - low <= EQUAL * max(1.0, abs(value)):
        low, high = agreed(value, n, measure.low, measure.high)
    value, low, high = (float(end) for end in np.clip([value, low, high], measure.low, measure.high))
    return Score(value, min(low, value), max(high, value), n)  # the ends are rounded


def agreed(value: float, n: int, lowest: float, highest: float) -> tuple[float, float]:
    """Interval of a mean over n groups that all have the same value, (low, high). lowest, highest: the range of a value.

    By Wilson's bound for none in n, at most z^2 / (n + z^2) of all groups have another value, at worst an end of the range.
    A single group, and a range without ends, give no interval: both ends are the value.
    """
    if n < 2 or not math.isfinite(highest - lowest):
        return value, value
    others = Z * Z / (n + Z * Z)
    return value - others * (value - lowest), value + others * (highest - value)


def score_all(measures: Iterable[Measure], outputs: Outputs, batch: Batch, *, seed: int = 0) -> dict[str, Score]:
    """Score outputs by several measures: name -> score, in the order of the measures."""
    return {measure.name: score(measure, outputs, batch, seed=seed) for measure in measures}


def score_by(measure: Measure, outputs: Outputs, batch: Batch, names: Array) -> dict[str, tuple[float, int]]:
    """Score the rows of each name, without intervals: name -> (score, number of rows). names: (n,) str, of each row.

    A name is left out where none of its rows counts.
    """
    known, index, counts = np.unique(names, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(index, kind="stable"), np.cumsum(counts)[:-1])
    values = [_plain(measure, outputs, batch, rows) for rows in members]
    rows = zip(known.tolist(), values, counts.tolist(), strict=True)
    return {name: (value, count) for name, value, count in rows if math.isfinite(value)}


def _plain(measure: Measure, outputs: Outputs, batch: Batch, rows: Array) -> float:
    """Score some rows of a batch, NaN where none of them counts."""
    some, part = {name: array[rows] for name, array in outputs.items()}, batch.take(rows)
    if measure.rows is None:
        assert measure.score is not None
        return measure.score(measure.needs(some, part) if measure.needs else some, part)
    values = measure.rows(some, part)
    values = values[np.isfinite(values)]
    mean = float(values.mean()) if len(values) else math.nan
    return math.sqrt(mean) if measure.root else mean


def span(score: Mapping[str, Any], figure: Callable[[float], str]) -> str:
    """Text of the interval of a score. score: low, high and n by name; figure: formats a number.

    Ends that are equal are no interval: there is a single group, or all groups agree and the measure's range has no ends.
    """
    if score["low"] != score["high"]:
        return f"{figure(score['low'])} to {figure(score['high'])}"
    return f"{'one group of rows' if score.get('n') == 1 else 'all groups of rows agree'}, so no interval"


def figure(value: float, digits: int = 4) -> str:
    """Format a score with digits that suit its size: 0.9876, 12.35, 30,796."""
    large = abs(value)
    return f"{value:,.0f}" if large >= 1000 else f"{value:.2f}" if large >= 10 else f"{value:.{digits}f}"


def wilson(share: float, n: int, z: float = Z) -> tuple[float, float]:
    """Confidence interval of a proportion of n independent rows, (low, high). z: normal quantile. Source: Wilson 1927."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def by_group(values: Array, group: Array) -> tuple[Array, Array]:
    """Sum values by group, in an order of the groups that does not depend on the order of the rows.

    values: (n,); group: (n,) int. Returns sums (m,) and numbers of rows (m,).
    """
    _, index = np.unique(group, return_inverse=True)
    sizes = np.bincount(index).astype(np.float64)
    in_order = np.lexsort((values, index))  # sums of floats depend on the order
    sums = np.bincount(index[in_order], weights=values[in_order])
    order = np.lexsort((sizes, sums))
    return sums[order], sizes[order]


def standard_error(sums: Array, sizes: Array) -> float:
    """Standard error of a mean over groups of rows, infinite for one group. sums, sizes: (m,), as by_group returns them."""
    m = len(sums)
    if m < 2:
        return math.inf
    rest = sums - sizes * (sums.sum() / sizes.sum())
    return math.sqrt(m / (m - 1) * float((rest**2).sum())) / float(sizes.sum())


def bootstrap_means(sums: Array, sizes: Array, seed: int, resamples: int = RESAMPLES) -> Array:
    """Bootstrap means over groups, (resamples,). sums, sizes: (m,), as by_group returns them."""
    random = np.random.default_rng(seed)
    m, means = len(sums), []
    step = max(1, CELLS // max(m, 1))
    for start in range(0, resamples, step):
        sample = random.integers(0, m, size=(min(step, resamples - start), m))
        means.append(sums[sample].sum(1) / np.maximum(sizes[sample].sum(1), 1.0))
    return np.concatenate(means)


def _score_of_function(measure: Measure, outputs: Outputs, batch: Batch, seed: int) -> Score:
    """Score by a function that is not a mean over rows, with a normal interval from the bootstrap standard error."""
    assert measure.score is not None
    outputs = measure.needs(outputs, batch) if measure.needs else outputs
    value = measure.score(outputs, batch)
    groups, index = np.unique(batch.group, return_inverse=True)
    members = np.split(np.argsort(index, kind="stable"), np.cumsum(np.bincount(index))[:-1])
    order = np.argsort([batch.key[rows].min() for rows in members])
    random = np.random.default_rng(seed)
    values = []
    for _ in range(SCORE_RESAMPLES):
        sample = order[random.integers(0, len(groups), len(groups))]
        rows = np.concatenate([members[i] for i in sample])
        values.append(measure.score({name: array[rows] for name, array in outputs.items()}, batch.take(rows)))
    error = float(np.std(values, ddof=1))
    return within(measure, value, value - Z * error, value + Z * error, len(groups))
