"""Checks of settings against the catalog: names must be known, and the keys under a name must be parameters of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Protocol

import yaml
from pydantic import ValidationError

from minnow.config.errors import ConfigError, Fault, faults_of
from minnow.config.named import FAMILY, own_params
from minnow.config.recipes import TEACHER, Step
from minnow.config.settings import Settings, Span, UseCase
from minnow.contracts import Parameters
from minnow.registry import unknown

_NAME = re.compile(r"[a-z]([a-z0-9_-]{0,46}[a-z0-9])?")
"""Names that the Bento store accepts: at most 48 characters, no "-" or "_" at the end."""


class Catalog(Protocol):
    """The names that params.yaml may use, and the classes of their parameters. It is an argument, since config imports none."""

    def known(self, kind: str) -> list[str]:
        """List the known names of a kind: "task", "modality", "family", "compression" or "exporter"."""
        ...

    def params(self, kind: str, name: str) -> type[Parameters]:
        """Return the class of the parameters of a name."""
        ...

    def fits(self, family: str, modality: str, task: str) -> str | None:
        """Return why a family does not support a modality or a task, or None."""
        ...

    def follows(self, family: str, name: str) -> bool:
        """Whether a compression that makes models can change those of a family."""
        ...

    def makes_model(self, name: str) -> bool:
        """Whether a compression makes a new model; others write a file."""
        ...

    def compress(self, exporter: str) -> list[str]:
        """List the compressions that read the files of an exporter."""
        ...

    def refuses(self, modality: str, options: Parameters, task: str) -> str | None:
        """Return why the options of a modality do not suit a task, or None."""
        ...

    def refuses_measure(self, task: str, measure: str) -> str | None:
        """Return why a measure cannot decide about a task, or None."""
        ...


def check(settings: Settings, catalog: Catalog) -> None:
    """Check what is said of all use cases together: search spaces. Raises ConfigError with the path of the key."""
    for name, spaces in settings.tune.spaces.items():
        _among("tune.spaces", "use case", [name], settings.names)
        for family, space in spaces.items() if name in settings.usecases else ():
            where = f"tune.spaces.{name}.{family}"
            usecase = settings.usecases[name]
            _among(where, "family of this use case", [family], usecase.families)
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
        "compression": _checked_recipes(f"{where}.compression", usecase, catalog),
        "exports": _checked_exports((*where.split("."), "exports"), usecase, catalog),
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


def _checked_recipes(where: str, usecase: UseCase, catalog: Catalog) -> dict[str, Any]:
    """Check the recipes of compression. Returns them with the parameters of their steps written out."""
    full: dict[str, Any] = {}
    try:
        recipes = usecase.recipes
    except ValueError as error:
        raise ConfigError.at(where, str(error)) from None
    for key, recipe in zip(usecase.compression, recipes, strict=True):
        steps = {step.name: _checked_step((*where.split("."), key), step, catalog) for step in recipe.steps}
        if early := next((step.name for step in recipe.steps[:-1] if not catalog.makes_model(step.name)), None):
            raise ConfigError.at(
                (*where.split("."), key),
                f"'{early}' writes a file, which no step can change any more. Move it to the end.",
            )
        makers = [step.name for step in recipe.steps if catalog.makes_model(step.name)]
        if makers and not _following(makers, map(usecase.family_of, usecase.families), catalog):
            raise ConfigError.at(
                (*where.split("."), key),
                f"'{makers[-1]}' needs a family that it can change: "
                f"{', '.join(_following(makers, catalog.known('family'), catalog))}. The use case has "
                f"{', '.join(usecase.families)}. Add one, or remove the recipe.",
            )
        for step in recipe.steps:
            _check_teacher((*where.split("."), key), step, usecase, catalog)
        full[key] = steps if len(steps) > 1 else steps[recipe.steps[0].name]
    return full


def _following(makers: Sequence[str], families: Iterable[str], catalog: Catalog) -> list[str]:
    """Families whose models can be changed by each of some compressions."""
    return [family for family in families if all(catalog.follows(family, name) for name in makers)]


def _check_teacher(where: tuple[str, ...], step: Step, usecase: UseCase, catalog: Catalog) -> None:
    """Check the teacher of a step: another entry under families than one that it can teach. Raises ConfigError.

    Teachers cannot form a circle: what teaches is the trained model, before any compression.
    """
    name, entries = step.teacher, usecase.families
    if name is None:
        return
    if name not in entries:
        raise ConfigError.at((*where, TEACHER), unknown("entry under families", str(name), list(entries)))
    if not _following([step.name], (usecase.family_of(entry) for entry in entries if entry != name), catalog):
        able = _following([step.name], catalog.known("family"), catalog)
        raise ConfigError.at(
            (*where, TEACHER),
            f"'{name}' must teach another entry that can be trained further: {', '.join(able)}. The use case has "
            f"{', '.join(entries)}. Add one, or leave `{TEACHER}` out: then the model that a chain begins with teaches.",
        )


def _checked_exports(where: tuple[str, ...], usecase: UseCase, catalog: Catalog) -> dict[str, Any]:
    """Check the recipes of exports: an exporter, and at most one compression of its file. Returns them written out."""
    full: dict[str, Any] = {}
    try:
        recipes = usecase.exported
    except ValueError as error:
        raise ConfigError.at(where, str(error)) from None
    for key, recipe in zip(usecase.exports, recipes, strict=True):
        first, *steps = recipe.steps
        _among(".".join(where), "exporter", [first.name], catalog.known("exporter"))
        if first.short or first.params:
            received = first.short or first.params
            raise ConfigError.at((*where, key), f"'{first.name}' takes no parameters. Received: {received!r}.")
        if len(steps) > 1:
            raise ConfigError.at(
                (*where, key),
                f"'{steps[0].name}' writes a file, which no step can change any more. Remove '{steps[1].name}'.",
            )
        full[key] = {step.name: _checked_export_step((*where, key), first.name, step, catalog) for step in steps}
    return full


def _checked_export_step(where: tuple[str, ...], exporter: str, step: Step, catalog: Catalog) -> dict[str, Any]:
    """Check a compression of an exporter's file and its parameters. Returns them."""
    params = _checked_step(where, step, catalog)
    if catalog.makes_model(step.name):
        raise ConfigError.at(
            where,
            f"'{step.name}' makes a model, and stands under compression: every export is made of that model too. Behind "
            f"'{exporter}' stands a compression of its file.",
        )
    if step.name not in (able := catalog.compress(exporter)):
        raise ConfigError.at(
            where, f"'{step.name}' does not compress the files of '{exporter}'. Use one of {', '.join(able)}."
        )
    return params


def _checked_step(where: tuple[str, ...], step: Step, catalog: Catalog) -> dict[str, Any]:
    """Check a step of a recipe and its parameters. Returns them, with the one in brackets among them."""
    if step.name not in catalog.known("compression"):
        raise ConfigError.at(where, unknown("compression", step.name, catalog.known("compression")))
    model = catalog.params("compression", step.name)
    given = model.full(step.params) if step.params is not None else {}
    if not step.short:
        params_of("compression", step.name, given, where, catalog)
        return given
    if model.SHORT is None:
        raise ConfigError.at(where, f"'{step.name}' takes no parameter in brackets. Received: {step.short!r}.")
    if model.SHORT in given:
        raise ConfigError.at(
            where, f"`{model.SHORT}` of '{step.name}' stands twice: in brackets and below. Keep one of them."
        )
    values = {model.SHORT: yaml.safe_load(step.short), **given}
    params_of("compression", step.name, values, where, catalog)
    return values


def _check_family(where: str, entry: str, usecase: UseCase, catalog: Catalog) -> None:
    """Check an entry under families: its name, its family, and the parameters of that."""
    family, known = usecase.family_of(entry), catalog.known("family")
    if family == entry:
        _among(f"usecases.{where.split('.')[1]}.families", "family", [entry], known)
    else:
        _among(f"{where}.{FAMILY}", "family", [family], known)
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


def params_of(
    kind: str, name: str, values: Mapping[str, Any], where: str | tuple[str, ...], catalog: Catalog
) -> Parameters:
    """Validate the parameters of a name with their class. Raises ConfigError with the path of the key."""
    model = catalog.params(kind, name)
    if not isinstance(values, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  it is what YAML holds
        keys = ", ".join(model.model_fields)
        raise ConfigError.at(where, f"parameters with values are needed; they are {keys}. Received: {values!r}.")
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        location = tuple(where.split(".")) if isinstance(where, str) else where
        raise ConfigError.of(faults_of(error, location, model, values)) from error


def _check_names(where: str, usecase: UseCase, settings: Settings, catalog: Catalog) -> None:
    """Check that the names in a use case are known."""
    _among(f"{where}.task", "task", [usecase.task], catalog.known("task"))
    _among(f"{where}.modality", "modality", [usecase.modality], catalog.known("modality"))
    _among(f"{where}.needs", "use case", usecase.needs, settings.names)
    _among(f"{where}.targets", "target", usecase.targets, ("cpu", "gpu"))


def _check_start(where: str, name: str, family: str, start: Mapping[str, Any] | None, settings: Settings) -> None:
    """Check `init_from`: the other use case must exist and train the same family under the same name."""
    if not start:
        return
    _among(f"{where}.usecase", "use case", [start["usecase"]], [other for other in settings.names if other != name])
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


def _among(where: str, noun: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            raise ConfigError.at(where, unknown(noun, str(name), known))
