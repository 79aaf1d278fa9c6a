"""What the models of a series read: how many rows, and which features of them, by step, rows and season of the target."""

from __future__ import annotations

import math

import numpy as np

from minnow.onboarding.columns import Columns
from minnow.onboarding.pace import Pace
from minnow.onboarding.proposal import TRAIN_SHARE, Proposal
from minnow.types import Array

_WINDOW, _FAST_WINDOW_S, _WIDEST = 12, 2.0, 256
_WINDOWS = 7
"""Least number of windows that a series has room for, one after the other."""
_DIFF = (1, 2, 3, 6)
_DAY_S, _WEEK = 86_400, 7
_CALENDAR_SEASONS = (("day", 1, 1, 7), ("week", 7, 7, 52), ("month", 28, 31, 12), ("quarter", 90, 92, 4))
"""Steps of the calendar: least and largest number of days, and how many steps a season has."""
_LONGEST_SEASON = 96
"""Most rows of a season: histories are held in memory, and requests have to bring them."""
_SEASONS, _WIDE_SEASONS = 12, 4
"""Least number of seasons that a series has; seasons that a window holds, of a season of a few rows."""
_SHORT_SHARE = 0.1
"""Share of the rows that may be of shorter series."""
_AGREEMENT, _ERRORS, _LEAST_PAIRS = 0.25, 3.0, 10
"""Correlation of changes with those a season before from which on there is a season, and that in standard errors of none."""


def propose_history(proposal: Proposal, columns: Columns, pace: Pace, target: str) -> None:
    """Choose what models read of the rows before: a window, and of a forecast also differences and the day of the week."""
    season = 0
    if proposal.task == "forecast":
        season = next((rows for rows in _seasons(pace) if _has_season(columns.values[target], pace, rows)), 0)
    _window(proposal, pace, season)
    if proposal.task == "forecast":
        _differences(proposal, season)
        _week(proposal, columns.values[target], pace, season)


def _window(proposal: Proposal, pace: Pace, season: int) -> None:
    """Choose how far back models read: twelve rows, or two seconds of a fast recording, but no more than short files allow.

    Of seasons of a few rows there are four. A split has a fifth of the rows of a series, and no example reaches beyond its
    split.
    """
    rows, why = _WINDOW, "number of rows that a model reads; as far back as rows affect the target"
    if season * _WIDE_SEASONS > rows and season < rows:
        rows = season * _WIDE_SEASONS
        why = f"number of rows that a model reads: {_WIDE_SEASONS} seasons of {season} rows"
    if pace.step_s < 1:
        rows = int(min(_WIDEST, max(_WINDOW, round(_FAST_WINDOW_S / pace.step_s))))
        why = f"{rows * pace.step_s:g} s, {rows} rows at {1 / pace.step_s:g} Hz; as far back as rows affect the target"
    if pace.step_s < 1 or pace.has_beginning:
        proposal.choose("options.clock", False, "a recording of seconds says nothing about the time of the day")
    shortest = _shortest(pace)
    if rows > (most := max(1, shortest // _WINDOWS)):
        rows, why = most, f"no more, since there are only {shortest} rows" + (" in a series" if pace.series else "")
    proposal.choose("options.window", rows, why)


def _differences(proposal: Proposal, season: int) -> None:
    """Choose differences of the last row from rows before it, which trees would otherwise have to find by many splits.

    With a season, the last row is compared with the one a season before, and with the one a season before the target.
    """
    rows = {count for count in _DIFF if count < proposal.options["window"]}
    why = "differences from a few rows before, which trees find only by many splits"
    if season:
        ahead = -proposal.options["horizon"] % season
        rows |= {season, ahead} - {0}
        why += f"; and from a season of {season} rows before, since changes repeat"
        if season >= proposal.options["window"]:
            why += f": requests bring {season + 1} rows"
    if rows:
        proposal.choose("options.diff", sorted(rows), why)


def _week(proposal: Proposal, values: Array, pace: Pace, season: int) -> None:
    """Let models read the day of the week where changes repeat after a week, and agree more than those after a day."""
    week = round(_WEEK * _DAY_S / pace.step_s)
    if not season or week < _WEEK:
        return
    daily = _agreement(values, pace, season) if season != week else (0.0, 0)
    weekly = _agreement(values, pace, week)
    if season == week or weekly[0] - daily[0] > _ERRORS / math.sqrt(max(weekly[1], 1)):
        proposal.choose("options.week", True, "changes repeat after a week")


def _seasons(pace: Pace) -> list[int]:
    """Numbers of rows of the seasons that suit a step: a day of shorter steps, else those of the calendar."""
    days = pace.step_s / _DAY_S
    if days < 1:
        rows = round(1 / days)
        return [rows] if math.isclose(rows * days, 1) and 2 <= rows <= _LONGEST_SEASON else []
    return [rows for _, least, most, rows in _CALENDAR_SEASONS if least <= days <= most]


def _has_season(values: Array, pace: Pace, rows: int) -> bool:
    """Whether changes from row to row repeat after a season, in a series that is long enough."""
    if values.dtype.kind != "f" or _shortest(pace) < _SEASONS * rows:
        return False
    agreement, pairs = _agreement(values, pace, rows)
    return agreement >= max(_AGREEMENT, _ERRORS / math.sqrt(max(pairs, 1)))


def _agreement(values: Array, pace: Pace, lag: int) -> tuple[float, int]:
    """Correlation of changes with those lag rows before in the same series, and the number of pairs.

    The rows are those that train will have: the first 60 % of each series.
    """
    order = pace.order
    group = pace.group[order]
    _, begins, counts = np.unique(group, return_index=True, return_counts=True)
    place = np.arange(len(group)) - np.repeat(begins, counts)
    train = np.flatnonzero(place < TRAIN_SHARE * np.repeat(counts, counts))
    ordered, group = values[order][train], group[train]
    changes = np.where(np.diff(group) == 0, np.diff(ordered), np.nan)
    pairs = np.stack([changes[lag:], changes[: len(changes) - lag]])[:, group[1 + lag :] == group[1 : len(group) - lag]]
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    if pairs.shape[1] < _LEAST_PAIRS or (pairs.std(axis=1) == 0).any():
        return 0.0, pairs.shape[1]
    return float(np.corrcoef(pairs)[0, 1]), pairs.shape[1]


def _shortest(pace: Pace) -> int:
    """Number of rows that the series of nine tenths of the rows have at least."""
    _, index, counts = np.unique(pace.group, return_inverse=True, return_counts=True)
    return int(np.quantile(counts[index], _SHORT_SHARE, method="lower"))
