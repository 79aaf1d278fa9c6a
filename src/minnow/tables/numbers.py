"""Numbers as people write them: decimal and thousands signs, currencies, percent signs and units."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from minnow.types import ColumnFormat

CODE = re.compile(r"[+-]?0\d+")
"""Cells with leading zeros are codes, such as postal codes or keys, and not numbers."""
CURRENCIES = frozenset((
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN",
    "ZAR", "KRW", "SGD", "HKD", "NZD", "TRY", "US$", "A$", "C$", "NZ$", "HK$", "S$", "R$", "Rs", "Rs.", "kr", "kr.", "zł",
    "Kč", "Ft", "lei",
))  # fmt: skip
CONVENTIONS: tuple[tuple[str, str], ...] = (
    (".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"),
)  # fmt: skip
"""Decimal and thousands signs that are tried, the plainest first."""
_LOOKALIKES = {0xA0: " ", 0x2009: " ", 0x202F: " ", 0x2212: "-", 0x2019: "'"}
"""Spaces that do not break, the minus sign and the typographic apostrophe -> the signs of a keyboard."""
_CELL = re.compile(
    r"(?P<open>\()?(?P<sign>[+\-]?)\s*(?P<before>[^\d\s.,+\-()'\u2019]{1,4})?\s*(?P<inner>[+\-]?)"
    r"(?P<number>(?:\d[\d.,'\u2019 ]*\d|\d)[.,]?|[.,]\d+)(?P<exponent>[eE][+\-]?\d{1,3})?\s*"
    r"(?P<after>[^\d\s()+\-.,][^\d()]{0,11})?(?P<close>\))?"
)


@dataclass(frozen=True)
class Written:
    """A number as it is written. core: sign, digits and signs between them; exponent: "e5" or ""; unit: text around it."""

    core: str
    exponent: str
    unit: str


@cache
def _grouped(decimal: str, thousands: str) -> re.Pattern[str]:
    """Pattern of a core: whole digits, or groups of three (in India two) after the first, and a fraction."""
    point = re.escape(decimal)
    whole = r"\d+"
    if thousands:
        sign = re.escape(thousands)
        indian = rf"|[1-9]\d?(?:{sign}\d\d)+{sign}\d{{3}}" if thousands == "," else ""
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{sign}\d{{3}})+{indian})"
    return re.compile(rf"[+\-]?(?:{whole}(?:{point}\d*)?|{point}\d+)")


def written(cell: str) -> Written | None:
    """Take a cell apart; None where it is not one number, at most with a currency, a percent sign or a unit."""
    match = _CELL.fullmatch(cell.translate(_LOOKALIKES))
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["sign"] and match["inner"]):
        return None
    before, after = match["before"] or "", (match["after"] or "").strip()
    if (before and not is_currency(before)) or (before and after):
        return None
    negative = match["open"] or "-" in (match["sign"], match["inner"])
    return Written(("-" if negative else "") + match["number"], (match["exponent"] or "").lower(), before or after)


def is_currency(text: str) -> bool:
    """Whether a text is a currency's sign or code."""
    import unicodedata

    return text in CURRENCIES or all(unicodedata.category(sign) == "Sc" for sign in text)


def plain(text: str) -> float:
    """Parse a number with a decimal point, infinity included. Raises ValueError for any other text, "nan" and "1_000" too."""
    if "_" in text or text.strip("+-").lower() == "nan":
        raise ValueError(text)
    return float(text)


def is_plain(text: str) -> bool:
    """Whether a cell is a number with a decimal point and nothing else, and no code with leading zeros."""
    if CODE.fullmatch(text):
        return False
    try:
        plain(text)
    except ValueError:
        return False
    return True


def number(text: str, form: ColumnFormat) -> float:
    """Parse a cell as its column is written; a number with a decimal point only is read too where that cannot be mistaken.

    Raises ValueError.
    """
    if form.decimal == "." and not form.thousands and not form.unit:
        return plain(text)
    if text.strip("+-").lower() in ("inf", "infinity"):
        return float(text)
    parts = written(text)
    if parts is None or parts.unit not in ("", form.unit):
        raise ValueError(text)
    if not _grouped(form.decimal, form.thousands).fullmatch(parts.core):
        raise ValueError(text)
    core = parts.core.replace(form.thousands, "") if form.thousands else parts.core
    return float(core.replace(form.decimal, ".") + parts.exponent)


def fitting(cores: Iterable[str]) -> list[tuple[str, str]]:
    """Conventions in which every core is a number, the plainest first."""
    known = list(cores)
    return [signs for signs in CONVENTIONS if all(_grouped(*signs).fullmatch(core) for core in known)]


def values_in(cores: Sequence[str], signs: tuple[str, str]) -> list[float]:
    """Values of cores in a convention that fits them."""
    form = ColumnFormat("numeric", *signs)
    return [number(core, form) for core in cores]


def unit_of(parts: Sequence[Written]) -> str | None:
    """The one unit of all numbers of a column, "" for none; None where they differ.

    A currency or percent sign may be missing in some cells; a unit may not, since it may be another one.
    """
    units = {part.unit for part in parts}
    named = units - {""}
    if len(named) > 1:
        return None
    unit = next(iter(named), "")
    return unit if "" not in units or not unit or is_currency(unit) else None


def share_of(values: Iterable[str], counts: Mapping[str, int]) -> int:
    """Number of cells that hold one of the values."""
    return sum(counts[value] for value in values)


def shown(value: float) -> str:
    """Format a number for a message, without a needless fraction."""
    return f"{value:.10g}" if math.isfinite(value) else str(value)
