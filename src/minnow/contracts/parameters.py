"""Base classes of the parameters of modules in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict


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
    """Options of a modality.

    FILES: names of those that say which files hold rows and how these are written. A registered model reads rows by its own
    options, but for these, which are today's.
    """

    FILES: ClassVar[tuple[str, ...]] = ()

    @property
    def label_weights(self) -> Literal["balanced"] | Mapping[str, float] | None:
        """Sample weights of training rows by their label; None for equal weights."""
        return None

    @property
    def weight_column(self) -> str | None:
        """Name of the column of the raw rows that holds their sample weights; None for equal weights."""
        return None
