"""Permutation importance: how much worse a model answers when one column is shuffled among the rows.

Source: Breiman 2001; measured on val, on the exported file, by raw columns, so that it means the same for every family.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow import tasks
from minnow.bundle import Bundle
from minnow.stages import evaluate
from minnow.types import Table

ROWS, ROUNDS = 1000, 3


def importances(bundle: Bundle, exam: Table, columns: list[str], seed: int) -> dict[str, float]:
    """Mean rise of the task's loss when each column is shuffled, highest first; below zero is noise.

    exam: examples of val, of which a thousand are used.
    """
    rows = exam.take(np.arange(min(ROWS, len(exam))))
    task: Any = tasks.get(bundle.schema["task"])

    def loss(table: Table) -> float:
        batch = evaluate.batch_of(bundle, table)
        return float(task.loss(evaluate.predict(bundle, batch), batch).mean())

    before, found = loss(rows), {}
    for name in columns:
        random = np.random.default_rng([seed, len(name), *name.encode()])
        losses = []
        for _ in range(ROUNDS):
            shuffled = {**rows.columns, name: rows.columns[name][random.permutation(len(rows))]}
            losses.append(loss(Table(shuffled, rows.row_id, rows.key)))
        found[name] = round(float(np.mean(losses)) - before, 10)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
