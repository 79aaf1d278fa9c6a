"""Histories of a request or of a file of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.timeseries import moments, windows
from minnow.modalities.timeseries.encoder import SeriesEncoder, SeriesFacts
from minnow.modalities.timeseries.options import SENSOR, STAMP, Options
from minnow.tables.cells import boolean
from minnow.tables.files import FileError, json_list
from minnow.tables.frames import SUFFIXES, as_cells, read_frame
from minnow.types import Array, Columns

Time = str | Sequence[str]
REQUEST: dict[str, Any] = {
    "description": "The latest rows of the series, oldest first: each an object with the time stamp and a value (or null) for "
    "every sensor. The prediction is for the last row, or for the horizon after it.",
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}, {"type": "null"}]
        },
    },
}
EXAMPLE_START = np.datetime64("2024-01-01T12:00:00", "s")


def request(encoder: SeriesEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input of a request: the latest rows of a series."""
    return REQUEST


def example(encoder: SeriesEncoder, rows: Columns) -> list[dict[str, Any]]:
    """Return a valid window, for the documentation of the service: every sensor has its median of train."""
    facts = encoder.facts
    readings = dict(zip(facts.sensors, facts.fill, strict=True))
    times = [EXAMPLE_START + np.timedelta64(int(index * facts.step), "s") for index in range(facts.window)]
    return [_as_time(moment, facts.time) | readings for moment in times]


def _as_time(moment: np.datetime64, time: Time) -> dict[str, Any]:
    if isinstance(time, str):
        return {time: str(moment)}
    parts = str(moment).replace("T", "-").replace(":", "-").split("-")
    return {name: int(part) for name, part in zip(time, parts, strict=False)}


def parse(inputs: Sequence[Any], encoder: SeriesEncoder) -> dict[str, Array]:
    """Check the inputs of one request: each a list of the latest rows of a series, oldest first, at least a window.

    Returns "sensor NAME" (n, length) float64 and "row stamp" (n,) int64, as examples does. Raises ValueError with the input,
    the row and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one series, received none.")
    histories = [_history(rows, f"inputs[{index}]", encoder.facts) for index, rows in enumerate(inputs)]
    values = np.stack([values for values, _ in histories])
    columns = {SENSOR + name: values[:, :, index] for index, name in enumerate(encoder.facts.sensors)}
    return columns | {STAMP: np.array([stamp for _, stamp in histories], np.int64)}


def _history(rows: Any, where: str, facts: SeriesFacts) -> tuple[Array, int]:
    """Values (length, s) and the time stamp of the last row. Raises ValueError that begins with where."""
    if not isinstance(rows, list):
        raise ValueError(f"{where}: needed a list of rows, oldest first, received {type(rows).__name__} {rows!r:.40}.")
    if len(rows) < facts.window:
        raise ValueError(f"{where}: needed at least the latest {facts.window} rows, received {len(rows)}.")
    latest = list(enumerate(rows))[-facts.length :]
    stamps = [_row_time(row, where, index, facts.time) for index, row in latest]
    begin = _after_last_gap(stamps, where, latest[0][0], facts.max_gap)
    values = np.array([_row_values(row, where, index, facts.sensors) for index, row in latest])[begin:]
    if len(values) < facts.window:
        raise ValueError(
            f"{where}: needed {facts.window} rows after the last gap of over {facts.max_gap:g} s, received {len(values)}."
        )
    before = np.repeat(values[:1], facts.length - len(values), axis=0)
    return np.concatenate([before, values]), stamps[-1]


def _row_time(row: Any, where: str, index: int, time: Time) -> int:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: needed an object as row {index}, received {type(row).__name__} {row!r:.40}.")
    try:
        return moments.row_time(row, time)
    except (ValueError, KeyError, OverflowError, TypeError) as error:
        names = [time] if isinstance(time, str) else time
        values = {name: row.get(name) for name in names}
        raise ValueError(
            f"{where}: needed a time stamp as '{', '.join(names)}' in row {index}, received {values!r:.80}."
        ) from error


def _after_last_gap(stamps: Sequence[int], where: str, first: int, max_gap: float) -> int:
    """Index of the first row after the last gap. first: index of stamps[0]. Raises ValueError for rows not in order of time."""
    steps = np.diff(np.array(stamps, np.int64))
    if (steps <= 0).any():
        index = int(np.flatnonzero(steps <= 0)[0]) + 1 + first
        raise ValueError(
            f"{where}: needed rows in order of time, received row {index}, which is not later than the one before."
        )
    gaps = np.flatnonzero(steps > max_gap)
    return int(gaps[-1]) + 1 if len(gaps) else 0


def _row_values(row: Mapping[str, Any], where: str, index: int, sensors: Sequence[str]) -> list[float]:
    values = []
    for name in sensors:
        if name not in row:
            raise ValueError(f"{where}: needed '{name}' (or null) in row {index}, received none.")
        try:
            values.append(moments.row_value(row[name]))
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"{where}: needed a finite number, true, false or null as '{name}' in row {index}, received {row[name]!r:.40}."
            ) from error
    return values


def from_file(path: Path, options: Options, encoder: SeriesEncoder) -> Sequence[Any]:
    """Read inputs for a prediction: a file of rows, with one input for each row that ends a window, or a JSON list of inputs.

    Raises FileError, a ValueError, with the path of the file.
    """
    if path.suffix == ".json":
        return json_list(path)
    if not path.name.lower().endswith(SUFFIXES):
        raise FileError(f"{path} must be one of {', '.join(SUFFIXES)} or .json.")
    frame = read_frame(path, options)
    columns = {name: as_cells(values) for name, values in frame.columns.items()}
    rows = [{name: _cell(cells[i]) for name, cells in columns.items()} for i in range(len(frame.row_id))]
    stamps = np.array([_row_time(row, path.name, index, options.time) for index, row in enumerate(rows)], np.int64)
    order = np.argsort(stamps, kind="stable")
    start = windows.stretch_starts(stamps[order], options.max_gap)
    ends = windows.example_rows(start, options.window, 0)
    return [[rows[i] for i in order[max(start[end], end - options.length + 1) : end + 1]] for end in ends]


def _cell(text: str | None) -> Any:
    """Convert a cell to a value of a request: a number, a boolean, a text, or None."""
    if text is None:
        return None
    for read in (float, lambda word: bool(boolean(word))):
        try:
            return read(text)
        except ValueError:
            continue
    return text
