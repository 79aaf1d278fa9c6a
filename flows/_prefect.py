"""Prefect, settled before it is imported: a server that answers is used, else the run brings its own.

Everything else in flows imports Prefect from here.
"""

from __future__ import annotations

import os
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import minnow  # noqa: F401  its switches keep Prefect from looking outside

LOCAL_SERVER = "http://127.0.0.1:4200/api"
PROBE_S = 2.0
DRAIN_S = 2.0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=PROBE_S) as answer:
            return answer.status == 200
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _profile_url() -> str | None:
    """Read the active Prefect profile's server, without Prefect."""
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return None
    return profiles.get("profiles", {}).get(profiles.get("active", ""), {}).get("PREFECT_API_URL")


def settle() -> str | None:
    """Point Prefect at a server that answers, or at a database of its own under .prefect/. Returns the server."""
    for url in (os.environ.get("PREFECT_API_URL"), _profile_url(), LOCAL_SERVER):
        if url and _answers(url):
            os.environ["PREFECT_API_URL"] = url
            return url
    os.environ.pop("PREFECT_API_URL", None)
    os.environ["PREFECT_PROFILE"] = "ephemeral"  # the user's own profile may name a server that is down
    os.environ.setdefault("PREFECT_HOME", str(Path.cwd() / ".prefect"))
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
    return None


def drain() -> None:
    """Wait for the last records of an ephemeral run: its server ends with this process."""
    if SERVER is None:
        time.sleep(DRAIN_S)


os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
SERVER = settle()

from prefect import flow, task  # noqa: E402
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what a store may get over; a wrong argument stays wrong."""
    from minnow.stores import is_passing

    error = state.data if isinstance(state.data, BaseException) else None
    try:
        state.result()
    except Exception as raised:
        error = raised
    return error is not None and is_passing(error)


PLAIN: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
"""A task whose results stay here, and that is not tried again: a training that failed will fail again."""
STORE: dict[str, Any] = PLAIN | {
    "retries": 3,
    "retry_delay_seconds": [1, 3, 10],
    "retry_condition_fn": _may_pass,
}
"""A task of a store, which may be busy for a moment."""

__all__ = [
    "NO_CACHE",
    "PLAIN",
    "SERVER",
    "STORE",
    "create_link_artifact",
    "create_markdown_artifact",
    "create_table_artifact",
    "drain",
    "flow",
    "task",
]
