"""Permutation importance: how much the loss rises when one column is shuffled among the rows.

It is measured on val, with the exported file and by raw columns, so that families can be compared. Source: Breiman 2001.
"""

from __future__ import annotations

import numpy as np

from minnow import tasks
from minnow.records.bundle import Bundle
from minnow.stages import evaluate
from minnow.types import Table

_ROWS, _ROUNDS = 1000, 3


def importances(bundle: Bundle, exam: Table, columns: list[str], seed: int) -> dict[str, float]:
    """Measure the mean rise of the task's loss when each column is shuffled, highest first; values below zero are noise.

    exam: examples of val, of which the first thousand are used.
    """
    rows = exam.take(np.arange(min(_ROWS, len(exam))))
    task = tasks.get(bundle.schema.task)

    def loss(table: Table) -> float:
        batch = evaluate.batch_of(bundle, table)
        return float(task.loss(evaluate.predict(bundle, batch), batch).mean())

    before, rises = loss(rows), {}
    for name in columns:
        random = np.random.default_rng([seed, len(name), *name.encode()])
        losses = []
        for _ in range(_ROUNDS):
            shuffled = {**rows.columns, name: rows.columns[name][random.permutation(len(rows))]}
            losses.append(loss(Table(shuffled, rows.row_id, rows.key)))
        rises[name] = round(float(np.mean(losses)) - before, 10)
    return dict(sorted(rises.items(), key=lambda item: (-item[1], item[0])))
