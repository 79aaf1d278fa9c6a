"""The encoder of texts: ids of words, of word n-grams, and optionally of character n-grams."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Encoder
from minnow.modalities.text.char_ngrams import CharNgrams, char_ngram_ids, fit_char_ngrams
from minnow.modalities.text.ngrams import SPECIAL, NgramVocabulary, learn_ngrams, packed, renumbered, unpacked
from minnow.modalities.text.options import Options
from minnow.modalities.text.ragged import Ragged
from minnow.modalities.text.scripts import SPLIT_SHARE, share_unspaced
from minnow.modalities.text.words import Extent, Vocabulary, hashed_pairs, learn_words
from minnow.records.files import read_npz, write_json, write_npz
from minnow.types import Array, Columns, Spec, Table


@dataclass(frozen=True)
class TextLayout:
    """How texts are divided into words, and the shape of the encoded arrays.

    length, width: columns of `tokens` and of `ngrams`. buckets: number of ids of hashed pairs of words. keep: the part of a
    longer text that is read, "beginning" or "end". split_characters: whether each character of a script without blanks is a
    word.
    """

    length: int
    width: int
    buckets: int
    keep: str = "beginning"
    split_characters: bool = False

    @property
    def extent(self) -> Extent:
        """The part of a text that is read."""
        return Extent(self.length, self.keep, self.split_characters)

    def as_json(self) -> dict[str, Any]:
        """Fields for encoder.json; split_characters only where it is true."""
        return {name: value for name, value in asdict(self).items() if name != "split_characters" or value}


class TextEncoder(Encoder):
    """Encodes texts as ids of words, of word n-grams and of character n-grams.

    words: known words, the most frequent first; the id of words[i] is i + 2, since 0 pads and 1 is any unknown word.
    ngram_vocabulary: n-grams with ids of their own; None hashes pairs of words. char_ngrams: None encodes no characters.
    documents: whether each file of the training data was one text. separator: of the cells of its tables, where these have no
    header that would show it; else None. fitted: the texts that it was fitted to, and their ids, for encode_train.
    """

    def __init__(
        self,
        words: Sequence[str],
        layout: TextLayout,
        ngram_vocabulary: NgramVocabulary | None = None,
        char_ngrams: CharNgrams | None = None,
        *,
        documents: bool = False,
        separator: str | None = None,
        fitted: tuple[Array, dict[str, Array]] | None = None,
    ) -> None:
        self.words, self.layout, self._fitted = list(words), layout, fitted
        self.documents, self.separator = documents, separator
        self.ngram_vocabulary, self.char_ngrams = ngram_vocabulary, char_ngrams
        self._known = len(self.words) + SPECIAL
        self._vocabulary = Vocabulary(self.words)

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """tokens, ngrams, and characters where options ask for them."""
        widths = {"tokens": self.layout.length, "ngrams": self.layout.width}
        if self.char_ngrams:
            widths["characters"] = self.char_ngrams.width
        return tuple(Spec(name, (width,), "int32") for name, width in widths.items())

    @property
    def cardinalities(self) -> Mapping[str, int]:
        """Number of ids of each array."""
        ngram_vocabulary = self.ngram_vocabulary
        sizes = {
            "tokens": self._known,
            "ngrams": ngram_vocabulary.size if ngram_vocabulary else self._known + self.layout.buckets,
        }
        if self.char_ngrams:
            sizes["characters"] = self.char_ngrams.buckets + 1
        return sizes

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode text (n,) to tokens (n, length) int32, in order, and ngrams (n, width) int32; both padded with 0.

        ngrams holds the distinct ids of a text in ascending order: known words as in tokens, then pairs of neighbouring
        known words, or known n-grams. characters (n, m) int32, where options ask for them, holds the distinct ids of
        character n-grams. Ids beyond the width of an array are dropped.
        """
        texts, layout = columns["text"], self.layout
        tokens = self._vocabulary.ids(texts.tolist(), layout.extent)
        ngrams = _ngrams(tokens, self._known, layout.buckets, self.ngram_vocabulary)
        encoded = {"tokens": tokens, "ngrams": ngrams.padded(layout.width)}
        if self.char_ngrams:
            encoded["characters"] = char_ngram_ids(texts, self.char_ngrams)
        return encoded

    def encode_train(self, columns: Columns) -> tuple[dict[str, Array], None]:
        """Encode the texts that it was fitted to, as encode does. Their ids are known from the fit, and handed over once."""
        fitted, self._fitted = self._fitted, None
        if fitted is not None and fitted[0] is columns["text"]:
            return fitted[1], None
        return self.encode(columns), None

    def save(self, folder: Path) -> None:
        """Write encoder.json with the layout, and encoder.npz, compressed, with words and n-grams."""
        char_ngrams = asdict(self.char_ngrams) if self.char_ngrams else None
        files = {"documents": True} if self.documents else {}
        files |= {"separator": self.separator} if self.separator else {}
        write_json(folder / "encoder.json", self.layout.as_json() | files | {"char_ngrams": char_ngrams})
        words = np.frombuffer(" ".join(self.words).encode("utf-8"), np.uint8)
        ngrams = packed(self.ngram_vocabulary) if self.ngram_vocabulary else {}
        write_npz(folder / "encoder.npz", {"words": words, **ngrams}, packed=True)


def fit_encoder(table: Table, labels: Array, options: Options) -> TextEncoder:
    """Learn words and n-grams from the texts of train, and the widths of the arrays.

    labels: (k,) str; empty where the label is a number. Scripts without blanks are split into characters where at least a share
    SPLIT_SHARE of the texts is in one, or as options.split_characters says.
    """
    texts = table.columns["text"]
    split = options.split_characters
    if split is None:
        split = share_unspaced(texts.tolist()) >= SPLIT_SHARE
    extent, ngram_vocabulary = Extent(options.max_tokens, options.keep, split), None
    words, tokens = learn_words(texts.tolist(), options.vocabulary, extent)
    if options.ngrams is not None:
        answers = _answers(table.columns["label"], labels)
        kept, ngram_vocabulary = learn_ngrams(tokens, len(words) + SPECIAL, answers, options.ngrams, options.longest)
        tokens = renumbered(tokens, kept)
        words = [words[i - SPECIAL] for i in kept]
    length = max(1, int((tokens != 0).sum(axis=1).max()))
    ngrams = _ngrams(tokens, len(words) + SPECIAL, options.buckets, ngram_vocabulary)
    layout = TextLayout(length, ngrams.widest, options.buckets, options.keep, split)
    encoded, char_ngrams = {"tokens": tokens[:, :length].copy(), "ngrams": ngrams.padded(layout.width)}, None
    if options.characters:
        char_ngrams, encoded["characters"] = fit_char_ngrams(texts, options.characters, options.character_buckets)
    separator = table.reading.file.separator if options.header is not None else None
    files = {"documents": table.reading.documents, "separator": separator}
    return TextEncoder(words, layout, ngram_vocabulary, char_ngrams, **files, fitted=(texts, encoded))


def _ngrams(tokens: Array, known: int, buckets: int, vocabulary: NgramVocabulary | None) -> Ragged:
    """Ids of the words and n-grams of tokens (n, length) int32. known: number of ids of words; see TextEncoder."""
    return vocabulary.find(tokens) if vocabulary else hashed_pairs(tokens, known, buckets)


def _answers(label: Array, labels: Array) -> Array:
    """Labels (n,) str as numbers, (n, k) float64: one-hot columns of labels (k,), or one column of numbers."""
    if not len(labels):
        return label.astype(np.float64)[:, None]
    return (label[:, None] == labels[None, :]).astype(np.float64)


def load_encoder(folder: Path) -> TextEncoder:
    """Read what save wrote, in this version or an older one."""
    values = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    arrays = read_npz(folder / "encoder.npz")
    words = [word for word in arrays.pop("words").tobytes().decode("utf-8").split(" ") if word]
    ngram_vocabulary = unpacked(arrays, len(words) + SPECIAL) if arrays else None
    characters = values.get("char_ngrams", values.get("letters"))  # "letters" is the key of older bundles
    layout = TextLayout(**{field.name: values[field.name] for field in fields(TextLayout) if field.name in values})
    char_ngrams = CharNgrams(**characters | {"lengths": tuple(characters["lengths"])}) if characters else None
    files = {"documents": values.get("documents", False), "separator": values.get("separator")}
    return TextEncoder(words, layout, ngram_vocabulary, char_ngrams, **files)
