"""Columns of cells as typed arrays: how each is written is found once, kept, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

import numpy as np

from minnow.registry import unknown
from minnow.tables import numbers
from minnow.tables.cells import Ambiguous, BadCells, CellError, Kind, values_of
from minnow.tables.errors import ColumnError, FileError, ReadingError
from minnow.tables.files import fixed_splits, split_of
from minnow.tables.formats import MANY, Context, column_format, of_kind, shown_sign
from minnow.tables.frames import SHOWN, Cells, Frame, as_cells, read_place
from minnow.tables.options import Split, TableOptions
from minnow.tables.times import ISO, QUARTER, UNIT_NAMES, digits_of, unit_of_size
from minnow.types import Array, ColumnFormat, Columns, Notice, Reading, Table, content_key


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
            return Typed(values, None)
        return self._typed(name, kind, fixed=True)

    def _typed(self, name: str, kind: Kind | None, fixed: bool = False) -> Typed:
        """Type a column. kind: None finds it; fixed: the kind is that of the modality, so that no option can change it."""
        values = self.frame.columns[name]
        if isinstance(values, np.ndarray) and kind is None:
            return Typed(values, None)
        present = _present(self._cells(name), self._missing)
        try:
            form = self._format(name, present.counts, kind)
            typed = values_of(present.cells, form, present.counts)
        except Ambiguous as error:
            raise self._two_readings(name, error) from error
        except CellError as error:
            raise self._odd_cells(name, present.cells, error, fixed) from error
        notices = (*_missing_notice(name, present.spelled), *_format_notice(name, form, present.counts))
        if form.kind != "numeric" or form.unit == numbers.CLOCK:
            return Typed(typed, form, notices)
        whole = not any("." in cell or "," in cell for cell in present.counts)
        shows = not whole and not (form == ColumnFormat("numeric") and numbers.may_be_grouped(present.counts))
        return Typed(typed, form, notices, form.decimal if shows else None, whole)

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
        """An error with the first row of each odd cell."""
        index = {cell: cells.index(cell) for cell in error.cells}
        odd = {self.frame.row_id[row]: cell for cell, row in sorted(index.items(), key=lambda item: item[1])}
        rows = ", ".join(f"{text!r:.40} ({row})" for row, text in list(odd.items())[:SHOWN])
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
        everything = _present(self._cells(name), frozenset())
        named = frozenset(text.lower() for text in self.options.missing)
        others = [cell for cell in everything.counts if cell.lower() not in self._missing]
        present = _present(everything.cells, named if others and not _are_numbers(others) else self._missing)
        classes = {cell: count for cell, count in present.counts.items() if cell.lower() in self._missing}
        notices = [*_class_notice(name, classes), *_missing_notice(name, present.spelled)]
        text, form, more = self._as_numbers(name, present.counts)
        label_as = {spelling.strip(): label for spelling, label in self.options.label_as.items()}
        label = {cell: label_as.get(cell, label_as.get(spelling, spelling)) for cell, spelling in text.items()}
        values = np.array([label[cell] if cell else "" for cell in present.cells], dtype=str)
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
        return plain, form, _format_notice(name, form, counts)


def _plain(cell: str, form: ColumnFormat) -> str:
    """A label as a number with a decimal point; the label itself where it is none."""
    if numbers.is_plain(cell) and not (form.thousands == "." and numbers.may_be_grouped([cell])):
        return cell
    try:
        return _text(numbers.number(cell, form))
    except ValueError:
        return cell


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _are_numbers(cells: Sequence[str]) -> bool:
    parts = [numbers.written(cell) for cell in cells]
    known = [part for part in parts if part is not None]
    return len(known) == len(parts) and len(numbers.units_of(known)) == 1


def _present(cells: Cells, missing: frozenset[str]) -> _Present:
    """Tell missing cells from others. missing: their spellings, in lower case, "" apart."""
    counts = Counter(cells)
    for empty in (None, ""):
        counts.pop(empty, None)
    spelled = {cell: counts.pop(cell) for cell in [cell for cell in counts if cell and cell.lower() in missing]}
    kept = [None if cell in spelled else cell for cell in cells] if spelled else cells
    return _Present(kept, cast("Mapping[str, int]", counts), cast("Mapping[str, int]", spelled))


def _counted(cells: Mapping[str, int]) -> str:
    return ", ".join(f"{text!r} in {count:,} row{'s' if count > 1 else ''}" for text, count in sorted(cells.items()))


def _missing_notice(name: str, spelled: Mapping[str, int]) -> list[Notice]:
    if not spelled:
        return []
    text = f"'{name}': {_counted(spelled)} stands for a missing value (options.not_missing makes it a value)."
    return [Notice("missing", text, sum(spelled.values()), name)]


def _class_notice(name: str, classes: Mapping[str, int]) -> list[Notice]:
    if not classes:
        return []
    text = f"'{name}': {_counted(classes)} is a class of the target (options.missing makes it a missing value)."
    return [Notice("missing", text, sum(classes.values()), name)]


def _format_notice(name: str, form: ColumnFormat, counts: Mapping[str, int]) -> list[Notice]:
    """Say how a column is written, where that is not the plain way."""
    if not counts or form.time == ISO or form == ColumnFormat(form.kind):
        return []
    cell = next((cell for cell in counts if not numbers.is_plain(cell)), next(iter(counts)))
    how, option = (_dates, "options.dates") if form.kind == "date" else (_signs, "options.decimal, options.kinds")
    return [Notice("format", f"'{name}' holds {how(form, cell)} ({option}).", len(counts), name)]


def _dates(form: ColumnFormat, cell: str) -> str:
    since = UNIT_NAMES.get(form.time or "")
    how = f"{since} since 1970" if since else "quarters" if form.time == QUARTER else f"dates as {form.time}"
    moment = str(values_of([cell], form)[0]).replace("T", " ")
    return f"{how}: {cell!r} is {moment.removesuffix('.000000').removesuffix(' 00:00:00')}"


def _signs(form: ColumnFormat, cell: str) -> str:
    value = numbers.shown(numbers.number(cell, form))
    if form.unit == numbers.CLOCK:
        return f"times of the day or durations: {cell!r} is {value} seconds"
    signs = [f"decimal sign '{form.decimal}'"] if form.decimal == "," else []
    signs += [f"thousands sign '{form.thousands}'"] if form.thousands else []
    signs += [f"unit '{form.unit}'"] if form.unit else []
    return f"numbers with {' and '.join(signs)}: {cell!r} is {value}"


def read(folder: Path, options: TableOptions, split: Split) -> Table:
    """Read a folder (or one file) into typed columns, (n,) each, and the target as labels, (n,) str.

    Keys are hashes of the features, without the target and the column of the split, so equal features have equal keys.
    Raises FileError.
    """
    frame = read_place(folder, options, target=options.target)
    if not len(frame):
        raise FileError(f"{folder} must hold rows. It holds none.")
    _check_names(frame, folder, options, split)
    by_column = Columnwise(frame, options)
    typed = {
        name: by_column.labels(name) if name == options.target else by_column.column(name)
        for name in frame.columns
        if name == options.target or name not in options.drop
    }
    columns = {name: column.values for name, column in typed.items()}
    features = [name for name in columns if name not in (options.target, split.column, options.weight)]
    if not features:
        raise FileError(
            f"{folder} must have a column besides the target that a model can use. Received: {', '.join(frame.columns)}."
        )
    row_id = np.array(frame.row_id, dtype=str)
    table = Table(columns, row_id, row_keys([columns[name] for name in features]), _splits(frame, options))
    formats = _formats(typed)
    notices = (*frame.notices, *(notice for column in typed.values() for notice in column.notices))
    group = _groups(columns, row_id, split)
    return replace(table, group=group, reading=Reading(frame.form, formats), notices=notices)


def _formats(typed: Mapping[str, Typed]) -> dict[str, ColumnFormat]:
    """Formats of the columns. Whole numbers take the decimal comma of the other columns, for cells that are still to come."""
    formats = {name: column.form for name, column in typed.items() if column.form is not None}
    if {column.sign for column in typed.values()} - {None} != {","}:
        return formats
    return {name: replace(form, decimal=",") if typed[name].whole else form for name, form in formats.items()}


def look(place: Path, options: TableOptions) -> tuple[Frame, dict[str, Typed], list[FileError]]:
    """Read every column of a folder's files without a target; columns of mixed cells become categorical.

    options: target and drop are ignored. Returns the frame, name -> column, and for each column that can be read in two ways or
    has odd cells what was wrong. Raises FileError for files that cannot be read.
    """
    frame = read_place(place, options)
    by_column, columns = Columnwise(frame, options), {}
    questions: list[FileError] = []
    for name in frame.columns:
        try:
            columns[name] = by_column.column(name)
        except (ReadingError, ColumnError) as error:
            questions.append(error)
            columns[name] = Typed(values_of(as_cells(frame.columns[name]), ColumnFormat()), ColumnFormat())
    return frame, columns, questions


def _splits(frame: Frame, options: TableOptions) -> Array | None:
    split = {name: options.file_splits.get(name) or split_of(name) for name in dict.fromkeys(frame.file)}
    return fixed_splits([split[name] for name in frame.file])


def _check_names(frame: Frame, folder: Path, options: TableOptions, split: Split) -> None:
    """Raise FileError for options that name unknown columns, with the key and the nearest name."""
    named = {"target": [options.target], "drop": options.drop, "kinds": options.kinds, "dates": options.dates}
    named["split.column"] = [split.column] if split.column else []
    named["weight"] = [options.weight] if options.weight else []
    for file in options.file_splits:
        if file not in frame.file and not (folder / file).exists():
            raise FileError(f"options.file_splits: {unknown('file', file, dict.fromkeys(frame.file))}")
    left_out = {notice.where for notice in frame.notices}
    for key, names in named.items():
        for name in names:
            if name not in frame.columns and not (key == "drop" and name in left_out):
                raise FileError(f"options.{key}: {unknown('column', name, frame.columns)}")


def row_keys(columns: Sequence[Array]) -> Array:
    """Hash the values of each row, (n,) uint64."""
    numeric = [column for column in columns if column.dtype != object]
    text = [column.tolist() for column in columns if column.dtype == object]
    fixed = [_as_hashed(column) for column in numeric]
    as_bytes = [np.ascontiguousarray(column.astype(f"<{column.dtype.kind}8")).view("V8") for column in fixed]
    block = np.stack(as_bytes, axis=1) if as_bytes else None
    rows = len(columns[0]) if columns else 0
    return np.array(
        [
            content_key(block[i].tobytes() if block is not None else b"", *(column[i].encode() for column in text))
            for i in range(rows)
        ],
        np.uint64,
    )


def _as_hashed(column: Array) -> Array:
    """Numbers by which a column is hashed: moments of whole seconds as seconds, as in all versions."""
    if column.dtype.kind == "M":
        moments = column.astype("datetime64[us]").astype(np.int64)
        return np.where(moments % 1_000_000 == 0, moments // 1_000_000, moments)
    return column.astype(np.int64) if column.dtype.kind == "i" else column + 0.0


def _groups(columns: Columns, row_id: Array, split: Split) -> Array | None:
    """Hash the group of each row, (n,) uint64; None unless rows are split by group. Raises FileError."""
    if split.by == "hash" or split.column is None:
        return None
    values = columns[split.column]
    missing = np.array([cell is None for cell in as_cells(values)] if values.dtype != object else values == "")
    if missing.any():
        rows = ", ".join(row_id[missing][:SHOWN].tolist())
        raise FileError(
            f"column '{split.column}' divides the rows and must have no missing value. {missing.sum():,} are missing: {rows}."
        )
    if split.by == "time":
        if values.dtype == object:
            raise FileError(f"options.split.column: '{split.column}' must hold dates or numbers to split by time.")
        return None
    return np.array([content_key(str(value).encode()) for value in values.tolist()], np.uint64)
