"""The encoder of tables: standardized numbers and ids of categories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow.contracts import Encoder
from minnow.modalities.tabular.columns import (
    Column,
    RowSchema,
    encode_categories,
    encode_numbers,
    kind_in,
    learn_column,
)
from minnow.modalities.tabular.derived import Recipe, encode_derived, learn_derived
from minnow.modalities.tabular.options import Options, features
from minnow.records.files import write_json
from minnow.types import Array, Columns, Source, Sources, Spec, Table


@dataclass(frozen=True)
class TabularEncoder(Encoder):
    """Encodes rows as numbers (n, d) float32 and categories (n, c) int32, with the ids of all columns in one range.

    schema: the columns as learned from train. derived: columns that are computed from them.
    """

    schema: RowSchema
    derived: tuple[Recipe, ...] = ()

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays that encode returns."""
        numbers = sum(len(column.numbers) for column in self.schema.columns) + len(self.derived)
        categories = sum(column.kind == "categorical" for column in self.schema.columns)
        widths = {"numbers": (numbers, "float32"), "categories": (categories, "int32")}
        return tuple(Spec(name, (width,), dtype) for name, (width, dtype) in widths.items() if width)

    @property
    def cardinalities(self) -> Mapping[str, int]:
        """Number of ids in `categories`."""
        count = sum(column.ids for column in self.schema.columns if column.kind == "categorical")
        return {"categories": count} if count else {}

    @property
    def sources(self) -> Sources:
        """What numbers and categories are made of, in the order of the arrays."""
        numbers = [source for column in self.schema.columns for source in column.sources]
        numbers += [Source(tuple(column.name for column in recipe.of), recipe.source) for recipe in self.derived]
        categories = [
            Source((column.name,), "category") for column in self.schema.columns if column.kind == "categorical"
        ]
        return {"numbers": tuple(numbers), "categories": tuple(categories)}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode columns by name, (n,) each; an array without columns is left out.

        Raises ValueError for a column that is missing, or of another kind than in train.
        """
        self._check_kinds(columns)
        numbers = encode_numbers(self.schema.columns, columns)
        if self.derived:
            numbers = np.concatenate([numbers, encode_derived(self.derived, columns)], axis=1)
        arrays = {"numbers": numbers, "categories": encode_categories(self.schema.columns, columns)}
        return {name: value for name, value in arrays.items() if value.shape[1]}

    def _check_kinds(self, columns: Columns) -> None:
        for column in self.schema.columns:
            if column.name not in columns:
                raise ValueError(f"The model needs the column '{column.name}', which is missing.")
            kind = kind_in(columns[column.name])
            if kind != column.kind:
                raise ValueError(
                    f"Column '{column.name}' was {column.kind} when the model was trained and is {kind} now. Set its kind "
                    "under options.kinds."
                )

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        value = {
            "columns": [column.as_json() for column in self.schema.columns],
            "missing": list(self.schema.missing),
            "unread": list(self.schema.unread),
        }
        if self.schema.not_missing:
            value["not_missing"] = list(self.schema.not_missing)
        if self.derived:
            value["made"] = [recipe.as_json() for recipe in self.derived]
        write_json(folder / "encoder.json", value)


def fit_encoder(table: Table, labels: Array, options: Options) -> TabularEncoder:
    """Learn means, deviations and categories from train. labels: (k,) str, not used. Raises ValueError."""
    columns = tuple(
        learn_column(
            name,
            table.columns[name],
            options.max_categories,
            options.min_category_rows,
            table.reading.columns.get(name),
        )
        for name in features(table.columns, options)
    )
    if not columns:
        raise ValueError("A table needs a column besides the target. Received: none.")
    sources = {"ratios": options.ratios, "logs": [[name] for name in options.logs], "rotations": options.rotations}
    derived = learn_derived(table.columns, columns, sources)
    not_features = [name for name in (options.split.column, options.weight) if name is not None]
    unread = (options.target, *not_features, *options.drop)
    schema = RowSchema(columns, tuple(options.missing), tuple(options.not_missing), unread)
    return TabularEncoder(schema, derived)


def load_encoder(folder: Path) -> TabularEncoder:
    """Read what save wrote, in this version or an older one."""
    value = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    # encoders of older versions hold one decimal sign for all columns
    signs = {"decimal": value["decimal"]} if "decimal" in value else {}
    columns = tuple(Column.from_json(signs | column) for column in value["columns"])
    derived = tuple(Recipe.from_json(recipe, columns) for recipe in value.get("made", ()))
    missing, not_missing = (tuple(value.get(key, ())) for key in ("missing", "not_missing"))
    schema = RowSchema(columns, missing, not_missing, tuple(value["unread"]))
    return TabularEncoder(schema, derived)
