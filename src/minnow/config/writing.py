"""Writes values for params.yaml so that they read back equal, by YAML 1.2 (as Minnow and DVC read) and by YAML 1.1 alike."""

from __future__ import annotations

import re
import sys
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*")
"""Texts that need no quotes, unless they are words of YAML 1.1 such as no, which PyYAML quotes itself."""
_LINE = re.compile(r"[ -~\u00a1-\ud7ff\ue000-\ufefe\uff00-\ufffd]*")
"""Texts of printable characters on one line."""
_VARIABLE = re.compile(r"\$\{\w+\}")


class _Dumper(yaml.SafeDumper):
    """Quotes every text that a reader of YAML may take for something else. Aliases are written out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Write a text. Raises ValueError for one that is not Unicode."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"params.yaml is written in UTF-8, which cannot hold this name: {value!r}. Rename it."
        ) from error
    style = None if _PLAIN.fullmatch(value) else "'" if _LINE.fullmatch(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _number(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    """Write a float with a point, which YAML 1.1 needs before an exponent."""
    text = repr(value)
    special = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(text)
    if special is None and "." not in text:
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", special or text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)


def inline(value: Any) -> str:
    """Write a value as YAML on one line."""
    return _dumped(value, default_flow_style=True).removesuffix("\n").removesuffix("\n...")


def document(value: Any) -> str:
    """Write a whole settings file, which loads as these values."""
    return _dumped(escaped(value), default_flow_style=False)


def escaped(value: Any) -> Any:
    """Write $${NAME} in place of ${NAME}, which loading would replace by an environment variable."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: f"${match[0]}", value)
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def _dumped(value: Any, *, default_flow_style: bool) -> str:
    return yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=default_flow_style,
        sort_keys=False,
        width=sys.maxsize,
        allow_unicode=True,
    )
