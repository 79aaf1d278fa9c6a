"""Sentences about what reading found in a column: missing values, classes, and how cells are written."""

from __future__ import annotations

from collections.abc import Mapping

from minnow.tables import numbers
from minnow.tables.cells import values_of
from minnow.tables.times import ISO, QUARTER, UNIT_NAMES
from minnow.types import ColumnFormat, Notice


def _counted(cells: Mapping[str, int]) -> str:
    return ", ".join(f"{text!r} in {count:,} row{'s' if count > 1 else ''}" for text, count in sorted(cells.items()))


def missing_notice(name: str, spelled: Mapping[str, int]) -> list[Notice]:
    """Say which cells of a column stand for missing values. spelled: cell -> count."""
    if not spelled:
        return []
    text = f"'{name}': {_counted(spelled)} stands for a missing value (options.not_missing makes it a value)."
    return [Notice("missing", text, sum(spelled.values()), name)]


def class_notice(name: str, classes: Mapping[str, int]) -> list[Notice]:
    """Say which classes of the target are called as missing values are. classes: class -> count."""
    if not classes:
        return []
    text = f"'{name}': {_counted(classes)} is a class of the target (options.missing makes it a missing value)."
    return [Notice("missing", text, sum(classes.values()), name)]


def format_notice(name: str, form: ColumnFormat, counts: Mapping[str, int]) -> list[Notice]:
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
