"""The one module that imports Prefect: tasks, flows, artifacts, and the options by which tasks are retried.

`_server` chooses the server of a run before this module is imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import minnow  # noqa: F401  it switches off Prefect's analytics

os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
# a run itself prints what failed and where the traceback is; Prefect's page has the log with both
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")

from prefect import Task, flow
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events.worker import EventsWorker
from prefect.utilities.annotations import quote

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Whether to retry: only for errors of a store that may pass, not for a wrong argument."""
    from minnow.stores.database import is_passing

    error = state.data if isinstance(state.data, BaseException) else None
    try:
        state.result()
    except Exception as raised:
        error = raised
    return error is not None and is_passing(error)


PLAIN: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
"""Options of a task that is not retried, since a failed training fails again, and whose results Prefect does not keep."""
STORE: dict[str, Any] = PLAIN | {
    "retries": 3,
    "retry_delay_seconds": [1, 3, 10],
    "retry_condition_fn": _may_pass,
}
"""Options of a task that uses a store, which may be busy for a moment: it is retried three times."""


class _Task(Task[Any, Any]):
    """A task to which arguments are passed as they are. Prefect would look for results of other tasks in all of their parts."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Run the task, and return its result."""
        return super().__call__(*map(quote, args), **{name: quote(value) for name, value in named.items()})


def task(**options: Any) -> Callable[[Callable[Parameters, Value]], Callable[Parameters, Value]]:
    """Make a task of a function, with options of Prefect's tasks."""
    return lambda function: _Task(function, **options)


def send(seconds: float) -> None:
    """Send the records of tasks that wait to be sent, for so many seconds at most. No task may run afterwards."""
    EventsWorker.drain_all(timeout=seconds, at_exit=False)


__all__ = [
    "NO_CACHE",
    "PLAIN",
    "STORE",
    "create_link_artifact",
    "create_markdown_artifact",
    "create_table_artifact",
    "flow",
    "send",
    "task",
]
