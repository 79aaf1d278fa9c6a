import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minnow.runners import workers
from minnow.runners.worker import WorkerError, WorkerKilled
from minnow.runners.workers import Workers

JOBS = "worker_jobs"


@pytest.fixture
def make_workers(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 4)
    return lambda cores=2, **limits: Workers(cores, tmp_path / "worker.log", warm=["json"], **limits)


def test_jobs_of_one_thread_run_side_by_side(make_workers):
    with make_workers() as pool:
        barrier = threading.Barrier(2, timeout=30)
        meet = lambda *_: barrier.wait()  # noqa: E731  each job reports once, and waits there for the other
        with ThreadPoolExecutor(2) as threads:
            found = [threads.submit(pool.call, f"{JOBS}:double", value, report=meet) for value in (1, 2)]
            assert [one.result() for one in found] == [2, 4]


def test_jobs_never_have_more_threads_together_than_there_are_cores(make_workers):
    with make_workers(8) as pool:
        assert [pool.slots(threads) for threads in (1, 2, 3, 4, 8)] == [4, 2, 1, 1, 1]


def test_one_job_after_the_other_takes_one_process(make_workers):
    with make_workers() as pool:
        assert len({pool.call(f"{JOBS}:process") for _ in range(4)}) == 1


def test_a_job_that_fails_leaves_its_slot_to_the_next(make_workers):
    with make_workers() as pool:
        for _ in range(3):
            with pytest.raises(WorkerError, match="ValueError: no rows"):
                pool.call(f"{JOBS}:refuse")
        assert pool.call(f"{JOBS}:double", 1) == 2


def test_after_the_end_no_thread_starts_a_process(make_workers):
    with make_workers() as pool, ThreadPoolExecutor(1) as threads:
        started = threading.Event()
        sleeping = threads.submit(pool.call, f"{JOBS}:linger", report=lambda *_: started.set())
        assert started.wait(30)
        pool.__exit__(None, None, None)
        with pytest.raises(WorkerKilled):
            sleeping.result(timeout=10)
        end = time.monotonic() + 5
        with pytest.raises(WorkerKilled, match="the run has ended"):
            pool.call(f"{JOBS}:double", 1)
        assert time.monotonic() < end
