"""The Dask runner against a real scheduler and two real nodes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from project import Project

from minnow.runners import cluster as cluster_module
from minnow.runners.cluster import Cluster, ClusterError
from minnow.runners.worker import WorkerError, WorkerKilled
from minnow.types import StopFit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("one_prefect"),
    pytest.mark.filterwarnings("ignore"),
]  # distributed's own
JOBS, HERE = "worker_jobs", Path(__file__).parent
DASK = Path(sys.executable).parent / "dask"
LIMITS = {"memory_gb": 2.0, "job_minutes": 1.0}


@contextlib.contextmanager
def started(folder, nodes=2, path="", threads=1):
    """A scheduler and its nodes, on loopback. Yields the address and the processes of the nodes."""
    file = folder / "scheduler.json"
    paths = [path, str(HERE), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    processes = []

    def start(*command):
        process = subprocess.Popen(
            [DASK, *command, "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", file],
            cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        processes.append(process)

    try:
        start("scheduler", "--port", "0")
        deadline = time.monotonic() + 60
        while not file.exists() or not file.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        for _ in range(nodes):
            start("worker", "--nthreads", str(threads), "--nworkers", "1", "--no-nanny")
        _wait_for(address, nodes)
        yield address, processes[1:]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait(timeout=30)


def _wait_for(address, nodes):
    from distributed import Client

    with Client(address, timeout=30, set_as_default=False) as client:
        if nodes:
            client.wait_for_workers(nodes, timeout=60)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with started(tmp_path_factory.mktemp("nodes")) as nodes:
        yield nodes


@pytest.fixture
def cluster(nodes, tmp_path):
    with Cluster(nodes[0], tmp_path, tmp_path / ".minnow", **LIMITS) as opened:
        yield opened


def test_jobs_run_on_nodes_with_progress_and_fixed_threads(cluster):
    seen = []
    assert cluster.slots(10**6) == 2
    assert cluster.call(f"{JOBS}:double", 21, report=lambda *event: seen.append(event)) == 42
    assert seen == [(1, 2, {"loss": 0.5})]
    assert cluster.call(f"{JOBS}:threads")[:2] == ("1", "1")


def test_a_job_that_raises_or_kills_its_process_fails_alone(cluster):
    with pytest.raises(WorkerError, match="ValueError: no rows"):
        cluster.call(f"{JOBS}:refuse")
    with pytest.raises(WorkerKilled, match="SIGKILL"):
        cluster.call(f"{JOBS}:die")
    assert cluster.call(f"{JOBS}:double", 1) == 2


def test_a_caller_that_stops_the_fit_ends_the_job(cluster):
    seen = []

    def watch(step, *_):
        seen.append(step)
        raise StopFit("no hope")

    start = time.monotonic()
    with pytest.raises(StopFit, match="no hope"):
        cluster.call(f"{JOBS}:linger", report=watch)
    assert time.monotonic() - start < 30, "a minute was asked for"
    assert seen == [1]


def test_nothing_of_a_run_stays_on_the_nodes(nodes, tmp_path):
    import psutil

    with Cluster(nodes[0], tmp_path, tmp_path / ".minnow", **LIMITS) as opened:
        pid = opened.call(f"{JOBS}:threads")[2]
    assert not psutil.pid_exists(pid)
    assert not [path for path in (tmp_path / ".minnow" / "cluster").iterdir() if path.is_dir()]


def test_a_scheduler_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ClusterError, match=r"runner\.scheduler needs a Dask scheduler that answers"):
        Cluster("tcp://127.0.0.1:1", tmp_path, tmp_path / ".minnow", **LIMITS).__enter__()


def test_a_node_of_other_code_is_refused(tmp_path):
    shutil.copytree(HERE.parents[1] / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "src" / "minnow" / "stages" / "train.py").open("a") as file:
        file.write("# changed\n")
    with (
        started(tmp_path, nodes=1, path=str(tmp_path / "src")) as (address, _),
        pytest.raises(ClusterError, match="must have the same code as this machine"),
    ):
        Cluster(address, tmp_path, tmp_path / ".minnow", **LIMITS).__enter__()


def test_a_node_with_more_threads_is_refused(tmp_path):
    with (
        started(tmp_path, nodes=1, threads=2) as (address, _),
        pytest.raises(ClusterError, match=r"number of Dask threads as this machine: 1\. Received: 2"),
    ):
        Cluster(address, tmp_path, tmp_path / ".minnow", **LIMITS).__enter__()


def test_a_node_that_does_not_see_this_file_system_says_so(tmp_path):
    state = cluster_module._state(tmp_path, tmp_path / "token")
    (tmp_path / "token").write_text("here")
    assert state != cluster_module._state(tmp_path, tmp_path / "token")
    assert f"no {tmp_path / 'token'}" in state.values()


def test_a_lost_node_fails_its_job_once_and_the_others_go_on(tmp_path):
    with started(tmp_path) as (address, processes):
        with Cluster(address, tmp_path, tmp_path / ".minnow", **LIMITS) as opened:
            hit = []

            def kill(*_):
                if not hit:
                    node = opened._client.run(os.getpid, workers=opened._nodes)
                    busy = opened._client.processing()
                    (name,) = [node for node, keys in busy.items() if keys]
                    os.kill(node[name], 9)
                    hit.append(name)

            with pytest.raises(WorkerError, match="lost its node"):
                opened.call(f"{JOBS}:linger", report=kill)
            assert hit
            assert opened.call(f"{JOBS}:double", 1) == 2
        assert sum(process.poll() is None for process in processes) == 1


def test_a_cluster_makes_the_bundles_that_this_machine_makes(tmp_path):
    project = Project.make(tmp_path)
    families = {"linear": {}, "gboost": {"iterations": 5}, "fcnn": {"epochs": 3}, "faulty": {}}
    project.settings(families=families)
    code, printed = project.run()
    assert (code, "on purpose" in printed) == (1, True), printed
    local = bundles(tmp_path)
    assert len(local) >= 4
    shutil.rmtree(tmp_path / ".minnow" / "cache")
    with started(tmp_path, path=os.pathsep.join([str(tmp_path / "src"), str(tmp_path)])) as (address, _):
        project.settings(families=families, runner={"scheduler": address})
        code, printed = project.run("--force")
    assert (code, "faulty failed" in printed) == (1, True), printed
    assert bundles(tmp_path) == local
    logs = list((tmp_path / ".minnow" / "cluster").glob("*.log"))
    assert len(logs) == 2, "both nodes had work"


def bundles(folder):
    files = (folder / ".minnow" / "cache" / "variants").rglob("*.onnx")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
