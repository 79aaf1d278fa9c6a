"""Scores and their intervals."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.measures import score, score_all, scores
from minnow.measures.scores import LARGE, agreed, bootstrap_means, bootstrap_sums, by_group, score_by, span, wilson
from minnow.types import Batch, Measure

MEAN = Measure("mean", True, rows=lambda outputs, batch: outputs["value"])
ROOT = Measure("root", False, rows=lambda outputs, batch: outputs["value"], root=True, low=0.0)
SHARE = Measure("share", True, rows=lambda outputs, batch: outputs["value"], low=0.0, high=1.0)
SHARE_OF_ALL = Measure("whole", True, score=lambda outputs, batch: float(outputs["value"].mean()), low=0.0, high=1.0)
MEDIAN = Measure("median", True, score=lambda outputs, batch: float(np.median(outputs["value"])))


def case(values, group=None):
    values = np.asarray(values, np.float64)
    key = np.random.default_rng(0).permutation(len(values)).astype(np.uint64)
    groups = np.empty(0, np.int64) if group is None else np.asarray(group)
    return {"value": values}, Batch({}, np.zeros(len(values)), np.empty(0, "<U1"), "regress", key, group=groups)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(right, n, low, high):
    """Source: Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3."""
    assert wilson(right / n, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_stays_within_zero_and_one():
    assert wilson(0.0, 3)[0] == 0
    assert wilson(1.0, 3)[1] == 1


def test_a_share_of_right_answers_has_wilsons_interval():
    share = score(MEAN, *case([1] * 81 + [0] * 182))
    assert (share.value, share.n) == (pytest.approx(81 / 263), 263)
    assert (share.low, share.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_rows_that_do_not_count_leave_no_trace():
    with_gaps = score(MEAN, *case([1, math.nan, 0, 1, math.nan, 1]))
    without = score(MEAN, *case([1, 0, 1, 1]))
    assert (with_gaps.value, with_gaps.low, with_gaps.high, with_gaps.n) == (
        without.value,
        without.low,
        without.high,
        without.n,
    )
    empty = score(MEAN, *case([math.nan, math.nan]))
    assert math.isnan(empty.value)
    assert empty.n == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([MEAN, ROOT, MEDIAN]))
def test_a_score_does_not_depend_on_the_order_of_the_rows(seed, in_groups, measure):
    random = np.random.default_rng(seed)
    values = random.exponential(size=30)
    outputs, batch = case(values, random.integers(0, 9, 30) if in_groups else np.arange(30))
    order = random.permutation(30)
    assert score(measure, outputs, batch) == score(measure, {"value": values[order]}, batch.take(order))


@pytest.mark.parametrize("measure", [MEAN, ROOT, MEDIAN])
def test_a_score_does_not_depend_on_how_groups_are_numbered(measure):
    """A table in another order numbers its rows anew, and each row is its own group by default."""
    random = np.random.default_rng(6)
    outputs, batch = case(random.exponential(size=30))
    order = random.permutation(30)
    numbered_anew = replace(batch.take(order), group=np.arange(30))
    assert score(measure, outputs, batch) == score(measure, {"value": outputs["value"][order]}, numbered_anew)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_every_interval_holds_its_value(seed):
    values = np.random.default_rng(seed).exponential(size=25)
    for measured in score_all([MEAN, ROOT, MEDIAN], *case(values)).values():
        assert measured.low <= measured.value <= measured.high


def test_the_root_is_that_of_the_mean_and_of_its_interval():
    outputs, batch = case(np.random.default_rng(1).exponential(size=50))
    mean, root = score(MEAN, outputs, batch), score(ROOT, outputs, batch)
    assert (root.value, root.low, root.high) == pytest.approx([math.sqrt(v) for v in (mean.value, mean.low, mean.high)])


def test_the_bootstrap_covers_a_known_mean_about_as_often_as_it_says():
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        measured = score(MEAN, *case(random.normal(size=60)))
        covered += measured.low <= 0.0 <= measured.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_interval_of_a_score_that_is_no_mean_covers_too():
    random = np.random.default_rng(4)
    covered = 0
    for _ in range(120):
        measured = score(MEDIAN, *case(random.normal(size=60)))
        covered += measured.low <= 0.0 <= measured.high
    assert covered / 120 >= 0.88


@pytest.mark.parametrize("measure", [MEAN, MEDIAN])
def test_rows_of_one_group_are_resampled_together(measure):
    """Ten equal rows of a group hold no more information than one: the interval must be that of the groups."""
    values = np.random.default_rng(3).normal(size=30)
    copied, apart = case(np.repeat(values, 10), np.repeat(np.arange(30), 10)), case(np.repeat(values, 10))
    once = score(measure, *case(values))
    together, as_rows = score(measure, *copied), score(measure, *apart)
    width = lambda s: s.high - s.low  # noqa: E731
    assert width(together) == pytest.approx(width(once), rel=0.35)
    assert width(together) > 2 * width(as_rows)
    assert together.n == 30


def test_one_group_of_rows_has_no_interval_that_could_be_written():
    wrong = [0.0, 1.0, 1.0, 1.0]
    together, apart = (asdict(score(MEAN, *case(wrong, group))) for group in ([7] * 4, None))
    assert span(together, "{:.2f}".format) == "one group of rows, so no interval"
    assert span(apart, "{:.2f}".format) == "0.30 to 0.95"
    assert span({"low": 0.0, "high": 0.0, "n": 40}, "{:.2f}".format) == "all groups of rows agree, so no interval"


@pytest.mark.parametrize("measure", [SHARE, SHARE_OF_ALL, MEAN, ROOT, MEDIAN])
@pytest.mark.parametrize("group", [[0], [7] * 5])
def test_one_group_has_no_interval(measure, group):
    measured = score(measure, *case(np.ones(len(group)), group))
    assert (measured.low, measured.high, measured.n) == (measured.value, measured.value, 1)


def test_groups_of_which_no_row_counts_are_no_groups():
    """Four users of whom one has rows that count: before, resamples without that one were taken for zero."""
    measured = score(SHARE, *case([0.5, math.nan, math.nan, math.nan]))
    assert (measured.value, measured.low, measured.high, measured.n) == (0.5, 0.5, 0.5, 1)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.99, 1.0]), min_size=1, max_size=25), st.integers(1, 12), st.booleans()
)
def test_an_interval_stays_within_the_range_of_its_measure(values, groups, binary):
    values = np.round(values) if binary else np.array(values)
    for measure in (SHARE, SHARE_OF_ALL, ROOT):
        measured = score(measure, *case(values, np.arange(len(values)) % groups))
        assert measure.low <= measured.low <= measured.value <= measured.high <= measure.high


def test_a_balanced_accuracy_near_one_has_an_interval_that_ends_at_one():
    """A normal interval went to 1.0038."""
    values = np.r_[np.ones(58), 0.0, 0.0]
    assert score(SHARE_OF_ALL, *case(values)).high == 1.0


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([0.0, 0.25, 1.0]), st.integers(2, 200), st.sampled_from([SHARE, SHARE_OF_ALL]))
def test_groups_that_all_agree_have_an_interval_that_says_how_few_they_are(value, n, measure):
    few, more = (score(measure, *case(np.full(2 * m, value), np.repeat(np.arange(m), 2))) for m in (n, 2 * n))
    assert few.high - few.low > more.high - more.low > 0
    assert few.high - few.low == pytest.approx(1 - n / (n + 3.8415), abs=1e-4)
    assert few.low <= value <= few.high


def test_groups_that_are_all_right_have_the_interval_of_as_many_rows_that_are_right():
    assert agreed(1.0, 40, 0.0, 1.0) == pytest.approx(wilson(1.0, 40))
    assert agreed(0.0, 40, 0.0, 1.0) == pytest.approx(wilson(0.0, 40))


def test_groups_that_agree_on_a_measure_without_a_highest_value_have_no_interval():
    measured = score(ROOT, *case(np.full(30, 4.0)))
    assert (measured.low, measured.value, measured.high) == (2.0, 2.0, 2.0)
    assert span(asdict(measured), "{:.2f}".format) == "all groups of rows agree, so no interval"


def test_right_or_wrong_rows_of_common_groups_do_not_get_wilsons_interval():
    values = np.repeat([1.0, 0.0] * 15, 10)
    together = score(MEAN, *case(values, np.repeat(np.arange(30), 10)))
    assert together.high - together.low > 2 * (wilson(0.5, 300)[1] - wilson(0.5, 300)[0])


def test_groups_are_summed_and_counted():
    sums, sizes = by_group(np.array([1.0, 2.0, 4.0, 8.0]), np.array([7, 3, 7, 7]))
    assert sorted(zip(sums, sizes, strict=True)) == [(2, 1), (13, 3)]


def test_a_mean_of_resamples_weighs_groups_by_their_rows():
    means = bootstrap_means(np.array([0.0, 30.0]), np.array([1.0, 3.0]), seed=0, resamples=400)
    assert set(np.round(means, 6)) == {0.0, 7.5, 10.0}


MANY = {
    "normal": lambda random: random.normal(size=LARGE),
    "skewed": lambda random: random.lognormal(0, 2, LARGE),
    "heavy tails": lambda random: random.standard_t(2, LARGE),
    "hardly ever": lambda random: (random.random(LARGE) < 0.002).astype(np.float64),
    "one that outweighs all": lambda random: np.where(np.arange(LARGE) == 7, 1e5, random.random(LARGE)),
    "lost or won": lambda random: random.choice([-1.0, 0.0, 1.0], LARGE, p=[0.02, 0.97, 0.01]),
}


@pytest.mark.parametrize("kind", MANY)
def test_sums_of_many_groups_are_distributed_as_those_of_drawn_groups(kind, monkeypatch):
    """The odd groups are drawn as they are, so that heavy tails and lumps stay."""
    from scipy.stats import ks_2samp

    sums = MANY[kind](np.random.default_rng(5))
    (fast,) = bootstrap_sums([sums], 1, 4000)
    monkeypatch.setattr(scores, "LARGE", LARGE + 1)
    (drawn,) = bootstrap_sums([sums], 2, 4000)
    if kind not in ("hardly ever", "one that outweighs all"):  # whose sums are lumps, the same but for rounding
        assert ks_2samp(fast, drawn).pvalue > 0.01
    assert fast.std() == pytest.approx(drawn.std(), rel=0.05)
    ends = [0.005, 0.025, 0.975, 0.995]
    assert np.quantile(fast, ends) == pytest.approx(np.quantile(drawn, ends), abs=0.3 * drawn.std())


def test_several_sums_of_many_groups_go_together_as_in_drawn_groups(monkeypatch):
    random = np.random.default_rng(3)
    sizes = random.integers(1, 9, LARGE).astype(np.float64)
    columns = [random.lognormal(0, 1, LARGE) * sizes, random.normal(size=LARGE) + sizes, sizes]
    fast = np.corrcoef(bootstrap_sums(columns, 1, 4000))
    monkeypatch.setattr(scores, "LARGE", LARGE + 1)
    assert fast == pytest.approx(np.corrcoef(bootstrap_sums(columns, 2, 4000)), abs=0.06)


def test_the_interval_of_many_groups_covers_a_known_mean_about_as_often_as_it_says():
    random, covered = np.random.default_rng(2), 0
    for _ in range(150):
        measured = score(MEAN, *case(random.exponential(size=LARGE)))
        covered += measured.low <= 1.0 <= measured.high
    assert 0.9 <= covered / 150 <= 0.99


@pytest.mark.parametrize("measure", [MEAN, ROOT, MEDIAN])
def test_a_score_of_many_rows_does_not_depend_on_their_order(measure):
    random = np.random.default_rng(0)
    outputs, batch = case(random.exponential(size=LARGE))
    order = random.permutation(LARGE)
    numbered_anew = replace(batch.take(order), group=np.arange(LARGE))
    assert score(measure, outputs, batch) == score(measure, {"value": outputs["value"][order]}, numbered_anew)


def test_equal_values_of_many_rows_agree():
    measured = score(SHARE, *case(np.full(LARGE, 0.1)))
    assert (measured.low, measured.high) == pytest.approx(agreed(0.1, LARGE, 0.0, 1.0))


def test_functions_that_are_scored_together_have_the_intervals_that_they_have_alone():
    outputs, batch = case(np.random.default_rng(1).exponential(size=50), np.arange(50) % 20)
    together = score_all([MEDIAN, MEAN, SHARE_OF_ALL], outputs, batch)
    assert list(together) == ["median", "mean", "whole"]
    assert together == {one.name: score(one, outputs, batch) for one in (MEDIAN, MEAN, SHARE_OF_ALL)}


def test_another_seed_is_another_resample_and_the_same_seed_the_same():
    outputs, batch = case(np.random.default_rng(1).exponential(size=50))
    assert score(MEAN, outputs, batch, seed=1) == score(MEAN, outputs, batch, seed=1)
    assert score(MEAN, outputs, batch, seed=1) != score(MEAN, outputs, replace(batch), seed=2)


@pytest.mark.parametrize("measure", [MEAN, ROOT, MEDIAN])
def test_each_name_is_scored_as_its_rows_alone_are(measure):
    values, names = np.random.default_rng(0).random(30), np.array(["b", "a", "c"] * 10)
    scores = score_by(measure, *case(values), names)
    assert list(scores) == ["a", "b", "c"]
    for name, (value, count) in scores.items():
        assert value == pytest.approx(score(measure, *case(values[names == name])).value)
        assert count == 10


def test_a_name_whose_rows_do_not_count_has_no_score():
    assert score_by(MEAN, *case([1, math.nan, 0]), np.array(["a", "b", "a"])) == {"a": (0.5, 2)}
