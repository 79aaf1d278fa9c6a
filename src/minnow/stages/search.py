"""Search: values for a family's parameters, tried on train and chosen by what they come to on val. Test is not read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from minnow import families
from minnow.catalog import catalog
from minnow.config import ConfigError, Settings, Span, check_space, nested
from minnow.lineage import code_version, key_of
from minnow.stages import starting
from minnow.stages.case import Case
from minnow.stages.evaluate import Scored
from minnow.types import Enough, Report

PRESENT, SIZE = "stands in params.yaml", "size_bytes"
STARTUP, WARM_UP = 5, 3
"""Whole trials before one may be pruned, and epochs of a trial before it may be."""


def space_of(case: Case, family: str) -> dict[str, Span]:
    """Say what is searched: params.yaml's own space, else the family's. Raises ConfigError."""
    given = case.settings.tune.spaces.get(case.name, {}).get(family)
    if given is not None:
        return given
    own = getattr(families.get(family), "SPACE", None)
    if own is None:
        raise ConfigError(
            f"'{family}' names no space of its own to search. Give one: tune.spaces.{case.name}.{family}."
        )
    space = {name: Span.model_validate(span) for name, span in own.items()}
    check_space(f"SPACE of {family}", family, case.usecase.families[family], space, catalog())
    return space


def study_name(case: Case, family: str, rows: str, space: Mapping[str, Span]) -> str:
    """Name a study by everything that its trials share: another space, seed, data or code begins another study."""
    searched, start = {name.partition(".")[0] for name in space}, starting.find(case, family)
    shared = {
        "rows": rows,
        "space": {name: span.model_dump() for name, span in space.items()},
        "fixed": {name: value for name, value in case.usecase.families[family].items() if name not in searched},
        "seed": case.settings.seed,
        "compression": case.usecase.compression,
        "size_bytes": case.usecase.budget.size_bytes,
        "code": code_version([*case.modules(family), __name__]),
    }
    shared |= {"init_from": start.record} if start else {}
    return f"{case.name}/{family}/{key_of(shared)[:12]}"


def study(storage: str, name: str, case: Case) -> Any:
    """Open a study, or go on with one. Trials that a stop cut off are asked again."""
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tune = case.settings.tune
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(STARTUP, WARM_UP),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(min_resource=WARM_UP),
        "none": optuna.pruners.NopPruner,
    }
    direction = "maximize" if case.task.MEASURES[0].higher_is_better else "minimize"
    found = optuna.create_study(
        storage=storage, study_name=name, direction=direction, load_if_exists=True, pruner=pruners[tune.pruner]()
    )
    for cut in found.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        found.tell(cut.number, state=TrialState.FAIL)
        found.enqueue_trial(cut.params, user_attrs=cut.user_attrs)
    found.sampler = optuna.samplers.TPESampler(seed=case.settings.seed + len(found.trials))
    return found


def present(case: Case, family: str, space: Mapping[str, Span]) -> dict[str, Any] | None:
    """Read the values that stand in params.yaml, as a study keeps them; None where the space does not hold them all."""
    model = catalog().params("family", family).model_validate(case.usecase.families[family]).model_dump()
    found: dict[str, Any] = {}
    for name, span in space.items():
        value: Any = model
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not span.holds(value):
            return None
        found[name] = json.dumps(value) if span.among is not None else value
    return found


def ask(trial: Any, space: Mapping[str, Span]) -> dict[str, Any]:
    """Choose a trial's values: dotted name -> value."""
    for name, span in space.items():
        if span.among is not None:
            trial.suggest_categorical(name, [json.dumps(value) for value in span.among])
        elif isinstance(span.low, int) and isinstance(span.high, int):
            trial.suggest_int(name, span.low, span.high, log=span.log)
        else:
            trial.suggest_float(name, span.low, span.high, log=span.log)
    return decoded(trial.params, space)


def decoded(chosen: Mapping[str, Any], space: Mapping[str, Span]) -> dict[str, Any]:
    """Turn what a study keeps of a trial into values, numbers at four figures: they are to be read."""
    rounded = lambda value: float(f"{value:.4g}") if isinstance(value, float) else value  # noqa: E731
    return {
        name: json.loads(value) if space[name].among is not None else rounded(value) for name, value in chosen.items()
    }


def with_values(case: Case, family: str, values: Mapping[str, Any]) -> Case:
    """Return the case with one family alone, and these values among its parameters."""
    params = nested(case.usecase.families[family], values)
    entry = case.usecase.model_copy(update={"families": {family: params}})
    settings: Settings = case.settings.model_copy(update={"usecases": {**case.settings.usecases, case.name: entry}})
    return replace(case, settings=settings)


def watching(report: Report, trial: Any, direction: str) -> Report:
    """Hand progress on, and end the trial where the pruner sees no hope in it."""

    def watch(step: int, steps: int, metrics: Mapping[str, float]) -> None:
        report(step, steps, metrics)
        if direction == "maximize":
            value = metrics.get("val_accuracy", -metrics["val_loss"] if "val_loss" in metrics else None)
        else:
            value = metrics.get("val_loss", metrics.get("val_distance"))
        if value is not None and step < steps:
            trial.report(value, step)
            if trial.should_prune():
                raise Enough

    return watch


def best(case: Case, scored: Sequence[Scored]) -> Scored:
    """Choose the best variant that fits the budget. Raises ValueError where none does."""
    limit = case.usecase.budget.size_bytes
    fitting = [one for one in scored if limit is None or one.bundle.size_bytes <= limit]
    if not fitting:
        least = min(one.bundle.size_bytes for one in scored)
        raise ValueError(f"A variant must fit budget.size_bytes {limit:,}. Received: {least:,} bytes and more.")
    sign = 1 if case.task.MEASURES[0].higher_is_better else -1
    rank: Callable[[Scored], Any] = lambda one: (sign * one.primary.value, -one.bundle.size_bytes)  # noqa: E731
    return max(fitting, key=rank)


def state(name: str) -> Any:
    """Optuna's state by name."""
    from optuna.trial import TrialState

    return TrialState[name.upper()]


def counts(found: Any) -> dict[str, int]:
    """Count a study's trials by what became of them: complete, pruned, failed, cut."""
    names: dict[str, int] = {}
    for trial in found.get_trials(deepcopy=False):
        name = trial.state.name.lower()
        if name == "fail":
            name = "failed" if "error" in trial.user_attrs else "cut"
        if name != "waiting":
            names[name] = names.get(name, 0) + 1
    return names


def best_trial(found: Any) -> Any:
    """Return the best trial that was completed, or None; of equals the smallest, then the first."""
    done = found.get_trials(deepcopy=False, states=(state("complete"),))
    sign = 1 if found.direction.name == "MAXIMIZE" else -1
    return max(done, key=lambda t: (sign * t.value, -t.user_attrs[SIZE], -t.number), default=None)


def present_value(found: Any) -> float | None:
    """Return what params.yaml's own values came to, or None where they were no trial that was completed."""
    done = found.get_trials(deepcopy=False, states=(state("complete"),))
    return next((trial.value for trial in done if trial.user_attrs.get(PRESENT)), None)
