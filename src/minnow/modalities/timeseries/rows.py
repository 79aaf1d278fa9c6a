"""Rows of a series: read in order of time, turned into examples, described by flat columns, and expected to be sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.timeseries import moments, windows
from minnow.modalities.timeseries.options import PAST, SEASON, SENSOR, STAMP, TIME, Options, sensors_of
from minnow.tables import frames
from minnow.tables.cells import DAY_S
from minnow.tables.expectations import LARGEST, expect, label_columns, label_expectations
from minnow.tables.files import FileError
from minnow.tables.options import Split
from minnow.types import Array, Expectation, Table, content_key


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time.

    Columns: time datetime64[s], "sensor NAME" float64 (NaN missing) and the target (n,) str. Raises FileError that names
    rows: without a time stamp, with one that another row has too, or with a sensor value that is no number.
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
                f"options.sensors: '{name}' must be a column that is known at the time of the prediction. Known: "
                f"{', '.join(known)}."
            )
    sensors = known if options.sensors is None else options.sensors
    if not sensors:
        raise FileError("A series must have a sensor beside its time and its target. It has none.")
    return sensors


def examples(table: Table, options: Options) -> Table:
    """Turn rows into examples: one for each row with a full window up to it and a label at the horizon after it.

    "sensor NAME" (n, length) float64, NaN missing, the first row of a stretch repeated before it; "row stamp" (n,) int64 of
    the last row, in seconds since 1970; the target (n,) str; with a horizon "row past" and "row season" (n,) str: the last
    known value of the target, and the one a season before. Groups are days, since rows of one day are much alike.
    Raises FileError where no stretch is long enough for an example.
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
        f"An example reads {options.window} rows (option window) and asks {options.horizon} later (option horizon), without "
        f"a gap between them: {options.window + options.horizon} rows in one stretch. From {table.row_id[0]} to "
        f"{table.row_id[-1]} the longest stretch has {longest}. Give more rows, a shorter window or horizon, or a longer "
        "max_gap."
    )


def _season(stamp: Array, labels: Array, rows: Array, last: Array, options: Options) -> Array:
    """The labels a season before the targets of rows; the last known ones where no row has that time stamp."""
    wanted = stamp[rows + options.horizon] - options.season
    index = np.minimum(np.searchsorted(stamp, wanted), len(stamp) - 1)
    known = (stamp[index] == wanted) & (index <= rows) & (labels[index] != "")
    return np.where(known, labels[index], last)


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe rows by flat columns, (n,) each: sensors, their runs of missing and of equal values, label columns, hash.

    The length of a run is given as its share of all rows.
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
    """List what rows, sensors and labels must be like."""
    between, not_null = "column_values_to_be_between", "column_values_to_not_be_null"
    expected = [item for item in label_expectations(options, task) if item.kind != f"expect_{not_null}"]
    unlabelled = "a row without a label makes no example (option max_unlabelled)"
    expected.append(expect(not_null, unlabelled, "label", mostly=round(1 - options.max_unlabelled, 6)))
    gaps = "a sensor that is hardly ever read tells nothing (option max_missing)"
    burst = "a sensor that fails for so long makes a model of its failure (option max_missing_run)"
    stuck = "a sensor that shows one value for so long is stuck (option max_stuck); drop it, or these rows"
    for name in sensors_of(table.columns):
        expected += [
            expect(not_null, gaps, SENSOR + name, mostly=round(1 - options.max_missing, 6)),
            expect(between, "a number is finite", SENSOR + name, min_value=-LARGEST, max_value=LARGEST),
            expect(between, burst, f"{name}: missing in one go", max_value=options.max_missing_run),
            expect(between, stuck, f"{name}: one value in one go", max_value=options.max_stuck),
        ]
    return expected
