"""Proposals for rows with named columns: interactions, text, series or tables, by what the columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from minnow.insight import hints
from minnow.modalities.tabular.options import Options
from minnow.onboarding import columns as facts
from minnow.onboarding.columns import labels_of
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class, choose_task, target_of
from minnow.registry import unknown
from minnow.types import Array

_FEW_ROWS = 100


def propose_columns(proposal: Proposal, data: Path, request: Request) -> None:
    """Read delimited rows or Parquet, and propose an entry for them. Raises ValueError."""
    columns = facts.read_columns(proposal, data)
    if request.target and request.target not in columns:
        raise ValueError(f"--target: {unknown('column', request.target, columns)}")
    modality = request.modality or _modality(columns, request)
    if modality == "interactions":
        _interactions(proposal, columns, request)
    elif modality == "text":
        _text(proposal, columns, request)
    elif modality == "timeseries":
        _series(proposal, columns, request)
    else:
        _table(proposal, columns, request)


def _modality(columns: Mapping[str, Array], request: Request) -> str:
    """Derive what rows mean from their columns."""
    if request.target is None and facts.rating_columns(columns):
        return "interactions"
    if facts.text_column(columns, request.target):
        return "text"
    return "timeseries" if facts.even_times(columns) and not request.split else "tabular"


def _interactions(proposal: Proposal, columns: Mapping[str, Array], request: Request) -> None:
    roles = facts.rating_columns(columns)
    if roles is None:
        needed = "columns for user, item and time"
        raise ValueError(
            f"interactions need {needed}. Received: {', '.join(columns)}. Rename them, or take another modality."
        )
    proposal.choose("modality", "interactions", f"{roles['user']}, {roles['item']} and {roles['time']} are columns")
    why = ASKED_FOR if request.task else "the items that a user takes next are predicted as a ranking"
    proposal.choose("task", request.task or "rank", why)
    if proposal.task == "rate":
        proposal.choose("options.target", "rating", "the answer is a rating")
    for role, name in roles.items():
        if name != role:
            proposal.choose(f"options.{role}", name, "the column's name" if name else "there is no such column")
    rows = _count(columns)
    if rows < _FEW_ROWS:
        proposal.choose("options.min_rows", max(1, rows), f"there are only {rows} rows")


def _count(columns: Mapping[str, Array]) -> int:
    return len(next(iter(columns.values()), ()))


def _text(proposal: Proposal, columns: Mapping[str, Array], request: Request) -> None:
    others = [name for name in columns if name != request.target]
    longest = max(others, key=lambda name: facts.mean_length(columns[name]), default=None)
    text = facts.text_column(columns, request.target) or longest
    target, why = target_of(columns, request, [text])
    proposal.choose("modality", "text", f"'{text}' holds sentences")
    task_why = ASKED_FOR if request.task else f"'{target}' names a class"
    proposal.choose("task", request.task or "classify", task_why)
    if text != "text":
        proposal.choose("options.text", text, "the column of sentences")
    if target != "label":
        proposal.choose("options.label", target, why)
    allow_rare_class(proposal, columns[target])


def _series(proposal: Proposal, columns: Mapping[str, Array], request: Request) -> None:
    """Propose a time series: a class is predicted at the same row, a number at the next one."""
    dates = (name for name, values in columns.items() if values.dtype.kind == "M")
    time = facts.even_times(columns) or next(dates, None)
    if time is None:
        raise ValueError(f"A series needs a column of times, each once. Received: {', '.join(columns)}.")
    target, why = target_of(columns, request, [time])
    proposal.choose("modality", "timeseries", f"'{time}' is the time of each row")
    proposal.choose("options.target", target, why)
    if time != "time":
        proposal.choose("options.time", time, "the column of time stamps")
    choose_task(proposal, columns[target], request)
    if proposal.task in ("regress", "forecast"):
        _forecast(proposal, request)
    no_sensors = [name for name, values in columns.items() if name not in (time, target) and values.dtype == object]
    if no_sensors:
        proposal.choose("options.drop", no_sensors, "not a sensor: its values are not numbers")
    proposal.choose("options.window", 12, "number of rows that a model reads; as far back as rows affect the target")
    if proposal.task == "classify":
        allow_rare_class(proposal, columns[target])


def _forecast(proposal: Proposal, request: Request) -> None:
    why = ASKED_FOR if request.task else "the target is a number that changes over time"
    proposal.choose("task", "forecast", why)
    proposal.choose("options.horizon", 1, "the next row is predicted; a larger number predicts further ahead")
    proposal.choose("options.relative", True, "the change from the last value is learned")


def _table(proposal: Proposal, columns: Mapping[str, Array], request: Request) -> None:
    if len(columns) < 2:
        raise ValueError(f"A table needs a target and a column to predict it from. Received: {', '.join(columns)}.")
    target, why = target_of(columns, request, [])
    proposal.choose("modality", "tabular", f"{_count(columns):,} rows of {len(columns)} columns")
    proposal.choose("options.target", target, why)
    labels = labels_of(columns[target])
    if unlabelled := int((labels == "").sum()):
        why = f"{unlabelled:,} rows have no value of the target"
        proposal.choose("options.drop_unlabelled", True, why)
    choose_task(proposal, columns[target], request)
    ids = [name for name in columns if name != target and hints.is_id(columns[name])]
    if ids:
        proposal.choose("options.drop", ids, "ids or names of rows say nothing about other rows")
    features = {name: values for name, values in columns.items() if name not in (target, *ids)}
    _choose_split(proposal, features, request)
    if proposal.task == "classify":
        allow_rare_class(proposal, columns[target])
    most = Options.model_fields["max_missing"].default
    empty = [name for name, values in features.items() if facts.missing_share(values) > most]
    if empty:
        proposal.choose("options.drop", ids + empty, f"ids, or hardly ever filled: {', '.join(empty)}")
    _warn_of_leaks(proposal, {name: values for name, values in features.items() if name not in empty}, labels)


def _warn_of_leaks(proposal: Proposal, features: Mapping[str, Array], labels: Array) -> None:
    for name, values in features.items():
        if hints.alone(values, labels, proposal.task) >= hints.ALMOST:
            proposal.warnings.append(
                f"'{name}' alone nearly explains the target. Is its value known when a prediction is made?"
            )


def _choose_split(proposal: Proposal, features: Mapping[str, Array], request: Request) -> None:
    """Choose how rows are divided: by time where there is one, by group where rows belong together, else by hash."""
    dates = [name for name, values in features.items() if values.dtype.kind == "M" and not np.isnat(values).any()]
    groups = [name for name, values in features.items() if facts.is_group(name, values)]
    by = request.split or ("time" if dates else "group" if groups else "hash")
    if by == "hash":
        why = "a hash of each row decides, so equal rows share a split"
        proposal.choose("split", {"val": 0.2, "test": 0.2}, why)
        return
    candidates = groups
    if by == "time":
        candidates = dates or [name for name, values in features.items() if hints.rises(values)]
    if not candidates:
        needed = "times" if by == "time" else "groups"
        raise ValueError(f"--split {by} needs a column of {needed}. Received: {', '.join(features)}.")
    why = {
        "time": f"'{candidates[0]}' is a time: the latest rows are the test set",
        "group": f"rows with the same '{candidates[0]}' belong together, and share a split",
    }[by]
    proposal.choose("options.split", {"by": by, "column": candidates[0]}, ASKED_FOR if request.split else why)
