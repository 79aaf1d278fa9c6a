"""The study of a Pareto front: trials over entry, parameters and recipe, told by the loss and the bytes of what they made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minnow import compression, config, exporters, runtimes
from minnow.catalog import catalog
from minnow.config import ConfigError, recipe, variant_of
from minnow.lineage import code_version, key_of
from minnow.stages.case import Case
from minnow.stages.compress import FLOAT
from minnow.tuning import recipes, search
from minnow.tuning import study as studies
from minnow.tuning.front import Point, read_point
from minnow.tuning.search import Space

POINTS, ENTRY, PRESENT = "points", "entry", "present"
"""Attributes: of a trial its points, and its entry where it tries what stands in params.yaml; of a study what stood there."""
DIRECTIONS: tuple[studies.Direction, ...] = ("minimize", "minimize")
"""Of the mean loss on val, and of the logarithm of the bytes."""


_FILES = [of.registry.module(name) for of in (compression, exporters, runtimes) for name in of.registry.names()]
"""Modules that make and read the files of points."""


@dataclass(frozen=True)
class Entry:
    """An entry under families that is searched.

    space: of its parameters, empty where it has none; suited: compressions that it can follow; own: recipes of params.yaml that
    it can follow; present: its values in params.yaml as a study stores them, None where the space does not hold them.
    """

    name: str
    space: Space
    suited: tuple[str, ...]
    own: Mapping[str, Any]
    present: Mapping[str, Any] | None

    @property
    def forms(self) -> list[str]:
        """The forms of its recipes."""
        return recipes.forms(self.suited)

    @property
    def varies(self) -> bool:
        """Whether there is anything to search."""
        return bool(self.space) or len(self.forms) > 1


@dataclass(frozen=True)
class Pick:
    """What a trial tries.

    values: parameters of the entry, dotted name -> value; compression: recipes, key -> parameters; told: the recipe by whose
    result the sampler is told. searched: whether the recipe is one of a search, whose parameters stand in its brackets.
    """

    entry: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    compression: Mapping[str, Any] = field(default_factory=dict[str, Any])
    told: str = recipes.NONE
    searched: bool = False

    def case(self, case: Case) -> Case:
        """Return the case with this entry and these recipes alone."""
        own = search.with_values(case, self.entry, self.values).changed(compression=dict(self.compression))
        if not self.searched:
            return own
        where = f"usecases.{case.name}.compression"
        return own.changed(compression=config.checked_recipes(where, own.usecase, catalog()))


def spaces(case: Case) -> dict[str, Space]:
    """Entry -> its search space; one whose family has none tries recipes alone. Further entries try what they are."""
    found: dict[str, Space] = {}
    for name in case.usecase.families:
        try:
            found[name] = {} if name in case.further else search.space_of(case, name)
        except ConfigError:
            found[name] = {}
    return found


def study_name(case: Case, rows: str, spaces: Mapping[str, Space]) -> str:
    """Name the study of a front by a hash of what its trials share. rows: hash of the encoded rows."""
    shared = {
        "rows": rows,
        "seed": case.settings.seed,
        "exports": case.usecase.exports,
        "speed counts": case.usecase.budget.p95_us is not None,
        "entries": {name: studies.identity(case, name, space) for name, space in spaces.items()},
        "judge": case.judge.model_dump(mode="json"),  # certificates ask for it, and for speed where that is limited
        "targets": case.usecase.targets,
        "code": code_version([__name__, recipes.__name__, *_FILES]),
    }
    return f"{case.name}/pareto front/{key_of(shared)[:12]}"


def entry_of(case: Case, name: str, space: Space, suited: Sequence[str]) -> Entry:
    """Return an entry of a case with what it can follow."""
    own = recipes.possible(case.usecase.compression, suited)
    return Entry(name, space, tuple(suited), own, search.present_values(case, name, space))


def enqueue_present(study: Any, case: Case, entries: Sequence[Entry]) -> None:
    """Make what stands in params.yaml the next trials, an entry each, unless the study had them."""
    known = dict(study.user_attrs.get(PRESENT, {}))
    for entry in entries:
        key = key_of({"params": case.usecase.families[entry.name], "recipes": entry.own})
        if key in known.get(entry.name, []):
            continue
        fixed = {f"{entry.name}/{name}": value for name, value in (entry.present or {}).items()}
        form = recipes.last_form(entry.own, entry.forms)
        study.enqueue_trial({ENTRY: entry.name, f"{entry.name}/recipe": form, **fixed}, user_attrs={ENTRY: entry.name})
        known[entry.name] = [*known.get(entry.name, []), key]
    study.set_user_attr(PRESENT, known)


def goes_on(study: Any, entries: Mapping[str, Entry]) -> bool:
    """Whether there is anything left to try."""
    waiting = study.get_trials(deepcopy=False, states=(studies.state("waiting"),))
    return bool(waiting) or any(entry.varies for entry in entries.values())


def changed(case: Case, point: Point) -> dict[str, Any]:
    """Return what is to be set under a point's entry in params.yaml so that a run fits it: dotted name -> value.

    A parameter that params.yaml sets and the trial did not gets the family's default. Empty where nothing differs.
    """
    now = dict(case.usecase.families.get(point.entry, {}))
    family = config.family_of(point.entry, point.params)
    defaults = catalog().params("family", family)().model_dump()
    values = {name: value for name, value in point.params.items() if name not in now or now[name] != value}
    return values | {name: defaults[name] for name in now if name not in point.params}


def lacks_recipe(case: Case, point: Point) -> bool:
    """Whether params.yaml has no recipe that makes a point's variant."""
    return bool(point.recipe) and recipe(point.recipe, point.settings).variant not in recipes.made_by(
        case.usecase.compression
    )


def pick(trial: Any, names: Sequence[str], entries: Mapping[str, Entry]) -> Pick:
    """Let Optuna choose what a trial tries; what stands in params.yaml is tried as it is, with all its recipes.

    names: of all entries; one that is not among `entries` cannot be trained, and stays a choice, since Optuna wants the same
    ones every time.
    """
    varied = [name for name in names if name not in entries or entries[name].varies]
    present = trial.user_attrs.get(ENTRY)
    if present is not None:
        entry, told = entries[present], recipes.NONE
        if entry.varies:
            trial.suggest_categorical(ENTRY, varied)
            told = trial.suggest_categorical(f"{present}/recipe", entry.forms)
            if entry.present is not None:
                search.suggest(trial, entry.space, f"{present}/")
        return Pick(present, {}, entry.own, told)
    name = trial.suggest_categorical(ENTRY, varied)
    if name not in entries:
        return Pick(name)
    entry = entries[name]
    form = trial.suggest_categorical(f"{name}/recipe", entry.forms)
    values = search.suggest(trial, entry.space, f"{name}/")
    if recipes.AMOUNT in form:
        amount = trial.suggest_float(f"{name}/amount", recipes.LOW, recipes.HIGH, step=recipes.STEP)
        form = form.replace(recipes.AMOUNT, f"{amount:g}")
    return Pick(name, values, {form: {}} if form else {}, form, searched=True)


def told(picked: Pick, points: Sequence[Point]) -> tuple[float, float]:
    """What a trial is told by: loss and logarithm of the bytes of the end of its recipe, or of the last link that stands."""
    standing = {point.variant: point for point in points if point.refused is None}
    steps = recipe(picked.told, {}).steps if picked.told else ()
    names = [*(variant_of(steps[:count]) for count in range(len(steps), 0, -1)), FLOAT]
    point = next((standing[name] for name in names if name in standing), None)
    point = point or min(standing.values(), key=lambda one: (one.loss, one.size_bytes))
    return point.loss, math.log(point.size_bytes)


def points_of(study: Any) -> list[Point]:
    """The points of all trials, in their order."""
    trials = study.get_trials(deepcopy=False, states=(studies.state("complete"),))
    return [read_point(value) for trial in trials for value in trial.user_attrs.get(POINTS, [])]
