"""N-grams of words and of characters: distinct, found wherever they stand, and chosen by the labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.modalities import text
from minnow.modalities.text.char_ngrams import char_ngram_ids, fit_char_ngrams
from minnow.modalities.text.encoder import TextEncoder, TextLayout
from minnow.modalities.text.ngrams import learn_ngrams, packed, renumbered, unpacked
from minnow.modalities.text.words import hashed_pairs
from minnow.types import Table


def _table(*texts):
    n = len(texts)
    return Table(
        {"text": np.array(texts, object), "label": np.array(["a"] * n)}, np.arange(n).astype(str), np.arange(n)
    )


def test_pairs_see_the_order_of_words():
    encoder = TextEncoder(["not", "good", "bad"], TextLayout(8, 16, 1000))
    a, b = encoder.encode({"text": np.array(["not good bad", "bad not good"], object)})["ngrams"]
    words = encoder.cardinalities["tokens"]
    assert set(a[(a > 0) & (a < words)]) == set(b[(b > 0) & (b < words)]) == {2, 3, 4}
    assert set(a[a >= words]) != set(b[b >= words])
    assert len(set(a[a >= words]) & set(b[b >= words])) == 1


def test_an_unknown_word_makes_no_pair():
    encoder = TextEncoder(["a", "b"], TextLayout(4, 8, 1000))
    encoded = encoder.encode({"text": np.array(["a what b", "a b"], object)})["ngrams"]
    assert (encoded > 0).sum(axis=1).tolist() == [2, 3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=1, max_size=6), st.integers(1, 12))
def test_ngrams_are_distinct_rising_and_padded_at_the_end(rows, width):
    encoded = hashed_pairs(np.array(rows, np.int32), 10, 7, width)
    assert encoded.shape == (len(rows), width)
    for row, ids in zip(encoded, rows, strict=True):
        kept = row[row > 0]
        assert (row[len(kept) :] == 0).all()
        assert (np.diff(kept) > 0).all()
        singles = {i for i in ids if i >= 2}
        assert set(kept[kept < 10].tolist()) <= singles
        if width >= 9:
            assert set(kept[kept < 10].tolist()) == singles
        assert (kept < 17).all()


def _plain(row, words, levels):
    """Ids of a row's known words and n-grams, the slow way."""
    ids, names = {i for i in row if i >= 2}, {}
    first = words
    for level, (left, right) in enumerate(levels, 2):
        for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            names[first + place] = (*names.get(a, (a,)), b)
        first += len(left)
        grams = {tuple(row[i : i + level]) for i in range(len(row) - level + 1)}
        ids |= {name for name, gram in names.items() if gram in grams}
    return sorted(ids)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), min_size=1, max_size=8), st.integers(2, 12))
def test_chosen_ngrams_are_found_wherever_they_stand(rows, most):
    ids = np.array(rows, np.int32)
    answers = np.eye(2)[np.arange(len(rows)) % 2]
    kept, vocabulary = learn_ngrams(ids, 6, answers, most, 3)
    new = renumbered(ids, kept)
    encoded = vocabulary.find(new, 20)
    for row, words in zip(encoded, new.tolist(), strict=True):
        assert row[row > 0].tolist() == _plain(words, vocabulary.words, vocabulary.levels)
    again = unpacked(packed(vocabulary), vocabulary.words)
    np.testing.assert_array_equal(again.find(new, 20), encoded)


def test_the_ngrams_that_tell_the_label_are_chosen():
    """Every word stands in as many texts of both labels; who follows whom tells them apart."""
    table = _table(*["aa not bb cc", "aa not cc bb"] * 20)
    table.columns["label"] = np.array(["yes", "no"] * 20)
    encoder = text.fit_encoder(table, np.array(["no", "yes"]), text.Options(ngrams=10, longest=2))
    words = dict(enumerate(encoder.words, 2))
    ((left, right),) = encoder.ngram_vocabulary.levels
    pairs = {(words[a], words[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)}
    assert pairs == {("not", "bb"), ("bb", "cc"), ("not", "cc"), ("cc", "bb")}, "'aa not' stands in all of them"


def test_words_of_no_chosen_ngram_are_unknown():
    table = _table(*["good lamp the", "bad lamp the"] * 10)
    table.columns["label"] = np.array(["yes", "no"] * 10)
    encoder = text.fit_encoder(table, np.array(["no", "yes"]), text.Options(ngrams=10, longest=1))
    assert sorted(encoder.words) == ["bad", "good"]
    good = 2 + encoder.words.index("good")
    assert encoder.encode({"text": np.array(["the good lamp"], object)})["tokens"].tolist() == [[1, good, 1]]


def test_characters_are_those_of_one_text_whatever_its_neighbours():
    texts = np.array(["abc", "Abc  d\n", "x", "\u597d\u706f"], object)
    encoded = char_ngram_ids(texts, (2, 3), 2**20, fit_char_ngrams(texts, (2, 3), 2**20).width)
    alone = [char_ngram_ids(texts[i : i + 1], (2, 3), 2**20, encoded.shape[1])[0] for i in range(len(texts))]
    np.testing.assert_array_equal(encoded, alone)
    assert [(row > 0).sum() for row in encoded] == [4 + 3, 6 + 5, 2 + 1, 3 + 2], "a blank stands before and behind"
    assert len(set(encoded[0].tolist()) & set(encoded[1].tolist()) - {0}) == 3 + 2 + 2, (
        "' abc ' is the beginning of ' abc d '"
    )


def test_one_long_text_does_not_make_all_rows_wide():
    words = [f"word{i} and {i * i}" for i in range(1, 400)]
    texts = np.array([*words, " ".join(words)], object)
    width = fit_char_ngrams(texts, (3, 4), 2**16).width
    assert 30 < width < 80
    encoded = char_ngram_ids(texts, (3, 4), 2**16, width)
    assert encoded.shape == (400, width)
    assert (encoded[-1] > 0).all()
    assert fit_char_ngrams(np.empty(0, object), (3, 4), 2**16).width == 1
    assert (
        fit_char_ngrams(texts[:3], (3, 4), 2**16).width
        == (char_ngram_ids(texts[:3], (3, 4), 2**16, 500) > 0).sum(1).max()
    )


def test_lengths_of_characters_rise():
    with pytest.raises(ValueError, match=r"shortest length first.*Received: \[5, 2\]"):
        text.Options(characters=[5, 2])
