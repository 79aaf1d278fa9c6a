"""Rows of interactions: reading them in order of time, their examples, and the expectations that they must meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.modalities.interactions.histories import history_examples, recent_popularity
from minnow.modalities.interactions.item_features import ITEMS, attributes, read_items, without_attributes
from minnow.modalities.interactions.log import last_out, read_log
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import rating_examples
from minnow.tables.expectations import enough_rows, expect, hashes
from minnow.types import Array, Expectation, Table

_LARGEST = 1e9


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time, with the file of items as side tables.

    Columns, each (n,): user str, item str, rating float64 (1 without a column of ratings), time float64, repeats int64 (the
    number of earlier rows of the same user and item that this row replaces). An empty number is NaN. Raises FileError.
    """
    table = read_log(folder, options)
    side_tables, notices = read_items(folder, options.items)
    if options.items is not None:
        notices = (*notices, *without_attributes(table.columns["item"], side_tables, options.items))
    split = _last_out(table, options) if options.split == "last" else None
    return replace(table, split=split, side_tables=side_tables, notices=(*table.notices, *notices))


def _last_out(table: Table, options: Options) -> Array:
    """Split that holds out each user's last relevant rows, (n,) str."""
    counts = np.ones(len(table), bool)
    if options.target == "item" and options.min_rating is not None:
        counts = table.columns["rating"] >= options.min_rating
    return last_out(table.columns["user"], counts)


def examples(table: Table, options: Options) -> Table:
    """Make examples of interactions: one per user with the relevant items, or one per rating."""
    return rating_examples(table) if options.target == "rating" else history_examples(table, options.min_rating)


def classes(labels: Array, train: Table, options: Options) -> Array:
    """Union of the items taken in train and those in the file of items, (k,) str, sorted. Ratings have no labels."""
    if options.target == "rating" or ITEMS not in train.side_tables:
        return labels
    return np.union1d(labels, train.side_tables[ITEMS])


def label_features(train: Table, labels: Array, options: Options) -> dict[str, Array]:
    """Features of items that need no model. labels: (k,) str.

    popularity (k,) float32: interactions of train, with weights halved per half life; attributes (k, a) float32.
    """
    if options.target == "rating":
        return {}
    popularity = recent_popularity(train.columns["moment"], train.columns["item"], labels, options.half_life)
    return {"popularity": popularity, "attributes": attributes(train.side_tables, labels)}


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: user, item, rating, time, repeats, hash."""
    return {**table.columns, "hash": hashes(table.key)}


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about interactions. Raises ValueError where the target does not suit the task."""
    if (options.target == "rating") != (task != "rank"):
        needed = "item" if task == "rank" else "rating"
        raise ValueError(f"Task '{task}' needs options.target: {needed}. Received: {options.target}.")
    known, between = "column_values_to_not_be_null", "column_values_to_be_between"
    often = "many repeated pairs of user and item suggest that a file was appended twice (option max_repeats)"
    alone = "with a single one there is nothing to rank or to compare"
    repeated = {"max_value": 0, "mostly": round(1 - options.max_repeats, 6)}
    return [
        enough_rows(options.min_rows),
        *(expect("column_to_exist", "models need this column", name) for name in ("user", "item", "time")),
        expect(known, "an interaction needs a user", "user"),
        expect(known, "an interaction needs an item", "item"),
        expect(known, "the rating is the target, or decides whether an item is relevant", "rating"),
        expect(known, "the time determines the split of a row", "time"),
        expect(between, "times must be finite numbers, not below zero", "time", min_value=0, max_value=1e18),
        _rating_in_range(options.rating_range),
        expect("column_unique_value_count_to_be_between", alone, "user", min_value=2),
        expect("column_unique_value_count_to_be_between", alone, "item", min_value=2),
        expect(between, often, "repeats", **repeated),
    ]


def _rating_in_range(rating_range: list[float] | None) -> Expectation:
    least, largest = rating_range or (-_LARGEST, _LARGEST)
    why = "ratings must lie in their range (option rating_range)" if rating_range else "ratings must be finite numbers"
    return expect("column_values_to_be_between", why, "rating", min_value=least, max_value=largest)
