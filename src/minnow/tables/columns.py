"""Columns of cells as typed arrays: how each is written is found once, kept, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

import numpy as np

from minnow.tables import numbers
from minnow.tables.cells import Ambiguous, BadCells, CellError, Kind, spellings_of, values_of
from minnow.tables.coded import Coded, PlainNumbers, Texts, converted
from minnow.tables.errors import ColumnError, ReadingError
from minnow.tables.findings import class_notice, format_notice, missing_notice
from minnow.tables.formats import MANY, Context, column_format, of_kind, shown_sign
from minnow.tables.frames import SHOWN, Cells, Frame, as_cells
from minnow.tables.options import TableOptions
from minnow.tables.times import digits_of, may_hold_digits, unit_of_size
from minnow.types import Array, ColumnFormat, Notice

_PLAIN = ColumnFormat("numeric")


@dataclass(frozen=True)
class Typed:
    """A typed column. values: (n,), as cells.array_of makes it; form: how its cells are written, None for Parquet.

    sign: the decimal sign that its cells show, None where they show none; whole: its cells are digits alone.
    """

    values: Array
    form: ColumnFormat | None
    notices: tuple[Notice, ...] = ()
    sign: str | None = None
    whole: bool = False


@dataclass(frozen=True)
class _Present:
    """Cells of a column. cells: None or "" where missing; counts: of distinct ones; spelled: missing ones -> count."""

    cells: Cells
    counts: Mapping[str, int]
    spelled: Mapping[str, int]


class Columnwise:
    """Types the columns of one frame, by the options of the user and by what all columns together show."""

    def __init__(self, frame: Frame, options: TableOptions) -> None:
        """options: of the user; target and labels may be empty."""
        self.frame, self.options = frame, options
        self._missing = frozenset(options.missing_spellings)

    def column(self, name: str) -> Typed:
        """Type one column. Raises ReadingError where it can be read in two ways, and ColumnError with the odd rows."""
        return self._typed(name, self.options.kinds.get(name))

    def numbers(self, name: str) -> Typed:
        """Type a column of numbers. Raises ReadingError and ColumnError."""
        return self._of_kind(name, "numeric")

    def moments(self, name: str) -> Typed:
        """Type a column of times: dates, or numbers since 1970, else numbers that count something.

        Seconds since 1970 stay numbers. Raises ReadingError and ColumnError.
        """
        if name in self.options.dates:
            return self._of_kind(name, "date")
        cells = list(_present(self._cells(name), self._missing).counts)
        plain = [float(cell) for cell in cells if numbers.is_plain(cell)]
        counts = len(plain) == len(cells) and not digits_of(cells) and unit_of_size(plain) in (None, "s")
        return self._of_kind(name, "numeric" if counts else "date")

    def _of_kind(self, name: str, kind: Kind) -> Typed:
        values = self.frame.columns[name]
        wanted = "M" if kind == "date" else "f"
        if isinstance(values, np.ndarray) and values.dtype.kind == wanted:
            return self._as_typed(name, values)
        return self._typed(name, kind, fixed=True)

    def _typed(self, name: str, kind: Kind | None, fixed: bool = False) -> Typed:
        """Type a column. kind: None finds it; fixed: the kind is that of the modality, so that no option can change it."""
        values = self.frame.columns[name]
        if isinstance(values, np.ndarray) and kind is None:
            return self._as_typed(name, values)
        if isinstance(values, Texts) and (plain := self._plain_numbers(name, values, kind)):
            shown = None if plain.whole else "."
            return Typed(plain.values, _PLAIN, tuple(missing_notice(name, plain.spelled)), shown, plain.whole)
        present = _present(self._cells(name), self._missing)
        try:
            form = self._format(name, present.counts, kind)
            typed = values_of(present.cells, form, present.counts)
        except Ambiguous as error:
            raise self._two_readings(name, error) from error
        except CellError as error:
            raise self._odd_cells(name, present.cells, error, fixed) from error
        notices = (*missing_notice(name, present.spelled), *format_notice(name, form, present.counts))
        if form.kind != "numeric" or form.unit == numbers.CLOCK:
            return Typed(typed, form, notices)
        whole = not any("." in cell or "," in cell for cell in present.counts)
        shows = not whole and not (form == ColumnFormat("numeric") and numbers.may_be_grouped(present.counts))
        return Typed(typed, form, notices, form.decimal if shows else None, whole)

    def _plain_numbers(self, name: str, cells: Texts, kind: Kind | None) -> PlainNumbers | None:
        """The values of a column of many plain numbers, of which no option and no name says that they are something else."""
        if kind not in (None, "numeric") or name in self.options.dates or self.options.decimal not in (None, "."):
            return None
        if kind is None and may_hold_digits(name):
            return None
        return cells.plain_numbers(self._missing)

    def _as_typed(self, name: str, values: Array) -> Typed:
        """A column of Parquet; numbers that stand for missing values are missing."""
        stands = values.dtype.kind == "f" and [text for text in self.options.missing if numbers.is_plain(text)]
        if not stands:
            return Typed(values, None)
        missing = np.isin(values, [numbers.plain(text) for text in stands])
        spelled = Counter(as_cells(values[missing]))
        return Typed(
            np.where(missing, np.nan, values), None, tuple(missing_notice(name, cast("dict[str, int]", spelled)))
        )

    def _cells(self, name: str) -> Cells:
        values = self.frame.columns[name]
        return as_cells(values) if isinstance(values, np.ndarray) else values

    def _format(self, name: str, counts: Mapping[str, int], kind: Kind | None) -> ColumnFormat:
        """Find how a column is written; where its own cells do not tell, the other columns of the file may."""
        if name in self.options.dates and kind in (None, "date"):
            return ColumnFormat("date", time=self.options.dates[name])
        context = Context(name, self.options.decimal, lambda: self._sign_of_others, self._points)
        return of_kind(counts, kind, context) if kind else column_format(counts, context)

    @property
    def _points(self) -> Literal["sure", "likely", "unknown"]:
        separator = self.frame.form.separator
        return "sure" if separator is None else "unknown" if separator == ";" else "likely"

    @cached_property
    def _sign_of_others(self) -> str | None:
        """The decimal sign of all columns that can be read in one way only; None where there is none, or they differ."""
        texts = [values for values in self.frame.columns.values() if not isinstance(values, np.ndarray)]
        found = {shown_sign(list(_present(cells, self._missing).counts)) for cells in texts} - {None}
        return found.pop() if len(found) == 1 else None

    def _two_readings(self, name: str, error: Ambiguous) -> ReadingError:
        where = f"options.dates: {{{name}: FORMAT}}" if error.option == "dates" else "options.decimal"
        message = f"column '{name}': {error} ({self._row_of(name, error.example)}). Say which under {where}."
        return ReadingError(message, name, error.option, error.readings, error.example)

    def _row_of(self, name: str, cell: str) -> str:
        return self.frame.row_id[self._cells(name).index(cell)]

    def _odd_cells(self, name: str, cells: Cells, error: CellError, fixed: bool) -> ColumnError:
        """An error with the rows of the odd cells."""
        texts = frozenset(error.cells)
        odd = {self.frame.row_id[row]: cell for row, cell in enumerate(cells) if cell in texts}
        places: dict[str, list[str]] = {}
        for row, text in odd.items():
            places.setdefault(text, []).append(row)
        rows = ", ".join(f"{text!r:.40} ({_listed(ids)})" for text, ids in list(places.items())[:SHOWN])
        if isinstance(error, BadCells):
            advice = "correct the others" if fixed else f"set options.kinds.{name} to another kind"
            text = f"{error}: {rows}. List missing values under options.missing, or {advice}."
        else:
            text = str(error).removesuffix(".") + (f". First rows: {rows}." if rows else ".")
        return ColumnError(f"column '{name}': {text}", name, odd)

    def labels(self, name: str) -> Typed:
        """Labels of the target, (n,) str, "" where missing.

        Known spellings of missing values are classes, unless options.missing names them or all other cells are numbers.
        Numbers are read as such where there are many different ones: "$1,834" becomes "1834".
        """
        cells = self.frame.columns[name]
        if isinstance(cells, Texts) and cells.has_more_than(MANY) and not self.options.label_as:
            kind = self.options.kinds.get(name)
            if kind in (None, "numeric") and (plain := self._plain_numbers(name, cells, kind)):
                labels = np.array(["" if cell in plain.spelled else cell for cell in cells], dtype=str)
                return Typed(labels, _PLAIN, tuple(missing_notice(name, plain.spelled)))
        everything = _present(self._cells(name), frozenset())
        named = frozenset(spellings_of(self.options.missing))
        others = [cell for cell in everything.counts if cell.lower() not in self._missing]
        present = _present(everything.cells, named if others and not _are_numbers(others) else self._missing)
        classes = {cell: count for cell, count in present.counts.items() if cell.lower() in self._missing}
        notices = [*class_notice(name, classes), *missing_notice(name, present.spelled)]
        text, form, more = self._as_numbers(name, present.counts)
        label_as = {spelling.strip(): label for spelling, label in self.options.label_as.items()}
        label = {cell: label_as.get(cell, label_as.get(spelling, spelling)) for cell, spelling in text.items()}
        values = converted(present.cells, lambda cell: label[cell] if cell else "", str)
        return Typed(values, form, (*notices, *more))

    def _as_numbers(
        self, name: str, counts: Mapping[str, int]
    ) -> tuple[Mapping[str, str], ColumnFormat | None, list[Notice]]:
        """Text of each label that is a number, in plain notation. Cells of another kind stay as they are.

        A few labels that are not just numbers with a decimal comma, such as $5, may be classes, and stay as they are too.
        """
        as_they_are = {cell: cell for cell in counts}
        kind = self.options.kinds.get(name)
        if kind in (None, "numeric") and all(map(numbers.is_plain, counts)) and len(counts) <= MANY:
            return as_they_are, None, []
        few = kind is None and len(counts) <= MANY
        try:
            form = self._format(name, counts, kind)
        except (Ambiguous, CellError) as error:
            if isinstance(error, Ambiguous) and not few:
                raise self._two_readings(name, error) from error
            return as_they_are, None, []  # the expectations name the rows whose label is no number
        if form.kind != "numeric" or (few and (form.unit or form.thousands)):
            return as_they_are, None, []
        plain = {cell: _plain(cell, form) for cell in counts}
        return plain, form, format_notice(name, form, counts)


def _plain(cell: str, form: ColumnFormat) -> str:
    """A label as a number with a decimal point; the label itself where it is none."""
    if numbers.is_plain(cell) and not (form.thousands == "." and numbers.may_be_grouped([cell])):
        return cell
    try:
        return _text(numbers.number(cell, form))
    except ValueError:
        return cell


def _without(cells: Cells, spelled: Container[str | None]) -> Cells:
    """The cells, None in the place of some spellings."""
    if isinstance(cells, Coded):
        return Coded(_without(cells.distinct, spelled), cells.codes)
    return [None if cell in spelled else cell for cell in cells]


def _listed(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    return ", ".join(rows[:SHOWN]) + more


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _are_numbers(cells: Sequence[str]) -> bool:
    parts = [numbers.written(cell) for cell in cells]
    known = [part for part in parts if part is not None]
    return len(known) == len(parts) and len(numbers.units_of(known)) == 1


def _present(cells: Cells, missing: frozenset[str]) -> _Present:
    """Tell missing cells from others. missing: their spellings, in lower case, "" apart."""
    counts = cells.counts if isinstance(cells, Coded) else Counter(cells)
    for empty in (None, ""):
        counts.pop(empty, None)
    spelled = {cell: counts.pop(cell) for cell in [cell for cell in counts if cell and cell.lower() in missing]}
    kept = _without(cells, spelled) if spelled else cells
    return _Present(kept, cast("Mapping[str, int]", counts), cast("Mapping[str, int]", spelled))
