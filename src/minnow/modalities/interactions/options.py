"""Options of a use case of interactions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from minnow.contracts import RowOptions
from minnow.modalities.interactions.item_features import ItemOptions


class Options(RowOptions):
    """What may stand under `options` of a use case of interactions.

    target: what is predicted: the items that a user takes next, or the rating of a user and an item.
    file: name of one file in the folder; None reads every .csv, .tsv and .dat, plain or .gz.
    separator: what stands between cells; several characters ("::") are allowed.
    header: names of the columns where the file does not begin with them.
    user, item, rating, time: names of the columns, null for a rating or a time where there is none. time: in seconds, or any
        number that grows; without it rows are in order of the file.
    items: a file of items and their attributes. Its items are labels too, though nobody took them yet.
    split: "time": the latest rows are the test set; "last": each user's last relevant item is, and the one before is val;
        "hash": rows are divided by a hash, in any order of time.
    min_rating: the least rating of a relevant item; None takes every interaction as relevant.
    rating_range: the least and the largest possible rating.
    min_interactions: users with fewer are left out.
    half_life: time after which an interaction counts half in the present popularity of an item and in its recent ratings.
    min_rows, max_repeats: least number of rows; largest share of them that replace an earlier one of the same user
        and item.
    """

    target: Literal["item", "rating"] = "item"
    file: str | None = None
    separator: str = Field(",", min_length=1)
    header: list[str] | None = None
    user: str = "user"
    item: str = "item"
    rating: str | None = "rating"
    time: str | None = "time"
    items: ItemOptions | None = None
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
    """Name the column that rows are split by in order of time; None where they are not."""
    return "time" if options.split == "time" else None
