"""Rows of a series: reading them in order of time, their examples, and the expectations that they must meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.modalities.timeseries import blocks, clocks, windows
from minnow.modalities.timeseries.clocks import SECOND
from minnow.modalities.timeseries.moments import Clock
from minnow.modalities.timeseries.options import (
    PAST,
    POSITION,
    SEASON,
    SENSOR,
    SERIES,
    STAMP,
    TIME,
    Options,
    codes_of,
    sensors_of,
)
from minnow.modalities.timeseries.readings import sensor_values
from minnow.modalities.timeseries.stamps import refuse, time_stamps
from minnow.registry import unknown
from minnow.tables import times, typed
from minnow.tables.errors import FileError
from minnow.tables.expectations import LARGEST, Words, expect, label_columns, label_expectations, percent
from minnow.tables.frames import as_cells
from minnow.tables.options import Split
from minnow.types import Array, Expectation, KeyRule, KeyRuleError, Notice, Table, content_key

_AS_NAMES = " A name that is taken for a missing value is listed under options.not_missing."


def read(folder: Path, options: Options, keys: KeyRule | None = None) -> Table:
    """Read a folder (or one file), in order of time, or with several series in order of the series and then of time.

    Columns, (n,) each: "row time" datetime64[us], "sensor NAME" float64 (NaN missing), and the target str; with several series
    also "row series" str and "row position" float64, the share of a series' rows that are before a row. Groups are days, or
    shorter blocks of time. Keys are hashes of the time stamp and of the columns of a rule, by default of all. Raises FileError
    with the rows without a time stamp, with a repeated one, without the name of their series, or with a sensor value that is
    not a number; and KeyRuleError.
    """
    table = typed.read(folder, options, Split(), keys)
    series = None if options.series is None else _series(table, options.series)
    stamp, clock = time_stamps(table, options, folder, series)
    sensors, notices = _sensors(table, options)
    columns = {SENSOR + name: sensor_values(table.columns[name], name, table.row_id) for name in sensors}
    columns |= {TIME: stamp.astype("datetime64[us]"), options.target: table.columns[options.target]}
    columns |= {} if series is None else {SERIES: series}
    columns |= {options.weight: table.columns[options.weight]} if options.weight else {}
    rule = keys or replace(table.keys, options={**table.keys.options, **_times_of(options)})
    moments = (
        stamp if _times_of(options).items() <= rule.options.items() else _recorded(table, options, rule, folder, series)
    )
    key = [
        content_key(_key_text(moment).encode(), row.tobytes()) for moment, row in zip(moments, table.key, strict=True)
    ]
    ordered = np.lexsort((stamp,) if series is None else (stamp, series))
    notices = (*table.notices, *notices, *_notice_of_numbers(table, stamp, clock))
    formats = {**table.reading.columns, **dict.fromkeys(clock.names[: len(clock.names) == 1], clock.form)}
    rows = Table(columns, table.row_id, np.array(key, np.uint64), table.split, keys=rule)
    return _placed(rows.with_reading(replace(table.reading, columns=formats), notices).take(ordered), options)


def _times_of(options: Options) -> dict[str, object]:
    """The options that time stamps depend on."""
    return {"time": options.times, "time_zone": options.time_zone}


def _recorded(table: Table, options: Options, rule: KeyRule, place: Path, series: Array | None) -> Array:
    """Time stamps as a rule has them, (n,) int64. Raises KeyRuleError."""
    times, zone = rule.option("time"), rule.option("time_zone")
    time = times[0] if len(times) == 1 else times
    try:
        return time_stamps(table, options.model_copy(update={"time": time, "time_zone": zone}), place, series)[0]
    except FileError as error:
        raise KeyRuleError(
            f"keys of rows are made of the times in {', '.join(times)} in the zone {zone}: {error}"
        ) from error


def _key_text(stamp: int) -> str:
    """Text of an instant for the key of a row: seconds since 1970, with a fraction where there is one."""
    whole, fraction = divmod(int(stamp), SECOND)
    return f"{whole}.{fraction:06d}" if fraction else str(whole)


def _placed(table: Table, options: Options) -> Table:
    """Add the groups of ordered rows, and with several series their positions."""
    stamp, code = table.columns[TIME].astype(np.int64), codes_of(table.columns)
    span_s = options.length * windows.usual_step(stamp, code)
    group = blocks.groups(clocks.wall(stamp, options.time_zone), span_s)
    position = {} if code is None else {POSITION: _positions(code, table.split)}
    return replace(table, columns={**table.columns, **position}, group=group)


def _positions(code: Array, split: Array | None) -> Array:
    """Share of the rows of the same series (and of the same fixed split) that are before each row, (n,) float64.

    code: (n,) int, ascending. A split at one share of all positions then takes that share of each series.
    """
    parts = code if split is None else code * 4 + np.unique(split, return_inverse=True)[1]
    order = np.argsort(parts, kind="stable")
    _, begins, counts = np.unique(parts[order], return_index=True, return_counts=True)
    positions = np.empty(len(code))
    positions[order] = (np.arange(len(code)) - np.repeat(begins, counts)) / np.repeat(counts, counts)
    return positions


def _series(table: Table, name: str) -> Array:
    """The series of each row, (n,) str. Raises FileError with the rows without a name."""
    if name not in table.columns:
        raise FileError(f"options.series: {unknown('column', name, table.columns)}")
    names = np.array([cell or "" for cell in as_cells(table.columns[name])], dtype=str)
    refuse(table.row_id, np.flatnonzero(names == ""), f"'{name}' must name the series of each row.", _AS_NAMES)
    return names


def _notice_of_numbers(table: Table, stamp: Array, clock: Clock) -> list[Notice]:
    """Say what times are that are numbers, where reading the columns did not find it."""
    name, form = clock.names[0], clock.form
    if len(clock.names) > 1 or table.columns[name].dtype.kind == "M":
        return []
    first, last = (clocks.moment(one) for one in (stamp.min(), stamp.max()))
    how = f"{times.UNIT_NAMES[form.time]} since 1970" if form.time in times.UNIT_NAMES else f"dates as {form.time}"
    rows = f"from {first} to {last}"
    if clock.is_number and clocks.is_elapsed(stamp.min()):
        how, rows = "seconds since a recording began", f"from {stamp.min() / SECOND:g} to {stamp.max() / SECOND:g}"
    text = f"'{name}' holds {how}: the rows are {rows} (options.dates)."
    return [Notice("format", text, len(stamp), name)]


def _sensors(table: Table, options: Options) -> tuple[list[str], list[Notice]]:
    """Names of the sensors, and a notice for each column of dates, which is none. Raises FileError."""
    others = {*options.times, options.series, options.weight, *(() if options.horizon else (options.target,))}
    known = [name for name in table.columns if name not in others]
    for name in options.sensors or []:
        if name not in known:
            raise FileError(
                f"options.sensors: '{name}' must be a column that is known when the prediction is made. Known: "
                f"{', '.join(known)}."
            )
    dates = [name for name in known if table.columns[name].dtype.kind == "M" and name not in (options.sensors or ())]
    sensors = options.sensors or [name for name in known if name not in dates]
    if not sensors:
        raise FileError("A series must have a sensor besides its time stamps and its target. It has none.")
    return sensors, [] if options.sensors else [_notice_of_date(name, len(table), options) for name in dates]


def _notice_of_date(name: str, count: int, options: Options) -> Notice:
    text = (
        f"Column '{name}' holds dates and is not read: the time of a row is '{', '.join(options.times)}' (option time), and "
        "sensors hold numbers."
    )
    return Notice("skipped", text, count, name)


def examples(table: Table, options: Options) -> Table:
    """Make an example for each row with a full window up to it and a label at the horizon after it.

    Columns: "sensor NAME" (n, length) float64, NaN missing, with the first row of a stretch repeated before it; "row stamp"
    (n,) int64 of the last row, in microseconds since 1970; the target (n,) str; with several series "row series" (n,) str;
    with a horizon "row past" and "row season" (n,) str: the last known value of the target, and the value one season before
    the target. Raises FileError where no stretch is long enough for an example.
    """
    stamp, code = table.columns[TIME].astype("datetime64[us]").astype(np.int64), codes_of(table.columns)
    start = windows.stretch_starts(stamp, options.max_gap, code)
    rows = windows.example_rows(start, options.window, options.horizon)
    if len(table) and not len(rows):
        raise FileError(_too_short(table, start, options))
    labels = table.columns[options.target]
    last = windows.last_known(labels, start)
    labelled = labels[rows + options.horizon] != ""
    rows = rows[labelled & (last[rows] != "")] if options.horizon else rows[labelled]
    columns = _histories(table, start, rows, options.length)
    columns |= {STAMP: stamp[rows], options.target: labels[rows + options.horizon]}
    columns |= {name: table.columns[name][rows] for name in (SERIES, options.weight) if name in table.columns}
    if options.horizon:
        columns |= {PAST: last[rows], SEASON: _season(stamp, code, labels, rows, last[rows], options)}
    return replace(table.take(rows), columns=columns)


def _histories(table: Table, start: Array, rows: Array, length: int) -> dict[str, Array]:
    return {
        name: windows.histories(value, start, rows, length)
        for name, value in table.columns.items()
        if name.startswith(SENSOR)
    }


def _too_short(table: Table, start: Array, options: Options) -> str:
    longest = int((np.arange(len(start)) - start).max()) + 1
    return (
        f"An example needs {options.window} rows (option window) and the target {options.horizon} rows later (option "
        f"horizon) without a gap: {options.window + options.horizon} rows in one stretch. From {table.row_id[0]} to "
        f"{table.row_id[-1]} the longest stretch has {longest}. Give more rows, a shorter window or horizon, or a longer "
        "max_gap."
    )


def _season(stamp: Array, code: Array | None, labels: Array, rows: Array, last: Array, options: Options) -> Array:
    """Labels of the same series one season before the targets of rows; the last known ones where no row has that time."""
    wanted = clocks.season_before(stamp[rows + options.horizon], options.season, windows.usual_step(stamp, code))
    times = np.unique(stamp)
    of_series = np.zeros(len(stamp), np.int64) if code is None else code * len(times)
    place = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    places = of_series + np.searchsorted(times, stamp)  # ascending, as the rows are in order of series and time
    sought = of_series[rows] + place
    index = np.minimum(np.searchsorted(places, sought), len(stamp) - 1)
    known = (times[place] == wanted) & (places[index] == sought) & (index <= rows) & (labels[index] != "")
    return np.where(known, labels[index], last)


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: sensors, their runs of missing and of equal values, label columns, hash.

    Runs are given by their length as a share of all rows.
    """
    described: dict[str, Array] = {}
    code = codes_of(table.columns)
    for name in sensors_of(table.columns):
        value = table.columns[SENSOR + name]
        share = windows.run_lengths(value, code) / max(len(value), 1)
        described |= {
            SENSOR + name: value,
            f"{name}: missing in one go": np.where(np.isnan(value), share, 0.0),
            f"{name}: one value in one go": np.where(np.isnan(value), 0.0, share),
        }
    return described | label_columns(table.columns[options.target], table.key)


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about sensors and labels."""
    not_null = "column_values_to_not_be_null"
    target, labelled = options.target, round(1 - options.max_unlabelled, 6)
    expected = [
        item for item in label_expectations(options, task, Words(column=target)) if item.kind != f"expect_{not_null}"
    ]
    says = f"'{target}' has a value in at least {percent(labelled)} of the rows (option max_unlabelled)"
    why = "a row without one is part of histories, but no example"
    expected.append(expect(not_null, why, "label", says=says, about=target, shown="", mostly=labelled))
    for name in sensors_of(table.columns):
        expected += _sensor_expectations(name, options)
    return expected


def _sensor_expectations(name: str, options: Options) -> list[Expectation]:
    """List the expectations about one sensor; name: of its column in the file."""
    between, sensor, run = "column_values_to_be_between", SENSOR + name, "of all rows one after another"
    known, gap, still = round(1 - options.max_missing, 6), options.max_missing_run, options.max_stuck
    finite = f"the numbers in '{name}' are finite"
    filled = f"'{name}' has a value in at least {percent(known)} of the rows (option max_missing)"
    burst = f"'{name}' is missing in no more than {percent(gap)} {run} (option max_missing_run)"
    stuck = f"'{name}' has one and the same value in no more than {percent(still)} {run} (option max_stuck)"
    few = "a sensor with so many missing values is hardly useful; options.drop leaves it out"
    broken = "a sensor with one value for so long is stuck; drop it, or these rows"
    failing, one = "a model would learn the failure of a sensor that fails for so long", f"{name}: one value in one go"
    return [
        expect("column_values_to_not_be_null", few, sensor, says=filled, about=name, shown="", mostly=known),
        expect(between, "models need them", sensor, says=finite, about=name, min_value=-LARGEST, max_value=LARGEST),
        expect(between, failing, f"{name}: missing in one go", says=burst, about=name, shown="", max_value=gap),
        expect(between, broken, one, says=stuck, about=name, shown=sensor, max_value=still),
    ]
