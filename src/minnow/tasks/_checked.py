"""Pyright reads every task against its contract here; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Task
from minnow.tasks import classify, forecast, generate, rank, rate, regress

_: tuple[Task, ...] = (classify, forecast, generate, rank, rate, regress)
