"""Rows of interactions: reading them in order of time, their examples, and the expectations that they must meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.modalities.interactions.histories import history_examples, popularity_by_age, recent_popularity
from minnow.modalities.interactions.item_features import ITEMS, attributes, read_items, without_attributes
from minnow.modalities.interactions.log import last_out, read_log
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import rating_examples
from minnow.tables.expectations import enough_rows, expect, percent
from minnow.types import Array, Expectation, KeyRule, KeyRuleError, Table

_LARGEST = 1e9


def read(folder: Path, options: Options, keys: KeyRule | None = None) -> Table:
    """Read a folder (or one file), in order of time, with the file of items as side tables.

    Columns, each (n,): user str, item str, rating float64 (1 without a column of ratings), time float64, repeats int64 (the
    number of earlier rows of the same user and item that this row replaces). An empty number is NaN. Keys are hashes of user
    and item. Raises FileError, and KeyRuleError for rows that were divided in another way.
    """
    rule = KeyRule(options={"split": options.split})
    if keys is not None and (divided := keys.option("split")) != options.split:
        raise KeyRuleError(f"rows were divided by {divided}, and options.split is '{options.split}' now")
    table = read_log(folder, options)
    side_tables, notices = read_items(folder, options.items)
    if options.items is not None:
        notices = (*notices, *without_attributes(table.columns["item"], side_tables, options.items))
    split = _last_out(table, options) if options.split == "last" else None
    notices = (*table.notices, *notices)
    return replace(table, split=split, side_tables=side_tables, notices=notices, keys=rule)


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

    popularity (k,) float32: interactions of train, with weights halved per half life; attributes (k, a) float32. Where no half
    life is set, also by_age (k, b) float32, the numbers of interactions by age, and ages (b,) float32.
    """
    if options.target == "rating":
        return {}
    taken = train.columns["moment"], train.columns["item"], labels
    popularity = recent_popularity(*taken, options.usual_half_life)
    features = {"popularity": popularity, "attributes": attributes(train.side_tables, labels)}
    return features if options.half_life is not None else features | popularity_by_age(*taken)


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: user, item, rating, time, repeats, hash."""
    return {**table.columns, "hash": table.key.view(np.int64)}


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about interactions. Raises ValueError where the target does not suit the task."""
    if (options.target == "rating") != (task != "rank"):
        needed = "item" if task == "rank" else "rating"
        raise ValueError(f"Task '{task}' needs options.target: {needed}. Received: {options.target}.")
    return [
        enough_rows(options.min_rows),
        *(expectation for name in ("user", "item", "rating", "time") for expectation in _of_column(name, options)),
        _times(options),
        _rating_in_range(options),
        _few_repeats(options),
    ]


def _of_column(role: str, options: Options) -> list[Expectation]:
    """List what is expected of the column of users, items, ratings or times: it is there, and filled in every row."""
    name: str = getattr(options, role) or role
    why = {
        "user": "an interaction needs a user",
        "item": "an interaction needs an item",
        "rating": "it is the target, or decides whether an item is relevant",
        "time": "it determines the order and the split of rows",
    }[role]
    filled = expect(
        "column_values_to_not_be_null", why, role, says=f"every row has a value in '{name}'", about=name, shown=""
    )
    if role == "rating":
        return [filled]
    there = expect("column_to_exist", why, role, says=f"there is a column '{name}'", about=name)
    if role == "time":
        return [there, filled]
    alone, several = (
        "with a single one there is nothing to rank or to compare",
        f"'{name}' has at least 2 different values",
    )
    counted = expect("column_unique_value_count_to_be_between", alone, role, says=several, about=name, min_value=2)
    return [there, filled, counted]


def _times(options: Options) -> Expectation:
    name, kind = options.time or "time", "column_values_to_be_between"
    says, why = f"'{name}' has no value below 0 and none beyond 1e18", "others are no times since 1970"
    return expect(kind, why, "time", says=says, about=name, min_value=0, max_value=1e18)


def _rating_in_range(options: Options) -> Expectation:
    name, (least, largest) = options.rating or "rating", options.rating_range or (-_LARGEST, _LARGEST)
    why = "other ratings are mistakes" if options.rating_range else "models need finite numbers"
    within = f"between {least:g} and {largest:g} (option rating_range)" if options.rating_range else "a finite number"
    says, kind = f"'{name}' is {within} in every row", "column_values_to_be_between"
    return expect(kind, why, "rating", says=says, about=name, min_value=least, max_value=largest)


def _few_repeats(options: Options) -> Expectation:
    share = percent(options.max_repeats)
    says = f"at most {share} of the rows repeat the user and the item of an earlier row (option max_repeats)"
    why, mostly = "many such rows suggest that a file was appended twice", round(1 - options.max_repeats, 6)
    return expect("column_values_to_be_between", why, "repeats", says=says, shown="", max_value=0, mostly=mostly)
