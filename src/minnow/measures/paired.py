"""Paired comparisons of two models on the same rows.

A difference is the challenger's mean loss minus the champion's; a negative one is an improvement. All tests are one-sided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from minnow.measures import scores
from minnow.measures.scores import EQUAL, bootstrap_means, bootstrap_ratios, by_group, within
from minnow.types import Array, Measure

POWER = 0.8
RESAMPLES = 4000


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows.

    difference: of mean losses, challenger minus champion; upper: its one-sided upper bound at the level; p_better: p value
    of the hypothesis that the challenger is not better; detectable: the smallest difference of mean losses that these rows
    detect at the level with a power of 80 %; n: number of groups. With a single group, or few that agree, there is no estimate
    of noise, and the bounds are infinite.
    """

    difference: float
    upper: float
    p_better: float
    detectable: float
    n: int


def compare(challenger: Array, champion: Array, group: Array, *, binary: bool, level: float) -> Comparison:
    """Compare losses row by row. challenger, champion: (n,) float64; group: (n,) int; binary: losses are 0 or 1.

    Binary losses of independent rows are compared by McNemar's exact test and Tango's score bound, all others by the bootstrap
    over groups. level: one-sided. The result does not depend on the order of the rows. Raises ValueError where the arrays
    have different lengths, or a loss is not finite.
    """
    if challenger.shape != champion.shape or challenger.shape != group.shape or not len(group):
        raise ValueError(
            f"A paired comparison needs the same rows, at least one. Received: {challenger.shape} and {champion.shape}."
        )
    if not (np.isfinite(challenger).all() and np.isfinite(champion).all()):
        wrong = [int((~np.isfinite(loss)).sum()) for loss in (challenger, champion)]
        raise ValueError(f"A paired comparison needs finite losses. Received: {wrong[0]} and {wrong[1]} that are not.")
    if binary and len(np.unique(group)) == len(group):
        return _compare_binary(challenger > 0.5, champion > 0.5, level)
    return _compare_bootstrap(challenger - champion, group, level)


def _compare_binary(challenger: Array, champion: Array, level: float) -> Comparison:
    """Compare binary losses of independent rows, (n,) bool each."""
    n = len(challenger)
    lost, won = int((challenger & ~champion).sum()), int((~challenger & champion).sum())
    return Comparison(
        difference=(lost - won) / n,
        upper=tango_upper(lost, won, n, level),
        p_better=mcnemar(lost, won),
        detectable=detectable(math.sqrt(max(lost + won, 1) / n), n, level),
        n=n,
    )


def mcnemar(lost: int, won: int) -> float:
    """P value of the exact one-sided McNemar test: the probability of at least won wins if the models are equal.

    lost: number of rows that only the challenger predicts wrongly; won: of rows that only the champion predicts wrongly.
    Source: McNemar 1947.
    """
    from scipy.stats import binom

    return float(binom.sf(won - 1, lost + won, 0.5)) if lost + won else 1.0


def tango_upper(lost: int, won: int, n: int, level: float) -> float:
    """Upper bound of (lost - won) / n at a one-sided level, from the score test for paired shares.

    Source: Tango 1998, Statistics in Medicine 17, equations 8-10.
    """
    from scipy.optimize import brentq

    z = _normal_above(level)

    def excess(delta: float) -> float:
        a = 2 * n
        b = -lost - won + (2 * n - lost + won) * delta
        c = -won * delta * (1 - delta)
        share = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = n * (2 * share + delta * (1 - delta))
        return lost - won - n * delta + z * math.sqrt(max(variance, 0.0))

    low, high = (lost - won) / n + 1e-9, 1 - 1e-12  # at the estimate the variance may be zero
    if low >= high or excess(low) <= 0:
        return min(low, 1.0)
    if excess(high) >= 0:
        return 1.0
    root: Any = brentq(excess, low, high, xtol=1e-12)
    return float(root)


def _compare_bootstrap(difference: Array, group: Array, level: float) -> Comparison:
    """Upper bound of the mean: the larger of a bootstrap quantile and a t bound with the bootstrap's standard error.

    At a small level the quantile would lie beyond all resamples, and the t bound is the larger one. The p value is at least
    0.5^m for m groups, that of a sign test with all signs equal. Where all groups agree there is no spread, and so few of them
    that a sign test shows nothing at the level give no bound.
    """
    from scipy.stats import t

    sums, sizes = by_group(difference, group)
    m, mean = len(sums), float(sums.sum() / sizes.sum())
    if m < 2:
        return Comparison(mean, math.inf, 1.0, math.inf, m)
    means = bootstrap_means(sums, sizes, seed=0, resamples=RESAMPLES)
    error = float(means.std(ddof=1)) * math.sqrt(m / (m - 1))
    if error <= EQUAL * max(1.0, abs(mean)) and 0.5**m > level:
        return Comparison(mean, math.inf, 1.0, math.inf, m)
    upper = max(float(np.quantile(means, 1 - level)), mean + float(t.isf(level, m - 1)) * error)
    by_t = float(t.sf(-mean / error, m - 1)) if error > 0 else float(mean >= 0)
    p = max(float((means >= 0).mean()), by_t, 0.5**m)
    return Comparison(mean, upper, p, detectable(error * math.sqrt(m), m, level), m)


def standard_error(difference: Array, group: Array) -> float:
    """Standard error of the mean of differences of losses, row by row, over groups of rows; infinite for a single group.

    difference: (n,) float64; group: (n,) int.
    """
    return scores.standard_error(*by_group(difference, group))


def difference(
    challenger: Array, other: Array, group: Array, measure: Measure, *, seed: int = 0
) -> tuple[float, float, float]:
    """Difference of two scores on the same rows, with a two-sided 95 % bootstrap interval over groups: (value, low, high).

    challenger, other: (n,) float64, losses row by row; group: (n,) int; measure: the one that the losses are of. The interval
    stays within the width of its range; of a root measure it is the difference of the roots. The result does not depend on
    the order of the rows.
    """
    root, width = measure.root, measure.high - measure.low
    _, index = np.unique(group, return_inverse=True)
    rows = np.lexsort((other, challenger, index))
    sums = [np.bincount(index[rows], weights=losses[rows]) for losses in (challenger, other)]
    sizes = np.bincount(index).astype(np.float64)
    order = np.lexsort((sizes, *sums))
    first, second = (values[order] for values in sums)
    means = bootstrap_ratios([first, second], sizes[order], seed)
    totals = [np.array([values.sum() / sizes.sum()]) for values in (first, second)]
    (resampled_first, resampled_second), (value_first, value_second) = (
        [np.sqrt(np.maximum(values, 0)) if root else values for values in pair] for pair in (means, totals)
    )
    low, high = (float(end) for end in np.quantile(resampled_first - resampled_second, [0.025, 0.975]))
    differences = Measure(measure.name, higher_is_better=False, low=-width, high=width)
    score = within(differences, float((value_first - value_second)[0]), low, high, len(sizes))
    return score.value, score.low, score.high


def detectable(spread: float, n: int, level: float) -> float:
    """Smallest true difference that n groups detect at a one-sided level with a power of 80 %. spread: standard deviation."""
    return (_normal_above(level) + _normal_above(1 - POWER)) * spread / math.sqrt(n)


def _normal_above(level: float) -> float:
    """Normal quantile that is exceeded with a probability of level; scipy.stats takes far longer for the same bits."""
    from scipy.special import ndtri

    return -float(ndtri(level))
