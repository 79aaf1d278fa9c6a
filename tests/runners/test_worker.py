import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minnow.runners.worker import Worker, WorkerError, WorkerKilled
from minnow.types import StopFit

JOBS = "worker_jobs"


@pytest.fixture
def make_worker(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    return lambda **limits: Worker(3, tmp_path / "worker.log", warm=["json"], **limits)


def test_a_job_returns_its_result_and_reports_progress(make_worker):
    seen = []
    with make_worker() as worker:
        assert worker.call(f"{JOBS}:double", 21, report=lambda *event: seen.append(event)) == 42
    assert seen == [(1, 2, {"loss": 0.5})]


def test_threads_are_fixed_and_one_process_serves_all_jobs(make_worker):
    with make_worker() as worker:
        first, second = worker.call(f"{JOBS}:threads"), worker.call(f"{JOBS}:threads")
    assert first == second
    assert first[:2] == ("3", "3")


def test_a_job_of_another_number_of_threads_gets_a_new_process(make_worker):
    with make_worker() as worker:
        first = worker.call(f"{JOBS}:threads")
        second = worker.call(f"{JOBS}:threads", threads=2)
        third = worker.call(f"{JOBS}:threads")
        assert worker.call(f"{JOBS}:threads", threads=2) == third == second
    assert second[:2] == ("2", "2")
    assert second[2] != first[2]


def test_a_job_that_raises_is_an_error_and_the_worker_goes_on(make_worker):
    with make_worker() as worker:
        with pytest.raises(WorkerError, match="ValueError: no rows"):
            worker.call(f"{JOBS}:refuse")
        assert worker.call(f"{JOBS}:double", 1) == 2


def test_a_full_disk_is_told_apart_from_a_fault_of_the_job(make_worker):
    with make_worker() as worker:
        with pytest.raises(OSError, match=r"No space left on device: 'model\.keras'") as raised:
            worker.call(f"{JOBS}:fill")
        assert raised.value.errno == 28
        assert worker.call(f"{JOBS}:double", 1) == 2


def test_a_job_that_kills_the_process_fails_alone(make_worker):
    with make_worker() as worker:
        with pytest.raises(WorkerKilled, match="SIGKILL"):
            worker.call(f"{JOBS}:die")
        assert worker.call(f"{JOBS}:double", 1) == 2


@pytest.mark.parametrize("job", ["swell", "swell_while_reporting"])
def test_memory_over_the_limit_ends_a_silent_job_and_one_that_reports(make_worker, job):
    with make_worker(memory_gb=0.2) as worker:
        with pytest.raises(WorkerKilled, match=r"Allowed: 0\.2 GB"):
            worker.call(f"{JOBS}:{job}")
        assert worker.call(f"{JOBS}:double", 1) == 2


@pytest.mark.parametrize("job", ["sleep", "report_on_and_on"])
def test_time_over_the_limit_ends_a_silent_job_and_one_that_reports(make_worker, job):
    start = time.monotonic()
    with make_worker(job_minutes=0.02) as worker:
        with pytest.raises(WorkerKilled, match=r"took longer than 0\.02 minutes.*worker\.job_minutes"):
            worker.call(f"{JOBS}:{job}")
        assert time.monotonic() - start < 15
        assert worker.call(f"{JOBS}:double", 1) == 2


def test_memory_that_earlier_jobs_left_is_not_held_against_the_next(make_worker):
    with make_worker(memory_gb=0.4) as worker:
        first = worker.call(f"{JOBS}:hoard", 250)
        second = worker.call(f"{JOBS}:hoard", 250)
    assert first != second, "the second would have exceeded the limit in the process of the first"


def test_the_process_ends_with_the_worker(make_worker):
    import psutil

    with make_worker() as worker:
        pid = worker.call(f"{JOBS}:threads")[2]
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)


ORPHANED = """
import os, sys, threading, time
from pathlib import Path
from minnow.runners.worker import Worker
with Worker(1, Path(sys.argv[1]), warm=["json"]) as worker:
    print(worker.call("worker_jobs:threads")[2], flush=True)
    threading.Thread(target=worker.call, args=("worker_jobs:sleep",), daemon=True).start()
    time.sleep(0.5)
    os.kill(os.getpid(), 9)
"""


def test_the_process_ends_in_the_middle_of_a_job_when_its_parent_is_killed(make_worker, tmp_path):
    import psutil

    made = subprocess.run(
        [sys.executable, "-c", ORPHANED, str(tmp_path / "log")], capture_output=True, text=True, check=False
    )
    pid, end = int(made.stdout), time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_caller_that_stops_the_fit_ends_the_job_and_keeps_the_process(make_worker):
    seen = []

    def watch(step, steps, metrics):
        seen.append(step)
        if step == 3:
            raise StopFit("no hope")

    with make_worker() as worker:
        pid = worker.call(f"{JOBS}:threads")[2]
        with pytest.raises(StopFit, match="no hope"):
            worker.call(f"{JOBS}:count", report=watch)
        assert worker.call(f"{JOBS}:threads")[2] == pid
    assert seen == [1, 2, 3]


def test_a_stop_that_comes_too_late_does_not_harm_the_next_job(make_worker):
    def watch(*_):
        raise StopFit

    with make_worker() as worker:
        with pytest.raises(StopFit):
            worker.call(f"{JOBS}:double", 21, report=watch)
        assert worker.call(f"{JOBS}:double", 1) == 2
