"""Loading params.yaml: parse it, substitute environment variables, and check every key."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from minnow.config.checking import Catalog, check
from minnow.config.errors import ConfigError, explain
from minnow.config.settings import Settings

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def load(path: Path, catalog: Catalog) -> Settings:
    """Read and check params.yaml. Raises ConfigError with the path of the key and the nearest known name."""
    settings = _parse(path)
    check(settings, catalog)
    return settings


def _parse(path: Path) -> Settings:
    try:
        raw = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise ConfigError(f"No settings at {path}. Run from the project's root or pass --params FILE.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} must hold a mapping with `usecases:`. Received: {type(raw).__name__}.")
    try:
        return Settings.model_validate(_expand(raw, path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, '', Settings)}") from error


def _expand(value: Any, path: Path) -> Any:
    """Replace ${NAME} by the environment variable in every string."""
    if isinstance(value, dict):
        return {key: _expand(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, path) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ConfigError(f"{path} needs the environment variable {match[1]}. Set it: export {match[1]}=...")
        return os.environ[match[1]]

    return _VARIABLE.sub(fill, value)
