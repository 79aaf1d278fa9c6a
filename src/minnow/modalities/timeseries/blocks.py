"""Groups of rows that are resampled together: days, or shorter blocks of time where a recording has few days."""

from __future__ import annotations

from itertools import product

import numpy as np

from minnow.modalities.timeseries.clocks import DAY_US, SECOND
from minnow.types import Array

DAYS = 7
"""Least number of days from which on rows are grouped by days."""
BLOCKS = 30
"""Number of blocks that a shorter recording is divided into at least, where its examples are short enough."""
_HOURS = (43_200, 21_600, 14_400, 10_800, 7_200, 3_600)
_MINUTES = (1_800, 1_200, 600, 300, 120, 60, 30, 20, 10, 5, 2, 1)
_LENGTHS = [
    *(seconds * SECOND for seconds in (*_HOURS, *_MINUTES)),
    *(first * tenth for tenth, first in product([10**power for power in range(5, -1, -1)], (5, 2, 1))),
]
"""Lengths of blocks in microseconds, longest first."""


def groups(reading: Array, span_s: float) -> Array:
    """Number of the block of time that each row is in, (n,) uint64.

    reading: (n,) int64, microseconds on the wall clock, of rows of one or several series: rows of one block are similar,
    whichever series they are of. span_s: seconds that the history of an example covers; no block is shorter.
    """
    days = reading // DAY_US
    if len(np.unique(days)) >= DAYS:
        return days.astype(np.uint64)
    fitting = [length for length in _LENGTHS if length >= span_s * SECOND] or [DAY_US]
    counts = (len(np.unique(reading // length)) for length in fitting)
    length = next((length for length, count in zip(fitting, counts, strict=True) if count >= BLOCKS), fitting[-1])
    return (reading // length).astype(np.uint64)
