"""The choice of a finalist on val."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import Limits, choose, drawn, latency, model


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_a_choice_does_not_depend_on_the_order_of_rows_or_variants(seed, binary):
    variants = drawn(seed, binary)
    random = np.random.default_rng(seed)
    order = random.permutation(120)
    mixed = [replace(variants[i], loss=variants[i].loss[order]) for i in random.permutation(len(variants))]
    more = {"binary": binary, "margin": 0.1, "budget": Limits(size_bytes=950), "n": 120}
    assert choose(variants, **more) == choose(mixed, **more)


def test_the_finalist_is_the_smallest_that_is_not_inferior():
    variants = [model(100, "float32", 4000), model(101, "int8", 1000), model(300, "tiny", 10)]
    assert choose(variants).finalist == "int8"


def test_equal_sizes_go_by_name_and_latency_breaks_no_tie():
    fast, slow = model(100, "b", latency_us=latency(1, 0), p95_us=1.0), model(100, "a", p95_us=9.0)
    assert choose([fast, slow]).finalist == "a"


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Limits(size_bytes=999), "1,000 bytes; budget.size_bytes allows 999"),
        (Limits(p95_us=49), "p95 latency 50 us; budget.p95_us allows 49"),
        (Limits(memory_bytes=69), "70 bytes of memory; budget.memory_bytes allows 69"),
    ],
)
def test_a_variant_over_budget_does_not_stand(budget, reason):
    over = model(10, "over", 1000, p95_us=50.0, memory_bytes=70)
    within = model(200, "within", 900, p95_us=40.0, memory_bytes=60)
    ruling = choose([over, within], budget=budget)
    assert (ruling.finalist, ruling.infeasible) == ("within", False)
    assert reason in ruling.reasons[0]
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
