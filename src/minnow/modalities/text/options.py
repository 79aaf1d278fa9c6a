"""Options of a use case of texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from minnow.tables.options import LabelledOptions


class Options(LabelledOptions):
    """What may stand under `options` of a use case of texts.

    file: name of one file in the folder; None reads every .csv, .tsv and .jsonl, plain or .gz.
    lines: file -> label, for plain text with a document a line, such as {good.txt: positive, bad.txt: negative}.
    text, label: names of the columns, or of the keys of a JSONL's objects.
    separator: what stands between cells; several characters are allowed.
    max_tokens, keep: how many tokens of a text are read, and from which end.
    vocabulary: largest number of known words, the most frequent on train.
    buckets: number of ids that pairs of neighbouring words share, by hash.
    ngrams: number of n-grams that have an id of their own instead of a hashed one, those that are most related to the labels of
        train; known words are then only those of these n-grams. longest: words in the longest n-gram.
    characters: shortest and longest n-gram of characters, for families that read these; None makes none.
    character_buckets: number of ids that n-grams of characters share, by hash.
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
    """Return None: a hash of each row decides its split."""
    return None
