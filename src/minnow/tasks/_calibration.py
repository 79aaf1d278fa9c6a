"""How well probabilities are calibrated."""

from __future__ import annotations

import numpy as np

from minnow.tasks._rules import PROBABILITIES
from minnow.types import Array, Batch, Outputs

_BINS = 15


def miscalibration(outputs: Outputs, batch: Batch) -> Array:
    """Expected calibration error of the most probable label plus the influence of each row on it, (n,) float64.

    Rows are put into fifteen bins of equal width by their probability. The error of a bin is how far the mean probability lies
    from the share that is right; a row counts with its own gap, in the direction of its bin. Source: Guo et al. 2017.
    """
    probabilities = outputs[PROBABILITIES].astype(np.float64)
    confidence = probabilities.max(axis=1)
    gap = confidence - (probabilities.argmax(axis=1) == batch.target)
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    return gap * np.sign(np.bincount(bins, weights=gap, minlength=_BINS))[bins]
