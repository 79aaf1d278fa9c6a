"""Type check of every task against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Task
from minnow.tasks import classify, forecast, generate, rank, rate, regress

_: tuple[Task, ...] = (classify, forecast, generate, rank, rate, regress)
