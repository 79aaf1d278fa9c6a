"""Values of sensors, from files and from requests."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from minnow.modalities.timeseries.clocks import DAY_US
from minnow.modalities.timeseries.moments import as_number
from minnow.modalities.timeseries.stamps import refuse
from minnow.tables.cells import boolean, is_missing, raw, value_of
from minnow.tables.expectations import LARGEST
from minnow.tables.numbers import plain
from minnow.types import Array, ColumnFormat


def sensor_values(values: Array, name: str, row_id: Array) -> Array:
    """Values of a sensor, (n,) float64, NaN where missing. values: numeric, boolean, dates or text of numbers.

    Raises FileError with the rows of other text.
    """
    if values.dtype.kind not in "OU":
        return raw(values)
    numbers = np.array([_as_reading(cell) for cell in values.tolist()])
    needed = (
        f"Sensor '{name}' must hold numbers or booleans; leave it out (options.drop, options.sensors) or encode it."
    )
    refuse(row_id, np.flatnonzero(np.isinf(numbers)), needed)
    return numbers


def _as_reading(cell: str) -> float:
    try:
        return plain(cell) if cell else math.nan
    except ValueError:
        return math.inf


def row_value(value: Any, form: ColumnFormat, missing: Collection[str]) -> float:
    """Value of a sensor in a row of a request or of a file, NaN where it is missing. Raises ValueError.

    form: how the cells of the sensor are written in the training files. missing: spellings of a missing value, in lower case.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in missing):
        return math.nan
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float) and is_missing(value, missing):
        return math.nan
    reading = _of_text(value.strip(), form) if isinstance(value, str) else as_number(value)
    if not abs(reading) <= LARGEST:
        raise ValueError(value)
    return reading


def _of_text(text: str, form: ColumnFormat) -> float:
    if form.kind == "date":
        return value_of(text, form) / DAY_US
    if form.kind != "categorical":
        return float(value_of(text, form))
    try:
        return plain(text)
    except ValueError:
        return float(boolean(text))
