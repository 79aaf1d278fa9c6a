"""Derived columns of a table, declared in params.yaml and computed by the same code for training rows and requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minnow.modalities.tabular.columns import Column, encode_numbers, learn_column
from minnow.registry import unknown
from minnow.tables.cells import raw
from minnow.types import Array, Columns

ROTATIONS_DEG = (22.5, 45.0, 67.5)
"""Angles of the rotated axes; with the original ones, decision trees can split along axes every 22.5 degrees."""
UNLEARNED = Column("", "numeric")


@dataclass(frozen=True)
class Recipe:
    """One derived column. kind: ratios, logs or rotations; of: source columns; degrees: of a rotation.

    result: the derived column, as learned from train.
    """

    kind: str
    of: tuple[Column, ...]
    degrees: float = 0.0
    result: Column = UNLEARNED

    @property
    def name(self) -> str:
        """Name of the derived column."""
        sign = {"ratios": " / ", "logs": "", "rotations": " and "}[self.kind]
        names = sign.join(column.name for column in self.of)
        if self.kind == "logs":
            return f"log of {names}"
        return f"{names}, rotated by {self.degrees:g}" if self.kind == "rotations" else names

    @property
    def source(self) -> str:
        """How it follows from its source columns, as in types.Source: a logarithm rises with its column."""
        return "value" if self.kind == "logs" else "derived"

    def values(self, table: Columns) -> Array:
        """Compute the derived column from the columns of a table, (n,) float64.

        NaN where a source is missing, or the divisor of a ratio is zero.
        """
        first, *rest = (raw(table[column.name]) for column in self.of)
        if self.kind == "logs":
            return np.sign(first) * np.log1p(np.abs(first))
        if self.kind == "ratios":
            return first / np.where(rest[0] == 0, np.nan, rest[0])
        across, up = ((part - column.mean) / column.std for part, column in zip((first, *rest), self.of, strict=True))
        angle = np.deg2rad(self.degrees)
        return across * np.cos(angle) + up * np.sin(angle)

    def as_json(self) -> dict[str, Any]:
        """Return what from_json reads."""
        about = {"kind": self.kind, "of": [column.name for column in self.of], "degrees": self.degrees}
        return about | {"made": self.result.as_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], known: Sequence[Column]) -> Recipe:
        """Read what as_json returned. known: the columns that it may be derived from."""
        by_name = {column.name: column for column in known}
        # encoders of older versions call rotations "turns"
        kind = "rotations" if value["kind"] == "turns" else value["kind"]
        of = tuple(by_name[name] for name in value["of"])
        return cls(kind, of, value["degrees"], Column.from_json(value["made"]))


def learn_derived(
    table: Columns, known: Sequence[Column], sources: Mapping[str, Sequence[Sequence[str]]]
) -> tuple[Recipe, ...]:
    """Learn the derived columns of a table from train.

    table: train; known: its columns, as learned. sources: kind -> names of the source columns of each derived column.
    Raises ValueError for a source that is not a numeric column.
    """
    recipes = [recipe for kind, lists in sources.items() for names in lists for recipe in _recipes(kind, names, known)]
    return tuple(replace(recipe, result=_learn_result(recipe, table)) for recipe in recipes)


def _recipes(kind: str, names: Sequence[str], known: Sequence[Column]) -> Iterator[Recipe]:
    numeric = {column.name: column for column in known if column.kind == "numeric"}
    for name in names:
        if name not in numeric:
            raise ValueError(f"options.{kind}: {unknown('numeric column', name, numeric)}")
    of = tuple(numeric[name] for name in names)
    if kind != "rotations":
        yield Recipe(kind, of)
        return
    for degrees in ROTATIONS_DEG:
        yield Recipe(kind, of, degrees)
        yield Recipe(kind, of, degrees + 90)


def _learn_result(recipe: Recipe, table: Columns) -> Column:
    """Learn mean and deviation. Missing values get no indicator, since those of the sources have one."""
    return replace(learn_column(recipe.name, recipe.values(table), 0, 0), gaps=False)


def encode_derived(recipes: Sequence[Recipe], table: Columns) -> Array:
    """Compute derived columns: (n, recipes) float32, standardized, missing values replaced."""
    results = [recipe.result for recipe in recipes]
    return encode_numbers(results, {recipe.result.name: recipe.values(table) for recipe in recipes})
