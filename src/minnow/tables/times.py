"""Times as people write them: ISO 8601, the formats of many countries, months, quarters, and numbers since 1970."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from minnow.tables.strptime import reader
from minnow.types import ColumnFormat

ISO = "iso"
_DAYS = (
    "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d-%m-%y", "%m-%d-%y", "%d-%b-%y",
    "%a, %d %b %Y", "%a %d %b %Y", "%Y-%m-%d", "%Y年%m月%d日", "%Y. %m. %d.", "%Y. %m. %d", "%d. %m. %Y", "%d. %B %Y",
    "%Y-%b-%d",
)  # fmt: skip
_HOURS = (
    " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", ", %H:%M", ", %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %I:%M:%S %p",
    "T%H:%M:%S", " %H:%M:%S %z", " %H.%M", " %H.%M.%S", " %H:%M:%S,%f", ", %I:%M %p", " %I:%M:%S.%f %p", " %H:%M:%S UTC",
    " %H:%M:%S.%f UTC", "T%H:%M",
)  # fmt: skip
QUARTER = "quarter"
"""A year and one of its quarters: 2024Q1, 2024-Q1, Q1 2024, 1Q2024."""
_MONTHS = (
    "%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%m-%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%Y %b", "%YM%m", "%Y年%m月",
)  # fmt: skip
_ORDINAL = "%Y-%j"
_LOGS = ("%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %Y", _ORDINAL)
FORMATS = (ISO, QUARTER, *_DAYS, *_MONTHS, *_LOGS, *(day + hour for day in _DAYS for hour in _HOURS))
"""Formats of dates, tried in this order."""
_QUARTER = re.compile(
    r"(?:(?P<a>\d{4})[ -/]?[Qq](?P<b>[1-4])|[Qq](?P<d>[1-4])[ -/]?(?P<c>\d{4})|(?P<f>[1-4])[Qq][ -/]?(?P<e>\d{4}))"
)
UNITS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0}
"""Units of numbers since 1970 -> microseconds of one; nanoseconds are divided instead."""
_SIZES = {"s": (1e8, 5e9), "ms": (1e11, 5e12), "us": (1e14, 5e15), "ns": (1e17, 5e18)}
"""Units -> the least and the largest number since 1970 for moments from 1973 to 2128."""
UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_NAME = re.compile(
    r"(^|[ _\-.])(time|times|timestamp|date|datetime|ts|epoch|unixtime|created|updated|at|datum|zeit|zeitstempel|fecha|hora|"
    r"heure|ora|tijd|tid|czas)([ _\-.]|$)|日期|时间|時間|日時|날짜",
    re.IGNORECASE,
)
DIGITS, MONTH_DIGITS = "%Y%m%d", "%Y%m"
_DIGIT_NAMES = {
    DIGITS: _NAME,
    MONTH_DIGITS: re.compile(
        r"(^|[ _\-.])(date|month|yearmonth|yyyymm|period|datum|monat|mes|mois|periode)([ _\-.]|$)", re.IGNORECASE
    ),
}
_DIGITS = {DIGITS: re.compile(r"(19|20)\d{6}"), MONTH_DIGITS: re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])")}
_LEAST_LENGTH = 6
_ENOUGH = 5
"""Least number of different dates whose order in the file decides between two readings."""
_FIRST = 20
"""Number of cells by which formats are told apart before all cells are parsed."""
_EPOCH, _AWARE_EPOCH = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text: str, form: str) -> int:
    """Parse a moment as microseconds since 1970 in UTC. form: ISO, QUARTER, a format of strptime or one of UNITS.

    Raises ValueError.
    """
    if form in UNITS:
        return from_number(text, form)
    moment = _moment(text, form)
    since = moment - (_EPOCH if moment.tzinfo is None else _AWARE_EPOCH)
    return _whole(since)


def _whole(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _moment(text: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(text)
    if form == QUARTER:
        match = _QUARTER.fullmatch(text)
        if match is None:
            raise ValueError(text)
        year, quarter = (next(filter(None, match.group(*names))) for names in (("a", "c", "e"), ("b", "d", "f")))
        return datetime(int(year), 3 * int(quarter) - 2, 1)
    return reader(form)(text)


def is_format(form: str) -> bool:
    """Whether microseconds knows a format, by a moment written in it."""
    if form in (ISO, QUARTER, *UNITS):
        return True
    text = datetime(2024, 1, 31, 10, 20, 30, tzinfo=UTC).strftime(form)
    return "%" in form and text != form and reads(form, [text])


def from_number(value: str | float, unit: str) -> int:
    """Convert a number since 1970 to microseconds. Raises ValueError, or OverflowError for one that is not finite."""
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
    if unit == "ns":
        return int(value) // 1000
    return value * UNITS[unit] if isinstance(value, int) else round(value * UNITS[unit])


def unit_of_size(values: Sequence[float]) -> str | None:
    """Unit of numbers since 1970 by their size; None where they are not all moments from 1973 to 2128 in one unit."""
    if not len(values):
        return None
    low, high = min(values), max(values)
    return next((unit for unit, (least, largest) in _SIZES.items() if least <= low and high <= largest), None)


def digits_of(cells: Sequence[str], name: str | None = None) -> str | None:
    """Format of days or months without signs between, such as 20240131, from 1900 to 2099; None where cells are none.

    name: of the column, which must be that of a time; None where this is known.
    """
    forms = [form for form in _DIGITS if name is None or _DIGIT_NAMES[form].search(_words(name))]
    return next((f for f in forms if cells and all(map(_DIGITS[f].fullmatch, cells)) and reads(f, cells)), None)


def are_days(cells: Sequence[str]) -> bool:
    """Whether cells are days without signs between, such as 20240131, from 1900 to 2099."""
    return digits_of(cells) == DIGITS


def may_hold_digits(name: str) -> bool:
    """Whether a column's name is that of a time, of a month or a period, whose numbers may be moments."""
    return is_time_name(name) or any(pattern.search(_words(name)) for pattern in _DIGIT_NAMES.values())


def is_time_name(name: str) -> bool:
    """Whether a column's name is that of a time."""
    return bool(_NAME.search(_words(name)))


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def formats_of(values: Sequence[str]) -> list[str]:
    """Formats that parse every value and give different moments, the plainest first; none for values that are no dates.

    values: distinct cells in the order of the file. Where two readings remain, such as day or month first, the one whose
    moments rise (or fall) from row to row is the right one, if the other's do not.
    """
    if not values or not _may_be_date(values[0]):
        return []
    if reads(ISO, values):
        return [ISO]
    found: dict[tuple[int, ...], str] = {}
    for form in FORMATS[1:]:
        if _alike(form, values[0]) and reads(form, values[:_FIRST]) and (moments := _parsed(form, values)):
            found.setdefault(tuple(moments), form)
    if len(found) > 1 and len(values) >= _ENOUGH:
        ordered = [form for moments, form in found.items() if _is_ordered(moments)]
        if len(ordered) == 1:
            return ordered
    return list(found.values())


def _may_be_date(value: str) -> bool:
    return len(value) >= _LEAST_LENGTH and any(map(str.isdigit, value))


def _alike(form: str, value: str) -> bool:
    """Whether a format of strptime has the signs of a value; much faster than trying it."""
    if form == _ORDINAL and len(value) != len("2024-031"):
        return False
    return form == QUARTER or all(form.count(sign) == value.count(sign) for sign in "/:.,")


def _is_ordered(moments: Sequence[int]) -> bool:
    return all(a < b for a, b in pairwise(moments)) or all(a > b for a, b in pairwise(moments))


def reads(form: str, values: Iterable[str]) -> bool:
    """Whether a format parses every value."""
    return _parsed(form, values) is not None


def _parsed(form: str, values: Iterable[str]) -> list[int] | None:
    """Moments of values in a format; None where it does not parse them all."""
    try:
        return [microseconds(value, form) for value in values]
    except (ValueError, OverflowError):
        return None


def in_format(text: str, column: ColumnFormat) -> int:
    """Parse a cell or a text of a request in the format of its column, else in ISO 8601. Raises ValueError."""
    try:
        return microseconds(text, column.time or ISO)
    except ValueError:
        return microseconds(text, ISO)
