"""Durations in params.yaml."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_SHORT = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week"}
_DURATION = re.compile(
    rf"(?P<number>\d+(?:\.\d+)?)\s*(?:(?P<unit>{'|'.join(_UNITS_S)})s?|(?P<short>{'|'.join(_SHORT)}))"
)


def seconds_of(value: Any) -> Any:
    """Convert a duration such as "12 hours" or "90d" to seconds; other values as they are. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip().lower())
    if match is None:
        units = ", ".join(f"{unit}s" for unit in _UNITS_S)
        raise ValueError(f"a duration needs a number of seconds, or a number and one of {units}, such as 3 days or 3d")
    return float(match["number"]) * _UNITS_S[match["unit"] or _SHORT[match["short"]]]


Duration = Annotated[float, BeforeValidator(seconds_of)]
"""Seconds; in params.yaml also a number with a unit."""
