"""Timing: latency, throughput and memory of bundles, each in a clean process, alternately.

`python -m minnow.stages.timing` reads a JSON list of folders from standard input and prints their timings; it imports what a
device would, NumPy and the runtime. In every round each bundle is measured in a newly forked process, one after the other: its
memory is its own, and an accident of one process (its core, its memory layout) is not mistaken for a property of the model.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from minnow import runtimes
from minnow.measures.latency import latency_us, throughput_rows_s
from minnow.records.bundle import open_bundle
from minnow.records.timing import Timing
from minnow.types import Columns

ROUNDS = 7
SAMPLES = 60
"""One-row answers per round and bundle."""
THROUGHPUT_S = 0.04
LIMIT_S = 600
"""Longest time of one round of one bundle."""


class _Unmeasured(RuntimeError):
    """A bundle that could not be measured; the message is the reason."""


def measure(bundles: list[Path], *, threads: int = 1, device: str = "cpu") -> dict[Path, Timing]:
    """Time bundles, by their folders, on "cpu" or "gpu". Raises ValueError with the first reason where one has no timing."""
    timings: dict[Path, Timing] = {}
    for folder, one in measure_each(bundles, threads=threads, device=device).items():
        if isinstance(one, str):
            raise ValueError(f"Timing needs bundles that open and answer. Received: {folder}: {one}")
        timings[folder] = one
    return timings


def measure_each(bundles: list[Path], *, threads: int = 1, device: str = "cpu") -> dict[Path, Timing | str]:
    """Time bundles, by their folders, on "cpu" or "gpu": the timing, or the reason why a bundle has none.

    Raises RuntimeError with the measuring process's message where that process fails.
    """
    if not bundles:
        return {}
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(threads), device],
        input=json.dumps([str(folder) for folder in bundles]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"The process that times bundles must end well. Received: {last}")
    results = zip(bundles, json.loads(done.stdout), strict=True)
    return {folder: one if isinstance(one, str) else Timing(**one) for folder, one in results}


def _answer(pipe: Connection, folder: Path, threads: int, device: str, with_totals: bool) -> None:
    """Run in the child: open a bundle, measure it, and send the result."""
    try:
        before = _peak_bytes()
        bundle = open_bundle(folder)
        rows, _ = bundle.golden()
        predict = runtimes.open_model(bundle.model_path, threads=threads, device=device).predict
        first = {name: value[:1] for name, value in rows.items()}
        samples = [round(float(v), 2) for v in latency_us(predict, first, SAMPLES)]
        totals = _totals(predict, rows, before, bundle.size_bytes) if with_totals else {}
        pipe.send(("measured", (samples, totals)))
    except Exception as error:  # the parent records it as the reason why this bundle has no timing
        pipe.send(("error", f"{type(error).__name__}: {error}"))


def _totals(predict: Any, rows: Columns, before: int, size_bytes: int) -> dict[str, float | int]:
    rows_per_s = throughput_rows_s(predict, rows, THROUGHPUT_S)
    return {"rows_per_s": round(rows_per_s, 1), "peak_memory_bytes": max(_peak_bytes() - before, size_bytes)}


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _in_child(folder: Path, threads: int, device: str, with_totals: bool) -> tuple[list[float], dict[str, Any]]:
    """Measure a bundle in a process of its own. Raises _Unmeasured."""
    fork = get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_answer, args=(theirs, folder, threads, device, with_totals), daemon=True)
    process.start()
    theirs.close()
    value: Any
    try:
        kind, value = ours.recv() if ours.poll(LIMIT_S) else ("error", f"one round took longer than {LIMIT_S} s")
    except EOFError:
        kind, value = "error", "the process that measured it died"
    if kind == "error":
        process.kill()
    process.join()
    if kind == "error":
        raise _Unmeasured(str(value))
    samples, totals = value
    return samples, totals


def _measure_all(folders: list[Path], threads: int, device: str) -> list[dict[str, Any] | str]:
    """Measure bundles in rounds: for each the figures, or the reason why it could not be measured."""
    for name in runtimes.names():
        runtimes.get(name)  # imported before the fork, so that a child's memory is that of its model
    rounds: list[list[list[float]]] = [[] for _ in folders]
    totals: list[dict[str, Any]] = [{} for _ in folders]
    reasons: dict[int, str] = {}
    for round_ in range(ROUNDS):
        for place, folder in enumerate(folders):
            if place in reasons:
                continue
            try:
                samples, first = _in_child(folder, threads, device, with_totals=round_ == 0)
            except _Unmeasured as error:
                reasons[place] = str(error)
                continue
            rounds[place].append(samples)
            totals[place] |= first
    return [
        reasons[place] if place in reasons else _summary(samples) | totals[place]
        for place, samples in enumerate(rounds)
    ]


def _summary(rounds: list[list[float]]) -> dict[str, Any]:
    p50, p95 = (round(float(v), 2) for v in np.percentile(rounds, [50, 95]))
    return {"p50_us": p50, "p95_us": p95, "latency_us": rounds}


def machine() -> dict[str, Any]:
    """What timings depend on: the processor, how many cores there are, the platform."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {"cpu": cpu, "cores": os.cpu_count(), "platform": platform.platform(terse=True)}


if __name__ == "__main__":
    print(json.dumps(_measure_all([Path(folder) for folder in json.load(sys.stdin)], int(sys.argv[1]), sys.argv[2])))
