"""Times as people write them: ISO 8601, the formats of many countries, months, quarters, and numbers since 1970."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from minnow.types import ColumnFormat

ISO = "iso"
_DAYS = (
    "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d-%m-%y", "%m-%d-%y", "%d-%b-%y",
    "%a, %d %b %Y", "%a %d %b %Y", "%Y-%m-%d",
)  # fmt: skip
_HOURS = (
    " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", ", %H:%M", ", %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %I:%M:%S %p",
    "T%H:%M:%S", " %H:%M:%S %z", " %H.%M", " %H.%M.%S", " %H:%M:%S,%f",
)  # fmt: skip
QUARTER = "quarter"
"""A year and one of its quarters: 2024Q1, 2024-Q1, Q1 2024."""
_MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%Y %b", "%YM%m")
FORMATS = (ISO, QUARTER, *_DAYS, *_MONTHS, *(day + hour for day in _DAYS for hour in _HOURS))
"""Formats of dates, tried in this order."""
_QUARTER = re.compile(r"(?:(?P<a>\d{4})[ -/]?[Qq](?P<b>[1-4])|[Qq](?P<d>[1-4])[ -/]?(?P<c>\d{4}))")
UNITS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0}
"""Units of numbers since 1970 -> microseconds of one; nanoseconds are divided instead."""
_SIZES = {"s": (1e8, 5e9), "ms": (1e11, 5e12), "us": (1e14, 5e15), "ns": (1e17, 5e18)}
"""Units -> the least and the largest number since 1970 for moments from 1973 to 2128."""
UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_NAME = re.compile(
    r"(^|[ _\-.])(time|times|timestamp|date|datetime|ts|epoch|unixtime|created|updated|at)([ _\-.]|$)", re.I
)
DIGITS = "%Y%m%d"
_DIGITS = re.compile(r"(19|20)\d{6}")
_LEAST_LENGTH = 6
_ENOUGH = 5
"""Least number of different dates whose order in the file decides between two readings."""


def microseconds(text: str, form: str) -> int:
    """Parse a moment as microseconds since 1970 in UTC. form: ISO, QUARTER, a format of strptime or one of UNITS.

    Raises ValueError.
    """
    if form in UNITS:
        return from_number(text, form)
    moment = _moment(text, form)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = int(aware.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + aware.microsecond


def _moment(text: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(text)
    if form == QUARTER:
        match = _QUARTER.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return datetime(int(match["a"] or match["c"]), 3 * int(match["b"] or match["d"]) - 2, 1)
    return datetime.strptime(text, form)


def from_number(value: str | float, unit: str) -> int:
    """Convert a number since 1970 to microseconds. Raises ValueError, or OverflowError for one that is not finite."""
    if unit == "ns":
        return int(value) // 1000
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value):
        return int(value) * UNITS[unit]
    return round(float(value) * UNITS[unit])


def unit_of_size(values: Sequence[float]) -> str | None:
    """Unit of numbers since 1970 by their size; None where they are not all moments from 1973 to 2128 in one unit."""
    for unit, (least, largest) in _SIZES.items():
        if len(values) and all(least <= value <= largest for value in values):
            return unit
    return None


def are_days(cells: Sequence[str]) -> bool:
    """Whether cells are days without signs between, such as 20240131, from 1900 to 2100."""
    return bool(cells) and all(_DIGITS.fullmatch(cell) for cell in cells) and _reads(DIGITS, cells)


def is_time_name(name: str) -> bool:
    """Whether a column's name is that of a time."""
    return bool(_NAME.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)))


def formats_of(values: Sequence[str]) -> list[str]:
    """Formats that parse every value and give different moments, the plainest first; none for values that are no dates.

    values: distinct cells in the order of the file. Where two readings remain, such as day or month first, the one whose
    moments rise from row to row is the right one, if the other's do not.
    """
    if not values or len(values[0]) < _LEAST_LENGTH or not any(sign.isdigit() for sign in values[0]):
        return []
    found: dict[tuple[int, ...], str] = {}
    for form in FORMATS:
        if _alike(form, values[0]) and _reads(form, values[:1]) and _reads(form, values):
            found.setdefault(tuple(microseconds(value, form) for value in values), form)
    if len(found) > 1 and len(values) >= _ENOUGH:
        rising = [form for moments, form in found.items() if _rises(moments)]
        if len(rising) == 1:
            return rising
    return list(found.values())


def _alike(form: str, value: str) -> bool:
    """Whether a format of strptime has the signs of a value; much faster than trying it."""
    return form in (ISO, QUARTER) or all(form.count(sign) == value.count(sign) for sign in "/:., ")


def _rises(moments: Sequence[int]) -> bool:
    return all(a < b for a, b in pairwise(moments))


def _reads(form: str, values: Sequence[str]) -> bool:
    try:
        for value in values:
            microseconds(value, form)
    except (ValueError, OverflowError):
        return False
    return True


def in_format(text: str, column: ColumnFormat) -> int:
    """Parse a cell or a text of a request in the format of its column, else in ISO 8601. Raises ValueError."""
    try:
        return microseconds(text, column.time or ISO)
    except ValueError:
        return microseconds(text, ISO)
