"""Formats of strptime: those of numbers alone are parsed several times as fast as by strptime, and alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from operator import itemgetter

_DIRECTIVES = {
    "%d": r"(3[01]|[12]\d|0[1-9]|[1-9]| [1-9])", "%m": r"(1[0-2]|0[1-9]|[1-9])", "%Y": r"(\d{4})", "%y": r"(\d\d)",
    "%H": r"(2[0-3]|[01]\d|\d)", "%I": r"(1[0-2]|0[1-9]|[1-9])", "%M": r"([0-5]\d|\d)",
    "%S": r"([0-5]\d|\d)", "%f": r"(\d{1,6})", "%p": r"([AaPp][Mm])",
}  # fmt: skip
_CENTURY = 69
"""Years of two digits from 69 on are of the last century, as in POSIX."""


@cache
def reader(form: str) -> Callable[[str], datetime]:
    """Function that parses a format of strptime, several times as fast as strptime where it is of numbers alone."""
    parts = re.split(r"(%.)", form)
    names = [part for part in parts if part.startswith("%")]
    if len(set(names)) < len(names) or not set(names) <= set(_DIRECTIVES) or ("%I" in names) != ("%p" in names):
        return lambda text: datetime.strptime(text, form)
    pattern = re.compile(
        "".join(_DIRECTIVES.get(part) or re.sub(r"(\\\s)+", r"\\s+", re.escape(part)) for part in parts)
    )
    places = {name: index for index, name in enumerate(names)}
    pick = itemgetter(*(_place(kind, places) for kind in _PARTS))

    def read(text: str) -> datetime:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError(text)
        year, month, day, hour, minute, second, fraction, half = pick(found.groups() + _DEFAULTS)
        micro = int(fraction.ljust(6, "0"))
        return datetime(_year(year), int(month), int(day), _hour(hour, half), int(minute), int(second), micro)

    return read


_DEFAULTS = ("1900", "1", "0", "")
_PARTS = (("%Y%y", 0), ("%m", 1), ("%d", 1), ("%H%I", 2), ("%M", 2), ("%S", 2), ("%f", 2), ("%p", 3))
"""Parts of a moment: directives, and the place in _DEFAULTS of what stands for one that a format does not have."""


def _place(part: tuple[str, int], places: Mapping[str, int]) -> int:
    directives, default = part
    return next((places[name] for name in places if name in directives), len(places) + default)


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (1900 if year >= _CENTURY else 2000)


def _hour(text: str, half: str) -> int:
    return int(text) % 12 + (12 if half.lower() == "pm" else 0) if half else int(text)
