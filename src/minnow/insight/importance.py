"""Permutation importance: how much a measure's loss rises when columns are shuffled among the rows.

It is measured on a random sample of val, with the exported file and by raw columns, so that families can be compared. Columns
that go together are shuffled together: of two that say the same, a model can do without each. Source: Breiman 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from minnow import tasks
from minnow.contracts import Task
from minnow.insight.association import clusters
from minnow.insight.leaks import promising
from minnow.records.bundle import Bundle
from minnow.records.results import Importance, Importances
from minnow.stages import evaluate
from minnow.types import Array, Batch, Columns, Outputs, Table

TOGETHER = 0.8
"""Association (rank correlation, Cramer's V, correlation ratio) from which on columns are shuffled together."""
MOST_COLUMNS = 100
"""Columns up to which all are measured; of wider tables those that say most of the answer, and what goes with them."""
_ROWS, _ROUNDS = 1000, 5
_RESAMPLES = 1000
_DIGITS = 10


def importances(bundle: Bundle, val: Table, columns: Sequence[str], seed: int) -> Importances:
    """Measure the mean rise of a loss when columns are shuffled, the highest first; values around zero are noise.

    val: examples of val, of which a sample of a thousand is used, stratified by class. The loss is that of the task's first
    measure whose rows are not only right or wrong, such as log_loss: a model that is right before and after shuffling may still
    be less sure. Intervals are bootstrapped over groups of rows and over rounds.
    """
    rows = val.take(sample(evaluate.batch_of(bundle, val), seed))
    measure, loss = _informative(tasks.get(bundle.schema.task))

    batch, predict, encode = evaluate.batch_of(bundle, rows), evaluate.opened(bundle), evaluate.encoding(bundle)
    before, n = loss(predict(batch.inputs), batch), len(rows)
    repeated = rows.take(np.tile(np.arange(n), _ROUNDS))
    rises = []
    for names in _groups(rows, columns, batch):
        random = np.random.default_rng([seed, len(names), *"\n".join(names).encode()])
        inputs = encode(_shuffled(repeated, names, random))
        parts = [{name: value[n * k : n * (k + 1)] for name, value in inputs.items()} for k in range(_ROUNDS)]
        rounds = [loss(predict(part), batch) - before for part in parts]
        rises.append(_importance(names, np.stack(rounds, axis=1), batch.group, random))
    return Importances(measure, tuple(sorted(rises, key=lambda one: (-one.value, one.columns))))


def sample(batch: Batch, seed: int, most: int = _ROWS) -> Array:
    """Draw up to `most` rows at random, each class with its share of them and at least one row: (m,) int, ascending."""
    if len(batch) <= most:
        return np.arange(len(batch))
    random = np.random.default_rng(seed)
    order = random.permutation(len(batch))
    if not len(batch.labels) or batch.target.ndim > 1:
        return np.sort(order[:most])
    target = batch.target[order]
    place = np.empty(len(order))  # rank of each row among those of its class, as a share of the class
    for label in np.unique(target):
        rows = np.flatnonzero(target == label)
        place[rows] = np.arange(len(rows)) / len(rows)
    return np.sort(order[np.argsort(place, kind="stable")[:most]])


def _informative(task: Task) -> tuple[str, Callable[[Outputs, Batch], Array]]:
    """Name and loss, (n,) float64, of the first measure by which rows are more than right or wrong; lower is better."""
    for measure in task.MEASURES:
        if measure.is_mean and measure.rows is not None and not measure.higher_is_better:
            return measure.name, measure.rows
    return "loss", task.MEASURES[0].loss


def _groups(rows: Table, columns: Sequence[str], batch: Batch) -> list[tuple[str, ...]]:
    """Columns that go together; of wide tables those groups of which a column is among those that say most of the answer."""
    values = {name: rows.columns[name] for name in columns}
    if len(values) <= MOST_COLUMNS:
        return clusters(values, TOGETHER)
    target = batch.target if batch.target.ndim == 1 else batch.target.reshape(len(batch), -1).mean(axis=1)
    kept = promising(values, target.astype(str), "classify" if len(batch.labels) else "regress", MOST_COLUMNS)
    return [names for names in clusters(values, TOGETHER) if not kept.keys().isdisjoint(names)]


def _shuffled(repeated: Table, names: Sequence[str], random: np.random.Generator) -> Columns:
    """The columns of rows that are repeated for each round, these in another order in each, the same for all of them."""
    n = len(repeated) // _ROUNDS
    order = np.concatenate([random.permutation(n) for _ in range(_ROUNDS)])
    return {**repeated.columns, **{name: repeated.columns[name][order] for name in names}}


def _importance(names: tuple[str, ...], rises: Array, group: Array, random: np.random.Generator) -> Importance:
    """Mean of rises (rows, rounds), with the interval of a bootstrap of both, groups of rows together."""
    _, index = np.unique(group, return_inverse=True)
    groups, rounds = int(index.max()) + 1, rises.shape[1]
    sums = np.zeros((groups, rounds))
    np.add.at(sums, index, rises)
    drawn = _times_drawn(groups, random)
    by_round = drawn @ sums / np.maximum(drawn @ np.bincount(index), 1)[:, None]
    weights = random.multinomial(rounds, np.full(rounds, 1 / rounds), _RESAMPLES) / rounds
    low, high = np.quantile((by_round * weights).sum(axis=1), [0.025, 0.975])
    return Importance(names, *(round(float(value), _DIGITS) for value in (rises.mean(), low, high)))


def _times_drawn(groups: int, random: np.random.Generator) -> Array:
    """How often each group is drawn in each resample, (resamples, groups) float64."""
    sample = random.integers(0, groups, (_RESAMPLES, groups)) + groups * np.arange(_RESAMPLES)[:, None]
    counts = np.bincount(sample.ravel(), minlength=_RESAMPLES * groups)
    return counts.reshape(_RESAMPLES, groups).astype(np.float64)
