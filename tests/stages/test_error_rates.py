"""The simulation of `make bench-judge`: it finds every promotion, and counts looks as the registry does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import judge
from benchmarks.judge import NIGHTS, Exam, Line, bounds, false_promotion, judged, other, share_promoted
from benchmarks.populations import Pair

RANDOM = np.random.default_rng(0)


def made(task, rows_of_a_group=1, groups=300):
    """Two models whose losses differ on a part of the rows."""
    n = rows_of_a_group * groups
    if task == "classify":
        a, b = ((RANDOM.random(n) < share).astype(np.float64) for share in (0.07, 0.06))
    else:
        a = RANDOM.beta(4, 1, n) if task == "rank" else RANDOM.exponential(40, n)
        b = np.where(RANDOM.random(n) < 0.3, np.minimum(a * RANDOM.lognormal(0, 0.4, n), a.max()), a)
    return Pair(task, task, a, b, np.repeat(np.arange(groups), rows_of_a_group))


PAIRS = [made("classify"), made("classify", 30, 24), made("regress"), made("rank")]


@pytest.mark.parametrize("rows", [1, 30])
def test_groups_are_drawn_by_their_number_whatever_the_order_of_their_rows(rows):
    pair = made("regress", rows, 24)
    pair = Pair(pair.name, pair.task, pair.a, pair.b, RANDOM.permutation(pair.group))
    groups = RANDOM.integers(0, 24, 50)
    b, a = (judge._losses(pair, groups, np.full(50, takes_b)) for takes_b in (True, False))
    np.testing.assert_allclose((b - a).reshape(50, rows).sum(1), pair.gaps[groups])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.name} {len(pair.sizes)}")
def test_the_fast_computation_finds_every_night_on_which_the_judge_promotes(pair, monkeypatch):
    exam, called = Exam("", [pair], 200, 500), []
    real = judge.decide
    monkeypatch.setattr(judge, "decide", lambda *args, **named: called.append(real(*args, **named)) or called[-1])
    monkeypatch.setattr(judge, "REAL_EVERY", 1)  # of every year one night without a promotion is put before the judge
    promoted = sum(false_promotion(exam, pair, np.ones(NIGHTS, int), RANDOM) for _ in range(6))
    assert promoted > 0, "365 nights at the level of the first look"
    assert any(not ruling.promote for ruling in called)


def test_looks_go_on_where_a_test_set_grows_and_begin_anew_after_a_jump():
    grows, jumps = Exam("", PAIRS[:1], 400, 1_000).looks, Exam("", PAIRS[:1], 400, 1_000, jumps=True).looks
    assert grows.tolist() == list(range(1, NIGHTS + 1))
    assert jumps.max() == NIGHTS - NIGHTS // 2 + 1
    assert jumps[NIGHTS // 2] == 2, "the looks before count as one"


@pytest.mark.parametrize("margins", [1, 2, -2])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.name} {len(pair.sizes)}")
def test_a_challenger_is_drawn_with_the_difference_that_is_stated(pair, margins):
    differences = []
    for _ in range(60):
        groups, challenger, champion = other(pair, 2_000 if len(pair.sizes) == len(pair.a) else 60, margins, RANDOM)
        assert len(challenger) == len(champion) == int(pair.sizes[groups].sum())
        differences.append(challenger.mean() - champion.mean())
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    assert abs(np.mean(differences) - margins * pair.margin) < 4 * error


def test_a_large_gain_is_promoted_and_a_large_loss_is_not():
    exam = Exam("", PAIRS[:1], 3_000, 3_000)
    assert share_promoted(exam, -3, 1, 20, RANDOM) >= 15
    assert share_promoted(exam, 3, 1, 20, RANDOM) == 0


def test_rows_of_one_group_are_judged_together():
    """A hundred rows of one day are one case: nothing can be shown with five days."""
    pair = Pair("days", "classify", np.zeros(500), np.ones(500), np.repeat(np.arange(5), 100))
    assert not judged(pair, np.arange(5), np.zeros(500), np.ones(500), 1).promote
    apart = Pair("rows", "classify", np.zeros(500), np.ones(500), np.arange(500))
    assert judged(apart, np.arange(500), np.zeros(500), np.ones(500), 1).promote


def test_a_limit_is_met_by_the_bound_and_not_by_the_share():
    exam = Exam("", PAIRS[:1], 10, 10)
    assert Line("", exam, "1", 100, 2_000, most=0.065).met
    assert not Line("", exam, "1", 125, 2_000, most=0.065).met, "6.25 %, and its bound is 7.2 %"
    assert not Line("", exam, "1", 247, 300, least=0.8).met
    assert "NOT MET" in str(Line("", exam, "1", 0, 300, least=0.8))
    assert bounds(0, 10)[0] == 0
    assert bounds(10, 10)[1] == 1
