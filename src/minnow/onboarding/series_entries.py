"""Proposals for series: rows at an even pace that depend on the rows before them."""

from __future__ import annotations

import numpy as np

from minnow.onboarding.columns import Columns
from minnow.onboarding.pace import Pace, any_pace, counters, find_pace, step_words
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class, choose_measure, choose_task, target_of

_WINDOW, _FAST_WINDOW_S, _WIDEST = 12, 2.0, 256
_WINDOWS = 7
"""Least number of windows that a series has room for, one after the other."""


def propose_series(proposal: Proposal, columns: Columns, request: Request) -> None:
    """Propose a time series: a class is predicted at the same row, a number at the next one."""
    pace = find_pace(columns) or any_pace(columns)
    if pace is None:
        raise ValueError(f"A series needs a time in each row, each once. Received: {', '.join(columns.values)}.")
    dates = [name for name, values in columns.values.items() if values.dtype.kind == "M"]
    counting = counters(columns, pace)
    target, why = target_of(columns, proposal, request, [*dates, *counting, *pace.times, pace.series])
    proposal.choose("modality", "timeseries", f"{_named(pace)} the time of each row, every {step_words(pace.step_s)}")
    proposal.choose("options.target", target, why)
    _times(proposal, pace, columns)
    choose_task(proposal, columns, target, request)
    if proposal.task in ("regress", "forecast"):
        _forecast(proposal, request)
    _drop(proposal, columns, [name for name in counting if name != target], (*pace.times, pace.series, target))
    _window(proposal, pace, columns)
    if proposal.task == "classify":
        allow_rare_class(proposal, columns.labels(target))
        choose_measure(proposal, columns.labels(target))


def _named(pace: Pace) -> str:
    *others, last = (f"'{name}'" for name in pace.times)
    return f"{', '.join(others)} and {last} are" if others else f"{last} is"


def _times(proposal: Proposal, pace: Pace, columns: Columns) -> None:
    """Choose the columns of the time and of the series."""
    if len(pace.times) > 1:
        is_date = columns.values[pace.times[0]].dtype.kind == "M"
        why = "the columns of the day and of the time of the day" if is_date else "the columns of the parts of a moment"
        proposal.choose("options.time", list(pace.times), why)
    elif "time" not in pace.times:
        proposal.choose("options.time", pace.times[0], "the column of time stamps")
    if pace.series:
        count = len(set(columns.values[pace.series].tolist()))
        proposal.choose("options.series", pace.series, f"it names {count} series, each in order of time")


def _drop(proposal: Proposal, columns: Columns, counting: list[str], read: tuple[str | None, ...]) -> None:
    """Leave out columns that are no sensors: those that hold no numbers, and those that count rows."""
    others = [name for name, values in columns.values.items() if name not in read and values.dtype.kind in "OM"]
    why = ["not a sensor: its values are not numbers" for _ in others[:1]]
    why += [f"{', '.join(counting)}: a count of the rows says nothing about them" for _ in counting[:1]]
    if why:
        proposal.choose("options.drop", [*others, *counting], "; ".join(why))


def _window(proposal: Proposal, pace: Pace, columns: Columns) -> None:
    """Choose how far back models read: twelve rows, or two seconds of a fast recording, but no more than short files allow.

    A split has a fifth of the rows of a series, and no example reaches beyond its split.
    """
    rows, why = _WINDOW, "number of rows that a model reads; as far back as rows affect the target"
    if pace.step_s < 1:
        rows = int(min(_WIDEST, max(_WINDOW, round(_FAST_WINDOW_S / pace.step_s))))
        why = f"{rows * pace.step_s:g} s, {rows} rows at {1 / pace.step_s:g} Hz; as far back as rows affect the target"
        proposal.choose("options.clock", False, "a recording of seconds says nothing about the time of the day")
    shortest = int(np.unique(pace.group, return_counts=True)[1].min())
    if rows > (most := max(1, shortest // _WINDOWS)):
        rows, why = most, f"no more, since there are only {shortest} rows" + (" in a series" if pace.series else "")
    proposal.choose("options.window", rows, why)


def _forecast(proposal: Proposal, request: Request) -> None:
    why = ASKED_FOR if request.task else "the target is a number that changes over time"
    proposal.choose("task", "forecast", why)
    proposal.choose("options.horizon", 1, "the next row is predicted; a larger number predicts further ahead")
    proposal.choose("options.relative", True, "the change from the last value is learned")
