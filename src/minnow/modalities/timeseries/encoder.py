"""The encoder of series: histories and features of them, standardized."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Encoder
from minnow.modalities.timeseries import clocks, windows
from minnow.modalities.timeseries.clocks import DAY_S, WEEK_S
from minnow.modalities.timeseries.moments import Clock
from minnow.modalities.timeseries.options import SENSOR, STAMP, Options, codes_of, sensors_of
from minnow.records.files import write_json
from minnow.registry import unknown
from minnow.tables.cells import missing_spellings
from minnow.types import OFFSET, Array, ColumnFormat, Columns, Spec, Table

SMALLEST = 1e-12


@dataclass(frozen=True)
class SeriesFacts:
    """The content of encoder.json.

    time: the column of time stamps, or several. sensors: names, (s,). fill, mean, std: of each sensor. length, window: rows.
    features: kind -> numbers of rows. levels: sensors that are not centred, None for all. clock, week: as in Options.
    offset: name of the sensor that is the offset of targets, or None. step: the usual one; max_gap: both in seconds.
    centre, scale: of each number, (d,). horizon: rows from the last one to the target, None in encoders of older versions.
    months: the usual step in whole months, 0 where it is none. time_zone: of times that name none. series: the column that
    names the series of rows, or None. written: how the cells of the time and of sensors are written, where not in the plain
    way. missing, not_missing: spellings of a missing value besides the known ones, and known ones that are values.
    """

    time: str | tuple[str, ...]
    sensors: tuple[str, ...]
    fill: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    length: int
    window: int
    features: dict[str, tuple[int, ...]]
    levels: tuple[str, ...] | None
    clock: bool
    week: bool
    offset: str | None
    step: float
    max_gap: float
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    horizon: int | None = None
    months: int = 0
    time_zone: str | None = None
    series: str | None = None
    written: Mapping[str, ColumnFormat] = field(default_factory=dict[str, ColumnFormat])
    missing: tuple[str, ...] = ()
    not_missing: tuple[str, ...] = ()

    @cached_property
    def clock_format(self) -> Clock:
        """How time stamps are written."""
        first = self.format_of(self.time if isinstance(self.time, str) else self.time[0])
        is_date = isinstance(self.time, str) or first.kind == "date"
        return Clock(self.time, first if is_date else ColumnFormat("date"), self.time_zone)

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Spellings of a missing value, in lower case."""
        return frozenset(missing_spellings(self.missing, self.not_missing))

    def format_of(self, name: str) -> ColumnFormat:
        """How the cells of a column are written."""
        return self.written.get(name, ColumnFormat())

    def as_json(self) -> dict[str, Any]:
        """Return what from_json reads; what an older version did not have is left out where it says nothing."""
        value = asdict(self) | {"written": {name: _differences(form) for name, form in self.written.items()}}
        plain = {name: item for name, item in value.items() if name not in NEWER or item != NEWER[name]}
        return plain | {"made": plain.pop("features")}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SeriesFacts:
        """Read what as_json returned, in this version or an older one."""
        parts: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
        # encoders of older versions hold the offset under "anchor", and features under the keys of RENAMED_FEATURES
        offset = parts.pop("anchor") if "anchor" in parts else parts.pop("offset")
        recorded: Mapping[str, Sequence[int]] = parts.pop("made")
        written = {name: ColumnFormat(**form) for name, form in parts.pop("written", {}).items()}
        features = {windows.RENAMED_FEATURES.get(kind, kind): tuple(rows) for kind, rows in recorded.items()}
        return cls(**parts, features=features, offset=offset, written=written)


NEWER: Mapping[str, Any] = {
    "horizon": None,
    "months": 0,
    "time_zone": None,
    "series": None,
    "written": {},
    "missing": (),
    "not_missing": (),
}
"""Keys of encoder.json that encoders of older versions lack, with what is taken for them."""


def _differences(form: ColumnFormat) -> dict[str, str]:
    """The fields of a format that differ from their defaults."""
    return {name: value for name, value in asdict(form).items() if value != getattr(ColumnFormat(), name)}


class SeriesEncoder(Encoder):
    """Encodes histories as series (n, window, s) float32 and numbers (n, d) float32, both standardized.

    Where targets are relative, their offset (n,) float32 is added, in the unit of the target.
    """

    def __init__(self, facts: SeriesFacts) -> None:
        """facts: as learned from train."""
        self.facts = facts
        self._fill, self._mean, self._std = np.array(facts.fill), np.array(facts.mean), np.array(facts.std)
        self._centre, self._scale = np.array(facts.centre), np.array(facts.scale)

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays that encode returns."""
        facts = self.facts
        sensors = len(facts.sensors)
        numbers = sensors * sum(len(rows) for rows in facts.features.values()) + 2 * (facts.clock + facts.week)
        specs = [Spec("series", (facts.window, sensors), "float32")]
        specs += [Spec("numbers", (numbers,), "float32")] if numbers else []
        specs += [Spec(OFFSET, (), "float32")] if facts.offset is not None else []
        return tuple(specs)

    def values(self, columns: Columns) -> Array:
        """Histories without missing values, standardized, (n, length, s)."""
        facts = self.facts
        stacked = np.stack([columns[SENSOR + name] for name in facts.sensors], axis=2)
        filled = windows.fill_forward(stacked, self._fill)
        if facts.levels is not None:
            centred = [name not in facts.levels for name in facts.sensors]
            filled = filled - np.where(centred, filled.mean(axis=1, keepdims=True), 0.0)
        return (filled - self._mean) / self._std

    def numbers(self, values: Array, stamp: Array) -> Array:
        """Features of histories (n, length, s) and of the time stamps (n,), (n, d), not standardized."""
        facts = self.facts
        parts = windows.rolling_features(values, facts.features)
        reading = clocks.wall(stamp, facts.time_zone) if facts.clock or facts.week else stamp
        parts += [windows.cyclic(reading, DAY_S)] if facts.clock else []
        parts += [windows.cyclic(reading, WEEK_S)] if facts.week else []
        return np.concatenate(parts, axis=1) if parts else np.empty((len(stamp), 0))

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode examples. Without features there are no numbers; without relative targets there is no offset.

        Raises ValueError for a sensor that is missing.
        """
        facts = self.facts
        if missing := [name for name in facts.sensors if SENSOR + name not in columns]:
            raise ValueError(f"The model needs the sensors {', '.join(missing)}, which are missing.")
        values = self.values(columns)
        arrays = {"series": np.ascontiguousarray(values[:, -facts.window :], np.float32)}
        numbers = self.numbers(values, columns[STAMP])
        if numbers.shape[1]:
            centre, scale = (self._centre, self._scale) if len(self._centre) else (0.0, 1.0)
            arrays["numbers"] = ((numbers - centre) / scale).astype(np.float32)
        if facts.offset is not None:
            index = facts.sensors.index(facts.offset)
            past = columns[SENSOR + facts.offset][:, :, None]
            arrays[OFFSET] = windows.fill_forward(past, self._fill[[index]])[:, -1, 0].astype(np.float32)
        return arrays

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", self.facts.as_json())


def fit_encoder(table: Table, labels: Array, options: Options) -> SeriesEncoder:
    """Learn means and deviations from train. labels: (k,) str, not used. Raises ValueError."""
    facts = _unscaled(table, options)
    values = SeriesEncoder(facts).values(table.columns)[:, -1]
    facts = replace(facts, mean=_short(values.mean(axis=0)), std=_short(_std(values)))
    scaled = SeriesEncoder(facts)
    numbers = scaled.numbers(scaled.values(table.columns), table.columns[STAMP])
    return SeriesEncoder(replace(facts, centre=_short(numbers.mean(axis=0)), scale=_short(_std(numbers))))


def load_encoder(folder: Path) -> SeriesEncoder:
    """Read what save wrote, in this version or an older one."""
    return SeriesEncoder(SeriesFacts.from_json(json.loads((folder / "encoder.json").read_text(encoding="utf-8"))))


def _unscaled(table: Table, options: Options) -> SeriesFacts:
    """Facts without standardization: mean 0 and standard deviation 1 for every sensor."""
    names = sensors_of(table.columns)
    last = np.stack([table.columns[SENSOR + name][:, -1] for name in names], axis=1)
    medians = [np.median(values[np.isfinite(values)]) if np.isfinite(values).any() else 0 for values in last.T]
    stamp, code = _ordered(table.columns)
    step = windows.usual_step(stamp, code)
    return SeriesFacts(
        time=options.time if isinstance(options.time, str) else tuple(options.time),
        sensors=tuple(names),
        fill=_short(np.array(medians)),
        mean=(0.0,) * len(names),
        std=(1.0,) * len(names),
        length=options.length,
        window=options.window,
        features={name: tuple(rows) for name, rows in options.features.items() if rows},
        levels=_levels(names, options),
        clock=options.clock,
        week=options.week,
        offset=options.target if options.relative else None,
        step=step,
        max_gap=options.max_gap or windows.GAP * step,
        horizon=options.horizon,
        months=clocks.months_of_step(clocks.wall(stamp, options.time_zone), windows.within(stamp, code)),
        time_zone=options.time_zone,
        series=options.series,
        written=_written(table, [*options.times, *names]),
        missing=tuple(options.missing),
        not_missing=tuple(options.not_missing),
    )


def _written(table: Table, names: Sequence[str]) -> dict[str, ColumnFormat]:
    """How columns are written, where that says more than the default."""
    known = {name: table.reading.columns[name] for name in names if name in table.reading.columns}
    return {name: form for name, form in known.items() if _differences(form)}


def _ordered(columns: Columns) -> tuple[Array, Array | None]:
    """Time stamps in order of series and time, (n,) int64, and the series of each as a number; a time comes once."""
    stamp, code = columns[STAMP], codes_of(columns)
    if code is None:
        return np.unique(stamp), None
    both = np.unique(np.stack([code, stamp]), axis=1)
    return both[1], both[0]


def _levels(sensors: Sequence[str], options: Options) -> tuple[str, ...] | None:
    """Sensors that are not centred, None for all. Raises ValueError for a name that is not a sensor."""
    for name in options.levels or []:
        if name not in sensors:
            raise ValueError(f"options.levels: {unknown('sensor', name, sensors)}")
    return None if options.levels is None else tuple(options.levels)


def _short(values: Array) -> tuple[float, ...]:
    """Round to the digits that float32 can represent, which makes encoder.json shorter."""
    return tuple(float(f"{value:.9g}") for value in values)


def _std(values: Array) -> Array:
    """Standard deviation of each column, 1 for a constant column."""
    std = values.std(axis=0)
    return np.where(std > SMALLEST * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0)), std, 1.0)
