"""Text: short documents, each with a label. Delimited files or JSONL, a row a document; or plain files of one label each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from minnow.bundle import write_json
from minnow.modalities import _words
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
    max_tokens: how many tokens of a text are read, from its beginning.
    vocabulary: largest number of words that are known, the most frequent on train.
    buckets: how many ids the pairs of neighbouring words share, by hash.
    """

    file: str | None = None
    lines: dict[str, str] | None = Field(None, min_length=2)
    text: str = "text"
    label: str = "label"
    separator: str = Field(",", min_length=1)
    max_tokens: int = Field(256, ge=2, le=4096)
    vocabulary: int = Field(10_000, ge=10)
    buckets: int = Field(16_384, ge=1)


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


class Encoder:
    """Turns texts into ids of words and of pairs of words.

    words: known words, the most frequent first; the id of words[i] is i + 2, for 0 pads and 1 is any unknown word.
    length, width: columns of `tokens` and of `ngrams`. buckets: ids of pairs.
    """

    def __init__(self, words: Sequence[str], length: int, width: int, buckets: int) -> None:
        """See the class."""
        self.words, self.length, self.width, self.buckets = list(words), length, width, buckets
        self.sizes = {"tokens": len(self.words) + 2, "ngrams": len(self.words) + 2 + buckets}
        self._tokenizer = _words.tokenizer(self.words, length)

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder:
        """Learn words from the texts of train, and how wide their arrays need to be."""
        texts = table.columns["text"].tolist()
        wide = cls(_words.learn(texts, options.vocabulary), options.max_tokens, 2 * options.max_tokens, options.buckets)
        encoded = wide.encode(table.columns)
        length, width = (int(max(1, (encoded[name] != 0).sum(axis=1).max())) for name in ("tokens", "ngrams"))
        return cls(wide.words, length, width, options.buckets)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode text (n,) to tokens (n, length) int32, in order, and ngrams (n, width) int32; both padded with 0.

        ngrams holds the distinct ids of a text in rising order: known words as in tokens, then pairs of known
        neighbours. What goes beyond length or width is left out.
        """
        tokens = _words.tokens(self._tokenizer, columns["text"], self.length)
        return {"tokens": tokens, "ngrams": _words.ngrams(tokens, len(self.words) + 2, self.buckets, self.width)}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json; the words stand in one string, which is a third of their size as a list."""
        facts = {"words": " ".join(self.words), "length": self.length, "width": self.width, "buckets": self.buckets}
        write_json(folder / "encoder.json", facts)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what save wrote."""
        facts = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        return cls(facts["words"].split(), facts["length"], facts["width"], facts["buckets"])


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
