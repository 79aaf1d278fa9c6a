"""Latency and throughput of a predict function, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.types import Array, Columns

WARM_UP = 20


def latency_us(predict: Callable[[Columns], Any], row: Columns, runs: int) -> Array:
    """Time predictions of one row, (runs,) float64 in microseconds, after a warm-up. row: arrays with one row each."""
    for _ in range(WARM_UP):
        predict(row)
    samples = np.empty(runs)
    for i in range(runs):
        start = time.perf_counter_ns()
        predict(row)
        samples[i] = (time.perf_counter_ns() - start) / 1000
    return samples


def throughput_rows_s(predict: Callable[[Columns], Any], rows: Columns, seconds: float = 0.05) -> float:
    """Rows per second with repeated predictions of one batch. rows: each (n, ...). seconds: least duration."""
    n = len(next(iter(rows.values())))
    predict(rows)
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or not done:
        predict(rows)
        done += n
    return done / elapsed


def ratio_upper(challenger: Array, champion: Array, level: float) -> tuple[float, float]:
    """Ratio of latencies, challenger to champion, and its one-sided upper bound at a level.

    challenger, champion: (rounds, samples) in microseconds, each round in a new process. Two processes of one model differ more
    (memory layout, core) than the samples of one process, so the bound is Student's t over rounds, of the logarithm of the
    ratio of medians. Raises ValueError for fewer than 2 rounds.
    """
    from scipy.stats import t

    if challenger.shape[0] != champion.shape[0] or len(challenger) < 2:
        raise ValueError(f"A ratio needs at least 2 common rounds. Received: {challenger.shape} and {champion.shape}.")
    ratios = np.log(np.median(challenger, axis=1) / np.median(champion, axis=1))
    error = float(ratios.std(ddof=1)) / np.sqrt(len(ratios))
    upper = float(ratios.mean()) + float(t.isf(level, len(ratios) - 1)) * error
    return float(np.exp(ratios.mean())), float(np.exp(upper))
