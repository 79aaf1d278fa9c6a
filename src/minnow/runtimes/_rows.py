"""The arrays that a model takes, checked and brought to its dtypes."""

from __future__ import annotations

import numpy as np

from minnow.types import Array, Columns, Spec


def rows_of(spec: Spec, inputs: Columns) -> Array:
    """Return the array that a spec names, contiguous and in its dtype. Raises ValueError when it is missing."""
    if spec.name not in inputs:
        received = ", ".join(sorted(inputs)) or "no array"
        raise ValueError(f"The model needs the array '{spec.name}'. Received: {received}.")
    return np.ascontiguousarray(inputs[spec.name], dtype=spec.dtype)
