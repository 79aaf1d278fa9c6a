"""Selected n-grams of words with ids of their own: those with the highest chi-square with the labels of train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minnow.modalities.text.ragged import Ragged, distinct, joined
from minnow.types import Array

SPECIAL = 2
"""0 pads, 1 is any unknown word."""
_MIN_ROWS = 2
"""Smallest number of rows of train with an n-gram: one that occurs in a single text does not generalize."""
_ROWS = 128
"""Rows whose n-grams are looked up and sorted at once: many short sorts take less time than a long one."""
Level = tuple[Array, Array]
"""left (k,) int64: ids of n-grams without their last word; right (k,) int64: ids of that word. Sorted by left, right."""


@dataclass(frozen=True)
class NgramVocabulary:
    """Known n-grams. words: ids below this are words. levels: n-grams of two words, then of three; their ids follow."""

    words: int
    levels: tuple[Level, ...]

    @property
    def size(self) -> int:
        """Number of ids."""
        return self.words + sum(len(left) for left, _ in self.levels)

    @cached_property
    def _keys(self) -> list[Array]:
        return [left * self.words + right for left, right in self.levels]

    def find(self, ids: Array) -> Ragged:
        """Ids of the distinct known words and n-grams of rows of words (n, m) int32, padded with 0."""
        return joined([self._find(ids[i : i + _ROWS]) for i in range(0, max(len(ids), 1), _ROWS)])

    def _find(self, ids: Array) -> Ragged:
        places, values = _known(ids)
        all_places, all_values, first = [places], [values], self.words
        for length, keys in enumerate(self._keys, 1):
            places, codes = _follow(ids, places, values, length, self.words)
            index, known = _lookup(keys, codes)
            places, values = places[known], first + index[known]
            all_places.append(places)
            all_values.append(values)
            first += len(keys)
        rows = np.concatenate(all_places) // ids.shape[1]
        return distinct(rows, np.concatenate(all_values), len(ids), self.size)


def _known(ids: Array) -> tuple[Array, Array]:
    """Places of the known words in flat ids, and their ids, (k,) int64 each. ids: (n, m) int32."""
    places = np.flatnonzero(ids >= SPECIAL)
    return places, ids.ravel()[places].astype(np.int64)


def _follow(ids: Array, places: Array, values: Array, length: int, words: int) -> tuple[Array, Array]:
    """Find the n-grams behind which a known word stands in the same row: their places, and codes of both ids, (k,) int64 each.

    ids: (n, m) int32; places: (j,), where n-grams of length words begin in flat ids; values: (j,), their ids.
    """
    inside = places % ids.shape[1] < ids.shape[1] - length
    places, values = places[inside], values[inside]
    right = ids.ravel()[places + length]
    known = right >= SPECIAL
    return places[known], values[known] * words + right[known]


def _lookup(keys: Array, codes: Array) -> tuple[Array, Array]:
    """Look codes up in sorted keys. Returns the index of each and whether it is known."""
    if not len(keys):
        return np.zeros(len(codes), np.int64), np.zeros(len(codes), bool)
    index = np.minimum(np.searchsorted(keys, codes), len(keys) - 1)
    return index, keys[index] == codes


def learn_ngrams(ids: Array, words: int, answers: Array, most: int, longest: int) -> tuple[Array, NgramVocabulary]:
    """Select the n-grams that are most related to the labels.

    ids: (n, m) int32, words of train; words: ids below this are words; answers: (n, k) float64, one column per label with 1
    where a row has it, or one column of numbers; most: number of selected n-grams, single words included; longest: in words.
    Returns the old ids of the words in the selected n-grams, (w,) ascending, and the vocabulary with new ids. The score is
    chi-square of whether a row holds the n-gram. Source: Pearson 1900.
    """
    centre, spread = answers.mean(axis=0), np.maximum(_spread(answers), 1e-12)
    centred = (answers - centre) / np.sqrt(spread)
    levels, scores = _scored_levels(ids, words, centred, longest)
    chosen = np.zeros(len(scores), bool)
    best = np.argsort(-scores, kind="stable")[:most]
    chosen[best[scores[best] > 0]] = True
    return _kept(chosen, levels, words)


def _scored_levels(ids: Array, words: int, centred: Array, longest: int) -> tuple[list[Level], Array]:
    """All n-grams with at least _MIN_ROWS rows, by level, and the concatenated scores of words and n-grams."""
    levels, columns = list[Level](), ids.shape[1]
    places, values = _known(ids)
    once = distinct(places // columns, values, len(ids), words)
    scores = [_score(np.repeat(np.arange(len(ids)), once.counts), once.values, centred, words)]
    first = words
    for length in range(1, longest):
        places, codes = _follow(ids, places, values, length, words)
        keys, index, once = _common(places // columns, codes)
        scores.append(_score(places[once] // columns, index[once], centred, len(keys)))
        levels.append((keys // words, keys % words))
        known = index >= 0
        places, values = places[known], first + index[known]
        first += len(keys)
    return levels, np.concatenate(scores)


def _spread(answers: Array) -> Array:
    """Scale of squared deviations, (k,): the share of each label, or the variance of a number."""
    return answers.var(axis=0) if answers.shape[1] == 1 else answers.mean(axis=0)


def _common(rows: Array, codes: Array) -> tuple[Array, Array, Array]:
    """Find the codes with at least _MIN_ROWS rows. rows: (k,), ascending; codes: (k,) int64.

    Returns these codes in ascending order; the index of each code among them, (k,), -1 where it is none; and the places of the
    first one of each such code in each row, (j,), in order of code and row.
    """
    order = np.argsort(codes, kind="stable")
    ordered, rows = codes[order], rows[order]
    first = np.ones(len(order), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    once = first.copy()
    once[1:] |= rows[1:] != rows[:-1]
    number = np.cumsum(first) - 1
    common = np.bincount(number[once]) >= _MIN_ROWS
    index = np.empty(len(order), np.int64)
    index[order] = np.where(common, np.cumsum(common) - 1, -1)[number]
    return ordered[first][common], index, order[once & common[number]]


def _score(rows: Array, values: Array, centred: Array, size: int) -> Array:
    """Score of each value, (size,): its number of rows times the squared distance of their mean answer from the mean."""
    counts = np.bincount(values, minlength=size)
    total = np.zeros(size)
    for column in centred.T:
        total += np.bincount(values, weights=column[rows], minlength=size) ** 2
    return np.where(counts >= _MIN_ROWS, total / np.maximum(counts, 1), 0.0)


def _kept(chosen: Array, levels: Sequence[Level], words: int) -> tuple[Array, NgramVocabulary]:
    """Keep the chosen n-grams and the n-grams that they continue, and give words and n-grams new ids."""
    first = words + sum(len(left) for left, _ in levels)
    for left, right in reversed(levels):
        first -= len(left)
        mine = chosen[first : first + len(left)]
        chosen[left[mine]] = True
        chosen[right[mine]] = True
    chosen[:SPECIAL] = True
    new = np.cumsum(chosen) - 1  # the order is kept, so levels stay sorted
    kept_levels, first = [], words
    for left, right in levels:
        mine = chosen[first : first + len(left)]
        kept_levels.append((new[left[mine]], new[right[mine]]))
        first += len(left)
    return np.flatnonzero(chosen[:words])[SPECIAL:], NgramVocabulary(int(chosen[:words].sum()), tuple(kept_levels))


def renumbered(ids: Array, kept: Array) -> Array:
    """New ids of words (n, m) int32: the position among the kept old ids (w,), ascending, from 2; 1 for all others."""
    new = np.ones(max(int(ids.max(initial=0)), int(kept.max(initial=0))) + 1, np.int32)
    new[0], new[kept] = 0, np.arange(SPECIAL, SPECIAL + len(kept))
    return new[ids]


def packed(vocabulary: NgramVocabulary) -> dict[str, Array]:
    """Pack n-grams into arrays that compress well: differences of left, and one plane per byte of right."""
    arrays: dict[str, Array] = {}
    for words_each, (left, right) in enumerate(vocabulary.levels, 2):
        step = np.diff(left, prepend=0)
        arrays[f"left_{words_each}"] = step.astype(np.min_scalar_type(int(step.max(initial=0))))
        planes = 1 if vocabulary.words <= 2**8 else 2 if vocabulary.words <= 2**16 else 4
        arrays[f"right_{words_each}"] = right.astype("<u4").view(np.uint8).reshape(-1, 4).T[:planes]
    return arrays


def unpacked(arrays: dict[str, Array], words: int) -> NgramVocabulary:
    """Inverse of packed. words: ids below this are words."""
    levels = []
    for words_each in range(2, 2 + sum(name.startswith("left_") for name in arrays)):
        right = sum(plane.astype(np.int64) << (8 * i) for i, plane in enumerate(arrays[f"right_{words_each}"]))
        levels.append((np.cumsum(arrays[f"left_{words_each}"], dtype=np.int64), np.asarray(right, np.int64)))
    return NgramVocabulary(words, tuple(levels))
