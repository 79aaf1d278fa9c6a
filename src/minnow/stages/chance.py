"""Chance: what is reached on an exam without learning, and whether a finalist can be told from that.

The answers of who has learned nothing have nothing to do with the rows: dealt out at random among them, they would be as good.
A finalist of which that may be true has a score that says nothing, however high it is. Nor does one that an answer beats which
is always the same, such as the most frequent class or the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from minnow.measures.paired import compare
from minnow.stages.case import Problem
from minnow.stages.evaluate import Evaluation
from minnow.stages.prepare import Prepared
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Measure, Outputs

_LEAST_DEALS, _MOST_DEALS = 1000, 20_000
_CELLS = 100_000_000
"""Most losses of dealt answers that are computed: rows times deals."""
_CHUNK = 4_000_000
"""Losses in memory at once."""
_MOST_CLASSES = 100
"""Different targets up to which the loss of each row is computed once for each of them."""


@dataclass(frozen=True)
class Dealt:
    """A finalist's answers, dealt out at random among the rows of the exam.

    measure: by which they are scored; root: it is the root of the mean loss; loss: (n,) float64, as they are; means: (deals,),
    mean loss of each deal; rows: (n,), mean loss of each row over all deals.
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
    """A finalist and constant answers by one measure, on the same rows."""

    measure: str
    finalist: Answers
    constants: Mapping[str, Answers]


@dataclass(frozen=True)
class Chance:
    """What is reached on an exam without learning.

    rows: class of train -> its rows in the exam, empty where answers are numbers; dealt: the finalist's own answers in a random
    order, by each measure by which rows are more than right or wrong; least: probability of one deal among all that differ, the
    smallest that these rows can show; contests: the finalist against answers that are always the same, by each measure that is
    a mean over rows. Empty for a task whose constant answers are of use, as a ranking by popularity is.
    """

    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    dealt: tuple[Dealt, ...] = ()
    least: float = 0.0
    contests: tuple[Contest, ...] = ()


@dataclass(frozen=True)
class Told:
    """Whether a finalist can be told from who has learned nothing. reasons: why not, or what makes it doubtful."""

    ok: bool
    reasons: tuple[str, ...] = ()


def chance_of(problem: Problem, prepared: Prepared, finalist: Evaluation, level: float) -> Chance:
    """Measure what is reached without learning on the exam of a finalist, precisely enough for a one-sided level.

    Where classes have weights in training, constant answers are compared with them.
    """
    train, exam, task = prepared.batches["train"], finalist.batch, problem.task
    weighted = exam
    if problem.options.label_weights is not None:
        weighted = replace(exam, weight=_class_weights(train, exam))
    constants = task.CAPABILITIES.constants(train, weighted)
    if not constants:
        return Chance()
    counts = np.bincount(exam.target[exam.target >= 0], minlength=len(exam.labels)) if len(exam.labels) else ()
    rows = dict(zip(exam.labels.tolist(), map(int, counts), strict=True))
    measures = [measure for measure in task.MEASURES if measure.rows is not None]
    contests = tuple(_contest(measure, finalist.outputs, constants, weighted) for measure in measures)
    finer = [measure for measure in measures[int(task.BINARY_LOSS) :] if not measure.higher_is_better]
    dealt = tuple(_deal(measure, finalist.outputs, exam, level) for measure in finer)
    return Chance(rows, dealt, _least(exam.target), contests)


def _class_weights(train: Batch, exam: Batch) -> Array:
    """Mean weight of the class of each row in training, (n,) float64 with mean 1. A class that train lacks weighs 1."""
    count = np.bincount(train.target, minlength=len(exam.labels))
    total = np.bincount(train.target, weights=train.weight, minlength=len(exam.labels))
    weight = np.where(exam.target >= 0, (total / np.maximum(count, 1))[exam.target], 1.0)
    return weight / max(weight.mean(), SMALLEST_PROBABILITY)


def _contest(measure: Measure, outputs: Outputs, constants: Mapping[str, Outputs], exam: Batch) -> Contest:
    others = {name: _answers(measure, constant, exam) for name, constant in constants.items()}
    return Contest(measure.name, _answers(measure, outputs, exam), others)


def _answers(measure: Measure, outputs: Outputs, exam: Batch) -> Answers:
    assert measure.rows is not None
    rows = measure.rows(outputs, exam)
    loss = (1.0 - rows if measure.higher_is_better else rows) * exam.weight
    mean = math.fsum(loss) / len(loss)
    return Answers(loss, 1.0 - mean if measure.higher_is_better else math.sqrt(mean) if measure.root else mean)


def _deal(measure: Measure, outputs: Outputs, exam: Batch, level: float) -> Dealt:
    """Deal a finalist's answers out among rows, in an order of the rows that depends on their keys alone."""
    order = np.lexsort((exam.target, exam.key))
    batch, answers = exam.take(order), {name: value[order] for name, value in outputs.items()}
    loss_of = measure.rows
    assert loss_of is not None
    loss, deals = loss_of(answers, batch), _deals(len(batch), level)
    distinct, code = np.unique(batch.target, return_inverse=True)
    if len(distinct) <= _MOST_CLASSES:
        by_class = [loss_of(answers, replace(batch, target=np.full_like(batch.target, value))) for value in distinct]
        means, rows = _deal_classes(np.stack(by_class, axis=1), code, deals)
    else:
        means, rows = _deal_numbers(lambda target: loss_of(answers, replace(batch, target=target)), batch.target, deals)
    back = np.argsort(order)
    return Dealt(measure.name, measure.root, loss[back], means, rows[back])


def _deals(n: int, level: float) -> int:
    """Number of deals of n rows: enough for the level, and for a precise p where rows are few."""
    return int(np.clip(max(_CHUNK / n, 10 / level), _LEAST_DEALS, max(_LEAST_DEALS, min(_MOST_DEALS, _CELLS / n))))


def _deal_classes(loss: Array, code: Array, deals: int) -> tuple[Array, Array]:
    """Mean losses of deals, (deals,), and of rows over all of them, (n,). loss: (n, k) by class; code: (n,) int, the class."""
    random, n, means = np.random.default_rng(0), len(code), []
    for start in range(0, deals, step := max(1, _CHUNK // n)):
        dealt = random.permuted(np.tile(code, (min(step, deals - start), 1)), axis=1)
        means.append(loss[np.arange(n), dealt].mean(axis=1))
    return np.concatenate(means), loss @ (np.bincount(code) / n)


def _deal_numbers(loss_of: Callable[[Array], Array], target: Array, deals: int) -> tuple[Array, Array]:
    """The same for targets (n,) that are numbers. loss_of: targets -> loss of each row."""
    random, means, rows = np.random.default_rng(0), np.empty(deals), np.zeros(len(target))
    for deal in range(deals):
        losses = loss_of(target[random.permutation(len(target))])
        means[deal] = losses.mean()
        rows += losses / deals
    return means, rows


def _least(target: Array) -> float:
    """Probability of one arrangement of targets (n,) among all that differ."""
    counts = np.unique(target, return_counts=True)[1]
    return math.exp(min(0.0, sum(map(math.lgamma, counts + 1.0)) - math.lgamma(len(target) + 1)))


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


def few_others(chance: Chance, level: float) -> str | None:
    """Return why a high score says little: hardly any row of the exam is of another class than the most frequent one."""
    if len(chance.rows) < 2:
        return None
    name = max(chance.rows, key=lambda one: chance.rows[one])
    others, needed = sum(chance.rows.values()) - chance.rows[name], fewest(level)
    if others >= needed:
        return None
    return (
        f"Provisional: {chance.rows[name]:,} rows of the exam are of the class '{name}' and {others} of others; of these at "
        f"least {needed} are needed. Add rows of the rarer classes, or give the exam more rows (split.test)."
    )


def tell(chance: Chance, group: Array, *, level: float, first: float) -> Told:
    """Decide whether a finalist can be told from who has learned nothing.

    Its answers must be better than in all but a share `level` of the deals, for groups of rows also on average over the groups,
    and no constant answer may be shown to be better by every measure. group: (n,) int. first: level of the first look, which
    says how many groups are too few: their rows are taken for independent. Where the rows are too few for any model, the
    finalist must be better than in every other deal.
    """
    if not chance.dealt:
        return Told(True)
    groups, n = len(np.unique(group)), len(group)
    each = level / len(chance.dealt)
    shares = [_share_as_good(dealt, each) for dealt in chance.dealt]
    dealt, p = chance.dealt[int(np.argmin(shares))], min(shares)
    few, doubts = groups < min(n, fewest(first)), []
    if p > each and not (chance.least > first and p <= 1.5 * chance.least):
        return Told(False, (_untold(dealt, p, each),))
    if p > each:
        doubts.append(f"{n} rows cannot show that a model has learned anything: p = {p:.2g} at best.")
    if few:
        doubts.append(_of_few_groups(groups, n))
    elif groups < n:
        over = compare(dealt.loss, dealt.rows, group, binary=False, level=each).p_better
        if over > each:
            return Told(False, (_untold(dealt, over, each, groups),))
    worse = _beaten(chance, group if not few else np.arange(n), level)
    return Told(False, (worse,)) if worse else Told(True, tuple(doubts))


def _share_as_good(dealt: Dealt, level: float) -> float:
    """Share of the deals that are as good as the answers as they are; by a normal curve where the deals are too few."""
    from scipy.stats import norm

    as_good = (dealt.means <= dealt.value + 1e-12 * dealt.means.max()).sum()
    p = float((1 + as_good) / (1 + len(dealt.means)))
    spread = float(dealt.means.std())
    if as_good or 2 / len(dealt.means) <= level or not spread:
        return p
    return float(norm.sf((dealt.means.mean() - dealt.value) / spread))


def _untold(dealt: Dealt, p: float, level: float, groups: int | None = None) -> str:
    among = f"the {len(dealt.loss):,} rows" if groups is None else f"the rows of {groups:,} groups"
    return (
        f"It cannot be told from a model that has learned nothing: its {dealt.measure} is {dealt.shown(dealt.value)}, and "
        f"{dealt.shown(float(dealt.means.mean()))} with its answers dealt out at random among {among}; p = {p:.3g}, required "
        f"is at most {level:.2g}."
    )


def _of_few_groups(groups: int, rows: int) -> str:
    return (
        f"{groups} group{'s' if groups > 1 else ''} of rows cannot show any difference; taken for independent, the {rows:,} "
        "rows show that it has learned something."
    )


def _beaten(chance: Chance, group: Array, level: float) -> str | None:
    """Return by which constant answers a finalist is shown to be beaten, if it is so by every measure."""
    had: list[str] = []
    for contest in chance.contests:
        better = [
            f"{contest.measure} {contest.finalist.value:.4f} against {answers.value:.4f} of {name}"
            for name, answers in sorted(contest.constants.items())
            if _shown(answers.loss, contest.finalist.loss, group, level)
        ]
        if not better:
            return None
        had.append(better[0])
    return (
        f"An answer that is the same for every row is better: {'; '.join(had)} (at level {level:.2g})." if had else None
    )


def _shown(better: Array, worse: Array, group: Array, level: float) -> bool:
    return math.fsum(better) < math.fsum(worse) and (
        compare(better, worse, group, binary=False, level=level).p_better <= level
    )
