"""Options of tables, and the columns that they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from minnow.tables.options import Split, TableOptions
from minnow.types import Columns

Pair = Annotated[list[str], Field(min_length=2, max_length=2)]


class Options(TableOptions):
    """Options of a use case of tables, besides those about files (tables.options.TableOptions).

    split: {by: hash}, {by: time, column: NAME} or {by: group, column: NAME}; that column is not a feature.
    drop_unlabelled: keep rows without a label apart, for teaching, instead of refusing them.
    max_categories, min_category_rows: largest number of categories of a column, the most frequent ones in train, and smallest
        number of rows of each; all other values share one id.
    max_missing: largest accepted share of missing values of a column.
    ratios, logs, rotations: derived columns, in addition to their source columns. ratios: the quotient of two columns;
        logs: sign(x) log(1 + |x|) of a column; rotations: two columns, such as longitude and latitude, as coordinates along
        rotated axes, so that decision trees can split along diagonals.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {**TableOptions.RENAMED, "turns": "rotations"}

    split: Split = Split()
    drop_unlabelled: bool = False
    max_categories: int = Field(100, ge=1)
    min_category_rows: int = Field(5, ge=1)
    max_missing: float = Field(0.95, ge=0, lt=1)
    max_duplicates: float = Field(0.5, ge=0, le=1)
    ratios: list[Pair] = Field(default=[])
    logs: list[str] = Field(default=[])
    rotations: list[Pair] = Field(default=[])


def target(options: Options) -> str:
    """Name of the column to be predicted."""
    return options.target


def time_column(options: Options) -> str | None:
    """Name of the column of a split by time; None for other splits."""
    return options.split.column if options.split.by == "time" else None


def features(columns: Columns, options: Options) -> list[str]:
    """Names of the feature columns, in the order of the file."""
    return [name for name in columns if name not in (options.target, options.split.column, options.weight)]
