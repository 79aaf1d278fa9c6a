"""Columns of a table as arrays for a model: standardized numbers, ids of categories, calendar features of dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from minnow.tables.cells import Kind, missing_spellings, raw
from minnow.tables.numbers import CODE, is_plain, plain
from minnow.types import Array, ColumnFormat, Columns, Source

MISSING_ID, OTHER_ID, FIRST_ID = 0, 1, 2
CALENDAR = ("days", "day of year, sin", "day of year, cos", "weekday, sin", "weekday, cos", "hour, sin", "hour, cos")


@dataclass(frozen=True)
class Column:
    """One column as learned from train.

    fill: the median, which replaces missing numbers; mean, std: for standardization; gaps: train has missing values, so there
    is a number that indicates them; categories: known names, the id of categories[i] is i + 2. decimal, thousands, unit, form:
    how its cells are written, form being that of dates (see ColumnFormat).
    """

    name: str
    kind: Kind
    fill: float = 0.0
    mean: float = 0.0
    std: float = 1.0
    gaps: bool = False
    categories: tuple[str, ...] = ()
    form: str | None = None
    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @cached_property
    def written(self) -> ColumnFormat:
        """How the cells of the column are written in files and in texts of requests."""
        return ColumnFormat(self.kind, self.decimal, self.thousands, self.unit, self.form)

    @cached_property
    def by_number(self) -> Mapping[float, str]:
        """Categories that are numbers, by their value, where no other has the same."""
        values = {name: plain(name) for name in self.categories if is_plain(name)}
        counts = Counter(values.values())
        return {value: name for name, value in values.items() if counts[value] == 1}

    @cached_property
    def code(self) -> str | None:
        """A category with leading zeros, such as "007", which is no number; None where there is none."""
        return next((name for name in self.categories if CODE.fullmatch(name)), None)

    @property
    def ids(self) -> int:
        """Number of ids of its categories, those of missing and of other values included."""
        return len(self.categories) + FIRST_ID

    @property
    def numbers(self) -> list[str]:
        """Names of the numbers that encode it; none for categories."""
        if self.kind == "categorical":
            return []
        names = [f"{self.name}, {part}" for part in CALENDAR] if self.kind == "date" else [self.name]
        return names + ([f"{self.name} is missing"] if self.gaps else [])

    @property
    def sources(self) -> list[Source]:
        """What each of its numbers is made of."""
        kind, gaps = "date" if self.kind == "date" else "value", int(self.gaps)
        return [
            Source((self.name,), "gap" if place >= len(self.numbers) - gaps else kind)
            for place in range(len(self.numbers))
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults."""
        defaults = {field.name: field.default for field in fields(self)}
        plain = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return plain | ({"categories": list(self.categories)} if self.categories else {})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Column:
        """Read what as_json returned."""
        return cls(**{**value, "categories": tuple(value.get("categories", ()))})


@dataclass(frozen=True)
class RowSchema:
    """The columns of a request's rows.

    columns: those that the model reads, in the order of the file. missing, not_missing: spellings of a missing value besides
    the known ones, and known ones that are values. unread: columns of the training table that the model does not read; a
    request may contain them.
    """

    columns: tuple[Column, ...]
    missing: tuple[str, ...] = ()
    not_missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the columns that the model reads."""
        return frozenset(column.name for column in self.columns)

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Spellings of a missing value, in lower case."""
        return frozenset(missing_spellings(self.missing, self.not_missing))


def kind_in(values: Array) -> Kind:
    """Kind of a column by the dtype of its array, as tables.cells.values_of returns it."""
    kinds: Mapping[str, Kind] = {"f": "numeric", "i": "boolean", "M": "date"}
    return kinds.get(values.dtype.kind, "categorical")


def learn_column(
    name: str, values: Array, max_categories: int, min_rows: int, written: ColumnFormat | None = None
) -> Column:
    """Learn the encoding of a column from its values in train, (n,).

    max_categories, min_rows: largest number of categories, and smallest number of rows of each. written: how its cells are
    written; None for the plain way.
    """
    kind = kind_in(values)
    if kind == "categorical":
        counts = Counter(values.tolist())
        names = sorted(filter(None, counts), key=lambda category: (-counts[category], category))
        known = [category for category in names[:max_categories] if counts[category] >= min_rows]
        return Column(name, kind, categories=tuple(sorted(known)))
    numeric = raw(values)
    present = np.isfinite(numeric)
    fill = float(np.median(numeric[present])) if present.any() else 0.0
    filled = np.where(present, numeric, fill)
    std = float(filled.std())
    scale = std if std > 1e-12 * max(1.0, abs(fill)) else 1.0
    mean, gaps = float(filled.mean()), bool((~present).any())
    form = written or ColumnFormat()
    return Column(
        name,
        kind,
        _short(fill),
        _short(mean),
        _short(scale),
        gaps,
        form=form.time,
        decimal=form.decimal,
        thousands=form.thousands,
        unit=form.unit,
    )


def _short(value: float) -> float:
    """Round to the digits that float32 can represent, which makes encoder.json shorter."""
    return float(f"{value:.9g}")


def encode_numbers(columns: Sequence[Column], values: Columns) -> Array:
    """Encode columns that are not categorical: (n, numbers) float32, standardized, missing values replaced."""
    encoded = np.empty((_rows(values), sum(len(column.numbers) for column in columns)), np.float32)
    places = iter(encoded.T)
    for column in columns:
        if column.kind == "categorical":
            continue
        numeric = raw(values[column.name])
        present = np.isfinite(numeric)
        filled = np.where(present, numeric, column.fill)
        next(places)[:] = (filled - column.mean) / column.std
        for phase in _calendar(filled) if column.kind == "date" else ():
            next(places)[:] = phase
        if column.gaps:
            next(places)[:] = ~present
    return encoded


def _calendar(days: Array) -> list[Array]:
    """Sine and cosine of the position in the year, the week and the day, (n,) each. days: (n,) float64, since 1970."""
    date = np.floor(days).astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    of_year = (date - year.astype("datetime64[D]")).astype(np.float64) / 366
    of_week = (np.floor(days) + 3) % 7 / 7
    phases = (of_year, of_week, days % 1)
    return [circle(2 * np.pi * phase) for phase in phases for circle in (np.sin, np.cos)]


def encode_categories(columns: Sequence[Column], values: Columns) -> Array:
    """Encode categorical columns: (n, c) int32; the ids of a column follow those of the column before."""
    parts, start = [], 0
    for column in columns:
        if column.kind != "categorical":
            continue
        known = {name: start + index for index, name in enumerate(column.categories, FIRST_ID)}
        known[""], other = start + MISSING_ID, start + OTHER_ID
        parts.append(np.array([known.get(value, other) for value in values[column.name].tolist()], np.int32))
        start += column.ids
    return np.stack(parts, axis=1) if parts else np.empty((_rows(values), 0), np.int32)


def _rows(values: Columns) -> int:
    return len(next(iter(values.values()), ()))
