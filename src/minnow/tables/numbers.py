"""Numbers as people write them: decimal and thousands signs, currencies, percent signs and units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from minnow.types import ColumnFormat

CODE = re.compile(r"[+-]?0\d+")
"""Cells with leading zeros are codes, such as postal codes or keys, and not numbers."""
CURRENCIES = frozenset((
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN",
    "ZAR", "KRW", "SGD", "HKD", "NZD", "TRY", "US$", "A$", "C$", "NZ$", "HK$", "S$", "R$", "Rs", "Rs.", "kr", "kr.", "zł",
    "Kč", "Ft", "lei", "Fr.", "RMB", "元", "円", "원",
))  # fmt: skip
CONVENTIONS: tuple[tuple[str, str], ...] = (
    (".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"),
)  # fmt: skip
"""Decimal and thousands signs that are tried, the plainest first."""
CLOCK = "h:mm"
"""Unit of times of the day and of durations, such as 10:30 or 1:02:03.5, which are numbers of seconds."""
_CLOCK = re.compile(
    r"(?P<hours>\d{1,3}):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d(?:[.,]\d+)?))?(?:\s?(?P<half>[AaPp][Mm]))?"
)
_LOOKALIKES = {0xA0: " ", 0x2009: " ", 0x202F: " ", 0x2212: "-", 0x2019: "'", 0x2BC: "'"}
"""Spaces that do not break, the minus sign and typographic apostrophes -> the signs of a keyboard."""
_CELL = re.compile(
    r"(?P<open>\()?(?P<sign>[+\-]?)\s*(?P<before>[^\d\s.,+\-()']{1,4}\.?)?\s*(?P<inside>\()?(?P<inner>[+\-]?)"
    r"(?P<number>(?:\d[\d.,' ]*\d|\d)[.,]?|[.,]\d+)(?P<exponent>[eE][+\-]?\d{1,3})?(?P<trailing>-{1,2}|[\u2013\u2014])?\s*"
    r"(?P<after>[dck]?m[23]|[^\d\s()+\-.,][^\d()]{0,11})?(?P<close>\))?"
)
_PHONE = re.compile(r"\+\d.* ")
_SHORT = 2
"""Units of at most so many letters keep their case: m and M are different ones."""


@dataclass(frozen=True)
class Written:
    """A number as it is written. core: sign, digits and signs between them; exponent: "e5" or ""; unit: text around it."""

    core: str
    exponent: str
    unit: str


def _pattern(decimal: str, thousands: str) -> str:
    """Pattern of a core: whole digits, or groups of three (in India two) after the first, and a fraction."""
    point = re.escape(decimal)
    whole = r"\d+"
    if thousands:
        sign = re.escape(thousands)
        indian = rf"|[1-9]\d?(?:{sign}\d\d)+{sign}\d{{3}}" if thousands == "," else ""
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{sign}\d{{3}})+{indian})"
    return rf"[+\-]?(?:{whole}(?:{point}\d*)?|{point}\d+)"


@cache
def _compiled(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(_pattern(decimal, thousands))


_ANY = re.compile("|".join(_pattern(*signs) for signs in CONVENTIONS))
_GROUPED_BY_POINTS = re.compile(r"[+\-]?[1-9]\d{0,2}(?:\.\d{3})+")


def written(cell: str) -> Written | None:
    """Take a cell apart; None where it is not one number, at most with a currency, a percent sign or a unit.

    A minus may stand before or behind, or be brackets around the number, as in accounts.
    """
    cell = cell.translate(_LOOKALIKES)
    match = _CELL.fullmatch(cell)
    if match is None or _PHONE.match(cell) or not _ANY.fullmatch(match["number"]):
        return None
    brackets = bool(match["open"]) + bool(match["inside"])
    trailing = match["trailing"] or ""
    if match["number"][-1] in ",.":  # a dash for the hundredths: 49,- is 49
        trailing = ""
    minus = [sign for sign in (match["sign"], match["inner"], trailing) if sign]
    before, after = match["before"] or "", (match["after"] or "").strip()
    if brackets != bool(match["close"]) or len(minus) + brackets > 1 or trailing not in ("", "-"):
        return None
    if before and (after or not is_currency(before)):
        return None
    negative = brackets or "-" in minus
    return Written(("-" if negative else "") + match["number"], (match["exponent"] or "").lower(), before or after)


def is_currency(text: str) -> bool:
    """Whether a text is a currency's sign or code."""
    return text in CURRENCIES or all(unicodedata.category(sign) == "Sc" for sign in text)


def plain(text: str) -> float:
    """Parse a number with a decimal point, infinity included. Raises ValueError for any other text, "nan" and "1_000" too."""
    value = float(text)
    if value != value or "_" in text:
        raise ValueError(text)
    return value


def is_plain(text: str) -> bool:
    """Whether a cell is a number with a decimal point and nothing else, and no code with leading zeros."""
    try:
        value = float(text)
    except ValueError:
        return False
    return value == value and "_" not in text and (text[0] not in "+-0" or CODE.fullmatch(text) is None)


def may_be_grouped(cells: Iterable[str]) -> bool:
    """Whether the points in plain numbers may all be thousands signs, as in 1.234, and there is one."""
    found = False
    for cell in cells:
        if "." in cell:
            if not _GROUPED_BY_POINTS.fullmatch(cell):
                return False
            found = True
    return found


def number(text: str, form: ColumnFormat) -> float:
    """Parse a cell as its column is written; the unit may be absent. Raises ValueError."""
    if form.decimal == "." and not form.thousands and not form.unit:
        with suppress(ValueError):  # a minus behind the number, or brackets around it, are read below
            return plain(text)
    if form.unit == CLOCK:
        return clock_seconds(text)
    if text.strip("+-").lower() in ("inf", "infinity"):
        return float(text)
    parts = written(text)
    if parts is None or (parts.unit and unit_key(parts.unit) != unit_key(form.unit)):
        raise ValueError(text)
    if not _compiled(form.decimal, form.thousands).fullmatch(parts.core):
        raise ValueError(text)
    return _value(parts.core, form.decimal, form.thousands, parts.exponent)


def _value(core: str, decimal: str, thousands: str, exponent: str = "") -> float:
    core = core.replace(thousands, "") if thousands else core
    return float(core.replace(decimal, ".") + exponent)


def clock_seconds(text: str) -> float:
    """Seconds of a time of the day or of a duration: hours and minutes, and seconds where they are given. Raises ValueError."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(text)
    hours, half = int(match["hours"]), (match["half"] or "").lower()
    if half and not 1 <= hours <= 12:
        raise ValueError(text)
    hours = hours % 12 + (12 if half == "pm" else 0) if half else hours
    return 3600.0 * hours + 60 * int(match["minutes"]) + float((match["seconds"] or "0").replace(",", "."))


def are_clocks(cells: Sequence[str]) -> bool:
    """Whether all cells are times of the day or durations."""
    return bool(cells) and all(map(_CLOCK.fullmatch, cells))


def fitting(cores: Iterable[str]) -> list[tuple[str, str]]:
    """Conventions in which every core is a number, the plainest first."""
    known = list(cores)
    return [signs for signs in CONVENTIONS if all(map(_compiled(*signs).fullmatch, known))]


def values_in(cores: Iterable[str], signs: tuple[str, str]) -> list[float]:
    """Values of cores in a convention that fits them."""
    return [_value(core, *signs) for core in cores]


def unit_key(unit: str) -> str:
    """What two spellings of one unit share: without the case, a full stop and the s of the plural, but for short ones."""
    if len(unit) <= _SHORT:
        return unit
    lowered = unit.casefold().rstrip(".")
    return lowered[:-1] if len(lowered) > _SHORT and lowered.endswith("s") else lowered


def units_of(parts: Iterable[Written]) -> dict[str, str]:
    """The units of numbers: key -> the first spelling. "" stands for numbers without one.

    A currency may be missing in some cells; a percent sign or unit may not, since another one may be meant.
    """
    units: dict[str, str] = {}
    for part in parts:
        units.setdefault(unit_key(part.unit), part.unit)
    named = [unit for unit in units.values() if unit]
    if len(named) == 1 and is_currency(named[0]):
        units.pop("", None)
    return units


def shown(value: float) -> str:
    """Format a number for a message, without a needless fraction."""
    return f"{value:.10g}"
