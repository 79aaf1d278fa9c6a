"""Options that several modalities share: about labels, about files of tables, and about the split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from minnow.contracts import Parameters, RowOptions
from minnow.tables.cells import Kind

ClassWeights = Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]]


class LabelledOptions(RowOptions):
    """Options of rows that each carry a label.

    labels: the classes that may occur; None accepts all.
    min_rows: smallest accepted number of rows.
    max_duplicates: largest accepted share of rows that repeat another row.
    min_class_share: smallest accepted share of rows of a class.
    class_weights: weights of training rows by label: "balanced" gives every label the same total weight; label -> weight
        sets them, 1 for a label without an entry.
    """

    labels: list[str] | None = Field(None, min_length=2)
    min_rows: int = Field(50, ge=1)
    max_duplicates: float = Field(0.05, ge=0, le=1)
    min_class_share: float = Field(0.01, ge=0, lt=1)
    class_weights: ClassWeights | None = None

    @property
    def label_weights(self) -> Literal["balanced"] | Mapping[str, float] | None:
        """Weights of training rows by label, "balanced" or label -> weight; None gives every row the weight 1."""
        return self.class_weights


class Split(Parameters):
    """How rows are split. by: "hash" of the row, "time" or "group"; column: of the times or groups."""

    by: Literal["hash", "time", "group"] = "hash"
    column: str | None = None

    @model_validator(mode="after")
    def _needs_its_column(self) -> Split:
        if (self.by == "hash") == (self.column is not None):
            raise ValueError("a split by 'time' or 'group' needs a column, a split by 'hash' must have none")
        return self


class TableOptions(LabelledOptions):
    """How files of rows are read.

    target: name of the column to be predicted. drop: columns to leave out.
    file: name of one file in the folder, or of several; None reads every .csv, .tsv, .txt, .data (plain or .gz) and .parquet.
    separator, quote, decimal: of delimited text; a separator of None is detected. header: names of the columns, for files
        without a header.
    missing: spellings of a missing value besides the known ones ("", "NA", "?", "null", "-" and more).
    kinds: column -> numeric, categorical, boolean or date, instead of the detected kind. dates: column -> format in the
        syntax of Python's strptime.
    file_splits: file -> "train" or "test"; files whose names begin with train or test need no entry.
    label_as: spelling of a label -> label, for labels with several spellings.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"sides": "file_splits"}

    target: str
    drop: list[str] = Field(default=[])
    file: str | list[str] | None = None
    separator: str | None = Field(None, min_length=1)
    quote: str = Field('"', min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    header: list[str] | None = None
    missing: list[str] = Field(default=[])
    kinds: dict[str, Kind] = Field(default={})
    dates: dict[str, str] = Field(default={})
    file_splits: dict[str, Literal["train", "test"]] = Field(default={})
    label_as: dict[str, str] = Field(default={})
