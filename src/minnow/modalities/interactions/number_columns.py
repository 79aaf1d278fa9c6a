"""Columns of numbers, as they are written: ratings, and numbers of items."""

from __future__ import annotations

from dataclasses import replace

from minnow.tables.frames import Frame
from minnow.tables.options import TableOptions
from minnow.tables.typed import Columnwise, Typed
from minnow.types import ColumnFormat, Notice


def read_numbers(frame: Frame, options: TableOptions, name: str, option: str) -> Typed:
    """Read a column of numbers. option: the one that names the decimal sign. Raises ReadingError and ColumnError."""
    columns = Columnwise(frame, options)
    read = columns.column(name)
    if read.values.dtype.kind != "f":
        read = columns.numbers(name)
    notices = [notice for notice in read.notices if notice.kind != "format"]
    return replace(read, notices=(*notices, *_format_notice(read.form, name, option)))


def _format_notice(form: ColumnFormat | None, name: str, option: str) -> list[Notice]:
    """Say how numbers are written, where that is not the plain way."""
    if form is None or (form.decimal, form.thousands, form.unit) == (".", "", ""):
        return []
    signs = [f"decimal sign '{form.decimal}'"]
    signs += [f"thousands sign '{form.thousands}'"] if form.thousands else []
    signs += [f"unit '{form.unit}'"] if form.unit else []
    return [Notice("format", f"'{name}' holds numbers with {' and '.join(signs)} ({option}).", 0, name)]
