"""The function of a linear model, computed with NumPy: sums of weights over numbers and over ids, with a bias."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from minnow.families._linear.expansion import Expansion
from minnow.types import OFFSET, Array, Columns, Spec

SHORTEST = 1e-6
"""Smallest Euclidean norm that a sum is divided by: it is 0 where a row has no known id."""
HALVES = np.array([[-0.5, 0.5]], np.float32)
"""From the logit between two labels, (n, 1), to the logits of both."""
Norm = Literal["none", "count", "length"]


@dataclass(frozen=True)
class Numbers:
    """Numbers times weights. specs: of the arrays, which are flat rows one after the other; weights: (m, k) float32.

    expansion: further features, of the last array, whose weights follow.
    """

    specs: tuple[Spec, ...]
    weights: Array
    expansion: Expansion | None = None

    @property
    def parameters(self) -> int:
        """Number of weights, and of what the expansion needs."""
        return self.weights.size + (self.expansion.parameters if self.expansion else 0)

    def sums(self, inputs: Columns) -> Array:
        """Return the sums of rows (n, ...), (n, k) float32."""
        flat = [inputs[spec.name].reshape(len(inputs[spec.name]), width(spec)) for spec in self.specs]
        if self.expansion:
            flat.append(self.expansion.features(flat[-1]))
        return np.concatenate(flat, axis=1, dtype=np.float32) @ self.weights


@dataclass(frozen=True)
class Ids:
    """Weights of ids, summed over a row. spec: of the ids, (c,) int32; weights: (ids, k) float32.

    norm: what a sum is divided by. "count": the root of the number of ids that are not 0; "length": the Euclidean norm of their
    scales, (ids,) float32.
    """

    spec: Spec
    weights: Array
    norm: Norm = "none"
    scales: Array | None = None

    @property
    def parameters(self) -> int:
        """Number of weights and scales."""
        return self.weights.size + (0 if self.scales is None else self.scales.size)

    def sums(self, inputs: Columns) -> Array:
        """Return the sums of rows (n, c), (n, k) float32."""
        ids = inputs[self.spec.name]
        # a column at a time needs k times less memory, and sums in pairs, which rounds less
        columns = np.ascontiguousarray(self.weights.T)
        total = np.stack([column[ids].sum(axis=1) for column in columns], axis=1)
        return total if self.norm == "none" else total / self._divisor(ids)[:, None]

    def _divisor(self, ids: Array) -> Array:
        """What the sum of each row is divided by, (n,) float32."""
        if self.scales is None:
            return np.sqrt(np.maximum(np.count_nonzero(ids, axis=1), 1).astype(np.float32))
        return np.maximum(np.sqrt(np.square(self.scales[ids]).sum(axis=1)), np.float32(SHORTEST))


@dataclass(frozen=True)
class LinearFunction:
    """Sums of weights over numbers and ids, with a bias: logits of labels, or a number.

    output: its name; labels: their number, 0 for a number; bias: (k,) float32. Where labels are two and the ids have one
    weight each, that is of the logit between both. has_offset: the offset is added to the number.
    """

    output: str
    labels: int
    bias: Array
    numbers: Numbers | None = None
    ids: tuple[Ids, ...] = ()
    has_offset: bool = False

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that it needs."""
        specs = (*(self.numbers.specs if self.numbers else ()), *(ids.spec for ids in self.ids))
        return (*specs, Spec(OFFSET, (), "float32")) if self.has_offset else specs

    @property
    def parameters(self) -> int:
        """Number of weights, biases included."""
        of_numbers = self.numbers.parameters if self.numbers else 0
        return of_numbers + sum(ids.parameters for ids in self.ids) + self.bias.size

    def scaled(self, factor: float) -> LinearFunction:
        """Return the function times a factor."""
        one = np.float32(factor)
        numbers = replace(self.numbers, weights=self.numbers.weights * one) if self.numbers else None
        ids = tuple(replace(part, weights=part.weights * one) for part in self.ids)
        return replace(self, bias=self.bias * one, numbers=numbers, ids=ids)

    @property
    def is_shared(self) -> bool:
        """Whether two labels share one weight per id."""
        return self.numbers is None and self.labels == 2 and all(ids.weights.shape[1] == 1 for ids in self.ids)

    def answers(self, rows: Columns) -> Array:
        """Return probabilities (n, k) or numbers (n,) float32. rows: named arrays, (n, ...) each."""
        total = np.sum([part.sums(rows) for part in (self.numbers, *self.ids) if part is not None], axis=0)
        total = (total * HALVES if self.is_shared else total) + self.bias
        if not self.labels:
            return total[:, 0] + rows[OFFSET] if self.has_offset else total[:, 0]
        odds = np.exp(total - total.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


def width(spec: Spec) -> int:
    """Number of numbers in a row of an array."""
    return math.prod(length or 1 for length in spec.shape)
