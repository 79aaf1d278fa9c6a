"""N-grams of words and of characters: distinct, found wherever they stand, and chosen by the labels."""

from collections import defaultdict
from dataclasses import replace

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
    encoded = hashed_pairs(np.array(rows, np.int32), 10, 7).padded(width)
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
    encoded = vocabulary.find(new).padded(20)
    for row, words in zip(encoded, new.tolist(), strict=True):
        assert row[row > 0].tolist() == _plain(words, vocabulary.words, vocabulary.levels)
    again = unpacked(packed(vocabulary), vocabulary.words)
    np.testing.assert_array_equal(again.find(new).padded(20), encoded)


def _chosen(rows, answers, most, longest):
    """The n-grams with the highest chi-square among those of at least two rows, the slow way, and all that they begin with."""
    centred = (answers - answers.mean(0)) / np.sqrt(np.maximum(answers.mean(0), 1e-12))
    scores = {}
    for size in range(1, longest + 1):
        holding = defaultdict(set)
        for place, row in enumerate(rows):
            for start in range(len(row) - size + 1):
                gram = tuple(row[start : start + size])
                if min(gram) >= 2 and (size == 1 or size == 2 or gram[:-1] in scores):
                    holding[gram].add(place)
        for gram in sorted(holding):
            if len(holding[gram]) >= 2:
                sums = [sum(column[place] for place in sorted(holding[gram])) for column in centred.T]
                scores[gram] = sum(value**2 for value in sums) / len(holding[gram])
    best = sorted(scores, key=lambda gram: (-scores[gram], len(gram), gram))
    kept = {gram for gram in best[:most] if scores[gram] > 0}
    prefixes = {gram[:size] for gram in kept for size in range(1, len(gram))}
    return kept | prefixes | {(word,) for gram in kept for word in gram}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=7, max_size=7), min_size=2, max_size=10),
    st.integers(2, 12),
    st.integers(1, 3),
    st.integers(2, 3),
)
def test_the_ngrams_with_the_highest_scores_are_chosen(rows, most, longest, labels):
    answers = np.eye(labels)[np.arange(len(rows)) % labels]
    kept, vocabulary = learn_ngrams(np.array(rows, np.int32), 7, answers, most, longest)
    old = [0, 1, *kept.tolist()]
    grams = [(old[i],) for i in range(2, vocabulary.words)]
    names = [(), (1,), *grams]
    for left, right in vocabulary.levels:
        names += [(*names[a], old[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    assert set(names[2:]) == _chosen(rows, answers, most, longest)
    assert len(names) == vocabulary.size


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
    characters, encoded = fit_char_ngrams(texts, (2, 3), 2**20)
    alone = [char_ngram_ids(texts[i : i + 1], characters)[0] for i in range(len(texts))]
    np.testing.assert_array_equal(encoded, alone)
    assert [(row > 0).sum() for row in encoded] == [4 + 3, 6 + 5, 2 + 1, 3 + 2], "a blank stands before and behind"
    assert len(set(encoded[0].tolist()) & set(encoded[1].tolist()) - {0}) == 3 + 2 + 2, (
        "' abc ' is the beginning of ' abc d '"
    )


def test_one_long_text_does_not_make_all_rows_wide():
    words = [f"word{i} and {i * i}" for i in range(1, 400)]
    texts = np.array([*words, " ".join(words)], object)
    characters, encoded = fit_char_ngrams(texts, (3, 4), 2**16)
    assert 30 < characters.width < 80
    assert encoded.shape == (400, characters.width)
    assert (encoded[-1] > 0).all()
    np.testing.assert_array_equal(encoded, char_ngram_ids(texts, characters))
    assert fit_char_ngrams(np.empty(0, object), (3, 4), 2**16)[0].width == 1
    few, _ = fit_char_ngrams(texts[:3], (3, 4), 2**16)
    assert few.width == (char_ngram_ids(texts[:3], replace(few, width=500)) > 0).sum(1).max()


def test_lengths_of_characters_rise():
    with pytest.raises(ValueError, match=r"shortest length first.*Received: \[5, 2\]"):
        text.Options(characters=[5, 2])
