"""Prefect for real: a server, `prefect deploy --all`, and the runs that its schedule makes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except OSError:
            pass
        time.sleep(0.5)
    raise TimeoutError(f"nothing within {seconds} s")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A Prefect server of its own on a free port, stopped by its own process id."""
    home, port = tmp_path_factory.mktemp("prefect"), free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_UI_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
    }
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for(lambda: ask(f"{url}/health"), 90)
        yield url, environment
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_deploy_all_gives_a_nightly_run_that_materialises(server, tmp_path):
    url, environment = server
    for name in ("prefect.yaml", "params.yaml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    for command in (["work-pool", "create", "minnow", "--type", "process"], ["--no-prompt", "deploy", "--all"]):
        subprocess.run([BIN / "prefect", *command], cwd=tmp_path, env=environment, check=True, capture_output=True)
    (deployment,) = ask(f"{url}/deployments/filter", {})
    assert deployment["name"] == "nightly"
    assert deployment["parameters"]["accept"] == "appended"
    runs = wait_for(
        lambda: ask(f"{url}/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}), 60
    )
    starts = sorted(run["expected_start_time"] for run in runs)
    assert all("T03:15:00" in start for start in starts)


PROBE = """
import os
from flows._server import server
with server() as ready:
    from flows._prefect import PLAIN, flow, task
    ready()
    @task(**PLAIN)
    def step(x): return x + 1
    @flow(name="probe")
    def probe(): return step(1)
    assert probe() == 2
    print(os.environ["PREFECT_API_URL"])
"""


def test_with_a_server_up_runs_appear_there(server, tmp_path):
    url, environment = server
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert done.stdout.decode().strip() == url
    flows = ask(f"{url}/flows/filter", {"flows": {"name": {"any_": ["probe"]}}})
    assert len(flows) == 1


def test_with_a_server_down_a_run_brings_its_own_and_leaves_nothing_running(in_folder):
    dead = {**os.environ, "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api", "PYTHONPATH": str(ROOT)}
    dead.pop("PREFECT_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=in_folder, env=dead, check=True, timeout=120, capture_output=True
    )
    used = done.stdout.decode().strip().splitlines()[0]
    assert used not in ("", dead["PREFECT_API_URL"])
    assert (in_folder / ".prefect" / "prefect.db").exists()
    with pytest.raises(OSError, match="refused"):
        ask(f"{used}/health")
