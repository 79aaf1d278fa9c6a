"""Search: values of a family's parameters, trained on train and chosen by their score on val. Test is not read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from minnow import families
from minnow.catalog import catalog
from minnow.config import ConfigError, Span, check_space, nested
from minnow.stages.case import Case
from minnow.stages.evaluate import Evaluation
from minnow.types import Report, StopFit

Space = Mapping[str, Span]
"""A search space: dotted name of a parameter -> its span."""


class Trial(Protocol):
    """The methods of an Optuna trial that are used while it runs."""

    def report(self, value: float, step: int) -> None:
        """Record a value of the score at a step."""
        ...

    def should_prune(self) -> bool:
        """Whether the pruner ends the trial."""
        ...


def space_of(case: Case, family: str) -> dict[str, Span]:
    """Return the search space: that in params.yaml, else the family's own. Raises ConfigError where there is none."""
    chosen = case.settings.tune.spaces.get(case.name, {}).get(family)
    if chosen is not None:
        return chosen
    usecase = case.usecase
    own = families.get(usecase.family_of(family)).CAPABILITIES.space
    if not own:
        raise ConfigError(f"'{family}' has no search space of its own. Set one: tune.spaces.{case.name}.{family}.")
    space = {name: Span.model_validate(dict(span)) for name, span in own.items()}
    check_space(f"search space of {family}", usecase.family_of(family), usecase.params_of(family), space, catalog())
    return space


def present_values(case: Case, family: str, space: Space) -> dict[str, Any] | None:
    """Return the values in params.yaml, in the form that a study stores; None where the space does not hold them all.

    It does not hold a parameter that is not set, since it follows the rows.
    """
    usecase = case.usecase
    params = (
        catalog().params("family", usecase.family_of(family)).model_validate(usecase.params_of(family)).model_dump()
    )
    values: dict[str, Any] = {}
    for name, span in space.items():
        value: Any = params
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not span.holds(value):
            return None
        values[name] = json.dumps(value) if span.among is not None else value
    return values


def suggest(trial: Any, space: Space, prefix: str = "") -> dict[str, Any]:
    """Let Optuna choose the values of a trial: dotted name -> value. trial: an Optuna trial; prefix: of the names in it."""
    chosen: dict[str, Any] = {}
    for name, span in space.items():
        if span.among is not None:
            chosen[name] = trial.suggest_categorical(prefix + name, [json.dumps(value) for value in span.among])
        elif isinstance(span.low, int) and isinstance(span.high, int):
            chosen[name] = trial.suggest_int(prefix + name, span.low, span.high, log=span.log)
        else:
            chosen[name] = trial.suggest_float(prefix + name, span.low, span.high, log=span.log)
    return decoded(chosen, space)


def decoded(params: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Convert the stored values of a trial; numbers are rounded to four digits so that they are easy to read."""
    rounded = lambda value: float(f"{value:.4g}") if isinstance(value, float) else value  # noqa: E731
    return {
        name: json.loads(value) if space[name].among is not None else rounded(value) for name, value in params.items()
    }


def with_values(case: Case, family: str, values: Mapping[str, Any]) -> Case:
    """Return the case with one family alone, and these values among its parameters."""
    return case.with_families({family: nested(case.usecase.families[family], values)})


def watching(report: Report, trial: Trial, direction: str) -> Report:
    """Return a report that passes progress on, and raises StopFit where the pruner ends the trial.

    direction: of the study, "maximize" or "minimize".
    """

    def watch(step: int, steps: int, metrics: Mapping[str, float]) -> None:
        report(step, steps, metrics)
        if direction == "maximize":
            value = metrics.get("val_accuracy", -metrics["val_loss"] if "val_loss" in metrics else None)
        else:
            value = metrics.get("val_loss", metrics.get("val_distance"))
        if value is not None and step < steps:
            trial.report(value, step)
            if trial.should_prune():
                raise StopFit

    return watch


def best(case: Case, evaluations: Sequence[Evaluation]) -> Evaluation:
    """Choose the best variant within budget.size_bytes; of equal scores, the smallest. Raises ValueError where none fits."""
    limit = case.usecase.budget.size_bytes
    fitting = [variant for variant in evaluations if limit is None or variant.bundle.size_bytes <= limit]
    if not fitting:
        least = min(variant.bundle.size_bytes for variant in evaluations)
        raise ValueError(f"A variant must fit budget.size_bytes {limit:,}. Received: {least:,} bytes and more.")
    sign = 1 if case.measure.higher_is_better else -1
    rank: Callable[[Evaluation], Any] = lambda variant: (  # noqa: E731
        sign * variant.primary.value,
        -variant.bundle.size_bytes,
    )
    return max(fitting, key=rank)
