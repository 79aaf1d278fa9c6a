"""Names with parameters, as they stand under families and compression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

FAMILY = "family"
"""Key of an entry under families that names its family, where the entry has a name of its own."""


def named(value: Any) -> Any:
    """Read names with parameters: name -> its parameters, {} for all defaults. Values of another kind are returned as they are.

    value: a mapping; a list of names, and of names with their parameters such as {cnn: {epochs: 3}}; a single name; or nothing.

    Raises:
    ValueError for a list that holds something else, or a name twice.
    """
    if value is None or isinstance(value, str):
        return {} if value is None else {value: {}}
    if isinstance(value, Mapping):
        return {name: {} if params is None else params for name, params in value.items()}
    if not isinstance(value, list):
        return value
    read: dict[str, Any] = {}
    for item in value:
        if not isinstance(item, str) and not (isinstance(item, Mapping) and len(item) == 1):
            raise ValueError(
                "a list must hold names, and names with parameters such as {cnn: {epochs: 3}}, the parameters indented further "
                f"than the name. One item is {item!r}"
            )
        for name, params in ({item: None} if isinstance(item, str) else item).items():
            if name in read:
                raise ValueError(f"'{name}' stands twice in the list; keep one of them")
            read[name] = {} if params is None else params
    return read


Named = Annotated[dict[str, Any], BeforeValidator(named)]
"""Names, each with its parameters."""


def family_of(name: str, params: Any) -> str:
    """Family of an entry under families: what its key `family` says, otherwise its name."""
    return str(params[FAMILY]) if isinstance(params, Mapping) and FAMILY in params else name


def own_params(params: Any) -> Any:
    """The parameters of an entry under families, without the key `family`; what is no mapping is returned as it is."""
    return {key: value for key, value in params.items() if key != FAMILY} if isinstance(params, Mapping) else params
