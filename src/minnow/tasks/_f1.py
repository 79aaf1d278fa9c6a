"""F1 of one class, and the threshold on its probability at which it is highest."""

from __future__ import annotations

import numpy as np

from minnow.tasks._names import refuse_absent
from minnow.tasks._rules import PROBABILITIES, best_threshold, predicted
from minnow.types import Array, Batch, DecisionRule, Measure, Outputs


def f1_of(label: str) -> Measure:
    """F1 of one class, at the threshold with the highest smoothed F1 on val: {name: f1, positive: CLASS}.

    Raises ValueError without a class.
    """
    if not label:
        raise ValueError(
            "f1 needs the class that it is of, such as {name: f1, positive: yes}; macro_f1 is the mean over all classes."
        )

    def rule(outputs: Outputs, val: Batch, train: Batch) -> DecisionRule | None:
        index = val.labels.tolist().index(label)
        threshold = best_threshold(outputs[PROBABILITIES][:, index], val.target == index)
        return None if threshold is None else DecisionRule(label, threshold)

    return Measure(
        f"f1@{label}",
        True,
        rows=lambda outputs, batch: _f1(outputs, batch, label),
        pseudo=True,
        low=0.0,
        high=1.0,
        margin=0.01,
        relative=False,
        refuses=lambda batch: refuse_absent(label, batch),
        rule=rule,
    )


def _f1(outputs: Outputs, batch: Batch, label: str) -> Array:
    """F1 of one label plus the influence of each row on it, (n,) float64; 0 where no row has the label and none is answered it.

    It is the ratio of two sums over rows: twice the hits, and the rows that have the label with those that are answered it.
    """
    index = batch.labels.tolist().index(label) if label in batch.labels else -2
    answered, positive = (one == index for one in (predicted(outputs), batch.target))
    count = answered.astype(np.float64) + positive
    hits, total = 2.0 * (answered & positive), count.sum()
    if not total:
        return np.zeros(len(batch))
    f1 = hits.sum() / total
    return f1 + len(batch) / total * (hits - f1 * count)
