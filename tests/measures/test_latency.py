"""Latency: what is counted, and when a ratio may be believed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from minnow.measures.latency import WARM_UP, latency_us, ratio_upper, throughput_rows_s


def rounds_of(median: float, between: float, seed: int, rounds: int = 7, samples: int = 60):
    """Latencies that differ more between processes than within one."""
    random = np.random.default_rng(seed)
    level = median * np.exp(random.normal(scale=between, size=(rounds, 1)))
    return level * np.exp(random.normal(scale=0.02, size=(rounds, samples)))


def test_every_sample_is_one_call_after_a_warm_up():
    calls = []
    samples = latency_us(lambda row: calls.append(row), {"x": np.zeros((1, 2))}, 30)
    assert samples.shape == (30,)
    assert len(calls) == 30 + WARM_UP
    assert (samples > 0).all()


def test_samples_are_microseconds():
    samples = latency_us(lambda row: time.sleep(0.002), {"x": np.zeros((1, 2))}, 5)
    assert 2000 <= np.median(samples) < 20_000


def test_throughput_counts_rows_per_second():
    rate = throughput_rows_s(lambda rows: time.sleep(0.005), {"x": np.zeros((50, 2))}, seconds=0.05)
    assert 1000 < rate <= 10_000


def test_throughput_of_something_slow_is_measured_at_least_once():
    assert throughput_rows_s(lambda rows: time.sleep(0.02), {"x": np.zeros((10, 2))}, seconds=0.0) > 0


def test_a_ratio_is_that_of_the_medians():
    base = rounds_of(100, 0.0, seed=0)
    ratio, upper = ratio_upper(base * 0.5, base, 0.05)
    assert (ratio, upper) == pytest.approx((0.5, 0.5))


def test_a_clear_gain_is_detected_in_spite_of_the_noise_between_processes():
    ratio, upper = ratio_upper(rounds_of(70, 0.05, seed=1), rounds_of(100, 0.05, seed=2), 0.05)
    assert ratio == pytest.approx(0.7, abs=0.1)
    assert ratio < upper < 0.9


def test_equal_models_are_seldom_called_faster():
    """At a level of 5 % about 5 in 100 pairs of equal models, however many samples there are in a round."""
    wrong = sum(
        ratio_upper(rounds_of(100, 0.1, seed=2 * i), rounds_of(100, 0.1, seed=2 * i + 1), 0.05)[1] < 1
        for i in range(400)
    )
    assert wrong / 400 <= 0.08


def test_a_lower_level_gives_a_higher_bound():
    a, b = rounds_of(90, 0.05, seed=1), rounds_of(100, 0.05, seed=2)
    assert ratio_upper(a, b, 0.001)[1] > ratio_upper(a, b, 0.05)[1]


@pytest.mark.parametrize("shapes", [((1, 60), (1, 60)), ((7, 60), (5, 60))])
def test_rounds_that_do_not_pair_are_refused(shapes):
    with pytest.raises(ValueError, match=r"2 common rounds.*Received"):
        ratio_upper(np.ones(shapes[0]), np.ones(shapes[1]), 0.05)
