"""Text: short documents, each with a label. Delimited files or JSONL, a row a document; or plain files of one label each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from minnow.bundle import read_npz, write_json, write_npz
from minnow.modalities import _characters, _ngrams, _words
from minnow.modalities._contract import LabelledOptions, expect, label_columns, label_contract
from minnow.modalities._files import FileError, find, fixed_sides, json_lines, json_list, plain_lines, records, side_of
from minnow.types import Array, Columns, Expectation, Outputs, Table, content_key

JSONL = (".jsonl", ".jsonl.gz")
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", *JSONL)
MAX_CHARACTERS = 100_000

REQUEST: dict[str, Any] = {
    "description": "A text.",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_CHARACTERS,
}


class Options(LabelledOptions):
    """What may stand under `options` of a use case of texts.

    file: name of one file in the folder; None reads every .csv, .tsv and .jsonl, plain or .gz.
    lines: file -> label, for plain text with a document a line, such as {good.txt: positive, bad.txt: negative}.
    text, label: names of the columns, or of the keys of a JSONL's objects.
    separator: what stands between cells; several characters are allowed.
    max_tokens, keep: how many tokens of a text are read, and from which end.
    vocabulary: largest number of words that are known, the most frequent on train.
    buckets: how many ids the pairs of neighbouring words share, by hash.
    ngrams: how many n-grams have an id of their own instead, those that tell the labels of train best; only the words that
        these are made of are known then. longest: words in the longest of them.
    characters: shortest and longest n-gram of characters, for families that read these; None makes none.
    character_buckets: how many ids these share, by hash.
    """

    file: str | None = None
    lines: dict[str, str] | None = Field(None, min_length=2)
    text: str = "text"
    label: str = "label"
    separator: str = Field(",", min_length=1)
    max_tokens: int = Field(256, ge=2, le=4096)
    keep: Literal["beginning", "end"] = "beginning"
    vocabulary: int = Field(10_000, ge=10)
    buckets: int = Field(16_384, ge=1)
    ngrams: int | None = Field(None, ge=10)
    longest: int = Field(2, ge=1, le=3)
    characters: list[Annotated[int, Field(ge=1, le=8)]] | None = Field(None, min_length=2, max_length=2)
    character_buckets: int = Field(65_536, ge=1, le=2**24)

    @field_validator("characters")
    @classmethod
    def _rises(cls, value: list[int] | None) -> list[int] | None:
        if value is not None and value[0] > value[1]:
            raise ValueError(f"characters needs the shortest length first, such as [2, 5]. Received: {value}.")
        return value


def target(options: Options) -> str:
    """Name the column to be predicted."""
    return "label"


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time; None where a hash of each row decides."""
    return None


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file): columns text (n,) object of str and label (n,) str.

    Files named train* and test* fix the side of their rows. Keys ignore white space around a text. Raises FileError.
    """
    texts, labels, row_id, side = [], [], [], []
    for path in find(folder, list(options.lines) if options.lines else options.file, SUFFIXES):
        for line, (text, label) in _records(path, options):
            texts.append(text)
            labels.append(label.strip())
            row_id.append(f"{path.name}:{line}")
            side.append(side_of(path.name))
    if not texts:
        raise FileError(f"{folder} must hold rows. It holds none.")
    key = np.array([content_key(text.strip().encode("utf-8")) for text in texts], np.uint64)
    columns = {"text": np.array(texts, dtype=object), "label": np.array(labels, dtype=str)}
    return Table(columns, np.array(row_id, dtype=str), key, fixed_sides(side))


def _records(path: Path, options: Options) -> Iterator[tuple[int, list[str]]]:
    """Read the text and the label of each row, with its line."""
    if options.lines:
        return ((line, [text, options.lines[path.name]]) for line, text in plain_lines(path))
    if path.name.endswith(JSONL):
        return json_lines(path, (options.text, options.label))
    return records(path, options.separator, (options.text, options.label))


def examples(table: Table, options: Options) -> Table:
    """Return the rows as they are: a text is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe each text by flat columns, (n,) each: text (white space trimmed), characters, label, share, hash."""
    text = np.array([value.strip() for value in table.columns["text"]], dtype=object)
    characters = np.array([len(value) for value in text], np.int64)
    return {"text": text, "characters": characters, **label_columns(table.columns["label"], table.key)}


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what texts and their labels must be like."""
    longest = f"a longer text is refused when it is served ({MAX_CHARACTERS:,} characters)"
    return [
        expect("column_to_exist", "it is what a model reads", "text"),
        expect("column_values_to_not_be_null", "an empty text says nothing", "text"),
        expect("column_values_to_be_between", longest, "characters", max_value=MAX_CHARACTERS),
        *label_contract(options, task),
    ]


@dataclass(frozen=True)
class Letters:
    """Which n-grams of characters there are. lengths: shortest and longest; buckets: ids; width: columns of the array."""

    lengths: tuple[int, int]
    buckets: int
    width: int


class Encoder:
    """Turns texts into ids of words, of n-grams of words, and of characters where these were asked for.

    words: known words, the most frequent first; the id of words[i] is i + 2, for 0 pads and 1 is any unknown word.
    length, width: columns of `tokens` and of `ngrams`. buckets: ids of pairs, where chains has no n-grams with their own.
    """

    def __init__(
        self,
        words: Sequence[str],
        length: int,
        width: int,
        buckets: int,
        *,
        keep: str = "beginning",
        chains: _ngrams.Chains | None = None,
        letters: Letters | None = None,
    ) -> None:
        """See the class."""
        self.words, self.length, self.width, self.buckets = list(words), length, width, buckets
        self.keep, self.chains, self.letters = keep, chains, letters
        known = len(self.words) + _ngrams.SPECIAL
        self.sizes = {"tokens": known, "ngrams": chains.size if chains else known + buckets}
        if letters:
            self.sizes["characters"] = letters.buckets + 1
        self._tokenizer = _words.tokenizer(self.words, length, keep)

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder:
        """Learn words and n-grams from the texts of train, and how wide their arrays need to be."""
        texts = table.columns["text"]
        words, chains = _words.learn(texts.tolist(), options.vocabulary), None
        tokens = _words.tokens(_words.tokenizer(words, options.max_tokens, options.keep), texts, options.max_tokens)
        if options.ngrams is not None:
            answers = _answers(table.columns["label"], labels)
            kept, chains = _ngrams.learn(tokens, len(words) + 2, answers, options.ngrams, options.longest)
            tokens = _ngrams.renumbered(tokens, kept)
            words = [words[i - _ngrams.SPECIAL] for i in kept]
        length = int(max(1, (tokens != 0).sum(axis=1).max()))
        wide = cls(words, length, options.max_tokens * max(2, options.longest), options.buckets, chains=chains)
        width = int(max(1, (wide.ngrams(tokens) != 0).sum(axis=1).max()))
        letters = _letters(texts, options.characters, options.character_buckets) if options.characters else None
        return cls(words, length, width, options.buckets, keep=options.keep, chains=chains, letters=letters)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode text (n,) to tokens (n, length) int32, in order, and ngrams (n, width) int32; both padded with 0.

        ngrams holds the distinct ids of a text in rising order: known words as in tokens, then pairs of known neighbours,
        or the n-grams that are known. characters (n, m) int32, where asked for, holds those of its characters likewise. What
        goes beyond a width is left out.
        """
        tokens = _words.tokens(self._tokenizer, columns["text"], self.length)
        encoded = {"tokens": tokens, "ngrams": self.ngrams(tokens)}
        if self.letters:
            asked = self.letters
            encoded["characters"] = _characters.ngrams(columns["text"], asked.lengths, asked.buckets, asked.width)
        return encoded

    def ngrams(self, tokens: Array) -> Array:
        """Look up the words and n-grams of tokens (n, length) int32. Returns (n, width) int32."""
        if self.chains:
            return self.chains.find(tokens, self.width)
        return _words.ngrams(tokens, len(self.words) + _ngrams.SPECIAL, self.buckets, self.width)

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json with the numbers, and encoder.npz, packed, with the words and n-grams."""
        facts = {"length": self.length, "width": self.width, "buckets": self.buckets, "keep": self.keep}
        write_json(folder / "encoder.json", facts | {"letters": asdict(self.letters) if self.letters else None})
        words = np.frombuffer(" ".join(self.words).encode("utf-8"), np.uint8)
        write_npz(
            folder / "encoder.npz",
            {"words": words, **(_ngrams.packed(self.chains) if self.chains else {})},
            packed=True,
        )

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what save wrote."""
        facts = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        arrays = read_npz(folder / "encoder.npz")
        words = arrays.pop("words").tobytes().decode("utf-8").split()
        chains = _ngrams.unpacked(arrays, len(words) + _ngrams.SPECIAL) if arrays else None
        letters = facts["letters"] and Letters(**facts["letters"] | {"lengths": tuple(facts["letters"]["lengths"])})
        numbers = (facts["length"], facts["width"], facts["buckets"])
        return cls(words, *numbers, keep=facts["keep"], chains=chains, letters=letters)


def _answers(label: Array, labels: Array) -> Array:
    """Write labels (n,) str as numbers, (n, k) float64: a column of truths per name, or one of the numbers themselves."""
    if not len(labels):
        return label.astype(np.float64)[:, None]
    return (label[:, None] == labels[None, :]).astype(np.float64)


def _letters(texts: Array, lengths: Sequence[int], buckets: int) -> Letters:
    found = _characters.ngrams(texts, lengths, buckets, None)
    return Letters((lengths[0], lengths[1]), buckets, found.shape[1])


def parse(inputs: Sequence[Any], encoder: Encoder) -> dict[str, Array]:
    """Check the texts of one request. Returns {"text": (n,) object of str}.

    Raises ValueError that names the input and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one text, received none.")
    for i, one in enumerate(inputs):
        if problem := _problem(one):
            raise ValueError(f"inputs[{i}]: needed a text of 1 to {MAX_CHARACTERS:,} characters, received {problem}.")
    return {"text": np.array(inputs, dtype=object)}


def _problem(one: Any) -> str | None:
    if not isinstance(one, str):
        return f"{type(one).__name__} {one!r:.40}"
    if not one.strip():
        return "an empty text"
    if len(one) > MAX_CHARACTERS:
        return f"{len(one):,} characters"
    try:
        one.encode("utf-8")
    except UnicodeEncodeError:
        return "half of a surrogate pair, which is no character"
    return None


def from_file(path: Path, options: Options) -> list[str]:
    """Read inputs for a prediction: delimited text with the column of texts, a JSON list, or plain text, one a line.

    Raises FileError, a ValueError, that names the file.
    """
    if path.name.endswith(JSONL):
        return [cells[0] for _, cells in json_lines(path, (options.text,))]
    if path.name.endswith(SUFFIXES):
        return [cells[0] for _, cells in records(path, options.separator, (options.text,))]
    if path.suffix == ".json":
        return json_list(path)
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}") from error
