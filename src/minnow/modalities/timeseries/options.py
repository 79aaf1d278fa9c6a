"""Options of series, and the names of the columns of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from minnow.contracts import Duration
from minnow.modalities.timeseries.windows import FEATURES, RENAMED_FEATURES
from minnow.tables.options import Split, TableOptions
from minnow.types import Array, Columns

TIME, POSITION, SERIES = "row time", "row position", "row series"
STAMP, PAST, SEASON, ZONE = "row stamp", "row past", "row season", "row zone"
SENSOR = "sensor "
LEAST_HISTORY = 3


def _known_zone(name: str) -> str:
    """Check the name of a time zone. Raises ValueError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"a time zone has a name such as Europe/Berlin. Received: {name!r}. Where a right name is refused, this machine "
            "lacks the data of time zones: pip install tzdata"
        ) from error
    return name


class Options(TableOptions):
    """Options of a use case of series, besides those about files (tables.options.TableOptions).

    time: the column of time stamps, or the columns of a date and a time of day, or those of year, month, day, hour, minute and
        second, the last of which may be left out. time_zone: of times that name none, such as Europe/Berlin; they are taken as
        UTC where it is None.
    series: the column that names the series of each row, where files hold several; None for a single series.
    sensors: columns that models read; None for all, with a horizon also the past of the target.
    window: number of rows that models read one by one. horizon: rows from the last of them to the target, 0 for the same row.
    diff, rolling_mean, rolling_std, above_rolling_min, below_rolling_max: features of the last row of a window, each a list
        of numbers of rows n: the difference from the value n rows before; mean and standard deviation of the last n rows;
        the difference from the lowest and from the highest of the last n rows.
    levels: sensors that are not centred, None for all. The others are centred: their mean over the history is subtracted,
        for sensors whose level drifts from day to day.
    clock, week: whether models read the position of the last row in the day and in the week.
    relative: models learn the difference from the last known value of the target.
    max_gap: largest time between two rows of one stretch, in seconds or such as "2 hours", None for five usual steps; no
        example crosses a gap.
    season: period of the baseline of seasonal persistence, in seconds or such as "7 days"; None takes a day for steps below a
        day, a week for days, 52 weeks for weeks and a year for months.
    max_missing: largest accepted share of missing values of a sensor. max_missing_run, max_stuck: largest accepted share of
        all rows in one run of missing values, and in one run of equal values, of a sensor.
    max_unlabelled: largest accepted share of rows without a label; they are part of histories but not examples.
    split: always by time.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {**TableOptions.RENAMED, **RENAMED_FEATURES}

    time: str | list[str] = "time"
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    series: str | None = None
    sensors: list[str] | None = Field(None, min_length=1)
    window: int = Field(1, ge=1, le=4096)
    horizon: int = Field(0, ge=0)
    diff: list[int] = Field(default=[])
    rolling_mean: list[int] = Field(default=[])
    rolling_std: list[int] = Field(default=[])
    above_rolling_min: list[int] = Field(default=[])
    below_rolling_max: list[int] = Field(default=[])
    levels: list[str] | None = None
    clock: bool = True
    week: bool = False
    relative: bool = False
    max_gap: Annotated[Duration, Field(gt=0)] | None = None
    season: Annotated[Duration, Field(gt=0)] | None = None
    max_missing: float = Field(0.5, ge=0, lt=1)
    max_missing_run: float = Field(0.1, ge=0, lt=1)
    max_stuck: float = Field(0.5, gt=0, lt=1)
    max_unlabelled: float = Field(0.2, ge=0, lt=1)
    split: Split = Split(by="time", column="time")

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        if self.split.by != "time":
            raise ValueError(
                f"a series is split by time only: with a split by {self.split.by}, test rows would lie between rows of train "
                "and hardly differ from them. Leave split out"
            )
        if self.series is not None and self.series in (self.target, *self.times):
            raise ValueError(
                f"series must name another column than time and target. Received: '{self.series}'. Set it to the column that "
                "names the series of each row"
            )
        if min([1, *(rows for counts in self.features.values() for rows in counts)]) < 1:
            raise ValueError(f"{', '.join(FEATURES)} need numbers of rows of at least 1")
        if self.relative and (not self.horizon or (self.sensors is not None and self.target not in self.sensors)):
            raise ValueError("relative needs a horizon of at least 1 and the target among the sensors")
        if self.levels is not None and self.length < LEAST_HISTORY:
            raise ValueError(
                f"levels needs a history of at least {LEAST_HISTORY} rows, since the other sensors are centred by their mean "
                f"over it: set a longer window, or {', '.join(FEATURES[:-1])} or {FEATURES[-1]}"
            )
        return self

    @property
    def times(self) -> list[str]:
        """The columns of the time stamp."""
        return [self.time] if isinstance(self.time, str) else self.time

    @property
    def features(self) -> dict[str, list[int]]:
        """Features of the last row of a window: kind -> numbers of rows."""
        return {
            "diff": self.diff,
            "rolling_mean": self.rolling_mean,
            "rolling_std": self.rolling_std,
            "above_rolling_min": self.above_rolling_min,
            "below_rolling_max": self.below_rolling_max,
        }

    @property
    def length(self) -> int:
        """Number of rows in the history of an example."""
        counts = (rows - 1 for name, numbers in self.features.items() if name != "diff" for rows in numbers)
        reach = max([0, *self.diff, *counts])
        return max(self.window, reach + 1)


def target(options: Options) -> str:
    """Name of the column to be predicted."""
    return options.target


def refuses(options: Options, task: str) -> str | None:
    """Return why options do not suit a task, or None."""
    if task == "forecast" and not options.horizon:
        return (
            "horizon: the task 'forecast' predicts a value some rows after the last one that is known, so it needs at least 1. "
            "Received: 0. Set horizon, or take the task 'regress' for the value of the same row."
        )
    return None


def time_column(options: Options) -> str:
    """Name of the column of the split by time: times, or of several series the position of a row in its own series."""
    return TIME if options.series is None else POSITION


def series_column(options: Options) -> str | None:
    """Name of the column of the series of each row, None where files hold a single one."""
    return None if options.series is None else SERIES


def sensors_of(columns: Columns) -> list[str]:
    """Names of the sensors of a table, in the order of its columns."""
    return [name.removeprefix(SENSOR) for name in columns if name.startswith(SENSOR)]


def codes_of(columns: Columns) -> Array | None:
    """Number of the series of each row, (n,) int64, None where all rows are of one."""
    return np.unique(columns[SERIES], return_inverse=True)[1] if SERIES in columns else None
