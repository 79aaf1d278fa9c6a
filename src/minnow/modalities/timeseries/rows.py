"""Rows of a series: reading them in order of time, their examples, and the expectations that they must meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.timeseries import moments, windows
from minnow.modalities.timeseries.options import PAST, SEASON, SENSOR, STAMP, TIME, Options, sensors_of
from minnow.tables import frames
from minnow.tables.cells import DAY_S
from minnow.tables.expectations import LARGEST, Words, expect, label_columns, label_expectations, percent
from minnow.tables.files import FileError
from minnow.tables.options import Split
from minnow.types import Array, Expectation, Table, content_key


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time.

    Columns, (n,) each: time datetime64[s], "sensor NAME" float64 (NaN missing), and the target str. Raises FileError with the
    rows without a time stamp, with a repeated one, or with a sensor value that is not a number.
    """
    table = frames.read(folder, options, Split())
    stamp = moments.time_stamps(table.columns, table.row_id, options.time)
    columns = {
        SENSOR + name: moments.sensor_values(table.columns[name], name, table.row_id)
        for name in _sensors(table, options)
    }
    columns |= {TIME: stamp.astype("datetime64[s]"), options.target: table.columns[options.target]}
    key = [content_key(str(moment).encode(), row.tobytes()) for moment, row in zip(stamp, table.key, strict=True)]
    ordered = np.argsort(stamp, kind="stable")
    return Table(columns, table.row_id, np.array(key, np.uint64), table.split).take(ordered)


def _sensors(table: Table, options: Options) -> list[str]:
    times = [options.time] if isinstance(options.time, str) else options.time
    known = [name for name in table.columns if name not in times and (options.horizon or name != options.target)]
    for name in options.sensors or []:
        if name not in known:
            raise FileError(
                f"options.sensors: '{name}' must be a column that is known when the prediction is made. Known: "
                f"{', '.join(known)}."
            )
    sensors = known if options.sensors is None else options.sensors
    if not sensors:
        raise FileError("A series must have a sensor besides its time stamps and its target. It has none.")
    return sensors


def examples(table: Table, options: Options) -> Table:
    """Make an example for each row with a full window up to it and a label at the horizon after it.

    Columns: "sensor NAME" (n, length) float64, NaN missing, with the first row of a stretch repeated before it; "row stamp"
    (n,) int64 of the last row, in seconds since 1970; the target (n,) str; with a horizon "row past" and "row season" (n,) str:
    the last known value of the target, and the value one season before the target. Groups are days, since rows of one day
    are similar. Raises FileError where no stretch is long enough for an example.
    """
    stamp = table.columns[TIME].astype(np.int64)
    start = windows.stretch_starts(stamp, options.max_gap)
    rows = windows.example_rows(start, options.window, options.horizon)
    if len(table) and not len(rows):
        raise FileError(_too_short(table, start, options))
    labels = table.columns[options.target]
    last = windows.last_known(labels, start)
    labelled = labels[rows + options.horizon] != ""
    rows = rows[labelled & (last[rows] != "")] if options.horizon else rows[labelled]
    columns = _histories(table, start, rows, options.length)
    columns |= {STAMP: stamp[rows], options.target: labels[rows + options.horizon]}
    if options.horizon:
        columns |= {PAST: last[rows], SEASON: _season(stamp, labels, rows, last[rows], options)}
    day = (stamp[rows] // DAY_S).astype(np.uint64)
    split = None if table.split is None else table.split[rows]
    return Table(columns, table.row_id[rows], table.key[rows], split, day)


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


def _season(stamp: Array, labels: Array, rows: Array, last: Array, options: Options) -> Array:
    """Labels one season before the targets of rows; the last known ones where no row has that time stamp."""
    wanted = stamp[rows + options.horizon] - options.season
    index = np.minimum(np.searchsorted(stamp, wanted), len(stamp) - 1)
    known = (stamp[index] == wanted) & (index <= rows) & (labels[index] != "")
    return np.where(known, labels[index], last)


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: sensors, their runs of missing and of equal values, label columns, hash.

    Runs are given by their length as a share of all rows.
    """
    described: dict[str, Array] = {}
    for name in sensors_of(table.columns):
        value = table.columns[SENSOR + name]
        share = windows.run_lengths(value) / max(len(value), 1)
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
    few = "a sensor with fewer is hardly useful; options.drop leaves it out"
    broken = "a sensor that stays at one value for longer is stuck; options.drop leaves it out"
    failing, one = "a model would learn how a sensor fails", f"{name}: one value in one go"
    return [
        expect("column_values_to_not_be_null", few, sensor, says=filled, about=name, shown="", mostly=known),
        expect(between, "models need them", sensor, says=finite, about=name, min_value=-LARGEST, max_value=LARGEST),
        expect(between, failing, f"{name}: missing in one go", says=burst, about=name, shown="", max_value=gap),
        expect(between, broken, one, says=stuck, about=name, shown=sensor, max_value=still),
    ]
