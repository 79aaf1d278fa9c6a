"""Rows of interactions: read in order of time, turned into examples, and what they must be like."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.interactions.histories import history_examples, recent_popularity
from minnow.modalities.interactions.item_features import ITEMS, attributes, read_items
from minnow.modalities.interactions.log import last_out, read_log
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import rating_examples
from minnow.tables.expectations import enough_rows, expect, hashes
from minnow.types import Array, Expectation, Table

_LARGEST = 1e9


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time, with the file of items as side tables.

    Columns, each (n,): user str, item str, rating float64 (1 where there is none), time float64, repeats int64 (how
    many earlier rows of the same user and item this one replaces). An empty number is NaN. Raises FileError.
    """
    table = read_log(folder, options)
    side_tables = read_items(folder, options.items)
    split = _last_out(table, options) if options.split == "last" else None
    return Table(table.columns, table.row_id, table.key, split=split, side_tables=side_tables)


def _last_out(table: Table, options: Options) -> Array:
    """Leave each user's last relevant rows out."""
    counts = np.ones(len(table), bool)
    if options.target == "item" and options.min_rating is not None:
        counts = table.columns["rating"] >= options.min_rating
    return last_out(table.columns["user"], counts)


def examples(table: Table, options: Options) -> Table:
    """Turn interactions into examples: one per user with what they liked, or one per rating."""
    return rating_examples(table) if options.target == "rating" else history_examples(table, options.min_rating)


def classes(labels: Array, train: Table, options: Options) -> Array:
    """Join the file of items to the items that train's users took, (k,) str, sorted. A rating has no labels."""
    if options.target == "rating" or ITEMS not in train.side_tables:
        return labels
    return np.union1d(labels, train.side_tables[ITEMS])


def label_features(train: Table, labels: Array, options: Options) -> dict[str, Array]:
    """Describe each item by what is known before anything is learned.

    popularity (k,) float32: interactions of train, each counting half after every half life; attributes (k, a) float32.
    """
    if options.target == "rating":
        return {}
    popularity = recent_popularity(train.columns["moment"], train.columns["item"], labels, options.half_life)
    return {"popularity": popularity, "attributes": attributes(train.side_tables, labels)}


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe each interaction by flat columns, (n,) each: user, item, rating, time, repeats, hash."""
    return {**table.columns, "hash": hashes(table.key)}


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what interactions must be like. Raises ValueError where the target does not go with the task."""
    if (options.target == "rating") != (task != "rank"):
        needed = "item" if task == "rank" else "rating"
        raise ValueError(f"Task '{task}' needs options.target: {needed}. Received: {options.target}.")
    known, between = "column_values_to_not_be_null", "column_values_to_be_between"
    often = "the same user and item again and again hints at a file pasted twice (option max_repeats)"
    alone = "with one alone there is nothing to rank or to tell apart"
    repeated = {"max_value": 0, "mostly": round(1 - options.max_repeats, 6)}
    return [
        enough_rows(options.min_rows),
        *(expect("column_to_exist", "a model is learned from it", name) for name in ("user", "item", "time")),
        expect(known, "an interaction is somebody's", "user"),
        expect(known, "an interaction is with something", "item"),
        expect(known, "it decides whether an item is relevant, or is what is predicted", "rating"),
        expect(known, "it decides a row's split", "time"),
        expect(between, "a time is a finite number, not below zero", "time", min_value=0, max_value=1e18),
        _rating_in_range(options.rating_range),
        expect("column_unique_value_count_to_be_between", alone, "user", min_value=2),
        expect("column_unique_value_count_to_be_between", alone, "item", min_value=2),
        expect(between, often, "repeats", **repeated),
    ]


def _rating_in_range(rating_range: list[float] | None) -> Expectation:
    least, largest = rating_range or (-_LARGEST, _LARGEST)
    why = "a rating lies in its range (option rating_range)" if rating_range else "a rating is a finite number"
    return expect("column_values_to_be_between", why, "rating", min_value=least, max_value=largest)
