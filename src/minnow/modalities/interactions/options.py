"""Options of a use case of interactions."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from minnow.contracts import Duration, RowOptions
from minnow.modalities.interactions.item_features import ItemOptions, items_file
from minnow.tables.options import DateFormat, FileOptions

_HALF_LIFE_S = 259_200.0


class Options(FileOptions, RowOptions):
    """Options of a use case of interactions, besides those about files (tables.options.FileOptions).

    target: "item" predicts the items that a user takes next, "rating" the rating of an item by a user.
    user, item, rating, time: names of the columns; rating and time may be null. time: dates, seconds or milliseconds since
        1970, or any number that increases; without it rows are in order of the file.
    decimal: decimal sign of ratings; None finds it. dates: column of times -> its format (see TableOptions).
    items: a file of items and their attributes. Its items are labels too, even those without interactions.
    split: "time": the latest rows are the test set; "last": the last relevant item of each user is in the test set, and the
        one before in val; "hash": rows are divided by a hash, regardless of time.
    min_rating: lowest rating of a relevant item; None makes every interaction relevant.
    rating_range: lowest and highest possible rating.
    min_interactions: users with fewer interactions are left out.
    half_life: time after which the weight of an interaction is halved, in the present popularity of an item and in its recent
        ratings: a number of seconds, or with a unit such as 12 hours or 3 days (a number of another kind of time counts in
        its unit). None lets families that rank choose it on val, and is 3 days elsewhere.
    min_rows: smallest accepted number of rows. max_repeats: largest accepted share of rows that replace an earlier row of the
        same user and item.
    """

    FILES: ClassVar[tuple[str, ...]] = (*FileOptions.FILES, "decimal", "dates")

    target: Literal["item", "rating"] = "item"
    user: str = "user"
    item: str = "item"
    rating: str | None = "rating"
    time: str | None = "time"
    items: ItemOptions | None = None
    split: Literal["time", "last", "hash"] = "time"
    min_rating: float | None = None
    rating_range: list[float] | None = Field(None, min_length=2, max_length=2)
    min_interactions: int = Field(1, ge=1)
    decimal: Literal[".", ","] | None = None
    dates: dict[str, DateFormat] = Field(default={})
    half_life: Duration | None = Field(None, gt=0)
    min_rows: int = Field(100, ge=1)
    max_repeats: float = Field(0.2, ge=0, le=1)

    @property
    def usual_half_life(self) -> float:
        """half_life where it is set, or else 3 days."""
        return _HALF_LIFE_S if self.half_life is None else self.half_life

    def side_files(self, data: Path, root: Path) -> list[Path]:
        """The file of items."""
        return [] if self.items is None else [items_file(data, self.items.file)]

    @model_validator(mode="after")
    def _together(self) -> Options:
        if self.target == "rating" and self.rating is None:
            raise ValueError("target: rating needs options.rating, the name of the column of ratings. Received: null.")
        if self.split == "time" and self.time is None:
            raise ValueError("split: time needs options.time, the name of a column. Received: null. Take split: last.")
        if self.rating_range and not self.rating_range[0] < self.rating_range[1]:
            raise ValueError(f"rating_range needs [lowest, highest]. Received: {self.rating_range}.")
        return self


def target(options: Options) -> str:
    """Name of the column to be predicted."""
    return options.target


def time_column(options: Options) -> str | None:
    """Name of the column of a split by time; None for other splits."""
    return "time" if options.split == "time" else None
