"""What every runtime asks of the arrays that it is handed."""

from __future__ import annotations

import numpy as np

from minnow.types import Array, Columns, Spec


def rows_of(spec: Spec, inputs: Columns) -> Array:
    """Return the array that a spec names, in its dtype and contiguous. Raises ValueError when it is not there."""
    if spec.name not in inputs:
        came = ", ".join(sorted(inputs)) or "no array"
        raise ValueError(f"The model needs the array '{spec.name}'. Received: {came}.")
    return np.ascontiguousarray(inputs[spec.name], dtype=spec.dtype)
