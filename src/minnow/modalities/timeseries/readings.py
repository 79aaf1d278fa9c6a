"""Values of sensors, from files and from requests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minnow.modalities.timeseries.moments import as_number, refuse
from minnow.tables.cells import number, raw
from minnow.tables.expectations import LARGEST
from minnow.types import Array


def sensor_values(values: Array, name: str, row_id: Array) -> Array:
    """Values of a sensor, (n,) float64, NaN where missing. values: numeric, boolean or text of numbers.

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
        return number(cell) if cell else math.nan
    except ValueError:
        return math.inf


def row_value(value: Any) -> float:
    """Value of a sensor in a row of a request, NaN for null or an empty cell. Raises ValueError."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool):
        return float(value)
    reading = as_number(value)
    if not abs(reading) <= LARGEST:
        raise ValueError(value)
    return reading
