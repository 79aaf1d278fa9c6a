"""Chance: what can be reached on an exam without learning, and whether a finalist can be told from that.

Who has learned nothing gives every row the same answer: the most frequent class, the mean. A finalist that is not shown to be
better than such an answer has a score that says nothing, however high it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from minnow.measures.paired import Comparison, compare
from minnow.stages.case import Problem
from minnow.stages.evaluate import Evaluation
from minnow.stages.prepare import Prepared
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Measure, Outputs

USEFUL = 0.5
"""Share of a constant answer's loss that a finalist must avoid where an exam has too few rows to show anything."""


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
    """What constant answers reach on an exam.

    rows: class of train -> its rows in the exam, empty where answers are numbers; contests: the finalist against constant
    answers, by each measure that is a mean over rows; none where the task has no constant answer.
    """

    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    contests: tuple[Contest, ...] = ()


@dataclass(frozen=True)
class Told:
    """Whether a finalist can be told from constant answers. reasons: why not, or what makes it doubtful."""

    ok: bool
    reasons: tuple[str, ...] = ()


def chance_of(problem: Problem, prepared: Prepared, finalist: Evaluation) -> Chance:
    """Score constant answers on the exam of a finalist; where classes have weights in training, its rows have them too."""
    train, exam = prepared.batches["train"], finalist.batch
    if problem.options.label_weights is not None:
        exam = replace(exam, weight=_class_weights(train, exam))
    constants = problem.task.CAPABILITIES.constants(train, exam)
    if not constants:
        return Chance()
    counts = np.bincount(exam.target[exam.target >= 0], minlength=len(exam.labels)) if len(exam.labels) else ()
    rows = dict(zip(exam.labels.tolist(), map(int, counts), strict=True))
    measures = [measure for measure in problem.task.MEASURES if measure.rows is not None]
    return Chance(rows, tuple(_contest(measure, finalist.outputs, constants, exam) for measure in measures))


def _class_weights(train: Batch, exam: Batch) -> Array:
    """Mean weight of the class of each row in training, (n,) float64 with mean 1. A class that train lacks weighs 1."""
    count = np.bincount(train.target, minlength=len(exam.labels))
    total = np.bincount(train.target, weights=train.weight, minlength=len(exam.labels))
    weight = np.where(exam.target >= 0, (total / np.maximum(count, 1))[exam.target], 1.0)
    return weight / max(weight.mean(), SMALLEST_PROBABILITY)


def _contest(measure: Measure, outputs: Outputs, constants: Mapping[str, Outputs], exam: Batch) -> Contest:
    finalist = _answers(measure, outputs, exam)
    others = {name: _answers(measure, constant, exam) for name, constant in constants.items()}
    binary = all(np.isin(one.loss, (0.0, 1.0)).all() for one in (finalist, *others.values()))
    return Contest(measure.name, finalist, others, binary)


def _answers(measure: Measure, outputs: Outputs, exam: Batch) -> Answers:
    assert measure.rows is not None
    rows = measure.rows(outputs, exam)
    loss = (1.0 - rows if measure.higher_is_better else rows) * exam.weight
    mean = math.fsum(loss) / len(loss)
    return Answers(loss, 1.0 - mean if measure.higher_is_better else math.sqrt(mean) if measure.root else mean)


def one_class(chance: Chance) -> str | None:
    """Return why an exam says nothing: it has rows of one class alone, so that a constant answer is always right."""
    present = {name: count for name, count in chance.rows.items() if count}
    if len(chance.rows) < 2 or len(present) > 1:
        return None
    had = "".join(f"{count:,} rows of '{name}' and " for name, count in present.items())
    missing = [name for name in chance.rows if name not in present]
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return (
        f"The exam cannot tell any model from an answer that is always the same: of the {len(chance.rows)} classes in train "
        f"it has {had}none of {', '.join(map(repr, missing[:5]))}{more}. Rows of at least 2 classes are needed."
    )


def fewest(level: float) -> int:
    """Smallest number of rows or groups that can show anything at a one-sided level: all must agree, 0.5^m <= level."""
    return math.ceil(-math.log2(level))


def tell(chance: Chance, group: Array, *, level: float, first: float) -> Told:
    """Decide whether a finalist is better than every constant answer by one of the measures, which share the level.

    group: (n,) int. level: of this look; first: of the first look, which says how many groups are too few. With too few groups
    rows are taken for independent, which favours the finalist; with too few rows it must avoid half of the constants' loss.
    """
    if not chance.contests:
        return Told(True)
    least, groups = fewest(first), len(np.unique(group))
    few = groups < least
    rows, each = np.arange(len(group)) if few else group, level / len(chance.contests)
    worst: list[tuple[Contest, str, Comparison]] = []
    for contest in chance.contests:
        worst.append(_hardest(contest, rows, each))
        if worst[-1][2].p_better <= each:
            return Told(True, (_of_few_groups(groups, len(group)),) if few else ())
    if few and len(group) < least and _useful(chance.contests[0]):
        nothing = f"{len(group)} rows cannot show that a model is better than an answer that is always the same."
        return Told(True, (nothing,))
    return Told(False, (_untold(worst, each), *_too_few_errors(worst[0], each)))


def _hardest(contest: Contest, group: Array, level: float) -> tuple[Contest, str, Comparison]:
    """The constant answer that the finalist is least sure to beat."""
    finalist, binary = contest.finalist.loss, contest.binary
    compared = {
        name: compare(finalist, answers.loss, group, binary=binary, level=level)
        for name, answers in sorted(contest.constants.items())
    }
    name = max(compared, key=lambda one: compared[one].p_better)
    return contest, name, compared[name]


def _useful(contest: Contest) -> bool:
    least = min(math.fsum(answers.loss) for answers in contest.constants.values())
    return math.fsum(contest.finalist.loss) <= USEFUL * least


def _of_few_groups(groups: int, rows: int) -> str:
    return (
        f"{groups} group{'s' if groups > 1 else ''} of rows cannot show any difference; taken for independent, the {rows:,} "
        "rows show that it is better than an answer that is always the same."
    )


def _untold(worst: list[tuple[Contest, str, Comparison]], level: float) -> str:
    had = "; ".join(
        f"{contest.measure} {contest.finalist.value:.4f} against {contest.constants[name].value:.4f} of {name}, "
        f"p = {comparison.p_better:.3g}"
        for contest, name, comparison in worst
    )
    which = " by one of them" if len(worst) > 1 else ""
    return (
        f"It cannot be told from an answer that is the same for every row: {had}. Required{which} is p of at most "
        f"{level:.2g}."
    )


def _too_few_errors(hardest: tuple[Contest, str, Comparison], level: float) -> list[str]:
    """Say how many rows a constant answer gets wrong, where these are too few to show anything."""
    contest, name, _ = hardest
    wrong, needed = int(contest.constants[name].loss.sum()), fewest(level)
    if not contest.binary or wrong >= needed:
        return []
    rows = len(contest.finalist.loss)
    return [
        f"{name.capitalize()} is right in {rows - wrong:,} of {rows:,} rows of the exam, so that a model can be better in "
        f"{wrong} alone; at least {needed} are needed. Add rows of the rarer classes, or give the exam more rows (split.test)."
    ]
