"""Recipes of a search: which compressions a trained model can follow, asked of the registries, and the chains of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from minnow import compression, families
from minnow.config import Step, recipe, variant_of
from minnow.types import Report, silent

NONE = ""
"""The recipe of the exported model as it is."""
FILE, AMOUNT = "{file}", "{amount}"
CHAINS = (FILE, f"prune({AMOUNT})", f"prune({AMOUNT}) > {FILE}", f"prune({AMOUNT}) > distill > {FILE}")
"""Forms of recipes: {file} stands for each compression of files, {amount} for the share that a step takes out."""
LOW, HIGH, STEP = 0.3, 0.9, 0.1
"""Amounts that are tried. A grid, so that trials share links in the cache."""


def suited(folder: Path, family: str, report: Report = silent) -> list[str]:
    """List the compressions that suit a trained model, in the worker. folder: of the model."""
    module = families.get(family)
    model = module.load(folder / "model")
    able = [name for name in compression.names() if not compression.makes_model(name) or _can(family, name)]
    return [name for name in able if compression.get(name).suits(model) is None]


def _can(family: str, name: str) -> bool:
    """Whether a family has what a compression that makes models needs."""
    return families.can(family, compression.of_models(name).NEEDS)


def forms(suited: Sequence[str]) -> list[str]:
    """List the forms of recipes that a model can follow, that without a compression first."""
    files = [name for name in suited if not compression.makes_model(name)]
    texts = [text.replace(FILE, name) for text in CHAINS for name in (files if FILE in text else [NONE])]
    return [NONE, *(text for text in texts if _follows(recipe(text, {}).steps, suited))]


def possible(own: Mapping[str, Any], suited: Sequence[str]) -> dict[str, Any]:
    """The recipes of params.yaml that a model can follow: key -> parameters."""
    return {key: params for key, params in own.items() if _follows(recipe(key, params).steps, suited)}


def _follows(steps: Iterable[Step], suited: Sequence[str]) -> bool:
    return all(step.name in suited for step in steps)


def last_form(own: Mapping[str, Any], known: Sequence[str]) -> str:
    """The last recipe of params.yaml that is among the forms of a search; that without a compression where none is."""
    return next((key for key in reversed(list(own)) if key in known and not own[key]), NONE)


def in_brackets(steps: Iterable[Step]) -> list[Step]:
    """Leave out of the parameters of steps what stands in their brackets."""
    return [replace(step, params=_without(step)) if step.short else step for step in steps]


def _without(step: Step) -> dict[str, Any]:
    short = compression.get(step.name).Params.SHORT
    return {name: value for name, value in (step.params or {}).items() if name != short}


def made_by(recipes: Mapping[str, Any]) -> dict[str, tuple[Step, ...]]:
    """Variant -> the steps that make it of the exported model, for the links of recipes and their ends."""
    found: dict[str, tuple[Step, ...]] = {}
    for key, params in recipes.items():
        steps = recipe(key, params).steps
        for count in range(1, len(steps) + 1):
            found.setdefault(variant_of(steps[:count]), steps[:count])
    return found
