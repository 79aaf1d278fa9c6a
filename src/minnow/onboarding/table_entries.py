"""Proposals for rows with named columns: interactions, text, series or tables, by what the columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.insight import hints
from minnow.insight import labels as spellings
from minnow.modalities.tabular.options import Options
from minnow.onboarding import columns as facts
from minnow.onboarding.columns import Columns
from minnow.onboarding.divisions import say_division
from minnow.onboarding.logs import find_log
from minnow.onboarding.pace import find_pace
from minnow.onboarding.proposal import ASKED_FOR, TRAIN_SHARE, Proposal, Question, Request
from minnow.onboarding.series_entries import propose_series
from minnow.onboarding.target import allow_rare_class, choose_measure, choose_task, merge_variants, target_of
from minnow.onboarding.text_entries import propose_interactions, propose_text
from minnow.registry import unknown
from minnow.tables.divisions import divide
from minnow.tables.errors import MixedError
from minnow.tables.numbers import is_plain
from minnow.types import Array

_LEAST_ROWS = 12
"""Rows with an answer from which on columns are compared with it."""


def propose_columns(proposal: Proposal, data: Path, request: Request) -> None:
    """Read delimited rows, JSON or Parquet, and propose an entry for them. Raises ValueError."""
    log = find_log(data, request)
    read = request if log is None else replace(request, options={**request.options, "file": log.file})
    try:
        columns = facts.read_columns(proposal, data, read)
    except MixedError as error:
        proposal.questions.append(Question.of_files(error))
        return
    if log is not None:
        log.choose(proposal)
    if request.target and request.target not in columns.values:
        raise ValueError(f"--target: {unknown('column', request.target, columns.values)}")
    if proposal.questions:  # what a column means is asked first
        return
    modality = request.modality or _modality(columns, request)
    kinds = {"interactions": propose_interactions, "text": propose_text, "timeseries": propose_series}
    kinds.get(modality, _table)(proposal, columns, request)
    say_division(proposal, divide(columns.frame.file, request.options.get("file_splits")))


def _modality(columns: Columns, request: Request) -> str:
    """Derive what rows mean from their columns."""
    is_log = facts.rating_columns(columns.values) is not None
    if request.target is None and is_log:
        return "interactions"
    if facts.sentences(columns, request.target):
        return "text"
    return "timeseries" if not request.split and not is_log and find_pace(columns) else "tabular"


def _table(proposal: Proposal, columns: Columns, request: Request) -> None:
    if len(columns.values) < 2:
        received = ", ".join(columns.values)
        raise ValueError(f"A table needs a target and a column to predict it from. Received: {received}.")
    target, why = target_of(columns, proposal, request)
    proposal.choose("modality", "tabular", f"{len(columns):,} rows of {len(columns.values)} columns")
    proposal.choose("options.target", target, why)
    labels = columns.labels(target)
    if unlabelled := int((labels == "").sum()):
        why = f"{unlabelled:,} rows have no value of the target"
        proposal.choose("options.drop_unlabelled", True, why)
    choose_task(proposal, columns, target, request)
    _choose_kinds(proposal, columns, target)
    mended = (target, *columns.odd)  # cells that stop a run are mended, not dropped with their column
    ids = [name for name, values in columns.values.items() if name not in mended and _is_id(name, values)]
    if ids:
        proposal.choose("options.drop", ids, "ids or names of rows say nothing about other rows")
    features = {name: values for name, values in columns.values.items() if name not in (target, *ids)}
    _choose_split(proposal, features, labels, request)
    if proposal.task == "classify":
        merge_variants(proposal, spellings.variants(labels))
        allow_rare_class(proposal, labels)
        choose_measure(proposal, labels)
    most = Options.model_fields["max_missing"].default
    known = np.array([is_plain(label) for label in labels]) if proposal.task == "regress" else labels != ""
    rows = np.flatnonzero(known)
    empty = [name for name, values in features.items() if facts.missing_share(values[rows]) > most] if len(rows) else []
    if empty:
        proposal.choose("options.drop", ids + empty, f"ids, or hardly ever filled: {', '.join(empty)}")
    rows = rows[:: max(1, len(rows) // hints.MOST_ROWS)]
    unused = (*empty, proposal.options.get("split", {}).get("column"))
    used = {name: values[rows] for name, values in features.items() if name not in unused}
    _warn_of_width(proposal, len(features) - len(empty), int(known.sum()))
    _warn_of_leaks(proposal, used, labels[rows])


def _warn_of_width(proposal: Proposal, columns: int, rows: int) -> None:
    """Say so where a table is wider than long. It is trained and judged like any other."""
    if columns > rows:
        proposal.warnings.append(
            f"The table is wider than long: {columns:,} columns to predict from, {rows:,} rows with an answer. Some columns "
            "go with the answer by chance alone, which only more rows can tell. A run works; columns that cannot matter are "
            "best left out: options.drop."
        )


def _choose_kinds(proposal: Proposal, columns: Columns, target: str) -> None:
    """Choose categories for columns of numbers and codes, which would stop a run."""
    codes = [name for name in columns.values if name in columns.odd and name != target and columns.holds_codes(name)]
    if codes:
        proposal.choose(
            "options.kinds", dict.fromkeys(codes, "categorical"), "some of the numbers have letters: they are names"
        )
        settled = tuple(f"column '{name}':" for name in codes)
        proposal.warnings[:] = [text for text in proposal.warnings if not text.startswith(settled)]


def _is_id(name: str, values: Array) -> bool:
    """Whether a column differs in every row and is an id by its values, or by its name."""
    return hints.is_id(values) or (facts.has_id_name(name) and len(set(values.tolist())) == len(values))


def _classes_at_first(times: Array, labels: Array) -> int:
    """Number of classes of the rows that are train, the first ones of those with a label."""
    known = np.flatnonzero(labels != "")
    first = known[np.argsort(times[known], kind="stable")][: max(1, round(TRAIN_SHARE * len(known)))]
    return len(np.unique(labels[first]))


def _warn_of_leaks(proposal: Proposal, features: Mapping[str, Array], labels: Array) -> None:
    if len(labels) < _LEAST_ROWS:
        return
    for name, values in hints.promising(features, labels, proposal.task).items():
        if hints.alone(values, labels, proposal.task) >= hints.ALMOST:
            proposal.warnings.append(
                f"'{name}' alone nearly explains the target. Is its value known when a prediction is made?"
            )


def _choose_split(proposal: Proposal, features: Mapping[str, Array], labels: Array, request: Request) -> None:
    """Choose how rows are divided: by time where there is one, by group where rows belong together, else by hash.

    Not by a time at whose beginning all rows are of one class. labels: (n,) str, "" where missing.
    """
    dates = [name for name, values in features.items() if values.dtype.kind == "M" and not np.isnat(values).any()]
    if proposal.task == "classify" and request.split != "time":
        dates = [name for name in dates if _classes_at_first(features[name], labels) > 1]
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
