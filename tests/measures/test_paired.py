"""Paired comparisons, against SciPy, brute force and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.measures.paired import compare, detectable, difference, mcnemar, tango_upper
from minnow.types import Measure

counts = st.integers(0, 40)
MEAN, SHARE = Measure("mean", False), Measure("share", True, low=0.0, high=1.0)
ROOT = Measure("root", False, root=True, low=0.0)


@settings(max_examples=60, deadline=None)
@given(counts, counts)
def test_mcnemar_is_the_exact_sign_test_of_the_discordant_rows(lost, won):
    from scipy.stats import binomtest

    expected = binomtest(won, lost + won, 0.5, alternative="greater").pvalue if lost + won else 1.0
    assert mcnemar(lost, won) == pytest.approx(expected)


def test_mcnemar_by_hand():
    assert mcnemar(0, 5) == pytest.approx(1 / 32)
    assert mcnemar(1, 5) == pytest.approx(7 / 64)
    assert mcnemar(5, 0) == 1


def by_brute_force(lost: int, won: int, n: int, level: float) -> float:
    """The difference at which the score statistic meets the quantile, the likelihood maximised by search."""
    from scipy.optimize import brentq, minimize_scalar
    from scipy.stats import norm

    def statistic(delta: float) -> float:
        def unlikely(p_won: float) -> float:
            shares = (p_won + delta, p_won, 1 - 2 * p_won - delta)
            seen = (lost, won, n - lost - won)
            return -sum(k * math.log(max(p, 1e-300)) for k, p in zip(seen, shares, strict=True) if k)

        low, high = max(0.0, -delta), (1 - delta) / 2
        p_won = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
        return (lost - won - n * delta) / math.sqrt(n * (2 * p_won + delta - delta**2))

    start = (lost - won) / n
    return brentq(lambda delta: statistic(delta) + norm.isf(level), start + 1e-6, 1 - 1e-6)


@pytest.mark.parametrize(
    ("lost", "won", "n", "level"),
    [(1, 0, 44, 0.025), (12, 9, 100, 0.05), (3, 20, 200, 0.05), (40, 40, 2000, 0.001), (0, 4, 30, 0.05)],
)
def test_tangos_bound_is_where_the_score_statistic_meets_its_quantile(lost, won, n, level):
    assert tango_upper(lost, won, n, level) == pytest.approx(by_brute_force(lost, won, n, level), abs=1e-5)


def test_tangos_bound_without_discordant_rows_is_that_of_a_share_of_none():
    """Then the statistic is that of Wilson's interval: z^2 / (n + z^2)."""
    from scipy.stats import norm

    z = norm.isf(0.05)
    assert tango_upper(0, 0, 100, 0.05) == pytest.approx(z**2 / (100 + z**2), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(counts, counts, st.integers(0, 200), st.sampled_from([0.05, 0.01, 1e-5]))
def test_tangos_bound_lies_above_the_estimate_and_grows_with_losses(lost, won, same, level):
    n = lost + won + same + 1
    bound = tango_upper(lost, won, n, level)
    assert (lost - won) / n <= bound <= 1
    assert tango_upper(lost + 1, won, n, level) >= bound
    assert tango_upper(lost, won, n, level / 10) >= bound


@pytest.mark.parametrize(("p_lost", "p_won"), [(0.05, 0.05), (0.04, 0.01), (0.02, 0.06)])
def test_tangos_bound_covers_the_true_difference(p_lost, p_won):
    random = np.random.default_rng(0)
    counted = random.multinomial(400, [p_lost, p_won, 1 - p_lost - p_won], size=1500)
    covered = np.mean([tango_upper(lost, won, 400, 0.05) >= p_lost - p_won for lost, won, _ in counted])
    assert 0.935 <= covered <= 0.97


def losses(seed: int, n: int, binary: bool):
    random = np.random.default_rng(seed)
    challenger, champion = random.random((2, n))
    return (challenger.round(), champion.round()) if binary else (challenger, champion)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_a_comparison_does_not_depend_on_the_order_of_the_rows(seed, binary, in_groups):
    challenger, champion = losses(seed, 40, binary)
    group = np.random.default_rng(seed).integers(0, 12, 40) if in_groups else np.arange(40)
    order = np.random.default_rng(seed + 1).permutation(40)
    comparison = compare(challenger, champion, group, binary=binary, level=0.05)
    assert comparison == compare(challenger[order], champion[order], group[order], binary=binary, level=0.05)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_what_one_model_gains_the_other_loses(seed, binary):
    a, b = losses(seed, 40, binary)
    forth, back = (compare(x, y, np.arange(40), binary=binary, level=0.05) for x, y in ((a, b), (b, a)))
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.upper >= forth.difference
    assert not (forth.p_better < 0.5 and back.p_better < 0.5)


def test_right_or_wrong_rows_are_compared_exactly():
    champion = np.zeros(100)
    champion[:10] = 1
    challenger = np.zeros(100)
    challenger[8:11] = 1
    comparison = compare(challenger, champion, np.arange(100), binary=True, level=0.05)
    assert (comparison.difference, comparison.n) == (pytest.approx(-0.07), 100)
    assert comparison.p_better == pytest.approx(mcnemar(1, 8))
    assert comparison.upper == pytest.approx(tango_upper(1, 8, 100, 0.05))


def test_right_or_wrong_rows_of_common_groups_are_not_taken_for_independent():
    champion, challenger = np.repeat([1.0] * 6 + [0.0] * 14, 50), np.repeat([0.0] * 8 + [1.0] * 2 + [0.0] * 10, 50)
    group = np.repeat(np.arange(20), 50)
    apart = compare(challenger, champion, np.arange(1000), binary=True, level=0.05)
    together = compare(challenger, champion, group, binary=True, level=0.05)
    assert apart.p_better < 1e-6
    assert together.p_better > 0.05
    assert together.n == 20


def test_the_bootstrap_agrees_with_the_t_test_on_well_behaved_losses():
    from scipy.stats import ttest_rel

    random = np.random.default_rng(8)
    champion = random.normal(1.0, 0.3, 200)
    challenger = champion + random.normal(-0.03, 0.2, 200)
    comparison = compare(challenger, champion, np.arange(200), binary=False, level=0.05)
    expected = ttest_rel(challenger, champion, alternative="less")
    assert comparison.p_better == pytest.approx(expected.pvalue, abs=0.01)
    assert comparison.upper == pytest.approx(expected.confidence_interval(0.95).high, abs=0.004)


def test_the_bootstrap_seldom_reports_a_gain_of_equal_models():
    random = np.random.default_rng(9)
    comparisons = [
        compare(*random.exponential(size=(2, 40)), np.arange(40), binary=False, level=0.05) for _ in range(300)
    ]
    assert np.mean([c.p_better <= 0.05 for c in comparisons]) <= 0.085
    assert np.mean([c.upper < 0 for c in comparisons]) <= 0.085


def test_a_level_far_out_in_the_tail_still_costs():
    random = np.random.default_rng(10)
    pair = random.normal([[0.9], [1.0]], 0.2, size=(2, 100))
    upper = [compare(*pair, np.arange(100), binary=False, level=level).upper for level in (0.05, 1e-3, 1e-5, 1e-7)]
    assert np.all(np.diff(upper) > 0.005)


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_few_equal_differences_prove_nothing(rows):
    comparison = compare(np.zeros(rows), np.ones(rows), np.arange(rows), binary=False, level=0.05)
    assert comparison.p_better >= 0.5**rows
    assert rows > 1 or (comparison.upper, comparison.detectable, comparison.p_better) == (math.inf, math.inf, 1)


def test_many_equal_differences_prove_a_gain():
    comparison = compare(np.zeros(30), np.ones(30), np.arange(30), binary=False, level=0.05)
    assert comparison.p_better < 1e-8
    assert comparison.upper == -1


def test_equal_models_are_neither_better_nor_worse():
    same = np.random.default_rng(0).random(50)
    for binary, loss in ((False, same), (True, same.round())):
        comparison = compare(loss, loss, np.arange(50), binary=binary, level=0.05)
        assert (comparison.difference, comparison.p_better) == (0, 1)


def test_what_was_detectable_is_detected_four_times_in_five():
    random = np.random.default_rng(11)
    size = detectable(0.5, 100, 0.05)
    assert size == pytest.approx(2.4865 * 0.05, rel=1e-3)
    detected = 0
    for _ in range(400):
        difference = random.normal(-size, 0.5, 100)
        detected += compare(difference, np.zeros(100), np.arange(100), binary=False, level=0.05).p_better <= 0.05
    assert detected / 400 == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(("a", "b"), [(3, 4), (0, 0)])
def test_rows_that_do_not_pair_are_refused(a, b):
    with pytest.raises(ValueError, match="same rows"):
        compare(np.zeros(a), np.zeros(b), np.arange(a), binary=True, level=0.05)


@pytest.mark.parametrize("binary", [True, False])
def test_a_loss_that_is_no_number_is_refused(binary):
    broken = np.array([0.0, math.nan, 0.0])
    with pytest.raises(ValueError, match=r"finite losses\. Received: 1 and 0"):
        compare(broken, np.ones(3), np.arange(3), binary=binary, level=0.05)


def test_a_difference_of_roots_has_an_interval_over_groups_and_no_order():
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(200), 3)
    other = random.exponential(4, 600)
    better = other * 0.81
    value, low, high = difference(better, other, group, ROOT)
    assert value == pytest.approx(-0.1 * np.sqrt(other.mean()))
    assert low < value < high < 0
    mixed = random.permutation(600)
    assert difference(better[mixed], other[mixed], group[mixed], ROOT) == (value, low, high)
    shared = random.normal(0, 1, 200)[group]
    alone = difference(other + shared, other, np.arange(600), MEAN)
    together = difference(other + shared, other, group, MEAN)
    assert together[2] - together[1] > 1.4 * (alone[2] - alone[1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30), st.integers(1, 9))
def test_a_difference_of_shares_stays_between_minus_one_and_one(pairs, groups):
    first, second = np.array(pairs, np.float64).T
    value, low, high = difference(first, second, np.arange(len(pairs)) % groups, SHARE)
    assert -1 <= low <= value <= high <= 1
    assert (low == high) == (len(set(np.arange(len(pairs)) % groups)) == 1)


def test_a_difference_on_which_all_groups_agree_says_how_few_they_are():
    few, many = (difference(np.ones(n), np.zeros(n), np.arange(n), SHARE) for n in (8, 800))
    assert few[1] < many[1] < 1
    assert difference(np.full(8, 3.0), np.ones(8), np.arange(8), MEAN) == (2.0, 2.0, 2.0), "no range, so no interval"


@pytest.mark.parametrize(("n", "shown"), [(1, False), (3, False), (5, False), (6, True), (60, True)])
def test_few_groups_that_agree_show_nothing(n, shown):
    """Before, three users whose losses did not change showed that nothing at all was lost."""
    loss = np.random.default_rng(0).random(n)
    against = compare(loss, loss, np.arange(n), binary=False, level=0.0304)
    assert math.isfinite(against.upper) == shown
    assert compare(loss - 0.5, loss, np.arange(n), binary=False, level=0.0304).p_better <= 0.0304 or not shown


@pytest.mark.parametrize("tail", [1.0, 2.0])
def test_the_bound_of_many_rows_holds_as_often_as_it_says_and_needs_no_draw_of_each(tail):
    """Losses of which some outweigh most others, a true difference of zero: p is at most the level as often as it says."""
    random, false, times, n = np.random.default_rng(4), 0, 150, 10_000
    for _ in range(times):
        common = random.lognormal(0, tail, n)
        challenger, champion = common * random.lognormal(0, 0.3, (2, n))
        false += compare(challenger, champion, np.arange(n), binary=False, level=0.05).p_better <= 0.05
    assert 0.013 <= false / times <= 0.1
