"""Errors of files of rows; each carries what was found as facts, so that nobody has to read its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class FileError(ValueError):
    """A file of rows that cannot be read with these options; the message gives the file and the line."""


class HeaderError(FileError):
    """A first line that is a row already. first: its cells; width: how many."""

    def __init__(self, message: str, first: Sequence[str]) -> None:
        super().__init__(message)
        self.first, self.width = tuple(first), len(first)


class MixedError(FileError):
    """Files of a folder that do not have the same columns. groups: names of the files with the same ones -> these columns."""

    def __init__(self, message: str, groups: Mapping[tuple[str, ...], Sequence[str]]) -> None:
        super().__init__(message)
        self.groups = dict(groups)


class ReadingError(FileError):
    """A column whose cells can be read in two ways.

    column: its name; option: the one that settles it, "decimal" or "dates"; readings: value of the option -> what the example
    is then; example: one of its cells.
    """

    def __init__(
        self, message: str, column: str, option: str, readings: Sequence[tuple[str, str]], example: str = ""
    ) -> None:
        super().__init__(message)
        self.column, self.option, self.readings, self.example = column, option, tuple(readings), example


class ColumnError(FileError):
    """Cells of a column that do not fit its kind. column: its name; cells: row id -> text of each odd cell."""

    def __init__(self, message: str, column: str, cells: Mapping[str, str]) -> None:
        super().__init__(message)
        self.column, self.cells = column, dict(cells)
