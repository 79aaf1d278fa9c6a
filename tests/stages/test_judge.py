"""The judge: its laws, its words, and what a fault in it would do."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import LEVEL, MARGIN, SMALLER, N, ask, drawn, latency, model

from minnow.stages import judge
from minnow.stages.judge import level_of_look
from minnow.types import Score

# What a decision does not depend on


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 5))
def test_a_decision_does_not_depend_on_the_order_of_rows_or_baselines(seed, binary, looks):
    challenger, champion, best, *baselines = drawn(seed, binary)
    order = np.random.default_rng(seed).permutation(120)
    mixed = [replace(c, loss=c.loss[order]) for c in (challenger, champion, best, *baselines[::-1])]
    more = {"binary": binary, "looks": looks, "margin": 0.1, "beat_baseline": seed % 2 == 0}
    assert ask(challenger, champion, best, baselines, **more) == ask(*mixed[:3], mixed[3:], **more)


# When it promotes


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 4), st.sampled_from([0.02, 0.1, 0.3]))
def test_it_promotes_only_what_is_better_or_not_inferior_and_smaller(seed, binary, looks, margin):
    challenger, champion, best, *_ = drawn(seed, binary)
    ruling = ask(challenger, champion, best, binary=binary, looks=looks, margin=margin)
    against, drift = ruling.comparisons["champion"], ruling.comparisons["best"]
    better = against["p_better"] <= ruling.level_spent
    small = challenger.size_bytes <= (1 - SMALLER) * champion.size_bytes
    able = small and against["upper"] < margin and drift["upper"] < margin
    assert ruling.promote == (better or able)
    assert ruling.verdict == ("better" if better else "smaller" if able else "refused")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 30), st.integers(1, 300))
def test_a_later_look_never_promotes_what_an_earlier_one_refused(seed, binary, looks, more):
    challenger, champion, best, *_ = drawn(seed, binary)
    sooner = ask(challenger, champion, best, binary=binary, looks=looks, margin=0.1)
    later = ask(challenger, champion, best, binary=binary, looks=looks + more, margin=0.1)
    assert later.level_spent < sooner.level_spent
    assert sooner.promote or not later.promote
    assert later.comparisons["champion"]["upper"] >= sooner.comparisons["champion"]["upper"]


def test_all_looks_together_spend_no_more_than_the_level():
    spent = [level_of_look(LEVEL, look) for look in range(1, 20_000)]
    assert spent[0] == pytest.approx(0.0304, abs=1e-4)
    assert LEVEL * 0.999 < sum(spent) <= LEVEL


def test_clearly_better_is_promoted_even_when_larger():
    ruling = ask(model(80, size=5000), model(120, "champion"))
    assert (ruling.promote, ruling.verdict, ruling.looked) == (True, "better", True)


def test_equal_and_clearly_smaller_is_promoted():
    champion = model(100, "champion")
    assert ask(model(100, size=900), champion).verdict == "smaller"
    assert ask(model(100, size=901), champion).verdict == "refused"


def test_smaller_and_inferior_is_refused_with_what_it_had_and_needed():
    ruling = ask(model(115, size=100), model(100, "champion"))
    assert (ruling.promote, ruling.verdict) == (False, "refused")
    assert "may lose up to 0.02" in ruling.reasons[1]
    assert "the margin, 0.0100" in ruling.reasons[1]


def test_equal_and_clearly_faster_is_promoted():
    champion = model(100, "champion", latency_us=latency(100, 0))
    ruling = ask(model(100, latency_us=latency(60, 1)), champion)
    assert ruling.verdict == "smaller"
    assert "faster" in ruling.reasons[0]
    assert ask(model(100, latency_us=latency(95, 1)), champion).verdict == "refused"


def test_a_noisy_clock_does_not_make_a_model_faster():
    champion = model(100, "champion", latency_us=latency(100, 0))
    noisy = 60 * np.exp(np.random.default_rng(0).normal(scale=1.5, size=(7, 1))) * np.ones((7, 30))
    assert not ask(model(100, latency_us=noisy), champion).promote


def test_the_champion_itself_changes_nothing_and_costs_no_look():
    champion = model(100, "champion", sha="abc")
    ruling = ask(model(100, sha="abc"), champion, looks=3, floor=0.99)
    assert (ruling.promote, ruling.verdict, ruling.looked, ruling.level_spent) == (False, "same", False, 0)


def test_drift_by_small_steps_ends_at_one_margin_below_the_best():
    """Each challenger is smaller and loses a little that the champion alone would forgive."""
    best = champion = model(100, "first", size=10_000, n=20_000)
    worse, size, promoted = 100, 10_000, 0
    for _ in range(12):
        worse, size = worse + 60, int(size * 0.89)
        challenger = model(worse, size=size, n=20_000)
        if ask(challenger, champion, best).promote:
            champion, promoted = challenger, promoted + 1
    assert promoted >= 1
    assert champion.loss.mean() - best.loss.mean() < MARGIN


# What comes before a look


@pytest.mark.parametrize(
    ("floor", "higher", "value", "promote"),
    [(0.9, True, 0.9, True), (0.91, True, 0.9, False), (0.5, False, 0.5, True), (0.4, False, 0.5, False)],
)
def test_the_floor_comes_first(floor, higher, value, promote):
    challenger = replace(model(100), score=Score(value, 0, 1, N))
    ruling = ask(challenger, floor=floor, higher_is_better=higher)
    assert ruling.promote == promote
    if not promote:
        assert not ruling.looked
        assert f"{value:.4f}" in ruling.reasons[0]
        assert f"{floor:.4f}" in ruling.reasons[0]


def test_a_model_below_a_baseline_is_said_to_be_and_refused_only_when_asked():
    challenger, baseline = model(100), model(100, "majority")
    said = ask(challenger, baselines=[baseline])
    assert said.promote
    assert any("does not beat the baseline 'majority'" in reason for reason in said.reasons)
    refused = ask(challenger, model(500, "champion"), baselines=[baseline], beat_baseline=True)
    assert (refused.promote, refused.looked) == (False, False)
    assert ask(challenger, baselines=[model(200, "majority")], beat_baseline=True).promote


def test_answers_that_are_no_numbers_are_refused_first_or_not():
    broken = model(np.where(np.arange(N) < 3, np.nan, 0.0))
    for champion in (None, model(np.ones(N), "champion")):
        ruling = ask(broken, champion, binary=False)
        assert (ruling.promote, ruling.looked) == (False, False)
        assert "3 of 1,000 answers" in ruling.reasons[0]


# A first champion, and too few rows


def test_a_first_champion_on_enough_rows_is_simply_the_first():
    ruling = ask(model(200, n=50_000))
    assert (ruling.promote, ruling.verdict, ruling.looked) == (True, "first", False)


@pytest.mark.parametrize("wrong", [0, 2])
def test_a_first_champion_on_few_rows_is_provisional_even_when_it_is_always_right(wrong):
    ruling = ask(model(wrong, n=30))
    assert (ruling.promote, ruling.verdict) == (True, "provisional")
    assert "smallest detectable difference" in ruling.reasons[1]
    assert "rows are needed" in ruling.reasons[1]


@pytest.mark.parametrize("n", [1, 5])
def test_a_first_champion_by_another_loss_is_provisional_on_few_rows(n):
    assert ask(model(np.linspace(1, 2, n), n=n), binary=False).verdict == "provisional"


def test_one_group_of_rows_is_said_to_show_nothing():
    ruling = ask(model(np.linspace(1, 2, 9)), group=np.zeros(9, np.int64), binary=False)
    assert ruling.verdict == "provisional"
    assert ruling.reasons[0].endswith("on 1 group of rows.")
    assert ruling.reasons[1] == "Provisional: one group of rows cannot show any difference."


def test_too_few_rows_keep_the_champion_and_say_what_they_could_have_shown():
    ruling = ask(model(5, n=60, size=500), model(6, "champion", n=60))
    assert not ruling.promote
    assert any("Underpowered" in reason and "60 rows" in reason for reason in ruling.reasons)
    enough = ask(model(2000, n=400_000), model(2001, "champion", n=400_000))
    assert not any("Underpowered" in reason for reason in enough.reasons)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_hardly_any_rows_prove_nothing(n):
    for binary in (True, False):
        ruling = ask(model(0, n=n, size=1), model(n, "champion", n=n), binary=binary)
        assert not ruling.promote or ruling.verdict == "smaller"
        json.dumps(asdict(ruling), allow_nan=False)


# Planted faults: each bound holds for the judge as it is, and breaks with the fault


def false_promotions(years: int, nights: int, n: int = 600) -> float:
    """Share of years in which a challenger that is equal in expectation is called better."""
    random = np.random.default_rng(20)
    promoted = 0
    for _ in range(years):
        champion = model((random.random(n) < 0.1).astype(float), "champion", n=n)
        for night in range(nights):
            swapped = np.where(random.random(n) < 0.8, champion.loss, random.random(n) < 0.1)
            if ask(model(swapped, n=n), champion, looks=night).promote:
                promoted += 1
                break
    return promoted / years


def test_equal_models_are_seldom_promoted_and_often_by_a_judge_that_spends_its_level_every_night(monkeypatch):
    assert false_promotions(years=40, nights=25) <= 0.15
    monkeypatch.setattr(judge, "level_of_look", lambda level, look: level)
    assert false_promotions(years=40, nights=25) > 0.3


def inferior_promotions(times: int = 40) -> float:
    """Share of smaller challengers that are promoted though they lose twice the margin."""
    random = np.random.default_rng(21)
    promoted = 0
    for _ in range(times):
        champion = model((random.random(4000) < 0.1).astype(float), "champion", n=4000)
        loss = np.maximum(champion.loss, random.random(4000) < 2 * MARGIN / 0.9)
        promoted += ask(model(loss, n=4000, size=100), champion).promote
    return promoted / times


@pytest.mark.parametrize("fault", ["margin is forgiven", "models are mixed up", "everything is better"])
def test_a_true_loss_of_twice_the_margin_is_refused_and_not_by_a_faulty_judge(monkeypatch, fault):
    assert inferior_promotions() <= 0.05
    real = judge.compare
    faults = {
        "margin is forgiven": ("_inferiority", lambda trial, margin: []),
        "models are mixed up": ("compare", lambda a, b, group, **more: real(b, a, group, **more)),
        "everything is better": ("compare", lambda *rest, **more: replace(real(*rest, **more), p_better=0.0)),
    }
    monkeypatch.setattr(judge, *faults[fault])
    assert inferior_promotions() > 0.5


def gains_promoted(times: int = 40) -> float:
    """Share of challengers that are promoted for a true gain of twice the margin."""
    random = np.random.default_rng(22)
    promoted = 0
    for _ in range(times):
        champion = model((random.random(4000) < 0.1).astype(float), "champion", n=4000)
        loss = champion.loss * (random.random(4000) >= 2 * MARGIN / 0.1)
        promoted += ask(model(loss, n=4000), champion).promote
    return promoted / times


def test_a_true_gain_is_promoted_and_not_by_a_judge_that_flips_its_sign(monkeypatch):
    assert gains_promoted() >= 0.8
    real = judge.compare
    monkeypatch.setattr(judge, "compare", lambda a, b, group, **more: real(b, a, group, **more))
    assert gains_promoted() < 0.2


def test_drift_is_stopped_and_not_by_a_judge_that_forgets_the_best(monkeypatch):
    test_drift_by_small_steps_ends_at_one_margin_below_the_best()
    real = judge._inferiority
    monkeypatch.setattr(judge, "_inferiority", lambda trial, margin: real(replace(trial, drift=None), margin))
    with pytest.raises(AssertionError):
        test_drift_by_small_steps_ends_at_one_margin_below_the_best()
