"""Selected n-grams of words with ids of their own: those with the highest chi-square with the labels of train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minnow.types import Array

SPECIAL = 2
"""0 pads, 1 is any unknown word."""
_MIN_ROWS = 2
"""Smallest number of rows of train with an n-gram: one that occurs in a single text does not generalize."""
_CHUNK = 2048
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

    def find(self, ids: Array, width: int) -> Array:
        """Ids of the distinct known words and n-grams of rows of words (n, m) int32: (n, width) int32, see distinct."""
        parts = [self._find(ids[i : i + _CHUNK], width) for i in range(0, max(len(ids), 1), _CHUNK)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _find(self, ids: Array, width: int) -> Array:
        rows, positions = np.nonzero(ids >= SPECIAL)
        all_rows, values = [rows], [ids[rows, positions].astype(np.int64)]
        left, first = ids.astype(np.int64), self.words
        for step, keys in enumerate(self._keys, 1):
            rows, positions, codes = _follow(left, ids[:, step:], self.words)
            index, known = _lookup(keys, codes)
            left = _next_left(left, rows[known], positions[known], first + index[known])
            all_rows.append(rows[known])
            values.append(first + index[known])
            first += len(keys)
        return distinct(np.concatenate(all_rows), np.concatenate(values), len(ids), width, self.size)


def distinct(rows: Array, values: Array, n: int, width: int, size: int) -> Array:
    """Arrange values (k,) below size in n rows: each value once per row, ascending, padded with 0, at most width of them.

    rows: (k,), the row of each value. Returns (n, width) int32.
    """
    codes = np.sort(rows * np.int64(size) + values)
    codes = codes[np.concatenate([[True], codes[1:] != codes[:-1]])] if len(codes) else codes
    rows = codes // size
    positions = np.arange(len(rows)) - np.searchsorted(rows, np.arange(n))[rows]
    kept = positions < width
    table = np.zeros((n, width), np.int32)
    table[rows[kept], positions[kept]] = (codes - rows * size)[kept]
    return table


def _follow(left: Array, right: Array, words: int) -> tuple[Array, Array, Array]:
    """Find known words after known n-grams: their rows, positions and a code of both ids, (k,) int64 each."""
    left = left[:, : right.shape[1]]
    rows, positions = np.nonzero((left >= SPECIAL) & (right >= SPECIAL))
    return rows, positions, left[rows, positions] * words + right[rows, positions]


def _next_left(left: Array, rows: Array, positions: Array, ids: Array) -> Array:
    """Ids (n, m - 1) of the known n-grams at the position where each begins, 0 elsewhere: left parts of longer n-grams."""
    longer = np.zeros((len(left), max(left.shape[1] - 1, 0)), np.int64)
    longer[rows, positions] = ids
    return longer


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
    levels: list[Level] = []
    scores = [_score(*_once(*_words(ids)), centred, words)]
    left, first = ids.astype(np.int64), words
    for step in range(1, longest):
        rows, positions, codes = _follow(left, ids[:, step:], words)
        keys = _common(rows, codes)
        index, known = _lookup(keys, codes)
        scores.append(_score(*_once(rows[known], index[known]), centred, len(keys)))
        levels.append((keys // words, keys % words))
        left = _next_left(left, rows[known], positions[known], first + index[known])
        first += len(keys)
    return levels, np.concatenate(scores)


def _words(ids: Array) -> tuple[Array, Array]:
    rows, positions = np.nonzero(ids >= SPECIAL)
    return rows, ids[rows, positions].astype(np.int64)


def _spread(answers: Array) -> Array:
    """Scale of squared deviations, (k,): the share of each label, or the variance of a number."""
    return answers.var(axis=0) if answers.shape[1] == 1 else answers.mean(axis=0)


def _once(rows: Array, values: Array) -> tuple[Array, Array]:
    """Remove repeated pairs of row and value."""
    if not len(rows):
        return rows, values
    size = np.int64(values.max() + 1)
    codes = np.unique(rows * size + values)
    return codes // size, codes % size


def _common(rows: Array, codes: Array) -> Array:
    """Codes with at least _MIN_ROWS rows, ascending."""
    order = np.lexsort((rows, codes))
    rows, codes = rows[order], codes[order]
    new = np.ones(len(codes), bool)
    new[1:] = (codes[1:] != codes[:-1]) | (rows[1:] != rows[:-1])
    unique, counts = np.unique(codes[new], return_counts=True)
    return unique[counts >= _MIN_ROWS]


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
