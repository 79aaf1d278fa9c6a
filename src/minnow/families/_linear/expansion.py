"""Further features of a linear model, made of the numbers of a row: pieces of lines, and products of two numbers.

A piece is max(0, x - knot): with weights of several knots the effect of a number is a line with bends, a spline of degree 1, as
in Friedman 1991. Products let the effect of a number depend on another one, and, of a number with itself, be curved.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from minnow.types import Array

FARTHEST = np.float32(4.0)
"""Standard deviations from the mean at which a factor of a product is cut off, since products of outliers would be huge."""
MOST_PRODUCTS = 500


def products_of(width: int) -> int:
    """Number of products of two of so many numbers, squares included."""
    return width * (width + 1) // 2


@dataclass(frozen=True)
class Expansion:
    """Features of numbers (n, d). columns: (h,) int64, the numbers that have the knots, (h,) float32.

    left, right: (p,) int64, numbers that are multiplied. center, scale: (d,) float32, with which they are standardized before.
    """

    columns: Array
    knots: Array
    left: Array
    right: Array
    center: Array
    scale: Array

    @property
    def size(self) -> int:
        """Number of features."""
        return len(self.knots) + len(self.left)

    @property
    def parameters(self) -> int:
        """Number of knots, and of what factors are standardized with."""
        return len(self.knots) + (2 * len(self.center) if len(self.left) else 0)

    def features(self, numbers: Array) -> Array:
        """Return the features of rows, (n, h + p) float32."""
        pieces = np.maximum(numbers[:, self.columns] - self.knots, np.float32(0))
        factors = np.clip((numbers - self.center) * self.scale, -FARTHEST, FARTHEST)
        return np.concatenate([pieces, factors[:, self.left] * factors[:, self.right]], axis=1, dtype=np.float32)


def expansion_of(numbers: Array, knots: int, *, products: bool) -> Expansion:
    """Make the expansion of rows of train, (n, d) float32. knots: most of them per number, at quantiles.

    Raises ValueError where there would be more than MOST_PRODUCTS products.
    """
    width = numbers.shape[1]
    if products and products_of(width) > MOST_PRODUCTS:
        raise ValueError(
            f"interactions: {width} numbers have {products_of(width):,} products of two; {MOST_PRODUCTS} are the most. Drop "
            "columns, or leave interactions out."
        )
    pairs = np.array(list(combinations_with_replacement(range(width), 2)) if products else [], np.int64).reshape(-1, 2)
    shares = np.arange(1, knots + 1) / (knots + 1)
    quantiles = np.quantile(numbers, shares, axis=0, method="lower") if knots else np.empty((0, width))
    ends = zip(quantiles.T, numbers.min(axis=0), numbers.max(axis=0), strict=True)
    places = [np.unique(values[(values > least) & (values < most)]) for values, least, most in ends]
    spread = numbers.std(axis=0)
    return Expansion(
        columns=np.repeat(np.arange(width), [len(values) for values in places]),
        knots=np.concatenate(places).astype(np.float32),
        left=pairs[:, 0],
        right=pairs[:, 1],
        center=numbers.mean(axis=0).astype(np.float32),
        scale=(1 / np.where(spread > 0, spread, 1)).astype(np.float32),
    )
