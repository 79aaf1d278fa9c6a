"""Columns of a table that are made of others: declared in params.yaml, made alike of a training row and of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minnow.modalities import _columns
from minnow.modalities._columns import Column
from minnow.registry import unknown
from minnow.types import Array, Columns

TURNS = (22.5, 45.0, 67.5)
"""Degrees by which two columns are turned: with their own axes, trees can cut every 22.5 degrees."""
UNLEARNED = Column("", "numeric")


@dataclass(frozen=True)
class Recipe:
    """One column that is made. kind: ratios, logs or turns; of: columns; degrees: of a turn; made: the result in train."""

    kind: str
    of: tuple[Column, ...]
    degrees: float = 0.0
    made: Column = UNLEARNED

    @property
    def name(self) -> str:
        """For people."""
        sign = {"ratios": " / ", "logs": "", "turns": " and "}[self.kind]
        names = sign.join(one.name for one in self.of)
        return {"ratios": names, "logs": f"log of {names}", "turns": f"{names}, turned by {self.degrees:g}"}[self.kind]

    def values(self, columns: Columns) -> Array:
        """What is made of columns (n,), float64; NaN where a part is missing, or a ratio has zero below it."""
        first, *rest = (_columns.raw(columns[one.name]) for one in self.of)
        if self.kind == "logs":
            return np.sign(first) * np.log1p(np.abs(first))
        if self.kind == "ratios":
            return first / np.where(rest[0] == 0, np.nan, rest[0])
        across, up = ((part - one.mean) / one.std for part, one in zip((first, *rest), self.of, strict=True))
        turn = np.deg2rad(self.degrees)
        return across * np.cos(turn) + up * np.sin(turn)

    def as_json(self) -> dict[str, Any]:
        """Return what loaded reads."""
        about = {"kind": self.kind, "of": [one.name for one in self.of], "degrees": self.degrees}
        return about | {"made": self.made.as_json()}


def loaded(facts: Mapping[str, Any], known: Sequence[Column]) -> Recipe:
    """Read what as_json returned; known: the columns that it may be made of."""
    named = {column.name: column for column in known}
    of = tuple(named[name] for name in facts["of"])
    return Recipe(facts["kind"], of, facts["degrees"], Column(**facts["made"]))


def learn(table: Columns, known: Sequence[Column], asked: Mapping[str, Sequence[Sequence[str]]]) -> list[Recipe]:
    """Learn the scales of what is made of train's columns. asked: kind -> the columns of each. Raises ValueError."""
    recipes = [recipe for kind, wanted in asked.items() for names in wanted for recipe in _recipes(kind, names, known)]
    return [replace(one, made=_learned(one, table)) for one in recipes]


def _recipes(kind: str, names: Sequence[str], known: Sequence[Column]) -> Iterator[Recipe]:
    numeric = {column.name: column for column in known if column.kind == "numeric"}
    for name in names:
        if name not in numeric:
            raise ValueError(f"options.{kind}: {unknown('numeric column', name, numeric)}")
    of = tuple(numeric[name] for name in names)
    if kind != "turns":
        yield Recipe(kind, of)
        return
    for degrees in TURNS:
        yield Recipe(kind, of, degrees)
        yield Recipe(kind, of, degrees + 90)


def _learned(recipe: Recipe, table: Columns) -> Column:
    """Scale of the result. That it is missing its parts say already, so it is no number of its own."""
    return replace(_columns.learn(recipe.name, recipe.values(table), 0, 0), gaps=False)


def numbers(recipes: Sequence[Recipe], columns: Columns) -> Array:
    """What is made of columns, (n, recipes) float32, scaled, the missing filled."""
    return _columns.numbers([one.made for one in recipes], {one.name: one.values(columns) for one in recipes})
