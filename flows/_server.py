"""The Prefect server of a run: a running one, else a temporary one that ends with the run. Prefect is not imported here.

Prefect can start a temporary server itself, but only once it is imported, and that server imports it again. Started first, the
server comes up while this process imports. `python -m flows._server` creates the server's database and MLflow's, which takes
ten seconds once; otherwise the first run does.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minnow.environment import GARBAGE
from minnow.runners.interruption import ending
from minnow.runners.profile import Profile
from minnow.runners.progress import Display
from minnow.stores import database
from minnow.workspace import sqlite_url, workspace

LOCAL = "http://127.0.0.1:4200/api"
PROBE_S, START_S, DRAIN_S, STOP_S = 2.0, 120.0, 2.0, 0.5
POLL_S = 0.1
_starting: dict[str, Callable[[], None]] = {}
"""What waits for each temporary server of this process, by its address."""
ENDED = ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"]
"""States of tasks that have ended."""
LONGEST_HEALTH = 64
DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
SERVE = """
import ctypes, gc, signal, sys
gc.set_threshold(*map(int, sys.argv[2:]))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # end with the run, even when that is killed
import uvicorn
uvicorn.run("prefect.server.api.server:create_app", factory=True, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""


class ServerError(RuntimeError):
    """Prefect's temporary server did not start."""


def answers(url: str) -> bool:
    """Whether a Prefect API answers its health check, which is the JSON value true; another program may have its port."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=PROBE_S) as answer:
            return answer.status == 200 and answer.read(LONGEST_HEALTH).strip() == b"true"
    except (OSError, ValueError, http.client.HTTPException):
        return False


def find() -> str | None:
    """Find a server that answers: the environment's, the active profile's, or the one on the usual port."""
    places = (os.environ.get("PREFECT_API_URL"), _profile_url(), LOCAL)
    return next((url for url in places if url and answers(url)), None)


def _profile_url() -> str | None:
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return None
    return profiles.get("profiles", {}).get(profiles.get("active", ""), {}).get("PREFECT_API_URL")


@contextmanager
def server(profile: Profile | None = None) -> Iterator[Callable[[], None]]:
    """Set PREFECT_API_URL before Prefect is imported. Yields a function that waits until the server is ready.

    A temporary server keeps its records under .prefect/, where a later `PREFECT_HOME=.prefect prefect server start` shows
    them. Waiting raises ServerError when it does not start. Within this context it is the same server. profile: notes what its
    end takes.
    """
    if wait := _starting.get(os.environ.get("PREFECT_API_URL", "")):
        yield wait
        return
    if url := find():
        os.environ["PREFECT_API_URL"] = url
        yield lambda: None
        return
    os.environ.setdefault("PREFECT_HOME", str(Path.cwd() / ".prefect"))
    os.environ["PREFECT_PROFILE"] = "ephemeral"  # the user's own profile may name a server that is down
    os.environ.pop("PREFECT_API_URL", None)
    port, home = _free_port(), Path(os.environ["PREFECT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port), *map(str, GARBAGE)],
            env={
                DATABASE: sqlite_url(home / "prefect.db", "aiosqlite"),
                **os.environ,
                "PREFECT_UI_ENABLED": "0",
                "PREFECT__SERVER_EPHEMERAL": "1",
                "PREFECT__SERVER_FINAL": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches the run alone, which tells the server how it ended
        )
    os.environ["PREFECT_API_URL"] = url = f"http://127.0.0.1:{port}/api"
    began = datetime.now(UTC)
    _starting[url] = lambda: _wait(process, url, home / "server.log")
    try:
        yield _starting[url]
        if "flows._prefect" in sys.modules:
            with Display(profile=profile) as display, display.step("send Prefect's last records", counted=False):
                _send_records(url, began)
    finally:
        _starting.pop(url, None)
        os.environ.pop("PREFECT_API_URL", None)
        process.terminate()
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:  # it waits for idle connections; its records are in the database
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while not answers(url):
        if process.poll() is not None or time.monotonic() > end:
            raise ServerError(
                f"Prefect's temporary server did not start at {url}: {log} says why. Run again, or start a server "
                "that runs use: `prefect server start`, and set PREFECT_API_URL where its port is not 4200."
            )
        time.sleep(0.1)


def _send_records(url: str, began: datetime) -> None:
    """Wait until the server has recorded how the tasks since a moment ended, DRAIN_S at most.

    Prefect sends and records them in the background, each task's in turn. They are complete when no task is open and none has
    come since the last look.
    """
    from flows import _prefect

    end = time.monotonic() + DRAIN_S
    _prefect.send(DRAIN_S)
    before = -1
    while time.monotonic() < end:
        known, ended = _tasks(url, began), _tasks(url, began, ENDED)
        if known == ended == before:
            return
        before = known
        time.sleep(POLL_S)


def _tasks(url: str, began: datetime, states: list[str] | None = None) -> int:
    """Number of tasks since a moment that the server knows, of some states or of all; -2 where it does not say."""
    chosen: dict[str, Any] = {"expected_start_time": {"after_": began.isoformat()}}
    chosen |= {"state": {"type": {"any_": states}}} if states else {}
    body, kind = json.dumps({"task_runs": chosen}).encode(), {"content-type": "application/json"}
    try:
        request = urllib.request.Request(f"{url}/task_runs/count", body, kind)
        with urllib.request.urlopen(request, timeout=PROBE_S) as answer:
            return int(answer.read())
    except (OSError, ValueError, http.client.HTTPException):
        return -2


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    with ending(), server() as made:
        database.create(workspace())
        made()
