"""Rows of ids of different lengths, one after the other, and the distinct ids of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minnow.types import Array

_CHUNK = 4096


@dataclass(frozen=True)
class Ragged:
    """Ids of rows. values: (k,) int32, those of the first row, then of the second; counts: (n,) int64, number of each row."""

    values: Array
    counts: Array

    @property
    def widest(self) -> int:
        """Largest number of ids in a row, at least 1."""
        return int(self.counts.max(initial=1))

    def padded(self, width: int) -> Array:
        """Arrange the ids in rows, (n, width) int32, padded with 0; those beyond the width are left out."""
        if len(self.counts) == 1:
            row = np.zeros((1, width), np.int32)
            row[0, : min(width, len(self.values))] = self.values[:width]
            return row
        rows, ends = np.zeros((len(self.counts), width), np.int32), np.cumsum(self.counts)
        for first in range(0, len(rows), _CHUNK):
            counts = self.counts[first : first + _CHUNK]
            start = ends[first] - counts[0]
            values = self.values[start : start + counts.sum()]
            if counts.max() > width:
                values = values[_places(counts) < width]
            rows[first : first + _CHUNK][np.arange(width) < counts[:, None]] = values
        return rows


def joined(parts: Sequence[Ragged]) -> Ragged:
    """Put the rows of parts one below the other; parts may not be empty."""
    if len(parts) == 1:
        return parts[0]
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([part.counts for part in parts]))


def cut(ids: Ragged, length: int, keep: str) -> Ragged:
    """Keep at most length ids of each row, those of its "beginning" or its "end"."""
    if ids.widest <= length:
        return ids
    places, counts = _places(ids.counts), np.minimum(ids.counts, length)
    kept = places < length if keep == "beginning" else places >= np.repeat(ids.counts - counts, ids.counts)
    return Ragged(ids.values[kept], counts)


def _places(counts: Array) -> Array:
    """Place of each id in its row, (k,) int64."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def distinct(rows: Array, values: Array, n: int, size: int) -> Ragged:
    """Keep each value once per row, in ascending order.

    rows: (k,) int64 below n, the row of each value, in any order; values: (k,) int64 below size.
    """
    codes = rows * size + values
    codes = unique(codes.astype(np.uint32) if n * size <= np.iinfo(np.uint32).max else codes)
    rows = codes // codes.dtype.type(size)
    values = (codes - rows * codes.dtype.type(size)).astype(np.int32)
    return Ragged(values, np.bincount(rows, minlength=n))


def unique(values: Array) -> Array:
    """Distinct integers in ascending order: np.unique hashes them first, which takes ten times as long as to sort them."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
