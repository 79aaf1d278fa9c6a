"""The judge: its laws, its words, and what a fault in it would do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.stages import judge
from minnow.stages.judge import Contestant, choose_finalist, decide, level_of_look
from minnow.types import Score

N, LEVEL, MARGIN, SMALLER = 1000, 0.05, 0.01, 0.1


@dataclass(frozen=True)
class Limits:
    size_bytes: int | None = None
    p95_us: float | None = None
    memory_bytes: int | None = None


def model(wrong, name="challenger", size=1000, n=N, **more) -> Contestant:
    """wrong: how many of the first rows it gets wrong, or its losses."""
    loss = (np.arange(n) < wrong).astype(np.float64) if isinstance(wrong, int) else np.asarray(wrong, np.float64)
    right = 1 - float(loss.mean())
    return Contestant(name, more.pop("sha", f"{name}-{loss.sum()}-{size}"), size, loss, Score(right, 0, 1, n), **more)


def ask(challenger, champion=None, anchor=None, baselines=(), *, binary=True, **more):
    given_ = {
        "unit": np.arange(len(challenger.loss)),
        "binary": binary,
        "level": LEVEL,
        "margin": MARGIN,
        "smaller": SMALLER,
        "floor": None,
        "higher_is_better": True,
        "beat_baseline": False,
        "looks": 0,
    }
    return decide(challenger, champion, anchor, list(baselines), **(given_ | more))


def choose(variants, n=N, **more):
    given_ = {
        "unit": np.arange(n),
        "binary": True,
        "level": LEVEL,
        "margin": 0.03,
        "floor": None,
        "higher_is_better": True,
        "budget": Limits(),
    }
    return choose_finalist(variants, **(given_ | more))


def drawn(seed: int, binary: bool, n: int = 120):
    """Challenger, champion, anchor and two baselines of random quality and size."""
    random = np.random.default_rng(seed)
    shared = random.random(n)
    found = []
    for name in ("challenger", "champion", "anchor", "plain", "linear"):
        loss = 0.7 * shared + 0.3 * random.random(n) + random.choice([-0.2, 0, 0.1])
        size = int(random.choice([500, 899, 900, 1000]))
        found.append(model((loss > 0.5).astype(float) if binary else loss, name, size, n))
    return found


# What a decision does not depend on


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 5))
def test_a_decision_does_not_depend_on_the_order_of_rows_or_baselines(seed, binary, looks):
    challenger, champion, anchor, *baselines = drawn(seed, binary)
    order = np.random.default_rng(seed).permutation(120)
    mixed = [replace(c, loss=c.loss[order]) for c in (challenger, champion, anchor, *baselines[::-1])]
    more = {"binary": binary, "looks": looks, "margin": 0.1, "beat_baseline": seed % 2 == 0}
    assert ask(challenger, champion, anchor, baselines, **more) == ask(*mixed[:3], mixed[3:], **more)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_a_choice_does_not_depend_on_the_order_of_rows_or_variants(seed, binary):
    variants = drawn(seed, binary)
    random = np.random.default_rng(seed)
    order = random.permutation(120)
    mixed = [replace(variants[i], loss=variants[i].loss[order]) for i in random.permutation(len(variants))]
    more = {"binary": binary, "margin": 0.1, "budget": Limits(size_bytes=950), "n": 120}
    assert choose(variants, **more) == choose(mixed, **more)


# When it promotes


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 4), st.sampled_from([0.02, 0.1, 0.3]))
def test_it_promotes_only_what_is_better_or_not_inferior_and_smaller(seed, binary, looks, margin):
    challenger, champion, anchor, *_ = drawn(seed, binary)
    found = ask(challenger, champion, anchor, binary=binary, looks=looks, margin=margin)
    against, drift = found.comparisons["champion"], found.comparisons["anchor"]
    better = against["p_better"] <= found.level_spent
    small = challenger.size_bytes <= (1 - SMALLER) * champion.size_bytes
    able = small and against["upper"] < margin and drift["upper"] < margin
    assert found.promote == (better or able)
    assert found.verdict == ("better" if better else "smaller" if able else "refused")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 30), st.integers(1, 300))
def test_a_later_look_never_promotes_what_an_earlier_one_refused(seed, binary, looks, more):
    challenger, champion, anchor, *_ = drawn(seed, binary)
    sooner = ask(challenger, champion, anchor, binary=binary, looks=looks, margin=0.1)
    later = ask(challenger, champion, anchor, binary=binary, looks=looks + more, margin=0.1)
    assert later.level_spent < sooner.level_spent
    assert sooner.promote or not later.promote
    assert later.comparisons["champion"]["upper"] >= sooner.comparisons["champion"]["upper"]


def test_all_looks_together_spend_no_more_than_the_level():
    spent = [level_of_look(LEVEL, look) for look in range(1, 20_000)]
    assert spent[0] == pytest.approx(0.0304, abs=1e-4)
    assert LEVEL * 0.999 < sum(spent) <= LEVEL


def test_clearly_better_is_promoted_even_when_larger():
    found = ask(model(80, size=5000), model(120, "champion"))
    assert (found.promote, found.verdict, found.looked) == (True, "better", True)


def test_equal_and_clearly_smaller_is_promoted():
    champion = model(100, "champion")
    assert ask(model(100, size=900), champion).verdict == "smaller"
    assert ask(model(100, size=901), champion).verdict == "refused"


def test_smaller_and_inferior_is_refused_with_what_it_had_and_needed():
    found = ask(model(115, size=100), model(100, "champion"))
    assert (found.promote, found.verdict) == (False, "refused")
    assert "may lose up to 0.02" in found.reasons[1]
    assert "the margin, 0.0100" in found.reasons[1]


def latency(median: float, seed: int, rounds: int = 7):
    random = np.random.default_rng(seed)
    return median * np.exp(random.normal(scale=0.03, size=(rounds, 1)) + random.normal(scale=0.02, size=(rounds, 30)))


def test_equal_and_clearly_faster_is_promoted():
    champion = model(100, "champion", latency_us=latency(100, 0))
    found = ask(model(100, latency_us=latency(60, 1)), champion)
    assert found.verdict == "smaller"
    assert "faster" in found.reasons[0]
    assert ask(model(100, latency_us=latency(95, 1)), champion).verdict == "refused"


def test_a_noisy_clock_does_not_make_a_model_faster():
    champion = model(100, "champion", latency_us=latency(100, 0))
    noisy = 60 * np.exp(np.random.default_rng(0).normal(scale=1.5, size=(7, 1))) * np.ones((7, 30))
    assert not ask(model(100, latency_us=noisy), champion).promote


def test_the_champion_itself_changes_nothing_and_costs_no_look():
    champion = model(100, "champion", sha="abc")
    found = ask(model(100, sha="abc"), champion, looks=3, floor=0.99)
    assert (found.promote, found.verdict, found.looked, found.level_spent) == (False, "same", False, 0)


def test_drift_by_small_steps_ends_at_one_margin_below_the_anchor():
    """Each challenger is smaller and loses a little that the champion alone would forgive."""
    anchor = champion = model(100, "first", size=10_000, n=20_000)
    worse, size, promoted = 100, 10_000, 0
    for _ in range(12):
        worse, size = worse + 60, int(size * 0.89)
        challenger = model(worse, size=size, n=20_000)
        if ask(challenger, champion, anchor).promote:
            champion, promoted = challenger, promoted + 1
    assert promoted >= 1
    assert champion.loss.mean() - anchor.loss.mean() < MARGIN


# What comes before a look


@pytest.mark.parametrize(
    ("floor", "higher", "value", "promote"),
    [(0.9, True, 0.9, True), (0.91, True, 0.9, False), (0.5, False, 0.5, True), (0.4, False, 0.5, False)],
)
def test_the_floor_comes_first(floor, higher, value, promote):
    challenger = replace(model(100), score=Score(value, 0, 1, N))
    found = ask(challenger, floor=floor, higher_is_better=higher)
    assert found.promote == promote
    if not promote:
        assert not found.looked
        assert f"{value:.4f}" in found.reasons[0]
        assert f"{floor:.4f}" in found.reasons[0]


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
        found = ask(broken, champion, binary=False)
        assert (found.promote, found.looked) == (False, False)
        assert "3 of 1,000 answers" in found.reasons[0]


# A first champion, and too few rows


def test_a_first_champion_on_enough_rows_is_simply_the_first():
    found = ask(model(200, n=50_000))
    assert (found.promote, found.verdict, found.looked) == (True, "first", False)


@pytest.mark.parametrize("wrong", [0, 2])
def test_a_first_champion_on_few_rows_is_provisional_even_when_it_is_always_right(wrong):
    found = ask(model(wrong, n=30))
    assert (found.promote, found.verdict) == (True, "provisional")
    assert "smallest difference that could be seen" in found.reasons[1]
    assert "rows would do" in found.reasons[1]


@pytest.mark.parametrize("n", [1, 5])
def test_a_first_champion_by_another_loss_is_provisional_on_few_rows(n):
    assert ask(model(np.linspace(1, 2, n), n=n), binary=False).verdict == "provisional"


def test_one_group_of_rows_is_said_to_show_nothing():
    found = ask(model(np.linspace(1, 2, 9)), unit=np.zeros(9, np.int64), binary=False)
    assert found.verdict == "provisional"
    assert found.reasons[0].endswith("on 1 group of rows.")
    assert found.reasons[1] == "Provisional: one group of rows cannot show any difference."


def test_too_few_rows_keep_the_champion_and_say_what_they_could_have_shown():
    found = ask(model(5, n=60, size=500), model(6, "champion", n=60))
    assert not found.promote
    assert any("Underpowered" in reason and "60 rows" in reason for reason in found.reasons)
    enough = ask(model(2000, n=400_000), model(2001, "champion", n=400_000))
    assert not any("Underpowered" in reason for reason in enough.reasons)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_hardly_any_rows_prove_nothing(n):
    for binary in (True, False):
        found = ask(model(0, n=n, size=1), model(n, "champion", n=n), binary=binary)
        assert not found.promote or found.verdict == "smaller"
        json.dumps(asdict(found), allow_nan=False)


# Choosing the finalist


def test_the_finalist_is_the_smallest_that_is_not_inferior():
    variants = [model(100, "float32", 4000), model(101, "int8", 1000), model(300, "tiny", 10)]
    assert choose(variants).finalist == "int8"


def test_equal_sizes_go_by_name_and_latency_breaks_no_tie():
    fast, slow = model(100, "b", latency_us=latency(1, 0), p95_us=1.0), model(100, "a", p95_us=9.0)
    assert choose([fast, slow]).finalist == "a"


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Limits(size_bytes=999), "1,000 bytes, allowed are 999"),
        (Limits(p95_us=49), "p95 latency 50 us, allowed are 49"),
        (Limits(memory_bytes=69), "70 bytes of memory, allowed are 69"),
    ],
)
def test_a_variant_over_budget_does_not_stand(budget, reason):
    over = model(10, "over", 1000, p95_us=50.0, memory_bytes=70)
    within = model(200, "within", 900, p95_us=40.0, memory_bytes=60)
    found = choose([over, within], budget=budget)
    assert (found.finalist, found.infeasible) == ("within", False)
    assert reason in found.reasons[0]
    alone = choose([over], budget=budget)
    assert (alone.finalist, alone.infeasible) == (None, True)


def test_a_limit_is_what_a_model_may_just_reach():
    at = model(10, "at", 1000, p95_us=50.0, memory_bytes=70)
    assert choose([at], budget=Limits(1000, 50.0, 70), floor=0.99).finalist == "at"


def test_infeasible_is_the_budget_and_not_the_floor():
    budget = Limits(size_bytes=500)
    poor_and_large, good_and_large, poor = model(500, "a"), model(10, "b"), model(500, "c", 100)
    assert choose([poor, good_and_large], floor=0.9, budget=budget).infeasible
    assert not choose([poor, poor_and_large], floor=0.9, budget=budget).infeasible
    assert not choose([], floor=0.9).infeasible


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


@pytest.mark.parametrize("fault", ["margin is forgiven", "sides are mixed up", "everything is better"])
def test_a_true_loss_of_twice_the_margin_is_refused_and_not_by_a_faulty_judge(monkeypatch, fault):
    assert inferior_promotions() <= 0.05
    real = judge.compare
    faults = {
        "margin is forgiven": ("_inferiority", lambda against, drift, margin: []),
        "sides are mixed up": ("compare", lambda a, b, unit, **more: real(b, a, unit, **more)),
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
    monkeypatch.setattr(judge, "compare", lambda a, b, unit, **more: real(b, a, unit, **more))
    assert gains_promoted() < 0.2


def test_drift_is_stopped_and_not_by_a_judge_that_forgets_the_anchor(monkeypatch):
    test_drift_by_small_steps_ends_at_one_margin_below_the_anchor()
    real = judge._inferiority
    monkeypatch.setattr(judge, "_inferiority", lambda against, drift, margin: real(against, None, margin))
    with pytest.raises(AssertionError):
        test_drift_by_small_steps_ends_at_one_margin_below_the_anchor()
