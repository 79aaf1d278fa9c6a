"""The mean cost of answers, by a matrix of costs, and the decision rule that follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minnow.registry import unknown
from minnow.tasks._rules import class_weights, cost_matrix, predicted
from minnow.types import Array, Batch, DecisionRule, Measure, Outputs

Costs = Mapping[str, Mapping[str, float]]
"""True label -> predicted label -> what that costs."""


def cost_of(text: str) -> Measure:
    """Mean cost of an answer, decided by the least expected cost: {name: cost, costs: {TRUE: {PREDICTED: number}}}.

    text: the costs as JSON. A right answer costs nothing unless its cost is named; every pair of two classes must be named.
    Raises ValueError for costs that are none.
    """
    costs = _read(text)
    every = [cost for row in costs.values() for cost in row.values()]
    highest, lowest = max(every), min([0.0, *every] if _has_free_answer(costs) else every)

    def rows(outputs: Outputs, batch: Batch) -> Array:
        """Cost of each row, (n,) float64; the highest one for a label that train lacks, or that is not named."""
        known = batch.target >= 0
        matrix = cost_matrix(costs, batch.labels.tolist(), highest)
        return np.where(known, matrix[np.where(known, batch.target, 0), predicted(outputs)], highest)

    def rule(outputs: Outputs, val: Batch, train: Batch) -> DecisionRule:
        # probabilities that were learned with weights are those of rows in other shares
        weights = dict(zip(train.labels.tolist(), class_weights(train).tolist(), strict=True))
        return DecisionRule(
            costs={
                true: {guess: cost / weights.get(true, 1.0) for guess, cost in row.items()}
                for true, row in costs.items()
            }
        )

    return Measure(
        "cost", False, rows=rows, low=lowest, high=highest, refuses=lambda batch: _refuses(costs, batch), rule=rule
    )


def _read(text: str) -> Costs:
    """Read costs from JSON. Raises ValueError."""
    wanted = "cost needs costs, such as {name: cost, costs: {yes: {no: 5}, no: {yes: 1}}}"
    try:
        costs: Any = json.loads(text)
        read = {str(true): {str(guess): float(cost) for guess, cost in row.items()} for true, row in costs.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{wanted}. Received: {text or 'none'}.") from error
    if fault := next(_faults(read), None):
        raise ValueError(fault)
    return read


def _faults(costs: Costs) -> Iterator[str]:
    """Yield what is wrong with a matrix of costs, whatever the classes of the rows are."""
    names = sorted({*costs, *(guess for row in costs.values() for guess in row)})
    if len(names) < 2:
        yield f"costs needs two classes or more, as in {{yes: {{no: 5}}, no: {{yes: 1}}}}. Received: {len(names)}."
    for true in names:
        for guess in names:
            cost = costs.get(true, {}).get(guess)
            if cost is None and true != guess:
                yield f"costs needs a cost for each pair of two classes. Missing: '{guess}' predicted for '{true}'."
            elif cost is not None and not 0 <= cost < float("inf"):
                yield f"costs needs finite numbers of at least 0. Received: {cost} for '{guess}' predicted for '{true}'."
    if not any(cost > 0 for row in costs.values() for cost in row.values()):
        yield "costs needs a cost above 0. Received: none, so that all answers are equally good."


def _has_free_answer(costs: Costs) -> bool:
    return any(true not in row for true, row in costs.items())


def _refuses(costs: Costs, batch: Batch) -> str | None:
    """Return why rows cannot be scored: classes that are not named, or named ones that train lacks."""
    labels = batch.labels.tolist()
    if missing := [name for name in labels if name not in costs]:
        pairs = "the costs of each class, true and predicted"
        return (
            f"measure.costs needs {pairs}. Missing: {', '.join(map(repr, missing))}. Named: {', '.join(sorted(costs))}."
        )
    stranger = next((name for name in costs if name not in labels), None)
    return None if stranger is None else f"measure.costs: {unknown('class', stranger, labels)}"
