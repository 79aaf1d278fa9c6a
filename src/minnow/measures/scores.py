"""Scores with confidence intervals: Wilson's for proportions of independent rows, otherwise the bootstrap over groups.

An interval stays within the range of its measure. One group of rows has none: its ends are the value itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.types import Array, Batch, Measure, Outputs, Score

Z = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""
RESAMPLES = 2000
SCORE_RESAMPLES = 100
"""Resamples of scores that have no values per row, each of which is computed anew: enough for a standard error."""
EQUAL = 1e-12
"""Relative width below which an interval is that of equal values, which differ in rounding alone."""
CELLS = 4_000_000
"""Number of drawn indices that are in memory at once."""
LARGE, ODD = 10_000, 1000
"""Number of groups from which on those that are not among the ODD farthest from the mean are drawn by a normal distribution."""


def score(measure: Measure, outputs: Outputs, batch: Batch, *, seed: int = 0) -> Score:
    """Score outputs on a batch, with a two-sided 95 % interval.

    Rows of one group are resampled together. The result does not depend on the order of the rows. It is NaN for a batch
    in which every row is NaN. Groups without a row that counts are left out.
    """
    if measure.rows is None:
        return _score_of_function(measure, outputs, batch, seed)
    rows = measure.rows(outputs, batch)
    counts = np.isfinite(rows)
    sums, sizes = by_group(rows[counts], batch.group[counts])
    if not len(sizes):
        return Score(math.nan, math.nan, math.nan, 0)
    n, mean = len(sizes), float(sums.sum() / sizes.sum())
    shares = np.isin(rows[counts], (0.0, 1.0)).all() and not measure.root
    if shares and sizes.max() == 1:
        low, high = wilson(mean, n) if n > 1 else (mean, mean)
    elif measure.pseudo:  # by the limit, which is normal
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
    some, part = _taken(outputs, rows), batch.take(rows)
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
    (means,) = bootstrap_ratios([sums], sizes, seed, resamples)
    return means


def bootstrap_ratios(sums: Sequence[Array], sizes: Array, seed: int, resamples: int = RESAMPLES) -> list[Array]:
    """Bootstrap means of several quantities over the same groups, (resamples,) each. sums: (m,) each; sizes: (m,)."""
    if (sizes == sizes[0]).all():  # then every resample has as many rows
        drawn, rows = bootstrap_sums(sums, seed, resamples), np.float64(len(sizes) * sizes[0])
    else:
        *drawn, rows = bootstrap_sums([*sums, sizes], seed, resamples)
    return [total / np.maximum(rows, 1.0) for total in drawn]


def bootstrap_sums(columns: Sequence[Array], seed: int, resamples: int) -> list[Array]:
    """Sums over groups that are drawn with replacement, (resamples,) for each column. columns: (m,) each, of the same groups.

    From LARGE groups on the draws of the ODD groups that lie farthest from the mean are counted as they are, and the sum of the
    others, none of which matters alone, is drawn from the normal distribution that it has in the limit, with its exact mean and
    covariance. That takes a hundredth of the time.
    """
    random, m = np.random.default_rng(seed), len(columns[0])
    if m >= LARGE:
        return list(_sums_of_many(np.stack(columns, axis=1), random, resamples).T)
    parts: list[list[Array]] = []
    step = max(1, CELLS // max(m, 1))
    for start in range(0, resamples, step):
        sample = random.integers(0, m, size=(min(step, resamples - start), m))
        parts.append([column[sample].sum(1) for column in columns])
    return [np.concatenate(sums) for sums in zip(*parts, strict=True)]


def _sums_of_many(values: Array, random: np.random.Generator, resamples: int) -> Array:
    """Sums of rows drawn with replacement, (resamples, d). values: (m, d)."""
    m, mean = len(values), values.mean(axis=0)
    rest = values - mean
    spread = rest.std(axis=0)
    order = np.argsort((np.abs(rest) / np.where(spread > 0, spread, 1.0)).max(axis=1), kind="stable")
    usual, odd = rest[order[:-ODD]], rest[order[-ODD:]]
    counts = random.binomial(m, ODD / m, resamples)  # never 0: that has a probability of e^-1000
    drawn = odd[random.integers(0, ODD, counts.sum())]
    of_odd = np.add.reduceat(drawn, np.cumsum(counts) - counts, axis=0)
    others = (m - counts)[:, None]
    level = usual.mean(axis=0)
    root = _square_root((usual - level).T @ (usual - level) / len(usual))
    of_usual = others * level + np.sqrt(others) * (random.standard_normal((resamples, len(root))) @ root)
    return m * mean + of_odd + of_usual


def _square_root(covariance: Array) -> Array:
    """The symmetric square root of a covariance, (d, d)."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _score_of_function(measure: Measure, outputs: Outputs, batch: Batch, seed: int) -> Score:
    """Score by a function without values per row, with a normal interval from the bootstrap standard error."""
    assert measure.score is not None
    if measure.needs:
        outputs, batch = measure.needs(outputs, batch), replace(batch, inputs={}, extractor={}, label_features={})
    value = measure.score(outputs, batch)
    values = [measure.score(_taken(outputs, rows), batch.take(rows)) for rows in _resampled_rows(batch, seed)]
    half = Z * float(np.std(values, ddof=1))
    return within(measure, value, value - half, value + half, len(np.unique(batch.group)))


def _taken(arrays: Outputs, rows: Array) -> dict[str, Array]:
    return {name: array[rows] for name, array in arrays.items()}


def _resampled_rows(batch: Batch, seed: int) -> Iterator[Array]:
    """Yield the rows of SCORE_RESAMPLES resamples of groups, (k,) int each; the order of the rows does not matter."""
    _, index = np.unique(batch.group, return_inverse=True)
    sizes, rows = np.bincount(index), np.argsort(index, kind="stable")
    starts = np.cumsum(sizes) - sizes
    order = np.argsort(np.minimum.reduceat(batch.key[rows], starts))
    random = np.random.default_rng(seed)
    for _ in range(SCORE_RESAMPLES):
        sample = order[random.integers(0, len(order), len(order))]
        drawn = sizes[sample]
        within_group = np.arange(drawn.sum()) - np.repeat(np.cumsum(drawn) - drawn, drawn)
        yield rows[np.repeat(starts[sample], drawn) + within_group]
