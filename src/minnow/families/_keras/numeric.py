"""The numbers of a table as a network reads them: cut off, scaled, and as positions in bins.

The position in a bin is 0 below it, 1 above it and linear between, times HEIGHT; the bins of a number lie between quantiles
of train, so that steps and bends of its effect are linear functions of the positions. Source: the piecewise linear encoding of
Gorishniy, Rubachev & Babenko 2022, "On Embeddings for Numerical Features in Tabular Deep Learning".

All constants are numbers of float16, so that a file in half precision has the same bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minnow.types import Array

_TAIL = 0.01
"""Share of rows at either end that do not decide where a number is cut off."""
_MARGIN = 0.5
"""How far beyond the quantiles at _TAIL a number is cut off, as a share of their distance: about 4.7 standard deviations from
the mean of a normal distribution."""
_NARROWEST = 1 / 1024
"""Least width of a bin, in standard deviations."""
HEIGHT = 0.25
"""What a position beyond its bin is for the network. With 1 the many positions of a number, which change together, outweigh the
number itself from the first steps on, and noise is followed."""


@dataclass(frozen=True)
class NumericEncoding:
    """How numbers (n, d) are encoded.

    low, high: (d,) float32, where they are cut off; center, scale: (d,) float32, with which they are standardized then.
    columns: (h,) int32, the number that each bin is of; starts, widths: (h,) float32, in standard deviations.
    """

    low: Array
    high: Array
    center: Array
    scale: Array
    columns: Array
    starts: Array
    widths: Array

    def apply(self, numbers: Any) -> tuple[Any, Any]:
        """Encode numbers, a Keras tensor (n, d). Returns them scaled, and the positions (n, h), None without bins."""
        import keras

        ops: Any = keras.ops
        cut_off = ops.minimum(ops.maximum(numbers, self.low), self.high)
        scaled = ops.multiply(ops.subtract(cut_off, self.center), self.scale)
        if not len(self.columns):
            return scaled, None
        values = ops.subtract(ops.take(scaled, self.columns, axis=1), self.starts)
        return scaled, ops.clip(ops.multiply(values, _half(HEIGHT / self.widths)), 0.0, HEIGHT)


def add_positions(x: Any, positions: Any, regularizer: Any) -> Any:
    """Add a linear function of positions (n, h) to x (n, u). Its weights begin at 0: a training begins with straight lines.

    Its product is one of its own, so that int8 has a range for positions, which are much smaller than other inputs.
    """
    from keras import layers

    options: dict[str, Any] = {"kernel_initializer": "zeros", "kernel_regularizer": regularizer, "name": "positions"}
    return layers.Add()([x, layers.Dense(x.shape[-1], use_bias=False, **options)(positions)])


def encoding_of(numbers: Array, bins: int) -> NumericEncoding:
    """Learn the encoding from rows of train, (n, d) float32. bins: most of them per number; a constant has none."""
    low, high = _limits(numbers)
    cut_off = np.clip(numbers, low, high)
    center, spread = _half(cut_off.mean(axis=0, dtype=np.float64)), cut_off.std(axis=0, dtype=np.float64)
    varies = cut_off.max(axis=0) > cut_off.min(axis=0)
    scale = _half(1 / np.maximum(np.where(varies, spread, 1), 1 / np.finfo(np.float16).max))
    edges = [_edges(values, bins) for values in ((cut_off - center) * scale).T]
    return NumericEncoding(
        low,
        high,
        center,
        scale,
        columns=np.repeat(np.arange(len(edges), dtype=np.int32), [len(values) - 1 for values in edges]),
        starts=np.concatenate([values[:-1] for values in edges]),
        widths=np.concatenate([np.diff(values) for values in edges]),
    )


def _limits(numbers: Array) -> tuple[Array, Array]:
    """Where numbers (n, d) are cut off, (d,) float32 each; those of which nearly all rows are equal are not."""
    low, high = np.quantile(numbers, [_TAIL, 1 - _TAIL], axis=0)
    margin = _MARGIN * (high - low)
    varies = margin > 0
    least, most = numbers.min(axis=0), numbers.max(axis=0)
    return _half(np.where(varies, low - margin, least)), _half(np.where(varies, high + margin, most))


def _edges(values: Array, bins: int) -> Array:
    """Ends of the bins of scaled values (n,), at their quantiles, or at each of few different values. Returns float32."""
    different = np.unique(values)
    if len(different) > bins + 1:
        different = np.quantile(values, np.linspace(0, 1, bins + 1), method="nearest")
    return np.unique(_half(np.round(different / _NARROWEST) * _NARROWEST))


def _half(values: Array) -> Array:
    """Round to numbers of float16. Returns float32."""
    return np.asarray(values).astype(np.float16).astype(np.float32)
