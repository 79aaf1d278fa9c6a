"""Words and pairs of words as ids: the library tokenizers splits texts and looks words up, NumPy hashes pairs.

Where characters are split, each character of a script without blanks is a word (scripts.UNSPACED).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from minnow.modalities.text.ngrams import SPECIAL, distinct
from minnow.modalities.text.scripts import UNSPACED
from minnow.types import Array

_PAD, _UNKNOWN = "[pad]", "[unknown]"
_CHUNK = 4096
_WORD = r"\w+(?:'\w+)*|[^\w\s]"
"""A word with its apostrophes ("don't"), or one other sign. It never matches the two special names as a whole."""
_SPACED = rf"[\w&&[^{UNSPACED}]]"
_CHARACTER_OR_WORD = rf"[{UNSPACED}]\p{{M}}*|{_SPACED}+(?:'{_SPACED}+)*|[^\w\s\p{{Cf}}]"
"""A character of a script without blanks, with its marks; a word of another one; or one other sign that is visible."""


def tokenizer(words: Sequence[str], length: int, keep: str = "beginning", characters: bool = False) -> Tokenizer:
    """Build a tokenizer of lower-case words with ids from 2. It keeps length ids, of the "beginning" or of the "end".

    characters: whether scripts without blanks are split into characters.
    """
    vocabulary = {_PAD: 0, _UNKNOWN: 1} | {word: i for i, word in enumerate(words, SPECIAL)}
    splitter = _splitter(models.WordLevel(vocabulary, unk_token=_UNKNOWN), characters)
    splitter.enable_truncation(max_length=length, direction="right" if keep == "beginning" else "left")
    return splitter


def learn_words(texts: Sequence[str], vocabulary: int, least: int = 2, characters: bool = False) -> list[str]:
    """Return the most frequent words, at most vocabulary, with at least least occurrences; ties in alphabetical order.

    characters: as in tokenizer.
    """
    learner = _splitter(models.WordLevel(unk_token=_UNKNOWN), characters)
    trainer = trainers.WordLevelTrainer(vocab_size=vocabulary, min_frequency=least, show_progress=False)
    learner.train_from_iterator(texts, trainer)
    ids = learner.get_vocab()
    return sorted(ids, key=ids.__getitem__)


def _splitter(model: models.WordLevel, characters: bool) -> Tokenizer:
    pattern = Regex(_CHARACTER_OR_WORD if characters else _WORD)
    splitter = Tokenizer(model)
    splitter.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])  # pyright: ignore
    splitter.pre_tokenizer = pre_tokenizers.Split(pattern, behavior="removed", invert=True)  # pyright: ignore
    return splitter


def word_ids(splitter: Tokenizer, texts: Array, length: int) -> Array:
    """Ids of the words of texts (n,) of str, (n, length) int32, padded with 0."""
    tokens = np.zeros((len(texts), length), np.int32)
    if len(texts) == 1:  # for one row a pool of threads takes longer than the tokenizer
        ids = splitter.encode(texts[0]).ids
        tokens[0, : len(ids)] = ids
        return tokens
    for start in range(0, len(texts), _CHUNK):
        batch = splitter.encode_batch_fast(texts[start : start + _CHUNK].tolist())
        for row, encoding in enumerate(batch, start):
            ids = encoding.ids
            tokens[row, : len(ids)] = ids
    return tokens


def hashed_pairs(ids: Array, words: int, buckets: int, width: int) -> Array:
    """Ids of the distinct known words and of the pairs of neighbouring known words of each row; pairs are hashed.

    ids: (n, length) int32, 0 pads, 1 unknown. words: ids below this are words; the id of a pair is words + its hash.
    Returns (n, width) int32 in ascending order, padded with 0.
    """
    parts = [_hashed(ids[i : i + _CHUNK], words, buckets, width) for i in range(0, max(len(ids), 1), _CHUNK)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _hashed(ids: Array, words: int, buckets: int, width: int) -> Array:
    known = ids >= SPECIAL
    rows, positions = np.nonzero(known)
    pair_rows, starts = np.nonzero(known[:, :-1] & known[:, 1:])
    left, right = (ids[pair_rows, starts + step].astype(np.uint32) for step in (0, 1))
    mixed = left * np.uint32(0x9E3779B1) + right * np.uint32(0x85EBCA77)
    hashed = (mixed ^ (mixed >> np.uint32(15))) % np.uint32(buckets)
    values = np.concatenate([ids[rows, positions], hashed.astype(np.int64) + words])
    return distinct(np.concatenate([rows, pair_rows]), values, len(ids), width, words + buckets)
