"""Character n-grams as hashed ids: they are known for words that do not occur in train, too."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minnow.modalities.text.ragged import Ragged, distinct, joined
from minnow.types import Array

_MAX_CHARACTERS = 100_000
"""Largest number of characters of a text that are read; longer requests are refused."""
_TEXTS = 128
"""Texts whose n-grams are sorted at once: many short sorts take less time than a long one."""
_USUAL = 0.99
_FACTOR = np.uint32(0x01000193)
"""Source: Fowler, Noll and Vo 1991."""


@dataclass(frozen=True)
class CharNgrams:
    """Settings of character n-grams. lengths: shortest and longest; buckets: number of ids; width: columns of the array."""

    lengths: tuple[int, int]
    buckets: int
    width: int


def fit_char_ngrams(texts: Array, lengths: Sequence[int], buckets: int) -> tuple[CharNgrams, Array]:
    """Determine the width for the n-grams of texts (n,) of str. lengths, buckets: see CharNgrams.

    It suits the longest text, but no more than twice those of 99 texts in 100, since every row has as many columns. Returns the
    n-grams of the texts too, as char_ngram_ids does.
    """
    ids = _distinct(texts, lengths, buckets)
    width = min(ids.widest, 2 * np.quantile(ids.counts, _USUAL)) if len(texts) else 0
    settings = CharNgrams((lengths[0], lengths[1]), buckets, max(1, int(width)))
    return settings, ids.padded(settings.width)


def char_ngram_ids(texts: Array, settings: CharNgrams) -> Array:
    """Hash the distinct character n-grams of texts (n,) of str.

    Runs of white space count as one blank, and a blank is added before and after each text. Returns (n, width) int32 from 1
    to buckets in ascending order, padded with 0; of a text with more of them those with the highest ids are left out.
    """
    return _distinct(texts, settings.lengths, settings.buckets).padded(settings.width)


def _distinct(texts: Array, lengths: Sequence[int], buckets: int) -> Ragged:
    return joined([_hashed(texts[i : i + _TEXTS], lengths, buckets) for i in range(0, max(len(texts), 1), _TEXTS)])


def _hashed(texts: Array, lengths: Sequence[int], buckets: int) -> Ragged:
    """Hash the n-grams of a few texts."""
    plain = [f" {' '.join(unicodedata.normalize('NFC', text[:_MAX_CHARACTERS]).lower().split())} " for text in texts]
    characters = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)
    row = np.repeat(np.arange(len(plain)), [len(text) for text in plain])
    mixed, all_rows, all_ids = np.zeros(len(characters), np.uint32), [], []
    for length in range(1, lengths[1] + 1):
        mixed = (mixed[: len(characters) - length + 1] ^ characters[length - 1 :]) * _FACTOR
        if length >= lengths[0]:
            inside = row[: len(mixed)] == row[length - 1 :]
            spread = (mixed ^ (mixed >> np.uint32(15)) ^ np.uint32(length)) * np.uint32(0x9E3779B1)
            all_rows.append(row[: len(mixed)][inside])
            all_ids.append(((spread >> np.uint32(4)) % np.uint32(buckets))[inside].astype(np.int64) + 1)
    return distinct(np.concatenate(all_rows), np.concatenate(all_ids), len(plain), buckets + 1)
