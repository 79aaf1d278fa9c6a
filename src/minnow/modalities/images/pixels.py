"""Pixels of a request: checks of nested lists before they are converted to an image."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from minnow.types import Array

_MAX_DEPTH = 4


def check(value: Any, where: str, shape: tuple[int, int, int], scale: float) -> Array:
    """Check one image, nested lists or an array, (h, w, c) or (h, w) where c is 1. Returns (h, w, c) float64.

    where: name of the input in messages. Raises ValueError for another shape, for a value that is not a finite number,
    and for values outside of 0..scale.
    """
    h, w, c = shape
    needed = f"{h} rows of {w} pixels" + (f" of {c} channels" if c > 1 else "")
    pixels = _numbers(value, where, needed)
    if pixels.shape != (h, w, c) and not (c == 1 and pixels.shape == (h, w)):
        raise ValueError(f"{where}: needed {needed}, received an array of shape {list(pixels.shape)}.")
    if not (pixels.min() >= 0 and pixels.max() <= scale):  # in this form NaN fails as well
        bad = pixels[~((pixels >= 0) & (pixels <= scale))]
        raise ValueError(f"{where}: needed pixel values from 0 to {scale:g}, received {bad[0]:g}.")
    return pixels.reshape(h, w, c)


def _numbers(value: Any, where: str, needed: str) -> Array:
    """Convert nested lists to an array. Raises ValueError also for values that NumPy would convert: text and booleans."""
    try:
        pixels = np.asarray(value)
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError(f"{where}: needed {needed}, received rows of unequal length or depth.") from error
    if not pixels.size:
        raise ValueError(f"{where}: needed {needed}, received no pixels.")
    if pixels.dtype.kind not in "iuf":
        raise ValueError(f"{where}: needed {needed}, each a number, received {_first_not_a_number(value)}.")
    if not isinstance(value, np.ndarray) and bool in _types(value, pixels.ndim):
        raise ValueError(f"{where}: needed {needed}, each a number, received true or false.")
    return pixels.astype(np.float64)


def _types(value: Any, depth: int) -> set[type]:
    """Types of the values in lists nested depth levels deep."""
    values = [value]
    for _ in range(depth):
        values = chain.from_iterable(values)
    return set(map(type, values))


def _first_not_a_number(value: Any, depth: int = 0) -> str:
    """Text about the first value in nested lists that is not a number; "" where all are."""
    if isinstance(value, list) and depth > _MAX_DEPTH:
        return "lists nested too deeply"
    if isinstance(value, list):
        descriptions = (_first_not_a_number(item, depth + 1) for item in value)
        return next((text for text in descriptions if text), "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "" if abs(value) < 2**63 else "a number of over 63 bits"
    return f"{type(value).__name__} {value!r:.40}"
