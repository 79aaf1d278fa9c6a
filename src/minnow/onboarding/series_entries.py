"""Proposals for series: rows at an even pace that depend on the rows before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minnow.modalities.timeseries.options import Options
from minnow.modalities.timeseries.windows import run_lengths
from minnow.onboarding.columns import Columns
from minnow.onboarding.history import propose_history
from minnow.onboarding.limits import relaxed
from minnow.onboarding.pace import Pace, any_pace, counters, find_pace, step_words
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class, choose_measure, choose_task, target_of
from minnow.tables.cells import raw
from minnow.types import Array

_GAPS = {
    "max_missing": "is missing",
    "max_missing_run": "is missing in a row",
    "max_stuck": "is one and the same value in a row",
}
"""Limits of a sensor: option -> what a target is that exceeds it."""
_WHOLE = 0.99
"""The largest limit."""


def propose_series(proposal: Proposal, columns: Columns, request: Request) -> None:
    """Propose a time series: a class is predicted at the same row, a number at the next one."""
    pace = find_pace(columns) or any_pace(columns)
    if pace is None:
        raise ValueError(f"A series needs a time in each row, each once. Received: {', '.join(columns.values)}.")
    dates = [name for name, values in columns.values.items() if values.dtype.kind == "M"]
    counting = counters(columns, pace)
    target, why = target_of(columns, proposal, request, [*dates, *counting, *pace.times, pace.series])
    proposal.choose("modality", "timeseries", f"{_named(pace)} the time of each row, every {_step(pace)}")
    proposal.choose("options.target", target, why)
    _times(proposal, pace, columns)
    read = (*pace.times, pace.series, target)
    dropped = _drop(proposal, columns, pace, [name for name in counting if name != target], read)
    choose_task(proposal, columns, target, request)
    alone = columns.values[target].dtype.kind == "f" and not set(columns.values) - {*read, *dropped}
    if proposal.task in ("regress", "forecast") or (alone and not request.task):
        _forecast(proposal, request)
    if proposal.task == "forecast":
        _allow_gaps(proposal, columns.values[target], pace)
    propose_history(proposal, columns, pace, target)
    if proposal.task == "classify":
        allow_rare_class(proposal, columns.labels(target))
        choose_measure(proposal, columns.labels(target))


def _step(pace: Pace) -> str:
    return f"{pace.step_s:g} (of an unknown unit)" if pace.has_beginning else step_words(pace.step_s)


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


def _drop(
    proposal: Proposal, columns: Columns, pace: Pace, counting: Sequence[str], read: Sequence[str | None]
) -> list[str]:
    """Leave out columns that are no sensors: those without numbers, those that count rows, and those that a run refuses."""
    able = {name: values for name, values in columns.values.items() if name not in (*read, *counting)}
    others = [name for name, values in able.items() if values.dtype.kind in "OM"]
    most = {name: field.default for name, field in Options.model_fields.items()} | dict(proposal.given)
    useless = [name for name, values in able.items() if name not in others and _exceeded(values, pace, most)]
    reasons = {
        "not numbers, and so no sensor": others,
        "a count of the rows, which says nothing about them": counting,
        "missing, or one and the same value, for too long": useless,
    }
    dropped = [*others, *counting, *useless]
    if dropped:
        why = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items() if names)
        proposal.choose("options.drop", dropped, why)
    return dropped


def _exceeded(values: Array, pace: Pace, most: Mapping[str, Any]) -> dict[str, float]:
    """Limits that a sensor exceeds, so that a run would refuse it: option -> its share. most: the largest accepted shares."""
    ordered = raw(values)[pace.order]
    missing, share = np.isnan(ordered), run_lengths(ordered, pace.group[pace.order]) / len(ordered)
    gap, still = (float(share[where].max(initial=0.0)) for where in (missing, ~missing))
    found = {"max_missing": float(missing.mean()), "max_missing_run": gap, "max_stuck": still}
    return {name: share for name, share in found.items() if share > most[name]}


def _allow_gaps(proposal: Proposal, values: Array, pace: Pace) -> None:
    """Raise the limits that the target exceeds, which cannot be dropped."""
    limits = {name: Options.model_fields[name].default for name in _GAPS}
    for name, share in _exceeded(values, pace, limits).items():
        if name not in proposal.given:
            proposal.choose(
                f"options.{name}",
                min(relaxed(share), _WHOLE),
                f"the target {_GAPS[name]}: {100 * share:.3g} % of the rows",
            )


def _forecast(proposal: Proposal, request: Request) -> None:
    why = ASKED_FOR if request.task else "the target is a number that changes over time"
    proposal.choose("task", "forecast", why)
    proposal.choose("options.horizon", 1, "the next row is predicted; a larger number predicts further ahead")
    proposal.choose("options.relative", True, "the change from the last value is learned")
