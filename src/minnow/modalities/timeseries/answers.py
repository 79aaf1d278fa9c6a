"""What an answer carries besides the prediction: the time that it is for, and its series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from minnow.modalities.timeseries import clocks
from minnow.modalities.timeseries.clocks import DAY_US, SECOND
from minnow.modalities.timeseries.encoder import SeriesEncoder, SeriesFacts
from minnow.modalities.timeseries.moments import NAIVE, Clock
from minnow.modalities.timeseries.options import SERIES, STAMP, ZONE
from minnow.types import Columns


def about(columns: Columns, encoder: SeriesEncoder) -> Mapping[str, Sequence[Any]]:
    """Return "time", the last row's time plus the horizon, and "series" where rows name one.

    A time is written in ISO 8601; it has a zone where that of the last row has one, or where the zone is an option. Seconds
    since a recording began stay a number. Encoders of older versions do not record the horizon, so their answers carry no
    time.
    """
    facts = encoder.facts
    values: dict[str, Sequence[Any]] = {}
    if facts.horizon is not None:
        rows = zip(columns[STAMP].tolist(), columns[ZONE].tolist(), strict=True)
        values["time"] = [_written(_target(stamp, facts), ahead_us, facts.clock_format) for stamp, ahead_us in rows]
    if SERIES in columns:
        values["series"] = [name or None for name in columns[SERIES].tolist()]
    return values


def _target(stamp: int, facts: SeriesFacts) -> int:
    """The time that a prediction is for, in microseconds since 1970."""
    horizon = facts.horizon or 0
    if not horizon:
        return stamp
    return clocks.later(stamp, round(horizon * facts.step * SECOND), horizon * facts.months, facts.time_zone)


def _written(stamp: int, ahead_us: int, clock: Clock) -> str | float | None:
    """Write an instant as rows write theirs: with their offset from UTC, else on the clock of the zone, else without one.

    None for an instant that calendars cannot show.
    """
    if clock.is_number and clocks.is_elapsed(stamp):
        return stamp / SECOND
    if not clocks.EARLIEST + DAY_US <= stamp < clocks.LATEST - DAY_US:
        return None
    moment = clocks.moment(stamp)
    if ahead_us != NAIVE:
        moment = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(microseconds=ahead_us)))
    elif clock.zone is not None:
        moment = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(clock.zone))
    return moment.isoformat()
