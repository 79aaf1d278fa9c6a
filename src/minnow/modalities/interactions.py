"""Interactions: who took what, when, and how it was liked. A row is one interaction.

To rank, an example is one user; to tell ratings (`target: rating`), it is one interaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from minnow.modalities import _catalogue, _lists, _rankings, _ratings, _takings
from minnow.modalities._contract import enough_rows, expect, hashes
from minnow.modalities._files import FileError, json_list, records
from minnow.modalities._lists import ListEncoder
from minnow.modalities._ratings import RatingEncoder
from minnow.types import Array, Expectation, Table

SUFFIXES = _takings.SUFFIXES
MAX_CHARACTERS = 200
LARGEST = 1e9

REQUEST: dict[str, Any] = {
    "description": "To rank: the id of a user, or an object with `user` or `likes` (items that somebody likes, of whom "
    "nothing else is known) or both. An unknown user is answered with what most users like. To tell a rating: an object with "
    "`user` and `item`; one that is unknown adds nothing to what is known of the other.",
    "type": ["string", "object"],
    "minLength": 1,
    "maxLength": MAX_CHARACTERS,
    "properties": {
        "user": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS},
        "item": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS},
        "likes": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS}},
    },
}


class Options(BaseModel):
    """What may stand under `options` of a use case of interactions.

    target: what is asked for: the items that a user takes next, or the rating of a user and an item.
    file: name of one file in the folder; None reads every .csv, .tsv and .dat, plain or .gz.
    separator: what stands between cells; several characters ("::") are allowed.
    header: names of the columns where the file does not begin with them.
    user, item, rating, time: names of the columns, null for a rating or a time where there is none. time: in seconds, or any
        number that grows; without it rows are in order of the file.
    items: a file of items and their attributes. Its items are labels too, though nobody took them yet.
    split: "time": the latest rows are the exam; "last": each user's last relevant item is, and the one before is val;
        "hash": any rows, whatever came first.
    min_rating: the least rating of a relevant item; None takes every interaction as relevant.
    rating_range: the least and the largest rating that there can be.
    min_interactions: users with fewer are left out.
    half_life: time after which an interaction counts half in what is popular at present, and in what an item gets of late.
    min_rows, max_repeats: least number of rows; largest share of them that replace an earlier one of the same user
        and item.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    target: Literal["item", "rating"] = "item"
    file: str | None = None
    separator: str = Field(",", min_length=1)
    header: list[str] | None = None
    user: str = "user"
    item: str = "item"
    rating: str | None = "rating"
    time: str | None = "time"
    items: _catalogue.Items | None = None
    split: Literal["time", "last", "hash"] = "time"
    min_rating: float | None = None
    rating_range: list[float] | None = Field(None, min_length=2, max_length=2)
    min_interactions: int = Field(1, ge=1)
    half_life: float = Field(259_200, gt=0)
    min_rows: int = Field(100, ge=1)
    max_repeats: float = Field(0.2, ge=0, le=1)

    @model_validator(mode="after")
    def _together(self) -> Options:
        if self.target == "rating" and self.rating is None:
            raise ValueError("target: rating needs options.rating, the name of the column of ratings. Received: null.")
        if self.split == "time" and self.time is None:
            raise ValueError("split: time needs options.time, the name of a column. Received: null. Take split: last.")
        if self.rating_range and not self.rating_range[0] < self.rating_range[1]:
            raise ValueError(f"rating_range needs [least, largest]. Received: {self.rating_range}.")
        return self


def target(options: Options) -> str:
    """Name the column to be predicted."""
    return options.target


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time."""
    return "time" if options.split == "time" else None


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time, with the catalogue of items aside.

    Columns, each (n,): user str, item str, rating float64 (1 where there is none), time float64, repeats int64 (how
    many earlier rows of the same user and item this one replaces). An empty number is NaN. Raises FileError.
    """
    table = _takings.read(folder, options, options.items.file if options.items else None)
    table = Table(table.columns, table.row_id, table.key, aside=_catalogue.read(folder, options.items))
    if options.split != "last":
        return table
    counts = np.ones(len(table), bool)
    if options.target == "item" and options.min_rating is not None:
        counts = table.columns["rating"] >= options.min_rating
    side = _takings.last_out(table.columns["user"], counts)
    return Table(table.columns, table.row_id, table.key, side=side, aside=table.aside)


def examples(table: Table, options: Options) -> Table:
    """Turn interactions into examples: one per user with what they liked, or one per rating."""
    return _ratings.examples(table) if options.target == "rating" else _lists.examples(table, options.min_rating)


def vocabulary(labels: Array, train: Table, options: Options) -> Array:
    """Join the items of a catalogue to those that train's users took, (k,) str, sorted. A rating has no labels."""
    if options.target == "rating" or _catalogue.ITEMS not in train.aside:
        return labels
    return np.union1d(labels, train.aside[_catalogue.ITEMS])


def of_labels(train: Table, labels: Array, options: Options) -> dict[str, Array]:
    """What is known of each item before anything is learned.

    popularity (k,) float32: interactions of train, one counting half after each half life; attributes (k, a) float32.
    """
    if options.target == "rating":
        return {}
    present = _rankings.recent(train.columns["moment"], train.columns["item"], labels, options.half_life)
    return {"popularity": present, "attributes": _catalogue.attributes(train.aside, labels)}


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe each interaction by flat columns, (n,) each: user, item, rating, time, repeats, hash."""
    return {**table.columns, "hash": hashes(table.key)}


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what interactions must be like. Raises ValueError where the target is not what the task asks for."""
    if (options.target == "rating") != (task != "rank"):
        needed = "item" if task == "rank" else "rating"
        raise ValueError(f"Task '{task}' needs options.target: {needed}. Received: {options.target}.")
    known, between = "column_values_to_not_be_null", "column_values_to_be_between"
    often = "the same user and item again and again hints at a file pasted twice (option max_repeats)"
    alone = "with one alone there is nothing to rank or to tell apart"
    repeated = {"max_value": 0, "mostly": round(1 - options.max_repeats, 6)}
    least, largest = options.rating_range or (-LARGEST, LARGEST)
    rating = (
        "a rating lies in its range (option rating_range)" if options.rating_range else "a rating is a finite number"
    )
    return [
        enough_rows(options.min_rows),
        *(expect("column_to_exist", "a model is learned from it", name) for name in ("user", "item", "time")),
        expect(known, "an interaction is somebody's", "user"),
        expect(known, "an interaction is with something", "item"),
        expect(known, "it decides whether an item is relevant, or is what is asked for", "rating"),
        expect(known, "it decides a row's side", "time"),
        expect(between, "a time is a finite number, not below zero", "time", min_value=0, max_value=1e18),
        expect(between, rating, "rating", min_value=least, max_value=largest),
        expect("column_unique_value_count_to_be_between", alone, "user", min_value=2),
        expect("column_unique_value_count_to_be_between", alone, "item", min_value=2),
        expect(between, often, "repeats", **repeated),
    ]


def baselines(train: Table, labels: Array, options: Options) -> dict[str, Callable[[Table], Array]]:
    """Answers that need no model: lists of popular, alike and principal items, or the biases of user and item."""
    if options.target == "rating":
        return _ratings.baselines(RatingEncoder.fit(train, options.half_life, options.split != "hash"))
    return _rankings.baselines(train, labels, options.half_life)


class Encoder:
    """Makes the encoder that a target needs, and reads it again."""

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> ListEncoder | RatingEncoder:
        """Learn from train's examples. labels: (k,) str, sorted."""
        if options.target == "rating":
            return RatingEncoder.fit(table, options.half_life, options.split != "hash")
        return ListEncoder.fit(table, labels)

    @classmethod
    def load(cls, folder: Path) -> ListEncoder | RatingEncoder:
        """Read what its save wrote."""
        kind = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))["kind"]
        return RatingEncoder.load(folder) if kind == _ratings.KIND else ListEncoder.load(folder)


def parse(inputs: Sequence[Any], encoder: ListEncoder | RatingEncoder) -> dict[str, Array]:
    """Check the questions of one request. An unknown user or item is no error.

    Raises ValueError that names the input and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one, received none.")
    if isinstance(encoder, RatingEncoder):
        return _ratings.parse(inputs, _problem)
    return _lists.parse(inputs, encoder, _problem)


def _problem(one: Any) -> str | None:
    """Say what keeps a value from being an id, or None."""
    if not isinstance(one, str):
        return f"{type(one).__name__} {one!r:.40}"
    if not one.strip():
        return "an empty one"
    if len(one) > MAX_CHARACTERS:
        return f"{len(one):,} characters"
    return None if one.isprintable() else "signs that cannot be printed"


def from_file(path: Path, options: Options) -> list[Any]:
    """Read inputs for a prediction: delimited text with the columns that are asked of, a JSON list, or users, one a line.

    Raises FileError, a ValueError, that names the file.
    """
    if path.name.endswith(SUFFIXES):
        wanted = (options.user, options.item) if options.target == "rating" else (options.user,)
        rows = records(path, options.separator, wanted, options.header)
        if options.target == "rating":
            return [{"user": user, "item": item} for _, (user, item) in rows]
        return [cells[0] for _, cells in rows]
    if path.suffix == ".json":
        return json_list(path)
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}") from error
