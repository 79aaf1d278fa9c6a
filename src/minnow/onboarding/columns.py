"""Columns of an unknown table, read by the code that a run reads them with, and their roles by names and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.text.scripts import UNSPACED
from minnow.onboarding.proposal import Proposal, Question, Request, checked_options
from minnow.tables.cells import MISSING
from minnow.tables.errors import ColumnError, FileError, HeaderError, MixedError, ReadingError
from minnow.tables.files import SUFFIXES, find, listed, without_drafts
from minnow.tables.frames import Frame, as_cells, stream
from minnow.tables.numbers import is_plain, written
from minnow.tables.options import FileOptions, TableOptions
from minnow.tables.typed import Columnwise, Typed, look
from minnow.types import Array, FileFormat

_USERS = (
    "user", "user_id", "userid", "uid", "customer", "customer_id", "customerid", "client_id", "member", "member_id", "reader",
    "reader_id", "visitor", "visitor_id", "visitorid", "reviewer_id", "reviewerid", "session_id",
)  # fmt: skip
_ITEMS = (
    "item", "item_id", "itemid", "movie", "movie_id", "movieid", "product", "product_id", "productid", "book", "book_id",
    "song", "song_id", "track", "track_id", "article", "article_id", "sku", "asin", "isbn", "stock_code", "stockcode",
)  # fmt: skip
_GROUPS = (
    "subject", "patient", "person", "participant", "respondent", "student", "pupil", "animal", "household", "stratum", "firm",
    "company", "machine", "device",
)  # fmt: skip
"""Names of columns whose equal values belong together, beside those of users and ids."""
_RATINGS = ("rating", "score", "stars")
_TIMES = (
    "time", "timestamp", "ts", "date", "datetime", "unix_time", "created_at", "event_time", "invoice_date", "invoicedate",
    "order_date", "orderdate", "purchase_date", "review_time", "unixreviewtime", "visit_time",
)  # fmt: skip
_CALENDAR = (
    "decade", "year", "yr", "yyyy", "quarter", "qtr", "month", "mon", "week", "day", "weekday", "hour", "hr", "minute",
    "second", "period",
)  # fmt: skip
_TEXTS = (
    "text",
    "review",
    "comment",
    "body",
    "message",
    "sentence",
    "tweet",
    "title",
    "headline",
    "description",
    "content",
)
_NAMED_LENGTH, _NAMED_DISTINCT = 8, 0.5
"""For a column that is named after texts: least mean number of characters, and least share of cells that differ."""
_ID = re.compile(r"(^|[ _\-.])(id|key|number|no|nr|code|uuid|index)$", re.IGNORECASE)
_CODE, _LETTERED = re.compile(r"[A-Za-z]{1,4}[ -]?[0-9]+[A-Za-z]{0,2}"), re.compile(r"[0-9]+[A-Za-z]{1,2}")
"""Codes such as c168, which no number is, and such as 207a, which may be one with a unit."""
_WORDS, _TEXT_LENGTH = 4, 25
"""Least mean number of words and of characters in a column of sentences."""
_UNSPACED_LENGTH, _UNSPACED_SHARE = 6, 0.3
"""The same for scripts without blanks: least mean number of characters, and least share of those of such a script."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_SAMPLE = 2000
_FEW_COLUMNS = 4


@dataclass(frozen=True)
class Columns:
    """What was read of a table.

    frame: its cells; typed: name -> column, mixed cells as categories; odd: columns with cells that stop a run.
    """

    frame: Frame
    typed: Mapping[str, Typed]
    odd: frozenset[str] = frozenset()
    _labels: dict[str, Array] = field(default_factory=dict[str, Array], repr=False, compare=False)

    @cached_property
    def values(self) -> dict[str, Array]:
        """Name -> values (n,), as cells.array_of makes them."""
        return {name: column.values for name, column in self.typed.items()}

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.frame)

    def labels(self, name: str) -> Array:
        """Labels of a column as a run reads them, (n,) str, "" where missing."""
        if name not in self._labels:
            options = TableOptions.model_validate({"target": name})
            self._labels[name] = Columnwise(self.frame, options).labels(name).values
        return self._labels[name]

    def holds_codes(self, name: str) -> bool:
        """Whether what are no numbers in a column are codes, such as c168, or 207a where it has the name of an id."""
        cells = {cell for cell in as_cells(self.frame.columns[name]) if cell and cell.lower() not in MISSING}
        odd = [cell for cell in cells if not is_plain(cell)]
        names_rows = has_id_name(name) or name.lower() in (*_USERS, *_GROUPS)
        return bool(odd) and all(
            (_CODE.fullmatch(cell) and written(cell) is None) or (names_rows and _LETTERED.fullmatch(cell))
            for cell in odd
        )

    def has_odd_numbers(self, name: str) -> bool:
        """Whether a column holds numbers and a few cells that are none."""
        cells = [cell for cell in as_cells(self.frame.columns[name]) if cell]
        return name in self.odd and 2 * sum(written(cell) is not None for cell in cells) > len(cells)


def read_columns(proposal: Proposal, data: Path, request: Request) -> Columns:
    """Read every column. Columns of a file without a header are numbered.

    What was found is added to the proposal, with a question for each column that can be read in two ways. Raises FileError, a
    ValueError.
    """
    given = {name: value for name, value in request.options.items() if name in TableOptions.model_fields}
    try:
        frame, typed, problems = _look(data, given)
    except HeaderError as error:
        _refuse_widths(data, given)
        header = [f"column {number}" for number in range(1, error.width + 1)]
        frame, typed, problems = _look(data, given | {"header": header})
        proposal.choose("options.header", header, "the first line is already a row, so the columns are numbered")
    proposal.found += [notice.text for notice in frame.notices]
    proposal.found += [notice.text for column in typed.values() for notice in column.notices if notice.kind == "format"]
    for problem in problems:
        if isinstance(problem, ReadingError):
            proposal.questions.append(Question.of(problem))
        elif isinstance(problem, ColumnError):
            proposal.warnings.append(str(problem))
    return Columns(frame, typed, frozenset(one.column for one in problems if isinstance(one, ColumnError)))


def _look(data: Path, options: Mapping[str, object]) -> tuple[Frame, dict[str, Typed], list[FileError]]:
    return look(data, checked_options(TableOptions, {"target": "", **options}))


def _refuse_widths(data: Path, given: Mapping[str, Any]) -> None:
    """Raise MixedError for files of a folder whose first lines are rows already, and have different numbers of cells."""
    if not data.is_dir() or given.get("file"):
        return
    form, widths = (
        checked_options(FileOptions, {k: v for k, v in given.items() if k in FileOptions.model_fields}).form,
        {},
    )
    for path in without_drafts(find(data, None, SUFFIXES))[0]:
        widths.setdefault(_width(path, form), []).append(path.name)
    if len(widths) > 1:
        counts = ", ".join(f"{listed(names)} {width}" for width, names in widths.items())
        raise MixedError(
            f"Files without a header must have the same number of columns. Received: {counts}. Name the one to read, and its "
            "columns: --option 'header=[a, b, c]'.",
            {tuple(names): [f"{width} columns"] for width, names in widths.items()},
        )


def _width(path: Path, form: FileFormat) -> int:
    """Number of columns of a file with or without a header."""
    try:
        return len(next(stream(path, form)).columns)
    except HeaderError as error:
        return error.width


def named(columns: Iterable[str], names: Sequence[str]) -> str | None:
    """Return the column with the first of these names that occurs, or None; case and spaces do not matter."""
    lowered = {name.lower().replace(" ", "_"): name for name in columns}
    return next((lowered[name] for name in names if name in lowered), None)


def rating_columns(columns: Iterable[str]) -> dict[str, str | None] | None:
    """Find the columns of an interaction log by their names: role -> column.

    None unless user and item are there, and a time or a rating.
    """
    names = list(columns)
    roles = {"user": named(names, _USERS), "item": named(names, _ITEMS), "time": named(names, _TIMES)}
    roles["rating"] = named(names, _RATINGS)
    return roles if roles["user"] and roles["item"] and (roles["time"] or roles["rating"]) else None


def sentences(columns: Columns, target: str | None) -> str | None:
    """Find the one column of sentences, where there is hardly anything else but the target."""
    found = [name for name in columns.values if name != target and _holds_sentences(columns, name)]
    return found[0] if len(found) == 1 and len(columns.values) <= _FEW_COLUMNS else None


def _holds_sentences(columns: Columns, name: str) -> bool:
    if columns.values[name].dtype != object:
        return False
    cells = [cell for cell in as_cells(columns.frame.columns[name][:_SAMPLE]) if cell and cell.lower() not in MISSING]
    if not cells:
        return False
    length = np.mean([len(cell) for cell in cells])
    if name.lower() in _TEXTS and length >= _NAMED_LENGTH and len(set(cells)) >= _NAMED_DISTINCT * len(cells):
        return True
    unspaced = np.mean([len(_UNSPACED.findall(cell)) / len(cell) for cell in cells])
    if unspaced >= _UNSPACED_SHARE:
        return bool(length >= _UNSPACED_LENGTH)
    return bool(length >= _TEXT_LENGTH and np.mean([cell.count(" ") + 1 for cell in cells]) >= _WORDS)


def mean_length(values: Array) -> float:
    """Mean number of characters of a column's cells, of the first thousand."""
    return float(np.mean([len(str(value)) for value in values.tolist()[:1000]] or [0]))


def is_group(name: str, values: Array) -> bool:
    """Whether a column has the name of an id, or of what rows are about, and its values repeat."""
    is_id = _ID.search(name) or name.lower() in (*_USERS, *_GROUPS)
    distinct = len(set(values.tolist()))
    return bool(is_id) and len(values) / 50 < distinct < len(values) / 1.5


def has_time_name(name: str) -> bool:
    """Whether a column has the name of a time or of a part of the calendar."""
    return name.lower().replace(" ", "_") in (*_TIMES, *_CALENDAR)


def has_id_name(name: str) -> bool:
    """Whether a column has the name of an id."""
    return bool(_ID.search(name))


def missing_share(values: Array) -> float:
    """Share of a column's rows without a value."""
    kind = values.dtype.kind
    if kind == "O":
        return float(np.mean(values == ""))
    if kind == "M":
        return float(np.mean(np.isnat(values)))
    return float(np.mean(values < 0 if kind == "i" else np.isnan(values)))
