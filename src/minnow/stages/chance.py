"""Chance: what is reached on an exam without learning.

Who has learned nothing gives every row the same answer, such as the most frequent class or the mean, or answers that have
nothing to do with the rows: permuted at random among them, they would be as good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from minnow import tasks
from minnow.stages.case import Problem
from minnow.stages.evaluate import Evaluation
from minnow.stages.prepare import Prepared
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Measure, Outputs

_LEAST_PERMUTATIONS, _MOST_PERMUTATIONS = 1000, 20_000
_CELLS = 100_000_000
"""Most losses of permuted answers that are computed: rows times permutations."""
_MANY_ROWS, _FEW_PERMUTATIONS, _CELLS_OF_MANY = 20_000, 100, 20_000_000
"""The same for more rows than so many, and the least number of their permutations."""
_CHUNK = 4_000_000
"""Losses in memory at once."""
_MOST_CLASSES = 100
"""Different targets up to which the loss of each row is computed once for each of them."""


@dataclass(frozen=True)
class Permuted:
    """A finalist's answers, permuted at random among the rows of the exam.

    measure: by which they are scored; root: it is the root of the mean loss; loss: (n,) float64, as they are; means:
    mean loss of each permutation; rows: (n,), mean loss of each row over all permutations.
    """

    measure: str
    root: bool
    loss: Array
    means: Array
    rows: Array

    @property
    def value(self) -> float:
        """Mean loss of the answers as they are."""
        return float(self.loss.mean())

    def shown(self, mean: float) -> str:
        """A mean loss in the unit of the measure."""
        return f"{math.sqrt(mean) if self.root else mean:.4f}"


@dataclass(frozen=True)
class Answers:
    """Answers to the exam by one measure. loss: (n,) float64, lower is better; value: the measure."""

    loss: Array
    value: float


@dataclass(frozen=True)
class Contest:
    """A finalist and constant answers by one measure, on the same rows. binary: losses are 0 or 1."""

    measure: str
    finalist: Answers
    constants: Mapping[str, Answers]
    binary: bool = False


@dataclass(frozen=True)
class Chance:
    """What is reached on an exam without learning.

    rows: class of train -> its rows in the exam, empty where answers are numbers; permuted: the finalist's own answers in a
    random order, by each measure by which rows are more than right or wrong; least: probability of one permutation among all
    that differ, the smallest that these rows can show; contests: the finalist against answers that are always the same, by each
    measure that is a mean over rows. Empty for a task whose constant answers are of use, as a ranking by popularity is.
    """

    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    permuted: tuple[Permuted, ...] = ()
    least: float = 0.0
    contests: tuple[Contest, ...] = ()


def chance_of(problem: Problem, prepared: Prepared, finalist: Evaluation, level: float) -> Chance:
    """Measure what is reached without learning on the exam of a finalist, precisely enough for a one-sided level.

    Where classes have weights in training, constant answers are compared with them.
    """
    train, exam, task = prepared.batches["train"], finalist.batch, problem.task
    weighted = exam
    if problem.options.label_weights is not None:
        weighted = replace(exam, weight=_class_weights(train, exam))
    else:
        train = replace(train, weight=np.ones(len(train), np.float32))
    constants = task.CAPABILITIES.constants(train, weighted)
    if not constants:
        return Chance()
    counts = np.bincount(exam.target[exam.target >= 0], minlength=len(exam.labels)) if len(exam.labels) else ()
    rows = dict(zip(exam.labels.tolist(), map(int, counts), strict=True))
    measures = [measure for measure in tasks.measures(exam.task, exam.measure) if measure.is_mean]
    contests = tuple(
        _contest(measure, finalist.outputs, _decided(measure, constants, exam, train), weighted) for measure in measures
    )
    finer = [measure for measure in measures if not measure.higher_is_better]
    permuted = tuple(_permuted(measure, finalist.outputs, exam, level) for measure in finer)
    return Chance(rows, permuted, _least(exam.target), contests)


def _decided(measure: Measure, constants: Mapping[str, Outputs], exam: Batch, train: Batch) -> Mapping[str, Outputs]:
    """Constant answers with the labels that the measure's decision rule takes; a mean over rows has one that needs no rows."""
    if measure.rule is None:
        return constants
    none = exam.take(np.empty(0, np.int64))
    decide = tasks.decider(exam.task, measure.rule({}, none, train), exam.labels)
    return {name: decide(outputs) for name, outputs in constants.items()}


def _class_weights(train: Batch, exam: Batch) -> Array:
    """Mean weight of the class of each row in training, (n,) float64 with mean 1. A class that train lacks weighs 1."""
    count = np.bincount(train.target, minlength=len(exam.labels))
    total = np.bincount(train.target, weights=train.weight, minlength=len(exam.labels))
    weight = np.where(exam.target >= 0, (total / np.maximum(count, 1))[exam.target], 1.0)
    return weight / max(weight.mean(), SMALLEST_PROBABILITY)


def _contest(measure: Measure, outputs: Outputs, constants: Mapping[str, Outputs], exam: Batch) -> Contest:
    others = {name: _answers(measure, constant, exam) for name, constant in constants.items()}
    finalist = _answers(measure, outputs, exam)
    binary = all(np.isin(one.loss, (0.0, 1.0)).all() for one in (finalist, *others.values()))
    return Contest(measure.name, finalist, others, binary)


def _answers(measure: Measure, outputs: Outputs, exam: Batch) -> Answers:
    assert measure.rows is not None
    rows = measure.rows(outputs, exam)
    loss = (1.0 - rows if measure.higher_is_better else rows) * exam.weight
    mean = math.fsum(loss) / len(loss)
    return Answers(loss, 1.0 - mean if measure.higher_is_better else math.sqrt(mean) if measure.root else mean)


def _permuted(measure: Measure, outputs: Outputs, exam: Batch, level: float) -> Permuted:
    """Permute a finalist's answers among rows, in an order of the rows that depends on their keys alone."""
    order = np.lexsort((exam.target, exam.key))
    batch, answers = exam.take(order), {name: value[order] for name, value in outputs.items()}
    loss_of = measure.rows
    assert loss_of is not None
    loss, permutations = loss_of(answers, batch), _permutations(len(batch), level)
    distinct, code = np.unique(batch.target, return_inverse=True)
    if len(distinct) <= _MOST_CLASSES:
        by_class = [loss_of(answers, replace(batch, target=np.full_like(batch.target, value))) for value in distinct]
        means, rows = _permute_classes(np.stack(by_class, axis=1), code, permutations)
    else:
        means, rows = _permute_numbers(
            lambda target: loss_of(answers, replace(batch, target=target)), batch.target, permutations
        )
    back = np.argsort(order)
    return Permuted(measure.name, measure.root, loss[back], means, rows[back])


def _permutations(n: int, level: float) -> int:
    """Number of permutations of n rows: enough for the level, and for a precise p where rows are few.

    Of many rows a hundred give mean and deviation, by which a small p is that of a normal curve.
    """
    if n > _MANY_ROWS:
        return max(_FEW_PERMUTATIONS, _CELLS_OF_MANY // n)
    most = max(_LEAST_PERMUTATIONS, min(_MOST_PERMUTATIONS, _CELLS / n))
    return int(np.clip(max(_CHUNK / n, 10 / level), _LEAST_PERMUTATIONS, most))


def _permute_classes(loss: Array, code: Array, permutations: int) -> tuple[Array, Array]:
    """Mean loss of each permutation, and of each row over all of them, (n,).

    loss: (n, k) by class; code: (n,) int, the class.
    """
    random, n, means = np.random.default_rng(0), len(code), []
    for start in range(0, permutations, step := max(1, _CHUNK // n)):
        permuted = random.permuted(np.tile(code, (min(step, permutations - start), 1)), axis=1)
        means.append(loss[np.arange(n), permuted].mean(axis=1))
    return np.concatenate(means), loss @ (np.bincount(code) / n)


def _permute_numbers(loss_of: Callable[[Array], Array], target: Array, permutations: int) -> tuple[Array, Array]:
    """The same for targets (n,) that are numbers. loss_of: targets -> loss of each row."""
    random, means, rows = np.random.default_rng(0), np.empty(permutations), np.zeros(len(target))
    for permutation in range(permutations):
        losses = loss_of(target[random.permutation(len(target))])
        means[permutation] = losses.mean()
        rows += losses / permutations
    return means, rows


def _least(target: Array) -> float:
    """Probability of one arrangement of targets (n,) among all that differ."""
    counts = np.unique(target, return_counts=True)[1]
    return math.exp(min(0.0, sum(map(math.lgamma, counts + 1.0)) - math.lgamma(len(target) + 1)))
