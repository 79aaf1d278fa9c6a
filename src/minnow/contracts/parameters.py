"""Base classes of the parameters of modules in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Literal, Self, cast, get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo

_WORDS = {"yes": True, "on": True, "no": False, "off": False}
"""Words that YAML 1.1 reads as true or false, and YAML 1.2 as text."""


class Parameters(BaseModel):
    """Parameters of a module in params.yaml: immutable; an unknown key is an error.

    RENAMED: old keys -> new keys, and "key=value" with an old value -> the new value. Old names in params.yaml are errors that
    give the new name; files that an older version recorded are read with their old names.
    SHORT: the key that a value without keys stands for, such as kind, for `schedule: cosine`; None where none is the main one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    RENAMED: ClassVar[Mapping[str, str]] = {}
    SHORT: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        """Accept the short form, yes and no for true and false, and an empty block for its defaults."""
        value = cls.full(value)
        if not isinstance(value, Mapping):
            return value
        items, fields = cast("Mapping[str, Any]", value), cls.model_fields
        kept = {key: item for key, item in items.items() if item is not None or not _is_block(fields.get(key))}
        return {key: _word(fields.get(key), item) for key, item in kept.items()}

    @classmethod
    def full(cls, value: Any) -> Any:
        """Write out short forms: of these parameters, and of the blocks among them. Other values are returned as they are."""
        if cls.SHORT is not None and not isinstance(value, Mapping | Parameters | NoneType):
            return {cls.SHORT: value}
        if not isinstance(value, Mapping):
            return value
        items = cast("Mapping[str, Any]", value)
        blocks = {key: _block(cls.model_fields[key].annotation) for key in items if key in cls.model_fields}
        return {key: item if (block := blocks.get(key)) is None else block.full(item) for key, item in items.items()}

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> Self:
        """Read parameters that this version or an older one recorded. Raises pydantic's ValidationError."""
        values = {cls.RENAMED.get(key, key): value for key, value in recorded.items()}
        return cls.model_validate({key: cls.RENAMED.get(f"{key}={value}", value) for key, value in values.items()})


def _block(annotation: Any) -> type[Parameters] | None:
    """Return the class of parameters that a field takes, itself or beside null; None for other fields, also for containers."""
    options = [one for one in get_args(annotation) or (annotation,) if one is not NoneType]
    (only, *others) = options or (None,)
    return only if not others and isinstance(only, type) and issubclass(only, Parameters) else None


def _is_block(field: FieldInfo | None) -> bool:
    """Whether a field takes a block that may be left out but is never null."""
    if field is None or field.is_required() or NoneType in get_args(field.annotation):
        return False
    return isinstance(field.get_default(call_default_factory=True), Parameters | dict | list)  # pyright: ignore[reportUnknownMemberType]


def _word(field: FieldInfo | None, value: Any) -> Any:
    """Convert yes, no, on and off where true or false is needed."""
    if field is None or field.annotation is not bool or not isinstance(value, str):
        return value
    return _WORDS.get(value.lower(), value)


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

    def side_files(self, data: Path, root: Path) -> list[Path]:
        """List the files that options name, and that rows are read with. data: of the rows; root: of the project."""
        return []

    @property
    def weight_column(self) -> str | None:
        """Name of the column of the raw rows that holds their sample weights; None for equal weights."""
        return None
