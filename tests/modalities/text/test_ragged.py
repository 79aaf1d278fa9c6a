"""Rows of ids of different lengths: cut, padded and made distinct as the slow way does it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.modalities.text import ragged
from minnow.modalities.text.ragged import Ragged, cut, distinct, joined

ROWS = st.lists(st.lists(st.integers(1, 9), max_size=7), min_size=1, max_size=7)


def _ragged(rows):
    return Ragged(np.array([value for row in rows for value in row], np.int32), np.array([len(row) for row in rows]))


@settings(max_examples=100, deadline=None)
@given(ROWS, st.integers(1, 8), st.sampled_from(["beginning", "end"]), st.integers(1, 8))
def test_rows_are_cut_and_padded_one_by_one(rows, length, keep, width):
    ids = cut(_ragged(rows), length, keep)
    expected = [row[:length] if keep == "beginning" else row[-length:] for row in rows]
    assert ids.widest == max(1, *map(len, expected))
    padded = ids.padded(width)
    assert padded.dtype == np.int32
    assert padded.tolist() == [(row[:width] + [0] * width)[:width] for row in expected]


@settings(max_examples=100, deadline=None)
@given(ROWS, ROWS, st.sampled_from([10, 2**40]))
def test_distinct_ids_rise_within_each_row(rows, more, size):
    """size: small enough for codes of 32 bits, or not."""
    parts = []
    for part in (rows, more):
        places = [(row, value) for row, values in enumerate(part) for value in values]
        shuffled = np.random.default_rng(0).permutation(np.array(places, np.int64).reshape(-1, 2))
        parts.append(distinct(shuffled[:, 0], shuffled[:, 1], len(part), size))
    assert joined(parts).padded(9).tolist() == [(sorted(set(row)) + [0] * 9)[:9] for row in rows + more]


def test_many_rows_are_padded_in_parts(monkeypatch):
    monkeypatch.setattr(ragged, "_CHUNK", 2)
    rows = [[1], [], [2, 3, 4], [5, 6], [7, 8, 9, 1]]
    assert _ragged(rows).padded(3).tolist() == [[1, 0, 0], [0, 0, 0], [2, 3, 4], [5, 6, 0], [7, 8, 9]]
