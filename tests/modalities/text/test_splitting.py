"""Words of texts: two ways to split, of which nobody must notice which one it was."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.modalities.text import splitting
from minnow.modalities.text.splitting import split, split_by_library

MANY = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0x10000, 0x1EFFF), (0x1FB00, 0x10FFFF))
"""Characters that are alike, of which a few are enough."""


def _characters():
    for code in range(sys.maxunicode + 1):
        few = any(first < code < last for first, last in MANY)
        if not 0xD800 <= code <= 0xDFFF and (not few or code % 197 == 0):
            yield chr(code)


def _contexts(character):
    composed = unicodedata.normalize("NFD", character)
    return (
        f"a{character}b {character} a'{character} {character}'b {character}{character} 1{character}\u4e00 {composed} "
        f"a\u0301{character}\u0323 e{character}\u0301\u0323 \u0e2b{character}\u0e31 \u03a3{character}\u03a3"
    )


@pytest.mark.parametrize("characters", [False, True])
def test_every_character_is_split_as_the_library_splits_it(characters):
    texts = [_contexts(character) for character in _characters()]
    both = zip(texts, split(texts, characters), split_by_library(texts, characters), strict=True)
    assert not [hex(ord(text[1])) for text, words, by_library in both if words != by_library]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.booleans())
def test_any_texts_are_split_as_the_library_splits_them(texts, characters):
    assert split(texts, characters) == split_by_library(texts, characters)


def test_few_texts_are_left_to_the_library(monkeypatch):
    left = []

    def by_library(texts, characters):
        left.extend(texts)
        return [["-"]] * len(texts)

    monkeypatch.setattr(splitting, "split_by_library", by_library)
    texts = [
        "don't d\u00e9j\u00e0 vu",
        "\xbd price",
        "\u039f\u0394\u039f\u03a3",
        "\u092b\u093f\u0932\u094d\u092e \u0905\u091a\u094d\u091b\u0940",
        "x\xb2",
        "\u597d\u706f \U0001f600",
    ]
    words = split(texts)
    assert left == ["\xbd price", "x\xb2"]
    assert words[:3] == [["don't", "d\u00e9j\u00e0", "vu"], ["-"], ["\u03bf\u03b4\u03bf\u03c3"]]
    assert words[3:] == [
        ["\u092b\u093f\u0932\u094d\u092e", "\u0905\u091a\u094d\u091b\u0940"],
        ["-"],
        ["\u597d\u706f", "\U0001f600"],
    ]
