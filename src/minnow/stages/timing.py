"""Timing: latency, throughput and memory of bundles, in a clean process each, in turns.

`python -m minnow.stages.timing` reads a JSON list of folders and writes their timings; it imports what a device would:
NumPy and the runtime. Each bundle gets a forked child of its own, so that its memory is its own. The children measure one
after the other in rounds, so that a ratio of two latencies is of one machine in one mood.
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
from minnow.bundle import open_bundle
from minnow.measures.latency import latency_us, throughput_rows_s
from minnow.types import Columns

ROUNDS = 5
SAMPLES = 60
"""One-row answers per round and bundle."""
THROUGHPUT_S = 0.04


def measure(bundles: list[Path], *, threads: int = 1) -> dict[Path, dict[str, Any]]:
    """Time bundles: folder -> p50_us, p95_us, rows_per_s, peak_memory_bytes, latency_us (samples), machine.

    peak_memory_bytes is what answering takes beyond a process that has only imported the runtime. Raises ValueError with
    what the measuring process said when a bundle cannot be opened.
    """
    if not bundles:
        return {}
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(threads)],
        input=json.dumps([str(folder) for folder in bundles]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"Timing needs bundles that open and answer. Received: {last}")
    return dict(zip(bundles, json.loads(done.stdout), strict=True))


def _answer(pipe: Connection, folder: Path, threads: int) -> None:
    """A child: measure when told to, until told to stop."""
    try:
        before = _peak_bytes()
        bundle = open_bundle(folder)
        rows, _ = bundle.golden()
        predict = runtimes.open_model(bundle.model_path, threads=threads).predict
        first = {name: value[:1] for name, value in rows.items()}
        while pipe.recv():
            pipe.send(("samples", [round(float(v), 2) for v in latency_us(predict, first, SAMPLES)]))
        pipe.send(("totals", _totals(predict, rows, before, bundle.size_bytes)))
    except Exception as error:  # the parent turns it into an error of its own
        pipe.send(("error", f"{folder}: {error}"))


def _totals(predict: Any, rows: Columns, before: int, size_bytes: int) -> dict[str, float | int]:
    rows_per_s = throughput_rows_s(predict, rows, THROUGHPUT_S)
    return {"rows_per_s": round(rows_per_s, 1), "peak_memory_bytes": max(_peak_bytes() - before, size_bytes)}


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _received(pipe: Connection) -> Any:
    kind, value = pipe.recv()
    if kind == "error":
        raise SystemExit(value)
    return value


def _measure_all(folders: list[Path], threads: int) -> list[dict[str, Any]]:
    fork = get_context("fork")
    children = []
    for folder in folders:
        ours, theirs = fork.Pipe()
        process = fork.Process(target=_answer, args=(theirs, folder, threads), daemon=True)
        process.start()
        theirs.close()
        children.append((ours, process))
    samples: list[list[float]] = [[] for _ in folders]
    for _ in range(ROUNDS):
        for mine, (pipe, _process) in zip(samples, children, strict=True):
            pipe.send(True)
            mine += _received(pipe)
    return [_finish(pipe, process, mine) for (pipe, process), mine in zip(children, samples, strict=True)]


def _finish(pipe: Connection, process: Any, samples: list[float]) -> dict[str, Any]:
    pipe.send(False)
    totals = _received(pipe)
    process.join()
    p50, p95 = (round(float(v), 2) for v in np.percentile(samples, [50, 95]))
    return {"p50_us": p50, "p95_us": p95, "latency_us": samples, "machine": _machine(), **totals}


def _machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {"cpu": cpu, "cores": os.cpu_count(), "platform": platform.platform(terse=True)}


if __name__ == "__main__":
    print(json.dumps(_measure_all([Path(folder) for folder in json.load(sys.stdin)], int(sys.argv[1]))))
