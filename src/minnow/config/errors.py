"""Error messages about params.yaml: each gives the path of a key and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from minnow.contracts import Parameters
from minnow.registry import unknown

Location = tuple[int | str, ...]


class ConfigError(ValueError):
    """params.yaml has an unknown name, or a value that is not allowed."""


class _Place(NamedTuple):
    """Result of resolving a location. holder: class of the innermost field; field: its location; inner: class of its value."""

    holder: type[BaseModel]
    field: Location
    inner: type[BaseModel] | None


def explain(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """Write pydantic's errors, one per line: path, what is wrong, the received value.

    where: path of the model in params.yaml, "" for the root; model: the class that was validated. For a key or a value of an
    older version the line gives its new name.
    """
    problems = error.errors()
    renamed = _renamed_values(problems, where, model)
    lines = [renamed.get(_place(model, problem["loc"]).field) or _line(problem, where, model) for problem in problems]
    return "\n".join(dict.fromkeys(lines))


def _renamed_values(problems: Iterable[ErrorDetails], where: str, model: type[BaseModel]) -> dict[Location, str]:
    """Lines about values of an older version: location of the field -> line.

    pydantic reports one error per type that a field accepts; all of them become one line.
    """
    lines: dict[Location, str] = {}
    for problem in problems:
        place, value = _place(model, problem["loc"]), problem["input"]
        if place.field and isinstance(value, str):
            new = _renamed(place.holder).get(f"{place.field[-1]}={value}")
            if new is not None:
                lines[place.field] = _is_called(_path(where, place.field), value, new)
    return lines


def _line(problem: ErrorDetails, where: str, model: type[BaseModel]) -> str:
    location = problem["loc"]
    path = _path(where, location)
    if problem["type"] == "extra_forbidden":
        key, owner = str(location[-1]), _place(model, location[:-1]).inner
        names = {} if owner is None else _renamed(owner)
        return (
            _is_called(path, key, names[key])
            if key in names
            else f"{path}: {unknown('key', key, owner.model_fields if owner else ())}"
        )
    if problem["type"] == "missing":
        return f"{path}: this key is required and missing."
    return f"{path}: {problem['msg']}. Received: {problem['input']!r}."


def _is_called(path: str, old: str, new: str) -> str:
    return f"{path}: '{old}' is called '{new}' now."


def _path(where: str, location: Location) -> str:
    return ".".join(str(part) for part in ([where] if where else []) + list(location))


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
