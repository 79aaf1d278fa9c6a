"""The Prefect server of a run: a running one, else a temporary one that ends with the run. Prefect is not imported here.

Prefect can start a temporary server itself, but only once it is imported, and that server imports it again. Started first, the
server comes up while this process imports. `python -m flows._server` creates the server's database and MLflow's, which takes
ten seconds once; otherwise the first run does.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from minnow.runners.interruption import ending
from minnow.runners.profile import Profile
from minnow.runners.progress import Display
from minnow.stores import database
from minnow.workspace import sqlite_url, workspace

LOCAL = "http://127.0.0.1:4200/api"
PROBE_S, START_S, DRAIN_S, STOP_S = 2.0, 120.0, 2.0, 0.5
LONGEST_HEALTH = 64
DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
SERVE = """
import ctypes, signal, sys
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
    them. Waiting raises ServerError when it does not start. profile: notes what its end takes.
    """
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
            [sys.executable, "-c", SERVE, str(port)],
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
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    try:
        yield lambda: _wait(process, os.environ["PREFECT_API_URL"], home / "server.log")
        with Display(profile=profile) as display, display.step("send Prefect's last records", counted=False):
            time.sleep(DRAIN_S)  # it does so in the background
    finally:
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    with ending(), server() as made:
        database.create(workspace())
        made()
