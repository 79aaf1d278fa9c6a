"""What may stand under `options` of a use case of tables, and the columns that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from minnow.contracts import ModalityCapabilities
from minnow.tables.options import Split, TableOptions
from minnow.types import Columns

Pair = Annotated[list[str], Field(min_length=2, max_length=2)]


class Options(TableOptions):
    """What may stand under `options` of a use case of tables, besides how files are read (tables.options.TableOptions).

    split: {by: hash}, {by: time, column: NAME} or {by: group, column: NAME}; the named column is no feature.
    drop_unlabelled: leave rows without a label out, instead of refusing them.
    max_categories, min_category_rows: how many values of a column are told apart at most, the most frequent of train, and
        how often each must occur; all others share one id.
    max_missing: largest share of missing values of a column.
    ratios, logs, rotations: derived columns, beside those that they are made of. ratios: the quotient of two columns;
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
    """Name the column to be predicted."""
    return options.target


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time; None where they are not."""
    return options.split.column if options.split.by == "time" else None


def features(columns: Columns, options: Options) -> list[str]:
    """Names of the columns that a model may read, in the order of the file."""
    return [name for name in columns if name not in (options.target, options.split.column)]


CAPABILITIES = ModalityCapabilities(features=features)
