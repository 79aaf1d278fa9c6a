"""Latency and throughput of a predict function, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.types import Array, Columns

WARM_UP = 20


def latency_us(predict: Callable[[Columns], Any], row: Columns, runs: int) -> Array:
    """Time single answers, (runs,) float64 in microseconds, after a warm-up. row: arrays of one row each."""
    for _ in range(WARM_UP):
        predict(row)
    samples = np.empty(runs)
    for i in range(runs):
        start = time.perf_counter_ns()
        predict(row)
        samples[i] = (time.perf_counter_ns() - start) / 1000
    return samples


def throughput_rows_s(predict: Callable[[Columns], Any], rows: Columns, seconds: float = 0.05) -> float:
    """Rows per second over one batch, answered again and again for some time."""
    n = len(next(iter(rows.values())))
    predict(rows)
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or not done:
        predict(rows)
        done += n
    return done / elapsed


def ratio_interval(
    challenger: Array, champion: Array, *, seed: int = 0, resamples: int = 1000
) -> tuple[float, float, float]:
    """Ratio of median latencies, challenger to champion, with its two-sided 95 % bootstrap interval."""
    random = np.random.default_rng(seed)
    medians = []
    for samples in (challenger, champion):
        drawn = random.integers(0, len(samples), (resamples, len(samples)))
        medians.append(np.median(np.asarray(samples)[drawn], axis=1))
    low, high = np.quantile(medians[0] / medians[1], [0.025, 0.975])
    return float(np.median(challenger) / np.median(champion)), float(low), float(high)
