"""What says how files of rows with named columns are read, and how their rows may be divided."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from minnow.modalities._cells import Kind
from minnow.modalities._contract import LabelledOptions


class Split(BaseModel):
    """How rows are divided. by: "hash" of the row, "time" or "group"; column: of the times or groups."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    by: Literal["hash", "time", "group"] = "hash"
    column: str | None = None

    @model_validator(mode="after")
    def _needs_its_column(self) -> Split:
        if (self.by == "hash") == (self.column is not None):
            raise ValueError("a split by 'time' or 'group' names its column, a split by 'hash' has none")
        return self


class TableOptions(LabelledOptions):
    """How files of rows are read.

    target: name of the column to be predicted. drop: columns to leave out.
    file: name of one file in the folder, or of several; None reads every .csv, .tsv, .txt, .data (plain or .gz) and .parquet.
    separator, quote, decimal: of delimited text; separator None is found. header: names of the columns where the first
        line is already a row.
    missing: spellings of nothing besides the usual ones ("", "NA", "?", "null", "-" and more).
    kinds: column -> numeric, categorical, boolean or date, where another is found. dates: column -> format as Python's
        strptime has it.
    sides: file -> "train" or "test", for named files; files called train* and test* need no entry.
    label_as: label -> what it is called, for labels that are spelt in two ways.
    """

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
    sides: dict[str, Literal["train", "test"]] = Field(default={})
    label_as: dict[str, str] = Field(default={})
