"""Checks of settings against the catalog: names must be known, and the keys under a name must be parameters of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from minnow.config.errors import ConfigError, Fault
from minnow.config.known import Catalog, among, params_of
from minnow.config.named import FAMILY, own_params
from minnow.config.recipe_checks import checked_exports, checked_recipes
from minnow.config.settings import Settings, Span, UseCase

_NAME = re.compile(r"[a-z]([a-z0-9_-]{0,46}[a-z0-9])?")
"""Names that the Bento store accepts: at most 48 characters, no "-" or "_" at the end."""


def check(settings: Settings, catalog: Catalog) -> None:
    """Check what is said of all use cases together: search spaces. Raises ConfigError with the path of the key."""
    for name, spaces in settings.tune.spaces.items():
        among("tune.spaces", "use case", [name], settings.names)
        for family, space in spaces.items() if name in settings.usecases else ():
            where = f"tune.spaces.{name}.{family}"
            usecase = settings.usecases[name]
            among(where, "family of this use case", [family], usecase.families)
            check_space(where, usecase.family_of(family), usecase.params_of(family), space, catalog)


def check_name(name: object) -> None:
    """Check the name of a use case. Raises ConfigError."""
    _check_label(("usecases", str(name)), name)


def _check_label(where: Sequence[str], name: object) -> None:
    """Check a name that folders and models are called by. Raises ConfigError."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError.at(
            tuple(where),
            "a name has at most 48 characters, lower-case letters, digits, '-' and '_'. The first must be a letter, the last a "
            f"letter or a digit. Received: {name!r}.",
        )


def checked(name: str, settings: Settings, catalog: Catalog) -> UseCase:
    """Check every name in a use case and the parameters of each. Returns it with the short forms of parameters written out.

    Raises ConfigError with the path of the key.
    """
    where, usecase = f"usecases.{name}", settings.usecases[name]
    _check_names(where, usecase, settings, catalog)
    options = params_of("modality", usecase.modality, usecase.options, f"{where}.options", catalog)
    if reason := catalog.refuses(usecase.modality, options, usecase.task):
        key, _, text = reason.partition(": ")
        raise ConfigError.at(f"{where}.options.{key}", text)
    if reason := catalog.refuses_measure(usecase.task, usecase.measure_name):
        raise ConfigError.at(f"{where}.measure", reason)
    for entry in usecase.families:
        _check_family(f"{where}.families.{entry}", entry, usecase, catalog)
    full = {
        "compression": checked_recipes(f"{where}.compression", usecase, catalog),
        "exports": checked_exports((*where.split("."), "exports"), usecase, catalog),
        "options": catalog.params("modality", usecase.modality).full(usecase.options),
        "families": {
            entry: catalog.params("family", usecase.family_of(entry)).full(params)
            for entry, params in usecase.families.items()
        },
    }
    usecase = usecase.model_copy(update=full)
    for family, params in usecase.families.items():
        _check_start(f"{where}.families.{family}.init_from", name, family, params.get("init_from"), settings)
    return usecase


def _check_family(where: str, entry: str, usecase: UseCase, catalog: Catalog) -> None:
    """Check an entry under families: its name, its family, and the parameters of that."""
    family, known = usecase.family_of(entry), catalog.known("family")
    if family == entry:
        among(f"usecases.{where.split('.')[1]}.families", "family", [entry], known)
    else:
        among(f"{where}.{FAMILY}", "family", [family], known)
        if entry in known:
            raise ConfigError.at(f"{where}.{FAMILY}", f"'{entry}' is a family itself. Give the entry another name.")
        _check_label(where.split("."), entry)
    params_of("family", family, own_params(usecase.families[entry]), where, catalog)
    if reason := catalog.fits(family, usecase.modality, usecase.task):
        raise ConfigError.at(where, reason)


def circles(before: Mapping[str, list[str]]) -> dict[str, Fault]:
    """Find use cases that need each other in a circle: use case -> fault. before: use case -> those that must run before it."""
    faults: dict[str, Fault] = {}
    while True:
        rest = {
            name: [one for one in needed if one not in faults] for name, needed in before.items() if name not in faults
        }
        try:
            TopologicalSorter(rest).prepare()
            return faults
        except CycleError as error:
            circle = error.args[1]
            text = f"`needs` and `init_from` must not form a circle. Received: {' -> '.join(circle)}."
            faults |= {name: Fault(("usecases", name), text) for name in circle}


def nested(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Merge values with dotted names into parameters: {"schedule.floor": 0.1} -> {"schedule": {"floor": 0.1}}."""
    merged = dict(params)
    for path, value in values.items():
        name, _, rest = path.partition(".")
        merged[name] = nested(merged.get(name) or {}, {rest: value}) if rest else value
    return merged


def check_space(
    where: str, family: str, params: Mapping[str, Any], space: Mapping[str, Span], catalog: Catalog
) -> None:
    """Check a search space: the family must accept each parameter with both ends of its span. Raises ConfigError."""
    for path, span in space.items():
        for value in span.ends:
            params_of("family", family, nested(params, {path: value}), where, catalog)


def _check_names(where: str, usecase: UseCase, settings: Settings, catalog: Catalog) -> None:
    """Check that the names in a use case are known."""
    among(f"{where}.task", "task", [usecase.task], catalog.known("task"))
    among(f"{where}.modality", "modality", [usecase.modality], catalog.known("modality"))
    among(f"{where}.needs", "use case", usecase.needs, settings.names)
    among(f"{where}.targets", "target", usecase.targets, ("cpu", "gpu"))


def _check_start(where: str, name: str, family: str, start: Mapping[str, Any] | None, settings: Settings) -> None:
    """Check `init_from`: the other use case must exist and train the same family under the same name."""
    if not start:
        return
    among(f"{where}.usecase", "use case", [start["usecase"]], [other for other in settings.names if other != name])
    source = settings.usecases.get(start["usecase"])
    if source and (
        family not in source.families or source.family_of(family) != settings.usecases[name].family_of(family)
    ):
        raise ConfigError.at(
            f"{where}.usecase",
            f"'{start['usecase']}' must train '{family}' too. It trains: {', '.join(source.families)}.",
        )
    for key in ("model", "labels"):
        if key in start:
            raise ConfigError.at(f"{where}.{key}", "a run sets this from `usecase`. Remove it.")
