"""A YAML file as its keys and values, with the line and the spelling of each. YAML 1.2, the version that DVC reads."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.config.errors import ConfigError, Fault, Location

_MERGE = re.compile(r"^<{7} ", re.MULTILINE)
"""The mark that git leaves before the sides of a conflict."""


@dataclass(frozen=True)
class Document:
    """A settings file. values: what it holds; root: the YAML node of its whole text, which knows lines and spellings."""

    path: Path
    values: dict[str, Any]
    root: Any

    def line(self, location: Location) -> int | None:
        """Line of a key or list item, from 1; that of the innermost one around it, where it is not written itself."""
        line, node = None, self.root
        for part in location:
            found = _member(node, part)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        return line

    def placed(self, fault: Fault) -> str:
        """Write a fault in one line: file, line, path and text, and where text is needed an advice to put it in quotes."""
        line = self.line(fault.location)
        spelling = self._spelling(fault.location, fault.misread) if fault.misread else None
        advice = (
            f" YAML reads {spelling} as another kind of value: for text write it in quotes, '{spelling}'."
            if spelling
            else ""
        )
        return f"{self.path}{'' if line is None else f', line {line}'}: {fault}{advice}"

    def _spelling(self, location: Location, misread: str) -> str | None:
        """Return a key or value of one word as it is written, such as 007; None where it is not."""
        key, node = None, self.root
        for part in location:
            found = _member(node, part)
            if found is None:
                return None
            key, node = found
        written = key if misread == "key" else node
        return written.value if written is not None and isinstance(written.value, str) else None

    def error(self, error: ConfigError) -> ConfigError:
        """Add file and line to the message of an error; one without a path is returned as it is."""
        return ConfigError("\n".join(self.placed(fault) for fault in error.faults)) if error.faults else error


def read(path: Path, text: str | None = None) -> Document:
    """Read a settings file. text: what it is to hold, None for what it holds.

    Raises ConfigError where it is missing or no YAML, and for a key that stands twice.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    text = read_text(path) if text is None else text
    try:
        return _parsed(text, path)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        advice = "Indent with blanks, and put texts with ':', '#', brackets or braces in quotes"
        if _MERGE.search(text):
            advice = "It has the marks of an unfinished merge (<<<<<<<): keep one of the sides"
        raise ConfigError(f"{path}{where} is not YAML: {error.problem or error.context}. {advice}.") from error
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        reason = "an alias holds itself" if isinstance(error, RecursionError) else str(error)
        raise ConfigError(f"{path} is not YAML: {reason}.") from error


def _parsed(text: str, path: Path) -> Document:
    """Parse YAML. Raises ConfigError for a key that stands twice, and errors of ruamel.yaml."""
    from ruamel.yaml import YAML

    root = YAML(typ="safe").compose(text)
    for fault in _repeated(root, (), set()) if root is not None else ():
        raise ConfigError(f"{path}, line {fault[1]}: {fault[0]}")
    values: Any = YAML(typ="safe").load(text)
    if not isinstance(values, dict):
        received = "an empty file" if values is None else f"a {type(values).__name__}"
        raise ConfigError(f"{path} needs keys and values, with `usecases:` among them. Received: {received}.")
    return Document(path, values, root)


def value_of(text: str) -> Any:
    """Read a text as a YAML value; one that is not YAML is itself."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(text)
    except (YAMLError, ValueError):
        return text


def read_text(path: Path) -> str:
    """Read the text of a settings file. Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"No settings at {path}. Run from the project's root or pass --params FILE.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be text in UTF-8. Received: {error.reason} at byte {error.start}.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error


def _repeated(node: Any, location: Location, seen: set[int]) -> Iterator[tuple[Fault, int]]:
    """Yield the keys that stand twice in one mapping, each with the line of the second."""
    if isinstance(node.value, str) or id(node) in seen:
        return
    seen.add(id(node))
    lines: dict[Hashable, int] = {}
    for index, member in enumerate(node.value):
        key, value = member if isinstance(member, tuple) else (None, member)
        part = index if key is None else key.value if isinstance(key.value, str) else str(key.value)
        if key is not None:
            line, first = key.start_mark.line + 1, lines.get((key.tag, part))
            if first is not None:
                advice = "Keep one of them" if location != ("usecases",) else "Rename or remove one of them"
                text = (
                    f"this {'use case' if location == ('usecases',) else 'key'} stands in line {first} too. {advice}."
                )
                yield Fault((*location, part), text), line
            lines[key.tag, part] = line
        yield from _repeated(value, (*location, part), seen)


def _member(node: Any, part: int | str) -> tuple[Any, Any] | None:
    """Find a member of a YAML node: (node whose line it has, node of its value), also through merge keys."""
    if isinstance(node.value, str):
        return None
    merged: list[Any] = []
    for index, member in enumerate(node.value):
        if not isinstance(member, tuple):
            if index == part or member.value == part:
                return member, member
            if isinstance(part, str) and (found := _member(member, part)):  # names with parameters may stand in a list
                return found
            continue
        key, value = member
        if key.value == str(part) or (isinstance(part, int) and _is_number(key, part)):
            return key, value
        if key.value == "<<":
            merged += [value] if value.value and isinstance(value.value[0], tuple) else list(value.value)
    return next((found for source in merged if (found := _member(source, part))), None)


def _is_number(key: Any, number: int) -> bool:
    """Whether a key such as 007 is read as a number."""
    return isinstance(key.value, str) and key.tag.endswith(":int") and value_of(key.value) == number
