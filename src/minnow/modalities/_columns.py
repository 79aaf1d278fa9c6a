"""Columns of a table as arrays for a model: numbers scaled, categories as ids, dates as what a calendar says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minnow.modalities._cells import Kind
from minnow.types import Array, Columns

MISSING_ID, OTHER_ID, FIRST_ID = 0, 1, 2
DAY_S = 86_400
CALENDAR = ("days", "day of year, sin", "day of year, cos", "weekday, sin", "weekday, cos", "hour, sin", "hour, cos")


@dataclass(frozen=True)
class Column:
    """One column as train taught it.

    fill: what a missing number becomes, the median; mean, std: of what is scaled; gaps: some values of train are missing,
    so that being missing is a number of its own; categories: known names, the id of categories[i] is i + 2; form: how
    dates are written.
    """

    name: str
    kind: Kind
    fill: float = 0.0
    mean: float = 0.0
    std: float = 1.0
    gaps: bool = False
    categories: tuple[str, ...] = ()
    form: str | None = None

    @property
    def ids(self) -> int:
        """How many ids its categories take, "missing" and "other" among them."""
        return len(self.categories) + FIRST_ID

    @property
    def numbers(self) -> list[str]:
        """Names of the numbers that it gives."""
        if self.kind == "categorical":
            return []
        names = [f"{self.name}, {part}" for part in CALENDAR] if self.kind == "date" else [self.name]
        return names + ([f"{self.name} is missing"] if self.gaps else [])

    def as_json(self) -> dict[str, Any]:
        """Return what differs from the defaults."""
        plain = {name: value for name, value in asdict(self).items() if value != getattr(Column, name, None)}
        return plain | ({"categories": list(self.categories)} if self.categories else {})


def kind_in(values: Array) -> Kind:
    """Tell a column's kind from the type of its array, as _cells.values_of makes it."""
    kinds: Mapping[str, Kind] = {"f": "numeric", "i": "boolean", "M": "date"}
    return kinds.get(values.dtype.kind, "categorical")


def learn(name: str, values: Array, most: int, least: int, form: str | None = None) -> Column:
    """Learn how to encode a column from its values on train, (n,).

    most, least: how many categories are known at most, and how often each must occur.
    """
    kind = kind_in(values)
    if kind == "categorical":
        names, counts = np.unique(values[values != ""].astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        known = [str(names[i]) for i in order[:most] if counts[i] >= least]
        return Column(name, kind, categories=tuple(sorted(known)))
    found = raw(values)
    there = np.isfinite(found)
    fill = float(np.median(found[there])) if there.any() else 0.0
    filled = np.where(there, found, fill)
    std = float(filled.std())
    scale = std if std > 1e-12 * max(1.0, abs(fill)) else 1.0
    return Column(
        name, kind, _short(fill), _short(float(filled.mean())), _short(scale), bool((~there).any()), form=form
    )


def _short(value: float) -> float:
    """Keep the digits that float32 can hold; a shorter number makes a shorter file."""
    return float(f"{value:.9g}")


def raw(values: Array) -> Array:
    """Numbers as float64, NaN missing; dates in days since 1970."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(np.int64) / DAY_S
        return np.where(np.isnat(values), np.nan, days)
    if values.dtype.kind == "i":
        return np.where(values < 0, np.nan, values).astype(np.float64)
    return values.astype(np.float64)


def numbers(columns: Sequence[Column], values: Columns) -> Array:
    """Encode columns that are not categorical, (n, numbers) float32, scaled, missing ones filled."""
    parts: list[Array] = []
    for column in columns:
        if column.kind == "categorical":
            continue
        found = raw(values[column.name])
        there = np.isfinite(found)
        filled = np.where(there, found, column.fill)
        parts.append((filled - column.mean) / column.std)
        if column.kind == "date":
            parts += _calendar(filled)
        if column.gaps:
            parts.append(~there)
    return np.stack(parts, axis=1).astype(np.float32) if parts else np.empty((_rows(values), 0), np.float32)


def _calendar(days: Array) -> list[Array]:
    """Where in its year, week and day each moment lies, as points on circles. days: since 1970."""
    date = np.floor(days).astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    of_year = (date - year.astype("datetime64[D]")).astype(np.float64) / 366
    of_week = (np.floor(days) + 3) % 7 / 7
    turns = (of_year, of_week, days % 1)
    return [circle(2 * np.pi * turn) for turn in turns for circle in (np.sin, np.cos)]


def ids(columns: Sequence[Column], values: Columns) -> Array:
    """Encode categorical columns, (n, c) int32; the ids of each column begin where those of the one before end."""
    parts, start = [], 0
    for column in columns:
        if column.kind != "categorical":
            continue
        known = {name: start + place for place, name in enumerate(column.categories, FIRST_ID)} | {"": start}
        other = start + OTHER_ID
        parts.append(np.array([known.get(value, other) for value in values[column.name].tolist()], np.int32))
        start += column.ids
    return np.stack(parts, axis=1) if parts else np.empty((_rows(values), 0), np.int32)


def _rows(values: Columns) -> int:
    return len(next(iter(values.values()), ()))
