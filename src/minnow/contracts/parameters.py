"""What may stand in params.yaml under the name of a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict


class Parameters(BaseModel):
    """What may stand under a name in params.yaml: frozen, and an unknown key is an error.

    RENAMED: keys of older versions -> today's, and "key=value" of older versions -> today's value. params.yaml answers them
    with the new name, and what an older version recorded is read by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    RENAMED: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> Self:
        """Read what this version or an older one recorded. Raises pydantic's ValidationError."""
        values = {cls.RENAMED.get(key, key): value for key, value in recorded.items()}
        return cls.model_validate({key: cls.RENAMED.get(f"{key}={value}", value) for key, value in values.items()})


class RowOptions(Parameters):
    """Options of a modality."""

    @property
    def label_weights(self) -> Literal["balanced"] | Mapping[str, float] | None:
        """How much training rows count by their label; None lets each row count once."""
        return None
