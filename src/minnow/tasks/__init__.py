"""Tasks: what is predicted, and how it is scored. A module is registered by its name."""

from collections.abc import Callable

from minnow.contracts import Task
from minnow.registry import Registry, unknown
from minnow.tasks._rules import class_weights, few_values
from minnow.types import Array, DecisionRule, Measure, Outputs

__all__ = ["class_weights", "decider", "few_values", "get", "measure", "measures", "names", "registry"]

registry: Registry[Task] = Registry(__name__, noun="task")
names, get = registry.names, registry.get


def measures(task: str, chosen: str = "") -> tuple[Measure, ...]:
    """Return the measures of a task, the one that decides first.

    chosen: its name, one of MEASURES or FURTHER_MEASURES, such as "auc" or "pinball@0.9"; "" for the task's own order. Raises
    ValueError for a measure that the task lacks or that cannot decide.
    """
    module = get(task)
    if not chosen:
        return module.MEASURES
    first = next((one for one in module.MEASURES if one.name == chosen and one.decides), None)
    if first is None:
        name, _, value = chosen.partition("@")
        if name not in module.FURTHER_MEASURES:
            known = [one.name for one in module.MEASURES if one.decides]
            raise ValueError(unknown(f"measure of '{task}'", chosen, [*known, *module.FURTHER_MEASURES]))
        first = module.FURTHER_MEASURES[name](value)
    return (first, *(one for one in module.MEASURES if one.name != first.name))


def measure(task: str, chosen: str = "") -> Measure:
    """Return the measure that decides. Raises what measures raises."""
    return measures(task, chosen)[0]


def decider(task: str, rule: DecisionRule | None, labels: Array) -> Callable[[Outputs], Outputs]:
    """Return what gives a model's outputs the answer that a decision rule takes; without a rule, what leaves them alone.

    labels: (k,) str, of the model. Raises ValueError for a rule that does not go with the task or the labels.
    """
    if rule is None:
        return lambda outputs: outputs
    make = get(task).CAPABILITIES.decider
    if make is None:
        raise ValueError(f"A decision rule needs a task whose answers are labels or numbers. Received: '{task}'.")
    return make(rule, labels)
