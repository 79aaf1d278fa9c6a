"""Error texts of params.yaml: each names the path of its key and says what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from minnow.contracts import Parameters
from minnow.registry import unknown

Location = tuple[int | str, ...]


class ConfigError(ValueError):
    """params.yaml names something that does not exist or cannot be."""


class _Place(NamedTuple):
    """Where a location leads. holder: class of its innermost field; field: location of that field; inner: class in it."""

    holder: type[BaseModel]
    field: Location
    inner: type[BaseModel] | None


def explain(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """Write pydantic's errors as one line each: path, what is wrong, what was received.

    where: path of the model in params.yaml, "" for its root; model: the class that was validated. A key or a value of an
    older version is answered with its new name.
    """
    problems = error.errors()
    renamed = _renamed_values(problems, where, model)
    lines = [renamed.get(_place(model, problem["loc"]).field) or _line(problem, where, model) for problem in problems]
    return "\n".join(dict.fromkeys(lines))


def _renamed_values(problems: Iterable[ErrorDetails], where: str, model: type[BaseModel]) -> dict[Location, str]:
    """Answer values of an older version: location of their field -> line.

    A field that takes several types has an error for each of them, and one answer.
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
        return f"{path}: this key is needed and is not there."
    return f"{path}: {problem['msg']}. Received: {problem['input']!r}."


def _is_called(path: str, old: str, new: str) -> str:
    return f"{path}: '{old}' is called '{new}' now."


def _path(where: str, location: Location) -> str:
    return ".".join(str(part) for part in ([where] if where else []) + list(location))


def _renamed(model: type[BaseModel]) -> Mapping[str, str]:
    return model.RENAMED if issubclass(model, Parameters) else {}


def _place(model: type[BaseModel], location: Location) -> _Place:
    """Follow a location through the fields of classes.

    A part that is no field is a name that the user chose, such as a use case, or a member of a union.
    """
    holder, inner, depth = model, model, 0
    for count, part in enumerate(location, start=1):
        if inner is not None and part in inner.model_fields:
            holder, depth = inner, count
            inner = _model_in(inner.model_fields[str(part)].annotation)
    return _Place(holder, location[:depth], inner)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the first class of parameters that an annotation names, such as UseCase in dict[str, UseCase]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(part) for part in get_args(annotation))
    return next((model for model in models if model is not None), None)
