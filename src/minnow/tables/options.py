"""Options that several modalities share: about labels, about files of tables, and about the split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from minnow.contracts import Parameters, RowOptions
from minnow.tables import times
from minnow.tables.cells import Kind, missing_spellings
from minnow.types import FileFormat


def separator_of(value: Any) -> Any:
    """Convert the usual spellings of a tab to one; other values as they are."""
    return "\t" if value in ("\\t", "tab") else value


Separator = Annotated[str, BeforeValidator(separator_of), Field(min_length=1)]
"""Separator of cells; a blank stands for one or more blanks and tabs."""


def spelling_of(value: Any) -> Any:
    """Convert a number, which YAML makes of -999, to its text; other values as they are."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Spelling = Annotated[str, BeforeValidator(spelling_of)]
"""A cell of files."""


def date_format(form: str) -> str:
    """Check a format of dates. Raises ValueError."""
    if not times.is_format(form):
        raise ValueError(
            "dates need a format in the syntax of Python's strptime, such as %d/%m/%Y, or iso, quarter, or a unit of numbers "
            f"since 1970: s, ms, us or ns. Received: {form!r}"
        )
    return form


DateFormat = Annotated[str, AfterValidator(date_format)]
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

    SHORT: ClassVar[str | None] = "by"

    by: Literal["hash", "time", "group"] = "hash"
    column: str | None = None

    @model_validator(mode="after")
    def _needs_its_column(self) -> Split:
        if (self.by == "hash") == (self.column is not None):
            raise ValueError("a split by 'time' or 'group' needs a column, a split by 'hash' must have none")
        return self


class FileOptions(Parameters):
    """How files of rows are written. What is not set is found from the files, and said.

    file: name of one file in the folder, or of several; None reads every .csv, .tsv, .txt, .data, .dat, .psv, .jsonl (plain or
        .gz) and .parquet, or every .json where there are none of these, except for those that are for people, such as
        README.txt.
    separator, quote: of cells; a separator may have several characters. encoding: of text, a codec of Python such as cp1251;
        None finds UTF-8, UTF-16 and Windows-1252. header: names of the columns, for files without a header.
    missing: spellings of a missing value besides the known ones ("", "NA", "?", "null", "-" and more). not_missing: known
        spellings that are values in these files.
    """

    FILES: ClassVar[tuple[str, ...]] = ("file", "separator", "quote", "encoding", "header")

    file: str | list[str] | None = None
    separator: Separator | None = None
    quote: str = Field('"', min_length=1, max_length=1)
    encoding: str | None = None
    header: list[str] | None = None
    missing: list[Spelling] = Field(default=[])
    not_missing: list[Spelling] = Field(default=[])

    @property
    def form(self) -> FileFormat:
        """What the options say of how files are written."""
        header = None if self.header is None else tuple(self.header)
        return FileFormat(self.separator, self.quote, self.encoding, header)

    @property
    def missing_spellings(self) -> tuple[str, ...]:
        """Spellings of a missing value, in lower case."""
        return missing_spellings(self.missing, self.not_missing)


class TableOptions(FileOptions, LabelledOptions):
    """How tables are read, besides FileOptions.

    target: name of the column to be predicted. drop: columns to leave out.
    decimal: decimal sign of all numbers; None finds it for each column.
    kinds: column -> numeric, categorical, boolean or date, instead of the detected kind. dates: column -> format in the
        syntax of Python's strptime, or "s", "ms", "us" or "ns" for numbers since 1970.
    file_splits: file -> "train" or "test"; files that are named after their split need no entry (see divisions).
    label_as: spelling of a label -> label, for labels with several spellings.
    weight: name of a column with the weight of each row in training, which is no feature.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"sides": "file_splits"}
    FILES: ClassVar[tuple[str, ...]] = (*FileOptions.FILES, "decimal", "dates", "file_splits")

    target: str
    drop: list[str] = Field(default=[])
    decimal: Literal[".", ","] | None = None
    kinds: dict[str, Kind] = Field(default={})
    dates: dict[str, DateFormat] = Field(default={})
    file_splits: dict[str, Literal["train", "test"]] = Field(default={})
    label_as: dict[str, str] = Field(default={})
    weight: str | None = None

    @property
    def weight_column(self) -> str | None:
        """Name of the column of row weights."""
        return self.weight
