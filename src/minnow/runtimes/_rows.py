"""The input arrays of a model, checked and converted to its dtypes."""

from __future__ import annotations

import numpy as np

from minnow.types import Array, Columns, Spec


def rows_of(spec: Spec, inputs: Columns) -> Array:
    """Return the array of a spec, contiguous and in its dtype. Raises ValueError where it is missing."""
    if spec.name not in inputs:
        received = ", ".join(sorted(inputs)) or "no array"
        raise ValueError(f"The model needs the array '{spec.name}'. Received: {received}.")
    return np.ascontiguousarray(inputs[spec.name], dtype=spec.dtype)
