"""Recipes as they stand in params.yaml: a step, or a chain of steps such as "prune(0.5) > distill > int8".

Under compression each step is a compression, under exports the first is an exporter: "litert > int8".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TEACHER = "teacher"
"""Parameter of a step that names the entry under families whose model teaches."""
_STEP = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(?:\(\s*([^()]*?)\s*\))?\s*")


@dataclass(frozen=True)
class Step:
    """One compression, or an exporter. short: its main parameter as it stands in brackets, "" without; params: the others."""

    name: str
    short: str = ""
    params: Mapping[str, Any] | None = None

    @property
    def teacher(self) -> str | None:
        """The entry under families whose model teaches in this step; None without one."""
        return (self.params or {}).get(TEACHER)

    @property
    def text(self) -> str:
        """Its part of a variant's name: "prune-0.5"."""
        return f"{self.name}-{self.short}" if self.short else self.name


@dataclass(frozen=True)
class Recipe:
    """Steps in their order."""

    steps: tuple[Step, ...]

    @property
    def variant(self) -> str:
        """Name of what it makes: "prune-0.5-int8"."""
        return variant_of(self.steps)

    @property
    def beginnings(self) -> tuple[tuple[Step, ...], ...]:
        """Its first step, its first two, and so on."""
        return tuple(self.steps[:count] for count in range(1, len(self.steps) + 1))


def variant_of(steps: Iterable[Step]) -> str:
    """Name of what steps make of the exported model."""
    return "-".join(step.text for step in steps)


def written(steps: Sequence[Step]) -> tuple[str, dict[str, Any]]:
    """Write steps as they stand under compression: the key, and the parameters beside it. What reads them is `recipe`."""
    key = " > ".join(f"{step.name}({step.short})" if step.short else step.name for step in steps)
    if len(steps) == 1:
        return key, dict(steps[0].params or {})
    return key, {step.name: dict(step.params) for step in steps if step.params}


def recipe(key: str, params: Any) -> Recipe:
    """Read a key under compression and what stands beside it: the parameters of one step, or of each by its name.

    Raises ValueError that says what is wrong.
    """
    steps = [_step(part, key) for part in key.split(">")]
    if len(steps) == 1:
        return Recipe((Step(steps[0].name, steps[0].short, params),))
    names = [step.name for step in steps]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"a step stands once in a chain. Received: '{twice}' twice.")
    if not isinstance(params, Mapping):
        raise ValueError(f"a chain takes the parameters of its steps by their names. Received: {params!r}.")
    if strange := [name for name in params if name not in names]:
        raise ValueError(
            f"the parameters of a chain stand under the names of its steps, {', '.join(names)}. Received: {strange[0]!r}."
        )
    return Recipe(tuple(Step(step.name, step.short, params.get(step.name)) for step in steps))


def _step(text: str, key: str) -> Step:
    if (found := _STEP.fullmatch(text)) is None:
        raise ValueError(
            "a recipe is a compression, or several with '>' between them, such as prune(0.5) > int8, behind an "
            f"exporter one of its file, such as litert > int8. Received: {key!r}."
        )
    return Step(found[1], found[2] or "")


def all_of(named: Mapping[str, Any]) -> tuple[Recipe, ...]:
    """Read the recipes under compression, or under exports. Raises ValueError; two that make the same variant are refused."""
    recipes = tuple(recipe(key, params) for key, params in named.items())
    names: Sequence[str] = [one.variant for one in recipes]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two recipes make the same variant, '{twice}'. Keep one of them.")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for steps in (steps for one in recipes for steps in one.beginnings):
        params = [step.params or {} for step in steps]
        if found.setdefault(variant_of(steps), params) != params:
            raise ValueError(
                f"'{variant_of(steps)}' is made in two ways: its steps have other parameters in one recipe than in another. "
                "Give both the same."
            )
    return recipes
