"""Time stamps of the rows of files, in microseconds since 1970."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.modalities.timeseries import clocks
from minnow.modalities.timeseries.clocks import SECOND
from minnow.modalities.timeseries.moments import NAIVE, YEARS, Clock, composed, in_utc, of_text
from minnow.modalities.timeseries.options import Options
from minnow.modalities.timeseries.windows import within
from minnow.registry import unknown
from minnow.tables import times
from minnow.tables.cells import raw, values_of
from minnow.tables.errors import FileError
from minnow.tables.frames import as_cells, read_place
from minnow.types import Array, ColumnFormat, Columns, Table

SHOWN = 5
_ZONE_EXAMPLE = "Europe/Berlin"


def time_stamps(table: Table, options: Options, place: Path, series: Array | None) -> tuple[Array, Clock]:
    """Microseconds since 1970 of each row, (n,) int64, and how they are written.

    table: rows in the order of the files at place, with the columns of the time: dates, numbers, or year, month, day...
    series: (n,) str, of each row, None where all are of one. Raises FileError with the rows without a time stamp, and with the
    rows of a series that share a time stamp.
    """
    row_id, names = table.row_id, options.times
    for name in names:
        if name not in table.columns:
            raise FileError(f"options.time: {unknown('column', name, table.columns)}")
        if table.columns[name].dtype == object:
            _refuse_text(table.columns[name], name, row_id)
    time = options.time if isinstance(options.time, str) else tuple(names)
    reading, form = readings(table.columns, names, table.reading.columns.get(names[0], ColumnFormat("date")))
    clock = Clock(time, form, options.time_zone)
    needed = f"'{', '.join(names)}' must hold a time stamp in each row."
    readable = np.isfinite(reading) & (reading >= clocks.EARLIEST) & (reading < clocks.LATEST)
    refuse(row_id, np.flatnonzero(~readable), needed)
    return settled(
        reading.astype(np.int64), _are_local(clock, options, place, len(row_id)), clock, series, row_id
    ), clock


def readings(columns: Columns, names: Sequence[str], form: ColumnFormat) -> tuple[Array, ColumnFormat]:
    """Read the columns of a time: microseconds on the clock of the files, (n,) float64, NaN where missing.

    names: of one column or of those of a moment; form: of the first one. Returns also the format of a single column, or a date.
    """
    values = [columns[name] for name in names]
    if len(values) == 2 and values[0].dtype.kind == "M":
        return _microseconds(values[0]) + np.round(raw(values[1]) * SECOND), form
    if len(values) > 1:
        stacked = np.stack([raw(part) for part in values], axis=1)
        return np.array([composed(row) if np.isfinite(row).all() else np.nan for row in stacked]), ColumnFormat("date")
    if values[0].dtype.kind == "M":
        return _microseconds(values[0]), form
    numbers, cells = raw(values[0]), as_cells(values[0])
    known, distinct = numbers[np.isfinite(numbers)], [cell for cell in dict.fromkeys(cells) if cell]
    digits = times.DIGITS if times.are_days(distinct) else YEARS if _are_years(known) else None
    if digits:
        form = replace(form, kind="date", time=digits)
        return _microseconds(values_of(cells, form)), form
    unit = times.unit_of_size([float(np.median(known))] if len(known) else []) or "s"
    scale = times.UNITS[unit]
    return np.round(numbers * scale if scale else numbers / 1000), replace(form, kind="date", time=unit)


def _are_years(numbers: Array) -> bool:
    """Whether numbers, (n,) float64, are years of the calendar, from 1600 to 2200."""
    return bool(len(numbers)) and bool(((numbers % 1 == 0) & (numbers >= 1600) & (numbers <= 2200)).all())


def _microseconds(moments: Array) -> Array:
    whole = moments.astype("datetime64[us]").astype(np.int64).astype(np.float64)
    return np.where(np.isnat(moments), np.nan, whole)


def _are_local(clock: Clock, options: Options, place: Path, count: int) -> Array:
    """Whether the time of each row is one of a wall clock, (n,) bool: it has a zone by options, and names none itself."""
    if clock.zone is None or clock.form.time in times.UNITS or "%z" in (clock.form.time or ""):
        return np.zeros(count, bool)
    if clock.form.time != times.ISO:
        return np.ones(count, bool)
    cells = as_cells(read_place(place, options, target=options.target).columns[clock.names[0]])
    named = {cell: of_text(cell, clock).ahead_us != NAIVE for cell in dict.fromkeys(cells) if cell}
    return np.array([not named.get(cell or "", False) for cell in cells])


def settled(reading: Array, local: Array, clock: Clock, series: Array | None, row_id: Array) -> Array:
    """Instants of rows in the order of their files, (n,) int64. reading, local: as in moments.in_utc.

    Raises FileError with the rows in an hour that is left out in spring, and with those that share a time in their series.
    """
    stamp, code = reading.copy(), np.zeros(len(reading), np.int64)
    code = code if series is None else np.unique(series, return_inverse=True)[1]
    skipped = np.zeros(len(reading), bool)
    for one in np.unique(code[local]).tolist() if clock.zone is not None else ():
        rows = np.flatnonzero(code == one)
        if np.sign(np.diff(reading[rows[local[rows]]])).sum() < 0:  # written from the latest to the earliest
            rows = rows[::-1]
        stamp[rows], skipped[rows] = in_utc(reading[rows], local[rows], str(clock.zone))
    needed = f"'{', '.join(clock.names)}' must hold times that the clocks of {clock.zone} show (options.time_zone)."
    refuse(row_id, np.flatnonzero(skipped), needed)
    _refuse_repeated(stamp, None if series is None else code, clock, row_id)
    return stamp


def _refuse_text(cells: Array, name: str, row_id: Array) -> None:
    """Raise FileError with the rows of a text column whose cells are not time stamps."""
    odd = [index for index, cell in enumerate(cells.tolist()) if not _is_moment(cell)]
    shown = repr(cells[odd[0] if odd else 0])[:40]
    needed = (
        f"options.time: '{name}' must hold dates or numbers, all of one kind (options.dates names the format of dates). "
        f"Received: {shown}."
    )
    refuse(row_id, np.array(odd or [0], np.int64), needed)


def _is_moment(cell: str) -> bool:
    try:
        of_text(cell, Clock(""))
    except (ValueError, OverflowError):
        return False
    return True


def refuse(row_id: Array, rows: Array, needed: str, advice: str = "") -> None:
    """Raise FileError with the first of these rows and their number, where there are any. rows: (m,) int."""
    if len(rows):
        more = "" if len(rows) <= SHOWN else ", ..."
        listed = ", ".join(row_id[rows[:SHOWN]].tolist())
        raise FileError(f"{needed} {len(rows):,} rows do not: {listed}{more}.{advice}")


def _refuse_repeated(stamp: Array, code: Array | None, clock: Clock, row_id: Array) -> None:
    """Raise FileError with the rows that share a time stamp with another row of their series."""
    order = np.lexsort((stamp,) if code is None else (stamp, code))
    twice = np.flatnonzero((np.diff(stamp[order]) == 0) & within(stamp, None if code is None else code[order]))
    both = np.stack([order[twice], order[twice + 1]], axis=1).ravel()
    if code is not None:
        needed, advice = "Each row of a series must have a time stamp of its own.", ""
    else:
        needed = "Each row must have a time stamp of its own."
        advice = " If the file holds several series, set options.series to the column that names them."
    if clock.zone is None and len(np.unique(both)) == 2 * len(twice) and clocks.is_set_back(stamp[both]):
        hour = str(clocks.moment(int(stamp[both].min()) // (3600 * SECOND) * 3600 * SECOND))
        advice = (
            f" They lie in the hour of {hour} in which clocks are set back. If these times are local ones, set "
            f"options.time_zone, such as {_ZONE_EXAMPLE}: rows of that hour are then told apart by their order."
        )
    refuse(row_id, both, needed, advice)
