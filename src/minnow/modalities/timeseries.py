"""Series: rows of sensors in order of time. A question is asked at a row, and only what was known by then is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from minnow.bundle import write_json
from minnow.modalities import _frames, _moments, _windows
from minnow.modalities._cells import truth
from minnow.modalities._contract import LARGEST, expect, label_columns, label_contract
from minnow.modalities._files import FileError, json_list
from minnow.modalities._table import Split, TableOptions
from minnow.registry import unknown
from minnow.types import Array, Columns, Expectation, Outputs, Table, content_key

TIME, STAMP, PAST, SEASON = "time", "row stamp", "row past", "row season"
SENSOR = "sensor "
SMALLEST = 1e-12
LEAST_PAST = 3
REQUEST: dict[str, Any] = {
    "description": "The latest rows of the series, oldest first: each an object with the time stamp and a value (or null) of "
    "every sensor. The answer is for the last row, or for the horizon after it.",
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "null"}]
        },
    },
}


class Options(TableOptions):
    """What may stand under `options` of a use case of series, besides what says how files are read (_table.TableOptions).

    time: the column of time stamps, or the columns of year, month, day, hour, minute that make one up.
    sensors: columns that a model reads; None for all of them, the target's own past among them where horizon is over 0.
    window: rows that a model reads one by one. horizon: rows from the last of them to the answer, 0 for that very row.
    differences, means, spreads, rises, falls: columns made of the rows before: the change since so many rows, mean and
        standard deviation of so many, the change from the lowest and from the highest of so many.
    levels: sensors whose level a model reads, None for all of them. Of the others it reads how far they lie from their own
        mean over the history, since a level that drifts from day to day says little on another day.
    clock, week: where in its day and week the last row lies.
    relative: learn the change from the target's last value instead of the value.
    max_gap: seconds between two rows of one stretch, None for five usual steps; nothing is read across a gap.
    season: seconds after which things repeat themselves, for the baseline that says so.
    max_missing, max_missing_run, max_stuck: largest share of missing values of a sensor, largest share of all rows that it may
        be missing, and that it may show one and the same value, in one go.
    max_unlabelled: largest share of rows without an answer; these are read as history and ask nothing.
    split: by time, always.
    """

    time: str | list[str] = TIME
    sensors: list[str] | None = Field(None, min_length=1)
    window: int = Field(1, ge=1, le=4096)
    horizon: int = Field(0, ge=0)
    differences: list[int] = Field(default=[])
    means: list[int] = Field(default=[])
    spreads: list[int] = Field(default=[])
    rises: list[int] = Field(default=[])
    falls: list[int] = Field(default=[])
    levels: list[str] | None = None
    clock: bool = True
    week: bool = False
    relative: bool = False
    max_gap: float | None = Field(None, gt=0)
    season: int = Field(86_400, gt=0)
    max_missing: float = Field(0.5, ge=0, lt=1)
    max_missing_run: float = Field(0.1, ge=0, lt=1)
    max_stuck: float = Field(0.5, gt=0, lt=1)
    max_unlabelled: float = Field(0.2, ge=0, lt=1)
    split: Split = Split(by="time", column=TIME)

    @model_validator(mode="after")
    def _in_order(self) -> Options:
        if self.split.by != "time":
            raise ValueError(
                f"a series is split by time only: divided by {self.split.by}, a row of the exam would lie between rows that "
                "were learned and be nearly one of them. Leave split out"
            )
        if min([1, *(rows for counts in self.made.values() for rows in counts)]) < 1:
            raise ValueError(f"{', '.join(_windows.FEATURES)} count rows, each at least 1")
        if self.relative and (not self.horizon or (self.sensors is not None and self.target not in self.sensors)):
            raise ValueError("relative needs a horizon of at least 1 and the target among the sensors")
        if self.levels is not None and self.length < LEAST_PAST:
            raise ValueError(
                f"levels need a past to hold a sensor against, of at least {LEAST_PAST} rows: name a longer window, means, "
                "rises, falls or differences"
            )
        return self

    @property
    def made(self) -> dict[str, list[int]]:
        """Columns made of the rows before: kind -> so many rows each."""
        return {name: getattr(self, name) for name in _windows.FEATURES}

    @property
    def length(self) -> int:
        """Rows of history that an answer may read."""
        counts = (rows - 1 for name, given in self.made.items() if name != "differences" for rows in given)
        reach = max([0, *self.differences, *counts])
        return max(self.window, reach + 1)


def target(options: Options) -> str:
    """Name the column to be predicted."""
    return options.target


def time_column(options: Options) -> str:
    """Name the column that rows are split by in order of time."""
    return TIME


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time: time datetime64[s], "sensor NAME" float64 (NaN missing), target (n,) str.

    Raises FileError that names rows: without a time, with one that stands there twice, or with a sensor that shows no number.
    """
    table = _frames.read(folder, options, Split())
    stamp = _moments.stamps(table.columns, table.row_id, options.time)
    columns = {
        SENSOR + name: _moments.sensor(table.columns[name], name, table.row_id) for name in _sensors(table, options)
    }
    columns |= {TIME: stamp.astype("datetime64[s]"), options.target: table.columns[options.target]}
    key = [content_key(str(moment).encode(), row.tobytes()) for moment, row in zip(stamp, table.key, strict=True)]
    ordered = np.argsort(stamp, kind="stable")
    return Table(columns, table.row_id, np.array(key, np.uint64), table.side).take(ordered)


def _sensors(table: Table, options: Options) -> list[str]:
    times = [options.time] if isinstance(options.time, str) else options.time
    known = [name for name in table.columns if name not in times and (options.horizon or name != options.target)]
    for name in options.sensors or []:
        if name not in known:
            raise FileError(
                f"options.sensors: '{name}' must be a column that is known when the question is asked. Known: "
                f"{', '.join(known)}."
            )
    found = known if options.sensors is None else options.sensors
    if not found:
        raise FileError("A series must have a sensor beside its time and its target. It has none.")
    return found


def _named(columns: Columns) -> list[str]:
    return [name.removeprefix(SENSOR) for name in columns if name.startswith(SENSOR)]


def examples(table: Table, options: Options) -> Table:
    """Turn rows into questions: one for each row with a whole window behind it and an answer at the horizon.

    "sensor NAME" (n, length) float64, NaN missing, the first row of a stretch repeated before it; "row stamp" (n,) int64 of
    the last row, in seconds; the target (n,) str; with a horizon "row past" and "row season" (n,) str: the target's last
    known value and the one a season before the answer. Units are days: rows of one day are too alike for each to count.
    Raises FileError where no stretch is long enough for a question.
    """
    stamp = table.columns[TIME].astype(np.int64)
    start = _windows.starts(stamp, options.max_gap)
    rows = _windows.asked(start, options.window, options.horizon)
    if len(table) and not len(rows):
        raise FileError(_too_short(table, start, options))
    answers = table.columns[options.target]
    last = _windows.last_known(answers, start)
    there = answers[rows + options.horizon] != ""
    rows = rows[there & (last[rows] != "")] if options.horizon else rows[there]
    columns = {
        name: _windows.history(value, start, rows, options.length)
        for name, value in table.columns.items()
        if name.startswith(SENSOR)
    }
    columns |= {STAMP: stamp[rows], options.target: answers[rows + options.horizon]}
    if options.horizon:
        columns |= {PAST: last[rows], SEASON: _season(stamp, answers, rows, last[rows], options)}
    day = (stamp[rows] // _windows.DAY_S).astype(np.uint64)
    side = None if table.side is None else table.side[rows]
    return Table(columns, table.row_id[rows], table.key[rows], side, day)


def _too_short(table: Table, start: Array, options: Options) -> str:
    longest = int((np.arange(len(start)) - start).max()) + 1
    return (
        f"A question reads {options.window} rows (option window) and asks {options.horizon} later (option horizon), with no "
        f"gap between them: {options.window + options.horizon} rows in one stretch. From {table.row_id[0]} to "
        f"{table.row_id[-1]} the longest stretch has {longest}. Give more rows, a shorter window or horizon, or a longer "
        "max_gap."
    )


def _season(stamp: Array, answers: Array, rows: Array, last: Array, options: Options) -> Array:
    """The answers a season before those asked for, the last known ones where there is no such row."""
    wanted = stamp[rows + options.horizon] - options.season
    place = np.minimum(np.searchsorted(stamp, wanted), len(stamp) - 1)
    there = (stamp[place] == wanted) & (place <= rows) & (answers[place] != "")
    return np.where(there, answers[place], last)


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe rows by flat columns, (n,) each: sensors, how long each is missing and stands still, label columns, hash."""
    found: dict[str, Array] = {}
    for name in _named(table.columns):
        value = table.columns[SENSOR + name]
        share = _windows.runs(value) / max(len(value), 1)
        found |= {
            SENSOR + name: value,
            f"{name}: missing in one go": np.where(np.isnan(value), share, 0.0),
            f"{name}: one value in one go": np.where(np.isnan(value), 0.0, share),
        }
    return found | label_columns(table.columns[options.target], table.key)


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what rows, sensors and answers must be like."""
    between, blank = "column_values_to_be_between", "column_values_to_not_be_null"
    found = [one for one in label_contract(options, task) if one.kind != f"expect_{blank}"]
    asks = "a row without an answer asks nothing (option max_unlabelled)"
    found.append(expect(blank, asks, "label", mostly=round(1 - options.max_unlabelled, 6)))
    gaps = "a sensor that is hardly ever read tells nothing (option max_missing)"
    burst = "a sensor that fails for so long makes a model of its failure (option max_missing_run)"
    stuck = "a sensor that shows one value for so long is stuck (option max_stuck); drop it, or these rows"
    for name in _named(table.columns):
        found += [
            expect(blank, gaps, SENSOR + name, mostly=round(1 - options.max_missing, 6)),
            expect(between, "a number is finite", SENSOR + name, min_value=-LARGEST, max_value=LARGEST),
            expect(between, burst, f"{name}: missing in one go", max_value=options.max_missing_run),
            expect(between, stuck, f"{name}: one value in one go", max_value=options.max_stuck),
        ]
    return found


def baselines(train: Table, labels: Array, options: Options) -> dict[str, Callable[[Table], Array]]:
    """Answers that need no model, each a function of questions that gives answers (n,) str.

    threshold: the one sensor and limit that are right most often on train; clock: the usual answer of the half hour, on
    weekends another; persistence and seasonal persistence: what was last, and what was a season ago.
    """
    target = train.columns[options.target]
    if options.horizon:
        return {
            "persistence": lambda rows: rows.columns[PAST],
            "seasonal persistence": lambda rows: rows.columns[SEASON],
        }
    if not len(labels):
        return {}
    usual = _windows.usual_by_clock(train.columns[STAMP], target)
    found: dict[str, Callable[[Table], Array]] = {"clock": lambda rows: usual[_windows.half_hour(rows.columns[STAMP])]}
    name, limit, below, above = _windows.best_threshold(
        {name: train.columns[SENSOR + name][:, -1] for name in _named(train.columns)}, target
    )
    found[f"threshold: {name} over {limit:.6g}"] = lambda rows: np.where(
        rows.columns[SENSOR + name][:, -1] > limit, above, below
    )
    return found


class Encoder:
    """Turns histories into series (n, window, s) float32 and numbers (n, d) float32, scaled; where relative, anchor (n,).

    facts: what encoder.json holds. time: name or names of its column; sensors: names (s,); fill, mean, std: of each;
    length, window: rows; made, clock, week: as in Options; levels: sensors read as they are, null for all; centre, scale: of
    the numbers (d,);
    anchor: name of the sensor that answers are relative to, or null; max_gap: seconds; step: the usual one, in seconds.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """See the class."""
        self.facts = dict(facts)
        self.sizes: dict[str, int] = {}
        self._fill, self._mean, self._std = (np.array(facts[name]) for name in ("fill", "mean", "std"))
        self._centre, self._scale = (np.array(facts[name]) for name in ("centre", "scale"))

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder:
        """Learn scales from the questions of train."""
        names = _named(table.columns)
        last = np.stack([table.columns[SENSOR + name][:, -1] for name in names], axis=1)
        step = _windows.usual_step(np.unique(table.columns[STAMP]))
        facts = {name: getattr(options, name) for name in ("clock", "week")} | {
            "made": {name: rows for name, rows in options.made.items() if rows},
            "levels": _levels(names, options),
            "time": options.time,
            "sensors": names,
            "fill": _short(
                np.array([np.median(one[np.isfinite(one)]) if np.isfinite(one).any() else 0 for one in last.T])
            ),
            "mean": [0.0] * len(names),
            "std": [1.0] * len(names),
            "length": options.length,
            "window": options.window,
            "centre": [],
            "scale": [],
            "anchor": options.target if options.relative else None,
            "step": step,
            "max_gap": options.max_gap or _windows.GAP * step,
        }
        plain = cls(facts)
        values = plain._values(table.columns)[:, -1]
        facts |= {"mean": _short(values.mean(axis=0)), "std": _short(_spread(values))}
        numbers = cls(facts)._numbers(table.columns)
        return cls(facts | {"centre": _short(numbers.mean(axis=0)), "scale": _short(_spread(numbers))})

    def _values(self, columns: Columns) -> Array:
        """Histories with nothing missing, scaled, (n, length, s)."""
        stacked = np.stack([columns[SENSOR + name] for name in self.facts["sensors"]], axis=2)
        filled = _windows.filled(stacked, self._fill)
        if self.facts["levels"] is not None:
            own = [name not in self.facts["levels"] for name in self.facts["sensors"]]
            filled = filled - np.where(own, filled.mean(axis=1, keepdims=True), 0.0)
        return (filled - self._mean) / self._std

    def _numbers(self, columns: Columns) -> Array:
        """What stands beside the series, (n, d), not yet scaled."""
        facts, stamp = self.facts, columns[STAMP]
        parts = _windows.features(self._values(columns), facts["made"])
        parts += [_windows.circle(stamp, _windows.DAY_S)] if facts["clock"] else []
        parts += [_windows.circle(stamp, _windows.WEEK_S)] if facts["week"] else []
        return np.concatenate(parts, axis=1) if parts else np.empty((len(stamp), 0))

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode questions; numbers are left out where none are asked for, anchor where answers are not relative."""
        facts = self.facts
        if missing := [name for name in facts["sensors"] if SENSOR + name not in columns]:
            raise ValueError(f"The model reads the sensors {', '.join(missing)}, which are not there.")
        values = self._values(columns)
        found = {"series": np.ascontiguousarray(values[:, -facts["window"] :], np.float32)}
        numbers = self._numbers(columns)
        if numbers.shape[1]:
            centre, scale = (self._centre, self._scale) if len(self._centre) else (0.0, 1.0)
            found["numbers"] = ((numbers - centre) / scale).astype(np.float32)
        if facts["anchor"] is not None:
            place = facts["sensors"].index(facts["anchor"])
            past = columns[SENSOR + facts["anchor"]][:, :, None]
            found["anchor"] = _windows.filled(past, self._fill[[place]])[:, -1, 0].astype(np.float32)
        return found

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    @property
    def example(self) -> list[dict[str, Any]]:
        """A question that could be asked, for people to copy."""
        facts = self.facts
        seen = dict(zip(facts["sensors"], facts["fill"], strict=True))
        first = np.datetime64("2024-01-01T12:00:00", "s")
        moments = [first + np.timedelta64(int(place * facts["step"]), "s") for place in range(facts["window"])]
        return [_as_time(moment, facts["time"]) | seen for moment in moments]

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", self.facts)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what save wrote."""
        return cls(json.loads((folder / "encoder.json").read_text(encoding="utf-8")))


def _levels(sensors: Sequence[str], options: Options) -> list[str] | None:
    """Sensors whose level is read. Raises ValueError for a name that is none of them."""
    for name in options.levels or []:
        if name not in sensors:
            raise ValueError(f"options.levels: {unknown('sensor', name, sensors)}")
    return options.levels


def _short(values: Array) -> list[float]:
    """Keep the digits that float32 can hold; a shorter number makes a shorter file."""
    return [float(f"{value:.9g}") for value in values]


def _spread(values: Array) -> Array:
    std = values.std(axis=0)
    return np.where(std > SMALLEST * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0)), std, 1.0)


def _as_time(moment: np.datetime64, time: str | Sequence[str]) -> dict[str, Any]:
    if isinstance(time, str):
        return {time: str(moment)}
    parts = str(moment).replace("T", "-").replace(":", "-").split("-")
    return {name: int(part) for name, part in zip(time, parts, strict=False)}


def parse(inputs: Sequence[Any], encoder: Encoder) -> dict[str, Array]:
    """Check the questions of one request: each the latest rows of a series, at least a window of them, oldest first.

    Returns "sensor NAME" (n, length) and "row stamp" (n,), as examples makes them. Raises ValueError that names the input,
    the row and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one series, received none.")
    facts = encoder.facts
    found = [_question(one, f"inputs[{place}]", facts) for place, one in enumerate(inputs)]
    values = np.stack([values for values, _ in found])
    columns = {SENSOR + name: values[:, :, place] for place, name in enumerate(facts["sensors"])}
    return columns | {STAMP: np.array([stamp for _, stamp in found], np.int64)}


def _question(one: Any, where: str, facts: Mapping[str, Any]) -> tuple[Array, int]:
    """Values (length, s) and the time of the last row."""
    least = facts["window"]
    if not isinstance(one, list):
        raise ValueError(f"{where}: needed a list of rows, oldest first, received {type(one).__name__} {one!r:.40}.")
    if len(one) < least:
        raise ValueError(f"{where}: needed at least the latest {least} rows, received {len(one)}.")
    rows = one[-facts["length"] :]
    stamps = [_moment(row, f"{where}", place, facts) for place, row in enumerate(rows, len(one) - len(rows))]
    begin = _unbroken(stamps, where, len(one) - len(rows), facts)
    values = np.array([_shown(row, where, place, facts) for place, row in enumerate(rows, len(one) - len(rows))])[
        begin:
    ]
    if len(values) < least:
        raise ValueError(
            f"{where}: needed {least} rows after the last gap of over {facts['max_gap']:g} s, received {len(values)}."
        )
    before = np.repeat(values[:1], facts["length"] - len(values), axis=0)
    return np.concatenate([before, values]), stamps[-1]


def _moment(row: Any, where: str, place: int, facts: Mapping[str, Any]) -> int:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: needed an object as row {place}, received {type(row).__name__} {row!r:.40}.")
    time = facts["time"]
    try:
        return _moments.moment(row, time)
    except (ValueError, KeyError, OverflowError, TypeError) as error:
        name = time if isinstance(time, str) else ", ".join(time)
        given = {key: row.get(key) for key in ([time] if isinstance(time, str) else time)}
        raise ValueError(f"{where}: needed a time stamp as '{name}' in row {place}, received {given!r:.80}.") from error


def _unbroken(stamps: Sequence[int], where: str, first: int, facts: Mapping[str, Any]) -> int:
    """Place after the last gap. Raises ValueError where time does not rise."""
    steps = np.diff(np.array(stamps, np.int64))
    if (steps <= 0).any():
        place = int(np.flatnonzero(steps <= 0)[0]) + 1 + first
        raise ValueError(
            f"{where}: needed rows in order of time, received row {place}, which is not later than the one before."
        )
    gaps = np.flatnonzero(steps > facts["max_gap"])
    return int(gaps[-1]) + 1 if len(gaps) else 0


def _shown(row: Mapping[str, Any], where: str, place: int, facts: Mapping[str, Any]) -> list[float]:
    found = []
    for name in facts["sensors"]:
        if name not in row:
            raise ValueError(f"{where}: needed '{name}' (or null) in row {place}, received none.")
        try:
            found.append(_moments.shown(row[name]))
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"{where}: needed a finite number, true, false or null as '{name}' in row {place}, received {row[name]!r:.40}."
            ) from error
    return found


def from_file(path: Path, options: Options) -> list[Any]:
    """Read inputs for a prediction: a file of rows, which asks at every row with a whole window, or a JSON list of questions.

    Raises FileError, a ValueError, that names the file.
    """
    if path.suffix == ".json":
        return json_list(path)
    if not path.name.lower().endswith(_frames.SUFFIXES):
        raise FileError(f"{path} must be one of {', '.join(_frames.SUFFIXES)} or .json.")
    frame = _frames.frame(path, options)
    columns = {name: _frames.as_cells(values) for name, values in frame.columns.items()}
    rows = [{name: _cell(cells[place]) for name, cells in columns.items()} for place in range(len(frame.row_id))]
    times = np.array(
        [_moment(row, path.name, place, {"time": options.time}) for place, row in enumerate(rows)], np.int64
    )
    order = np.argsort(times, kind="stable")
    start = _windows.starts(times[order], options.max_gap)
    ends = _windows.asked(start, options.window, 0)
    return [[rows[i] for i in order[max(start[end], end - options.length + 1) : end + 1]] for end in ends]


def _cell(text: str | None) -> Any:
    """A cell as a request has it: a number, true or false, text, or nothing."""
    if text is None:
        return None
    for read in (float, lambda word: bool(truth(word))):
        try:
            return read(text)
        except ValueError:
            continue
    return text
