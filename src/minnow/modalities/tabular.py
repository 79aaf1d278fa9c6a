"""Tables: rows of numbers, categories, truths and dates, with one column to be predicted. CSV of any kind, or Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from minnow.bundle import write_json
from minnow.modalities import _columns, _frames, _made, _row
from minnow.modalities._columns import Column
from minnow.modalities._contract import LARGEST, expect, label_columns, label_contract
from minnow.modalities._files import FileError, json_list
from minnow.modalities._made import Recipe
from minnow.modalities._table import Split, TableOptions
from minnow.types import Array, Columns, Expectation, Outputs, Table

REQUEST: dict[str, Any] = {
    "description": "A row: the name of each column with its value; null where it is not known. Columns of the training "
    "table that the model does not read may be there, and are ignored.",
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "number"}, {"type": "string", "maxLength": 1000}, {"type": "boolean"}, {"type": "null"}]
    },
}


Pair = Annotated[list[str], Field(min_length=2, max_length=2)]


class Options(TableOptions):
    """What may stand under `options` of a use case of tables, besides what says how files are read (_table.TableOptions).

    split: {by: hash}, {by: time, column: NAME} or {by: group, column: NAME}; the named column is no feature.
    drop_unlabelled: leave rows without a label out, instead of refusing them.
    max_categories, min_category_rows: how many values of a column are told apart at most, the most frequent on train, and
        how often each must occur; the others share one id.
    max_missing: largest share of missing values of a column.
    ratios, logs, turns: numbers that are made of others beside them: one column by another; the logarithm of 1 more, with the
        sign kept; two columns, such as longitude and latitude, turned as on a map, so that trees can cut aslant.
    """

    split: Split = Split()
    drop_unlabelled: bool = False
    max_categories: int = Field(100, ge=1)
    min_category_rows: int = Field(5, ge=1)
    max_missing: float = Field(0.95, ge=0, lt=1)
    max_duplicates: float = Field(0.5, ge=0, le=1)
    ratios: list[Pair] = Field(default=[])
    logs: list[str] = Field(default=[])
    turns: list[Pair] = Field(default=[])


def target(options: Options) -> str:
    """Name the column to be predicted."""
    return options.target


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time; None where a hash decides."""
    return options.split.column if options.split.by == "time" else None


def features(columns: Columns, options: Options) -> list[str]:
    """Names of the columns that a model may read, in the order of the file."""
    return [name for name in columns if name not in (options.target, options.split.column)]


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file): a column per name, typed by its kind, and the target as (n,) str.

    numeric float64, NaN missing; boolean int8, -1 missing; date datetime64[s]; categorical object of str, "" missing.
    Raises FileError that names file, column, rows and what to do.
    """
    table = _frames.read(folder, options, options.split)
    return table.take(np.flatnonzero(table.columns[options.target] != "")) if options.drop_unlabelled else table


def examples(table: Table, options: Options) -> Table:
    """Return the rows as they are: a row is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe rows by flat columns, (n,) each: the features, then label, class_share, label_number and hash."""
    named = {name: table.columns[name] for name in features(table.columns, options)}
    flat = {name: _columns.raw(value) if value.dtype != object else value for name, value in named.items()}
    about = label_columns(table.columns[options.target], table.key)
    return {(f"{name} (feature)" if name in about else name): value for name, value in flat.items()} | about


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what rows and their labels must be like."""
    found = label_contract(options, task)
    described = describe(table, options)
    gaps = (
        f"a column that is hardly ever filled tells nothing (option max_missing = {options.max_missing:g}, or drop it)"
    )
    for name in list(described)[: len(features(table.columns, options))]:
        share = round(1 - options.max_missing, 6)
        found.append(expect("column_values_to_not_be_null", gaps, name, mostly=share))
        if described[name].dtype != object:
            why = "a number is finite"
            found.append(expect("column_values_to_be_between", why, name, min_value=-LARGEST, max_value=LARGEST))
    return found


class Encoder:
    """Turns rows into numbers (n, d) float32 and categories (n, c) int32, ids of all columns in one range.

    columns: in the order of the file, as train taught them. decimal: what divides whole from parts in cells of files.
    unread: columns of the file that no model reads; a request may hold them. made: numbers made of other columns.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        missing: Sequence[str] = (),
        decimal: str = ".",
        unread: Sequence[str] = (),
        made: Sequence[Recipe] = (),
    ) -> None:
        """See the class."""
        self.columns, self.missing, self.decimal, self.unread = tuple(columns), tuple(missing), decimal, tuple(unread)
        self.made = tuple(made)
        count = sum(column.ids for column in self.columns if column.kind == "categorical")
        self.sizes = {"categories": count} if count else {}

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder:
        """Learn scales and categories from the rows of train."""
        most, least = options.max_categories, options.min_category_rows
        found = [
            _columns.learn(name, table.columns[name], most, least, options.dates.get(name))
            for name in features(table.columns, options)
        ]
        if not found:
            raise ValueError("A table needs a column besides the target. Received: none.")
        divided = [] if options.split.column is None else [options.split.column]
        asked = {"ratios": options.ratios, "logs": [[name] for name in options.logs], "turns": options.turns}
        made = _made.learn(table.columns, found, asked)
        return cls(found, options.missing, options.decimal, [options.target, *divided, *options.drop], made)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode columns by name, (n,) each; either array is left out where no column is of its kind.

        Raises ValueError when a column is missing or of another kind than train's.
        """
        for column in self.columns:
            if column.name not in columns:
                raise ValueError(f"The model reads the column '{column.name}', which is not there.")
            kind = _columns.kind_in(columns[column.name])
            if kind != column.kind:
                raise ValueError(
                    f"Column '{column.name}' was {column.kind} when the model was trained and is {kind} now. Say which it "
                    "is under options.kinds."
                )
        numbers = _columns.numbers(self.columns, columns)
        if self.made:
            numbers = np.concatenate([numbers, _made.numbers(self.made, columns)], axis=1)
        arrays = {"numbers": numbers, "categories": _columns.ids(self.columns, columns)}
        return {name: value for name, value in arrays.items() if value.shape[1]}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    @property
    def example(self) -> dict[str, Any]:
        """A row that could be asked, for people to copy."""
        return {column.name: _row.example(column) for column in self.columns}

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        columns = [column.as_json() for column in self.columns]
        facts = {
            "columns": columns,
            "missing": list(self.missing),
            "decimal": self.decimal,
            "unread": list(self.unread),
        } | ({"made": [recipe.as_json() for recipe in self.made]} if self.made else {})
        write_json(folder / "encoder.json", facts)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what save wrote."""
        facts = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        columns = [Column(**{**one, "categories": tuple(one.get("categories", ()))}) for one in facts["columns"]]
        made = [_made.loaded(one, columns) for one in facts.get("made", ())]
        return cls(columns, facts["missing"], facts["decimal"], facts["unread"], made)


def parse(inputs: Sequence[Any], encoder: Encoder) -> dict[str, Array]:
    """Check the rows of one request. Returns each column (n,) as read types it.

    A category that train never saw is no error: it shares an id with other rare ones. Raises ValueError that names the
    input, the column and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one row, received none.")
    rows = [_row.check(one, f"inputs[{i}]", encoder) for i, one in enumerate(inputs)]
    return {
        column.name: _row.as_array([row[place] for row in rows], column.kind)
        for place, column in enumerate(encoder.columns)
    }


def from_file(path: Path, options: Options) -> list[Mapping[str, Any]]:
    """Read inputs for a prediction: a table with the features' columns (others are ignored), or a JSON list of rows.

    Raises FileError, a ValueError, that names the file.
    """
    if path.suffix == ".json":
        return json_list(path)
    if not path.name.lower().endswith(_frames.SUFFIXES):
        raise FileError(f"{path} must be one of {', '.join(_frames.SUFFIXES)} or .json.")
    return _row.of_file(_frames.frame(path, options))


def as_labels(values: Array) -> Array:
    """Write a column of any kind as read writes the target, (n,) str."""
    return _frames.labels(values, {})


def look(place: Path, header: Sequence[str] | None = None, decimal: Literal[".", ","] = ".") -> dict[str, Array]:
    """Read a table without knowing its target: columns typed by what they hold; one of mixed cells is categorical.

    For a first look at somebody's file; read is what a run uses. Raises FileError.
    """
    given = {"target": "", "header": list(header) if header else None, "decimal": decimal}
    return _frames.look(place, Options.model_validate(given))
