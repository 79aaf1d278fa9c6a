"""Base classes of the parameters of modules in params.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict

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


class Parameters(BaseModel):
    """Parameters of a module in params.yaml: immutable; an unknown key is an error.

    RENAMED: old keys -> new keys, and "key=value" with an old value -> the new value. Old names in params.yaml are errors that
    give the new name; files that an older version recorded are read with their old names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    RENAMED: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> Self:
        """Read parameters that this version or an older one recorded. Raises pydantic's ValidationError."""
        values = {cls.RENAMED.get(key, key): value for key, value in recorded.items()}
        return cls.model_validate({key: cls.RENAMED.get(f"{key}={value}", value) for key, value in values.items()})


class RowOptions(Parameters):
    """Options of a modality."""

    @property
    def label_weights(self) -> Literal["balanced"] | Mapping[str, float] | None:
        """Sample weights of training rows by their label; None for equal weights."""
        return None

    @property
    def weight_column(self) -> str | None:
        """Name of the column of the raw rows that holds their sample weights; None for equal weights."""
        return None
