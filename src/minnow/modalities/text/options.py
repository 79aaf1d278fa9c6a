"""Options of a use case of texts."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from minnow.tables.options import FileOptions, LabelledOptions


class Options(FileOptions, LabelledOptions):
    """Options of a use case of texts, besides those about files (tables.options.FileOptions).

    lines: file -> label, for plain text with one document per line, such as {good.txt: positive, bad.txt: negative}.
    text, label: names of the columns, or of the keys of JSON lines. Class folders of .txt need neither.
    label_as: spelling of a label -> label, for labels with several spellings.
    drop_unlabelled: keep texts without a label apart, for teaching, instead of refusing them.
    class_folder: which folder of a document's path is its class, 0 for the first one below train/ and test/, -1 for the one
        that it is in; None takes that one, or the first depth at which documents lie.
    max_lost: largest accepted share of a class's documents that cannot be read.
    max_tokens, keep: number of words of a text that are read, from its beginning or its end.
    split_characters: whether each character of Chinese, Japanese, Thai, Lao, Khmer and Burmese, which are written without
        blanks, counts as a word; None does so where at least one text in a hundred of train is in such a script.
    vocabulary: largest number of known words, the most frequent ones in train.
    buckets: number of ids of hashed pairs of neighbouring words.
    ngrams: number of selected n-grams with ids of their own instead of hashed pairs, those that are most related to the labels
        of train; words in none of them are unknown. longest: number of words in the longest n-gram.
    characters: shortest and longest character n-gram, for families that read these; None makes none.
    character_buckets: number of ids of hashed character n-grams.
    """

    FILES: ClassVar[tuple[str, ...]] = (*FileOptions.FILES, "lines", "class_folder", "max_lost")

    lines: dict[str, str] | None = Field(None, min_length=2)
    text: str = "text"
    label: str = "label"
    label_as: dict[str, str] = Field(default={})
    drop_unlabelled: bool = False
    class_folder: int | None = None
    max_lost: float = Field(0.1, ge=0, le=1)
    max_tokens: int = Field(256, ge=2, le=4096)
    keep: Literal["beginning", "end"] = "beginning"
    split_characters: bool | None = None
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
    """Name of the column to be predicted."""
    return "label"


def time_column(options: Options) -> str | None:
    """Return None: a hash of each row decides its split."""
    return None
