"""The overhead of a job in the worker process of this machine and on a node of a Dask cluster: `make bench-dask`.

Scheduler and two nodes run on this machine, so the figures do not include a network. Measured are connecting to the nodes and
comparing them, an empty job, a job with a thousand reports, and as many jobs of one second at once as there are nodes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from minnow.runners.cluster import Cluster
from minnow.runners.worker import Worker
from minnow.types import Report

ROOT = Path(__file__).parents[1]
REPEATS, NODES, REPORTS = 30, 2, 1000
LIMITS: dict[str, Any] = {"memory_gb": 4.0, "job_minutes": 1.0, "warm": ["tensorflow"]}
ME = "benchmarks.dask_cost"


def nothing(report: Report) -> None:
    """Do nothing."""


def talk(report: Report) -> None:
    """Report a thousand times."""
    for step in range(1, REPORTS + 1):
        report(step, REPORTS, {"loss": 1.0})


def busy(report: Report) -> None:
    """Sleep for a second."""
    time.sleep(1.0)


def seconds(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Return the median of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(call: Callable[..., Any], slots: int) -> dict[str, float]:
    """Measure the overhead of a runner: name -> figure. call: of the runner; slots: how many jobs it runs at once."""
    call(f"{ME}:nothing")
    with ThreadPoolExecutor(slots) as pool:
        together = seconds(lambda: list(pool.map(lambda _: call(f"{ME}:busy"), range(slots))), 3)
    return {
        "an empty job, ms": seconds(lambda: call(f"{ME}:nothing")) * 1e3,
        "a report, ms": seconds(lambda: call(f"{ME}:talk"), 3) * 1e3 / REPORTS,
        f"{slots} jobs of one second at once, s": together,
    }


def main() -> None:
    """Start scheduler and nodes, measure both runners, and print the figures."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    os.environ["PYTHONPATH"] = str(ROOT)
    processes = []
    with tempfile.TemporaryDirectory() as folder:
        home, address_file = Path(folder), Path(folder) / "scheduler.json"
        dask = [str(Path(sys.executable).parent / "dask")]
        shared = ["--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(address_file)]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
        try:
            processes.append(subprocess.Popen([*dask, "scheduler", "--port", "0", *shared], **quiet))
            node = [*dask, "worker", "--nthreads", "1", "--nworkers", "1", "--no-nanny", *shared]
            while not address_file.exists():
                time.sleep(0.1)
            processes += [subprocess.Popen(node, **quiet) for _ in range(NODES)]
            time.sleep(8)
            with Worker(1, home / "worker.log", **LIMITS) as worker:
                here = measure(worker.call, 1)
            address = _address(address_file)
            start = time.perf_counter()
            with Cluster(address, ROOT, home, **LIMITS) as cluster:
                print(f"connecting and comparing {cluster.slots(1)} nodes: {time.perf_counter() - start:.2f} s")
                there = measure(cluster.call, cluster.slots(1))
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()
    for title, figures in (("the worker process of this machine", here), ("a node of a cluster", there)):
        print(title)
        for name, value in figures.items():
            print(f"  {name}: {value:.3f}")


def _address(address_file: Path) -> str:
    import json

    return json.loads(address_file.read_text())["address"]


if __name__ == "__main__":
    main()
