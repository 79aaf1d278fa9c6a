"""Loading params.yaml: read it, substitute environment variables, and check every key.

A fault in the entry of a use case refuses that entry alone; every other fault refuses the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from minnow.config.checking import check, check_name, checked, circles
from minnow.config.document import Document, read
from minnow.config.errors import ConfigError, Fault, faults_of
from minnow.config.known import Catalog
from minnow.config.settings import Settings, UseCase

_VARIABLE = re.compile(r"(\$?)\$\{(\w+)\}")
_USECASES = "usecases"


def load(path: Path, catalog: Catalog, text: str | None = None) -> Settings:
    """Read and check params.yaml. Settings.refused has the use cases whose entries have faults, with the messages.

    text: what the file is to hold, None for what it holds. Raises ConfigError for faults of the rest, with the path of the
    key and the nearest known name.
    """
    document = read(path, text)
    try:
        return _settings(document, catalog)
    except ConfigError as error:
        raise document.error(error) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: an alias (*name) must not stand within what it stands for.") from error


def _settings(document: Document, catalog: Catalog) -> Settings:
    entries = document.values.get(_USECASES)
    if entries is None and _USECASES in document.values:  # nothing stands under it yet
        entries = {}
    shared = {name: value for name, value in document.values.items() if name != _USECASES}
    if isinstance(entries, dict):
        shared[_USECASES] = {}
    elif _USECASES in document.values:
        shared[_USECASES] = entries
    settings = _validated(Settings, shared, ())
    refused: dict[str, str] = {}
    usecases: dict[str, UseCase] = {}
    for name, entry in (entries if isinstance(entries, dict) else {}).items():
        try:
            check_name(name)
            usecases[name] = _validated(UseCase, entry, (_USECASES, name))
        except ConfigError as error:
            refused[str(name)] = str(document.error(error))
    settings = settings.with_usecases(usecases, refused)
    for name in usecases:
        try:
            usecases[name] = checked(name, settings, catalog)
        except ConfigError as error:
            refused[name] = str(document.error(error))
    for name, fault in circles({name: one.before for name, one in usecases.items() if name not in refused}).items():
        refused[name] = document.placed(fault)
    settings = settings.with_usecases({n: one for n, one in usecases.items() if n not in refused}, refused)
    check(settings, catalog)
    return settings


def _validated(model: type[Any], values: Any, where: tuple[str, ...]) -> Any:
    """Validate a part of the file with its class. Raises ConfigError."""
    values = _expand(values, where)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError.of(faults_of(error, where, model, values)) from error


def _expand(value: Any, where: tuple[int | str, ...]) -> Any:
    """Replace ${NAME} by the environment variable in every string; $${NAME} stands for the text ${NAME}."""
    if isinstance(value, Mapping):
        return {key: _expand(item, (*where, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, (*where, index)) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[2] not in os.environ:
            text = f"the environment variable {match[2]} is needed. Set it: export {match[2]}=..."
            raise ConfigError.of([Fault(where, f"{text} For the text itself write $${{{match[2]}}}.")])
        return os.environ[match[2]]

    return _VARIABLE.sub(fill, value)
