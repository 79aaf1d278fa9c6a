"""Error messages about params.yaml: each gives the path of a key as the user wrote it, and what to write instead."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from minnow.contracts import Parameters
from minnow.registry import unknown

Location = tuple[int | str, ...]
_LONGEST = 200


@dataclass(frozen=True)
class Fault:
    """A fault of the settings.

    location: keys and indices of lists that lead to it; text: what is wrong there; misread: what YAML took for something else
    than text, "value" or "key", where text is needed.
    """

    location: Location
    text: str
    misread: str | None = None

    def __str__(self) -> str:
        """Path and text."""
        return f"{dotted(self.location)}: {self.text}" if self.location else self.text


class ConfigError(ValueError):
    """params.yaml has an unknown name, or a value that is not allowed. faults: with their places, where these are known."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @classmethod
    def at(cls, where: Location | str, text: str) -> ConfigError:
        """Return the error of one fault. where: location, or path with dots."""
        return cls.of([Fault(tuple(where.split(".")) if isinstance(where, str) else where, text)])

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> ConfigError:
        """Return the error of some faults, one per line."""
        return cls("\n".join(map(str, faults)), faults)


class _Place(NamedTuple):
    """Result of resolving a location. holder: class of the innermost field; field: its location; inner: class of its value."""

    holder: type[BaseModel]
    field: Location
    inner: type[BaseModel] | None


def dotted(location: Location) -> str:
    """Write a location as a path with dots."""
    return ".".join(map(str, location))


def faults_of(error: ValidationError, where: Location, model: type[BaseModel], values: Any) -> list[Fault]:
    """Translate pydantic's errors, one fault per place: its path in the file, what is needed, what was received.

    where: location of the model in params.yaml, () for the root; model: the class that was validated, with these values. For a
    key or a value of an older version the fault gives its new name.
    """
    problems = error.errors()
    renamed = _renamed_values(problems, model)
    places: dict[Location, list[ErrorDetails]] = {}
    for problem in problems:
        places.setdefault(_written(problem, values), []).append(problem)
    faults: dict[Location, Fault] = {}
    for location, found in places.items():
        field = _place(model, found[0]["loc"]).field
        if field in renamed:
            faults[field] = Fault((*where, *field), renamed[field])
        elif not any(other[: len(location)] == location for other in places if other != location):
            faults[location] = Fault((*where, *location), _text(found, model), _misread(found))
        # else one of the types that the place accepts fits, but for what is inside of the value
    return list(faults.values())


def _written(problem: ErrorDetails, values: Any) -> Location:
    """Reduce pydantic's location to what the user wrote: without the members of unions and the keys of short forms."""
    location: list[int | str] = []
    value = values
    for part in problem["loc"]:
        if isinstance(value, Mapping) and (part in value or problem["type"] == "missing"):
            value = value.get(part)
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        location.append(part)
    return tuple(location)


def _renamed_values(problems: Iterable[ErrorDetails], model: type[BaseModel]) -> dict[Location, str]:
    """Lines about values of an older version: location of the field -> line.

    pydantic reports one error per type that a field accepts; all of them become one line.
    """
    lines: dict[Location, str] = {}
    for problem in problems:
        place, value = _place(model, problem["loc"]), problem["input"]
        if place.field and isinstance(value, str):
            new = _renamed(place.holder).get(f"{place.field[-1]}={value}")
            if new is not None:
                lines[place.field] = _is_called(value, new)
    return lines


def _text(problems: Sequence[ErrorDetails], model: type[BaseModel]) -> str:
    """Say what is wrong at one place. problems: one, or one per type that the place accepts."""
    first = problems[0]
    location, kind = first["loc"], first["type"]
    if kind == "extra_forbidden":
        key, owner = str(location[-1]), _place(model, location[:-1]).inner
        names = {} if owner is None else _renamed(owner)
        return _is_called(key, names[key]) if key in names else unknown("key", key, owner.model_fields if owner else ())
    if kind == "missing":
        return "this key is required and missing."
    if kind == "value_error":
        text = first["msg"].removeprefix("Value error, ")
        return text if "Received: " in text else f"{_sentence(text)}{_received(first['input'])}"
    needs = list(dict.fromkeys(_need(problem, model) for problem in problems if problem["type"] != "value_error"))
    return f"this must be {' or '.join(needs)}.{_nearest(problems)}{_received(first['input'])}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _received(value: Any) -> str:
    """Write what was received; true, dates and null as they stand in YAML."""
    shown = "nothing (null)" if value is None else repr(value)
    if isinstance(value, bool | datetime.date):
        shown = str(value).lower()
    return f" Received: {shown if len(shown) <= _LONGEST else f'{shown[:_LONGEST]} ...'}."


_NEEDS: Mapping[str, str] = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "dict_type": "keys with values, such as {key: value}",
    "mapping_type": "keys with values, such as {key: value}",
    "none_required": "null",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("a number above {}", "gt"),
    "greater_than_equal": ("a number of at least {}", "ge"),
    "less_than": ("a number below {}", "lt"),
    "less_than_equal": ("a number of at most {}", "le"),
    "too_short": ("of {} or more entries", "min_length"),
    "too_long": ("of at most {} entries", "max_length"),
    "string_too_short": ("text of {} or more characters", "min_length"),
    "string_too_long": ("text of at most {} characters", "max_length"),
}


def _need(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """Say what a value must be, in words of YAML instead of pydantic's."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in _NEEDS:
        return _NEEDS[kind]
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return words.format(context[bound])
    if kind == "literal_error":
        return context["expected"]
    if kind == "list_type":
        value = problem["input"]
        return f"a list, such as {[value] if isinstance(value, str | int | float) else ['a', 'b']}"
    if kind == "model_type":
        inner = _place(model, problem["loc"]).inner
        return f"keys with values; the keys are {', '.join(inner.model_fields)}" if inner else _NEEDS["dict_type"]
    return problem["msg"]


def _nearest(problems: Sequence[ErrorDetails]) -> str:
    """Ask whether the nearest of the allowed words was meant."""
    for problem in problems:
        if problem["type"] == "literal_error" and isinstance(problem["input"], str):
            known = [word.strip("'") for word in problem.get("ctx", {})["expected"].replace(" or ", ", ").split(", ")]
            near = difflib.get_close_matches(problem["input"], known, n=1, cutoff=0.5)
            return f" Did you mean '{near[0]}'?" if near else ""
    return ""


def _misread(problems: Sequence[ErrorDetails]) -> str | None:
    """Return "value" or "key" where text is needed and YAML reads what was written as something else."""
    first = next((one for one in problems if one["type"] == "string_type"), None)
    if first is None or isinstance(first["input"], str | list | dict):
        return None
    return "key" if "[key]" in first["loc"] else "value"


def _is_called(old: str, new: str) -> str:
    return f"'{old}' is called '{new}' now."


def _renamed(model: type[BaseModel]) -> Mapping[str, str]:
    return model.RENAMED if issubclass(model, Parameters) else {}


def _place(model: type[BaseModel], location: Location) -> _Place:
    """Resolve a location through the fields of classes.

    A part that is not a field is a name chosen by the user, such as that of a use case, or a member of a union.
    """
    holder, inner, depth = model, model, 0
    for count, part in enumerate(location, start=1):
        if inner is not None and part in inner.model_fields:
            holder, depth = inner, count
            inner = _model_in(inner.model_fields[str(part)].annotation)
    return _Place(holder, location[:depth], inner)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first class of parameters in an annotation, such as UseCase in dict[str, UseCase]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(part) for part in get_args(annotation))
    return next((model for model in models if model is not None), None)
