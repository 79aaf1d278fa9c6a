"""Texts as ids: whatever the text, and the same again after a load."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.modalities import text
from minnow.modalities.text import words as text_words
from minnow.modalities.text.encoder import TextEncoder, TextLayout
from minnow.modalities.text.words import Extent, Vocabulary, learn_words
from minnow.types import Table

OPTIONS = text.Options(min_rows=1)


def _table(*texts):
    n = len(texts)
    return Table(
        {"text": np.array(texts, object), "label": np.array(["a"] * n)}, np.arange(n).astype(str), np.arange(n)
    )


def test_words_are_learned_by_frequency_and_then_by_the_alphabet():
    words, ids = learn_words(["b a a c", "C b, d", "Don't don't"], 10, Extent(4))
    assert words == ["a", "b", "c", "don't"]
    assert ids.tolist() == [[3, 2, 2, 4], [4, 3, 1, 1], [5, 5, 0, 0]]
    assert learn_words(["b a a c", "c b"], 2, Extent(4))[0] == ["a", "b"]


def test_words_are_counted_in_whole_texts_however_few_are_read(monkeypatch):
    monkeypatch.setattr(text_words, "_TEXTS", 2)
    texts = ["a b b", "c a a b", "b c", "d d"]
    for keep, first in (("beginning", [3, 2]), ("end", [2, 2])):
        words, ids = learn_words(texts, 3, Extent(2, keep), least=1)
        assert words == ["b", "a", "c"]
        assert ids[0].tolist() == first
        np.testing.assert_array_equal(ids, Vocabulary(words).ids(texts, Extent(2, keep)))


TEXTS = st.lists(st.text("ab 'c\u00e9\u597d.", min_size=1, max_size=30), min_size=2, max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    TEXTS, st.sampled_from(["beginning", "end"]), st.integers(2, 9), st.sampled_from([{}, {"ngrams": 10, "longest": 3}])
)
def test_rows_of_train_are_those_that_any_text_is_encoded_to(texts, keep, length, more):
    """The fit hands its rows over, once; after that, and for other rows, texts are encoded as in a request."""
    table = _table(*texts)
    table.columns["label"] = np.array(["yes", "no"] * 6)[: len(texts)]
    options = text.Options(max_tokens=length, keep=keep, characters=[2, 3], character_buckets=40, **more)
    encoder = text.fit_encoder(table, np.array(["no", "yes"]), options)
    handed_over, _ = encoder.encode_train(table.columns)
    alone = [encoder.encode({"text": table.columns["text"][i : i + 1]}) for i in range(len(texts))]
    for name, value in encoder.encode(table.columns).items():
        assert value.dtype == handed_over[name].dtype
        np.testing.assert_array_equal(value, handed_over[name], err_msg=name)
        np.testing.assert_array_equal(value, np.concatenate([row[name] for row in alone]), err_msg=name)
        np.testing.assert_array_equal(value, encoder.encode_train(table.columns)[0][name])


def test_rows_of_train_are_handed_over_for_those_texts_alone():
    table = _table("good lamp", "good bulb", "lamp")
    encoder = text.fit_encoder(table, np.array([]), OPTIONS)
    other, _ = encoder.encode_train({"text": np.array(["lamp lamp", "good", ""], object)})
    assert other["tokens"].tolist() == [[3, 3], [2, 0], [0, 0]]


def test_tokens_are_in_order_with_0_for_padding_and_1_for_unknown():
    encoder = text.fit_encoder(_table("good good lamp", "lamp"), np.array([]), OPTIONS)
    assert encoder.words == ["good", "lamp"]
    encoded = encoder.encode({"text": np.array(["Lamp WHAT", "[unknown] [pad]"], object)})
    assert encoded["tokens"].tolist() == [[3, 1, 0], [1, 1, 1]]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_encoded(value):
    encoder = TextEncoder(["a", "b"], TextLayout(4, 6, 16))
    try:
        parsed = text.parse([value], encoder)
    except ValueError:
        return
    encoded = encoder.encode(parsed)
    assert encoded["tokens"].shape == (1, 4)
    assert encoded["ngrams"].shape == (1, 6)


def test_long_texts_are_cut_to_what_was_asked_for():
    options = text.Options(max_tokens=3)
    encoder = text.fit_encoder(_table("a b c d e", "a b c d e"), np.array([]), options)
    assert (encoder.layout.length, encoder.layout.width) == (3, 5)


def test_text_in_another_script_is_words_that_nobody_knows_not_an_error(tmp_path):
    (tmp_path / "some.csv").write_text("text,label\n" + "good lamp,yes\nbad lamp,no\n" * 3)
    options = text.Options()
    table = text.read(tmp_path, options)
    encoder = text.fit_encoder(table, np.array(["no", "yes"]), options)
    encoded = encoder.encode(text.parse(["\u597d\u706f", "\u0644\u0645\u0628\u0629"], encoder))
    assert encoded["tokens"][:, 0].tolist() == [1, 1]
    assert (encoded["ngrams"] == 0).all()


@pytest.mark.parametrize("more", [{"ngrams": 12, "longest": 3}, {"characters": [2, 4], "keep": "end"}])
def test_an_encoder_comes_back_from_disk(more, tmp_path):
    table = _table(*["a very good lamp, d\u00e9j\u00e0", "a very bad lamp"] * 6)
    table.columns["label"] = np.array(["yes", "no"] * 6)
    encoder = text.fit_encoder(table, np.array(["no", "yes"]), text.Options(max_tokens=4, **more))
    encoder.save(tmp_path)
    again = text.load_encoder(tmp_path)
    columns = {"text": np.array(["a very very good lamp", "\u597d", "x"], object)}
    for name, value in encoder.encode(columns).items():
        np.testing.assert_array_equal(again.encode(columns)[name], value)
    assert again.cardinalities == encoder.cardinalities


def test_an_encoder_of_an_older_bundle_is_read(tmp_path):
    """Until then n-grams of characters were called letters."""
    columns = {"text": np.array(["a good lamp", "a bad lamp"], object)}
    for options in (text.Options(characters=[2, 3]), text.Options()):
        encoder = text.fit_encoder(_table(*columns["text"]), np.array([]), options)
        encoder.save(tmp_path)
        values = json.loads((tmp_path / "encoder.json").read_text())
        values["letters"] = values.pop("char_ngrams")
        (tmp_path / "encoder.json").write_text(json.dumps(values))
        again = text.load_encoder(tmp_path)
        for name, value in encoder.encode(columns).items():
            np.testing.assert_array_equal(again.encode(columns)[name], value)


def test_a_text_may_be_read_from_its_end():
    table = _table("a b c d e", "a b c d e")
    encoders = [
        text.fit_encoder(table, np.array([]), text.Options(max_tokens=2, keep=keep)) for keep in ("beginning", "end")
    ]
    words = [[encoder.words[i - 2] for i in encoder.encode(table.columns)["tokens"][0]] for encoder in encoders]
    assert words == [["a", "b"], ["d", "e"]]


@pytest.mark.parametrize("more", [{}, {"ngrams": 10}, {"characters": [2, 3]}])
def test_unknown_words_alone_and_the_longest_text_have_an_answer(more):
    table = _table(*["good lamp", "bad lamp"] * 6)
    table.columns["label"] = np.array(["yes", "no"] * 6)
    encoder = text.fit_encoder(table, np.array(["no", "yes"]), text.Options(max_tokens=3, **more))
    texts = ["\u597d\u706f", "\u0644\u0645\u0628\u0629 \u0633\u064a\u0626\u0629", "lamp " * 20_000]
    encoded = encoder.encode(text.parse(texts, encoder))
    assert (encoded["ngrams"][:2] == 0).all()
    assert encoded["tokens"].shape == (3, encoder.layout.length)
    assert (encoded["ngrams"] < encoder.cardinalities["ngrams"]).all()
