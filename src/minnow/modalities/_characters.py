"""Character n-grams as ids, by hash: what a word is made of says something even where nobody knows the word."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

from minnow.modalities._ngrams import distinct
from minnow.types import Array

MOST = 100_000
"""Characters of a text that are read, which is what a request may hold."""
CHUNK = 1024
FACTOR = np.uint32(0x01000193)
"""Source: Fowler, Noll and Vo 1991."""


def ngrams(texts: Array, lengths: Sequence[int], buckets: int, width: int | None) -> Array:
    """Hash the distinct character n-grams of texts (n,) of str, of every length from lengths[0] to lengths[1].

    White space counts as one blank, and a blank stands before and behind a text. Returns (n, width) int32 from 1 to buckets in
    rising order, padded with 0; a width of None takes what is needed.
    """
    parts = [_hashed(texts[i : i + CHUNK], lengths, buckets) for i in range(0, max(len(texts), 1), CHUNK)]
    if width is None:
        width = max(1, *(int(np.bincount(rows).max(initial=0)) for rows, _ in parts))
    counts = [len(texts[i : i + CHUNK]) for i in range(0, max(len(texts), 1), CHUNK)]
    made = [distinct(*part, n, width, buckets + 1) for part, n in zip(parts, counts, strict=True)]
    return made[0] if len(made) == 1 else np.concatenate(made)


def _hashed(texts: Array, lengths: Sequence[int], buckets: int) -> tuple[Array, Array]:
    """Rows and distinct ids of the n-grams of some texts."""
    plain = [f" {' '.join(unicodedata.normalize('NFC', text[:MOST]).lower().split())} " for text in texts]
    letters = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)
    row = np.repeat(np.arange(len(plain)), [len(text) for text in plain])
    mixed, found_rows, found = np.zeros(len(letters), np.uint32), [], []
    for length in range(1, lengths[1] + 1):
        mixed = (mixed[: len(letters) - length + 1] ^ letters[length - 1 :]) * FACTOR
        if length >= lengths[0]:
            inside = row[: len(mixed)] == row[length - 1 :]
            spread = (mixed ^ (mixed >> np.uint32(15)) ^ np.uint32(length)) * np.uint32(0x9E3779B1)
            found_rows.append(row[: len(mixed)][inside])
            found.append(((spread >> np.uint32(4)) % np.uint32(buckets))[inside].astype(np.int64) + 1)
    rows, ids = np.concatenate(found_rows), np.concatenate(found)
    codes = np.unique(rows * np.int64(buckets + 1) + ids)
    return codes // (buckets + 1), codes % (buckets + 1)
