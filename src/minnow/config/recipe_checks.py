"""Checks of recipes: what stands under compression and exports of a use case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from minnow.config.errors import ConfigError
from minnow.config.known import Catalog, among, params_of
from minnow.config.recipes import TEACHER, Step
from minnow.config.settings import UseCase
from minnow.registry import unknown


def checked_recipes(where: str, usecase: UseCase, catalog: Catalog) -> dict[str, Any]:
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


def checked_exports(where: tuple[str, ...], usecase: UseCase, catalog: Catalog) -> dict[str, Any]:
    """Check the recipes of exports: an exporter, and at most one compression of its file. Returns them written out."""
    full: dict[str, Any] = {}
    try:
        recipes = usecase.exported
    except ValueError as error:
        raise ConfigError.at(where, str(error)) from None
    for key, recipe in zip(usecase.exports, recipes, strict=True):
        first, *steps = recipe.steps
        among(".".join(where), "exporter", [first.name], catalog.known("exporter"))
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
