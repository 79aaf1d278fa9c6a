"""Prefect, imported in one place: what tasks and flows are made of, and how they are tried again.

Where a run finds its server is `_server`'s business, and settled before this module is imported.
"""

from __future__ import annotations

import os
from typing import Any

import minnow  # noqa: F401  its switches keep Prefect from looking outside

os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
# a run says itself what failed and where the trace lies; Prefect's page has the log with both
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what a store may get over; a wrong argument stays wrong."""
    from minnow.stores.database import is_passing

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
    "STORE",
    "create_link_artifact",
    "create_markdown_artifact",
    "create_table_artifact",
    "flow",
    "task",
]
