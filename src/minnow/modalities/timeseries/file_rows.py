"""Inputs for a prediction from a file: the latest rows up to each row that ends a full window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Located
from minnow.modalities.timeseries import moments, windows
from minnow.modalities.timeseries.encoder import SeriesEncoder, SeriesFacts
from minnow.modalities.timeseries.moments import NAIVE, Moment
from minnow.modalities.timeseries.options import Options
from minnow.modalities.timeseries.readings import row_value
from minnow.modalities.timeseries.stamps import settled
from minnow.tables.errors import FileError
from minnow.tables.files import JSON, SUFFIXES, json_list
from minnow.tables.frames import Cells, Frame, as_cells, read_file
from minnow.tables.json_lines import holds_rows
from minnow.types import Array


class FileRow(dict[str, Any], Located):
    """The cells of a row of a file, which were read once. moment: its time stamp; readings: values of the sensors.

    stamp: the instant in microseconds since 1970, which the other rows of the file may be needed for.
    """

    def __init__(self, cells: dict[str, Any], moment: Moment, readings: Sequence[float], where: str) -> None:
        super().__init__(cells)
        self.moment, self.readings, self.stamp = moment, readings, moment.reading
        self.where = where


class FileWindow(list[FileRow], Located):
    """The rows of one input, oldest first; where is the last of them, which the prediction is for."""

    def __init__(self, rows: Sequence[FileRow]) -> None:
        super().__init__(rows)
        self.where = rows[-1].where


def from_file(path: Path, options: Options, encoder: SeriesEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: a file of rows, with one input for each row that ends a window, or a JSON list of inputs.

    A JSON list of rows is a file of rows. Cells are read as those of the training files. Inputs come one by one, in order of
    series and time. Raises FileError, a ValueError, with the path of the file.
    """
    facts, name = encoder.facts, path.name.lower()
    if name.endswith(JSON) and not holds_rows(path, facts.clock_format.names[0]):
        yield from json_list(path)
        return
    if not name.endswith((*SUFFIXES, *JSON)):
        raise FileError(f"{path} must be one of {', '.join(SUFFIXES)} or .json.")
    needed = (*facts.clock_format.names, *facts.sensors)
    frame = read_file(path, options.form, names=needed, target=None if options.horizon else options.target)
    if lacking := [name for name in needed if name not in frame.columns]:
        raise FileError(
            f"{path.name} must have the columns that the model reads: {', '.join(needed)}. It lacks {', '.join(lacking)}."
        )
    rows, code = _in_order(frame, facts)
    start = windows.stretch_starts(np.array([row.stamp for row in rows], np.int64), facts.max_gap, code)
    ends = windows.example_rows(start, facts.window, 0)
    if not len(ends):
        longest = int((np.arange(len(start)) - start).max(initial=-1)) + 1
        raise FileError(
            f"{path.name} must have {facts.window} rows without a gap of over {facts.max_gap:g} s (the window of the model). "
            f"Received: at most {longest}."
        )
    for end in ends.tolist():
        yield FileWindow(rows[max(int(start[end]), end - facts.length + 1) : end + 1])


def _in_order(frame: Frame, facts: SeriesFacts) -> tuple[list[FileRow], Array | None]:
    """The rows in order of series and time, and the series of each as a number, (n,) int64. Raises FileError."""
    rows, row_id, clock = _rows(frame, facts), np.array(frame.row_id, dtype=str), facts.clock_format
    series = None
    if facts.series is not None and facts.series in frame.columns:
        series = np.array([str(cell or "") for cell in as_cells(frame.columns[facts.series])], dtype=str)
    reading = np.array([row.moment.reading for row in rows], np.int64)
    local = np.array([row.moment.ahead_us == NAIVE for row in rows]) & (clock.zone is not None)
    stamps = settled(reading, local, clock, series, row_id)
    for row, stamp in zip(rows, stamps.tolist(), strict=True):
        row.stamp = stamp
    order = np.lexsort((stamps,) if series is None else (stamps, series))
    code = None if series is None else np.unique(series[order], return_inverse=True)[1]
    return [rows[index] for index in order.tolist()], code


def _rows(frame: Frame, facts: SeriesFacts) -> list[FileRow]:
    """Read every row in the order of the file. Raises FileError with the file and line of a cell that cannot be read."""
    wanted = {*facts.clock_format.names, *facts.sensors, facts.series}
    names = [name for name in frame.columns if name in wanted]
    columns = zip(*(_plain(frame.columns[name]) for name in names), strict=True)
    cells = (dict(zip(names, row, strict=True)) for row in columns)
    return [_row(row, row_id, facts) for row, row_id in zip(cells, frame.row_id, strict=True)]


def _plain(column: Cells | Array) -> Sequence[Any]:
    """Cells of text as they are written; numbers and booleans of Parquet as JSON has them, None where missing."""
    if not isinstance(column, np.ndarray) or column.dtype.kind not in "fi":
        return as_cells(column)
    if column.dtype.kind == "i":
        return [None if value < 0 else bool(value) for value in column.tolist()]
    return [None if np.isnan(value) else value for value in column.tolist()]


def _row(cells: dict[str, Any], row_id: str, facts: SeriesFacts) -> FileRow:
    clock = facts.clock_format
    try:
        moment = moments.row_moment(cells, clock)
    except (ValueError, OverflowError) as error:
        received = ", ".join(repr(cells[name]) for name in clock.names)
        raise FileError(
            f"{row_id}: '{', '.join(clock.names)}' must hold a time stamp in each row. Received: {received:.80}."
        ) from error
    return FileRow(cells, moment, [_value(cells[name], name, row_id, facts) for name in facts.sensors], row_id)


def _value(cell: Any, name: str, row_id: str, facts: SeriesFacts) -> float:
    try:
        return row_value(cell, facts.format_of(name), facts.spellings)
    except (ValueError, OverflowError) as error:
        raise FileError(
            f"{row_id}: '{name}' must hold a finite number, a boolean or a missing value. Received: {cell!r:.40}."
        ) from error
