"""Words and pairs of words as ids; NumPy hashes pairs."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minnow.modalities.text.ngrams import SPECIAL
from minnow.modalities.text.ragged import Ragged, cut, distinct, joined
from minnow.modalities.text.splitting import split
from minnow.types import Array

_UNKNOWN = 1
_TEXTS = 512
"""Texts whose words are in memory at once."""
_ROWS = 128
"""Rows that are sorted at once: many short sorts take less time than a long one."""


@dataclass(frozen=True)
class Extent:
    """The part of a text that is read. length: in words; keep: "beginning" or "end"; characters: see splitting.split."""

    length: int
    keep: str = "beginning"
    characters: bool = False


class Vocabulary(dict[str, int]):
    """Ids of known words: those of words[i] is i + 2. Every other word has the id 1."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(zip(words, range(SPECIAL, SPECIAL + len(words)), strict=True))

    def __missing__(self, word: str) -> int:
        """Return the id of unknown words."""
        return _UNKNOWN

    def ids(self, texts: Sequence[str], extent: Extent) -> Array:
        """Ids of the words of texts, (n, length) int32, padded with 0."""
        parts = [_ids(texts[i : i + _TEXTS], self.__getitem__, extent) for i in range(0, max(len(texts), 1), _TEXTS)]
        return joined([cut(part, extent.length, extent.keep) for part in parts]).padded(extent.length)


def _ids(texts: Sequence[str], find: Callable[[str], int], extent: Extent) -> Ragged:
    """Ids of all words of texts. find: word -> id."""
    values, counts = array("i"), []
    for words in split(texts, extent.characters):
        values.extend(map(find, words))
        counts.append(len(words))
    return Ragged(np.frombuffer(values, np.int32), np.array(counts, np.int64))


def learn_words(texts: Sequence[str], vocabulary: int, extent: Extent, least: int = 2) -> tuple[list[str], Array]:
    """Find the most frequent words, at most vocabulary, with at least least occurrences; ties in alphabetical order.

    Whole texts are counted. Returns the words, and the ids of texts as Vocabulary.ids does.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    counts, parts = np.zeros(0, np.int64), list[Ragged]()
    for start in range(0, max(len(texts), 1), _TEXTS):
        part = _ids(texts[start : start + _TEXTS], numbers.__getitem__, extent)
        more = np.bincount(part.values, minlength=len(numbers))
        more[: len(counts)] += counts
        counts = more
        parts.append(cut(part, extent.length, extent.keep))
    frequent = [(-count, word) for word, count in zip(numbers, counts.tolist(), strict=True) if count >= least]
    words = [word for _, word in sorted(frequent)[:vocabulary]]
    ids = np.full(len(numbers), _UNKNOWN, np.int32)
    ids[[numbers[word] for word in words]] = np.arange(SPECIAL, SPECIAL + len(words))
    found = joined(parts)
    return words, Ragged(ids[found.values], found.counts).padded(extent.length)


def hashed_pairs(ids: Array, words: int, buckets: int) -> Ragged:
    """Ids of the distinct known words and of the pairs of neighbouring known words of each row; pairs are hashed.

    ids: (n, length) int32, 0 pads, 1 unknown. words: ids below this are words; the id of a pair is words + its hash.
    """
    return joined([_hashed(ids[i : i + _ROWS], words, buckets) for i in range(0, max(len(ids), 1), _ROWS)])


def _hashed(ids: Array, words: int, buckets: int) -> Ragged:
    known = ids >= SPECIAL
    rows, positions = np.nonzero(known)
    pair_rows, starts = np.nonzero(known[:, :-1] & known[:, 1:])
    left, right = (ids[pair_rows, starts + step].astype(np.uint32) for step in (0, 1))
    mixed = left * np.uint32(0x9E3779B1) + right * np.uint32(0x85EBCA77)
    hashed = (mixed ^ (mixed >> np.uint32(15))) % np.uint32(buckets)
    values = np.concatenate([ids[rows, positions], hashed.astype(np.int64) + words])
    return distinct(np.concatenate([rows, pair_rows]), values, len(ids), words + buckets)
