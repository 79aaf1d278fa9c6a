"""The floor of what may be promoted: a finalist that may have learned nothing has a score that says nothing, however high."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from minnow.measures.paired import compare
from minnow.stages.chance import Chance, Permuted
from minnow.types import Array

OF_PERMUTATIONS = 0.8
"""Share of a level for the comparison with permuted answers; the rest is for that with constant ones."""


@dataclass(frozen=True)
class Told:
    """Whether a finalist can be told from who has learned nothing. reasons: why not, or what makes it doubtful."""

    ok: bool
    reasons: tuple[str, ...] = ()


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
    (name, others), needed = _others(chance), fewest(level)
    if others >= needed:
        return None
    return (
        f"Provisional: {chance.rows[name]:,} rows of the exam are of the class '{name}' and {others} of others; of these at "
        f"least {needed} are needed. Add rows of the rarer classes, or give the exam more rows (split.test)."
    )


def _others(chance: Chance) -> tuple[str, int]:
    """The most frequent class of an exam, and the number of rows of all others."""
    name = max(chance.rows, key=lambda one: chance.rows[one])
    return name, sum(chance.rows.values()) - chance.rows[name]


def tell(chance: Chance, group: Array, *, level: float, first: float) -> Told:
    """Decide whether a finalist can be told from who has learned nothing.

    Either its answers are better than in all but a small share of the permutations (a permutation test), and for groups of
    rows on average over the groups; then no constant answer may be shown to be better by every measure. Or they are shown to
    be better than every constant answer, by one measure. Both together have the level. group: (n,) int. first: level of the
    first look, which says how many groups are too few: their rows are taken for independent. Where the rows are too few for
    any model, though there are two of another class, the finalist must be better than in every other permutation.
    """
    if not chance.permuted:
        return Told(True)
    groups, n = len(np.unique(group)), len(group)
    few = groups < min(n, fewest(first))
    rows = np.arange(n) if few else group
    doubts = (_of_few_groups(groups, n),) if few else ()
    p, reason = _against_permutations(chance, rows, OF_PERMUTATIONS * level)
    hardly = chance.least > OF_PERMUTATIONS * first and (not chance.rows or _others(chance)[1] > 1)
    if reason and hardly and p <= 1.5 * chance.least:
        return Told(True, (f"{n} rows cannot show that a model has learned anything: p = {p:.2g} at best.",))
    if not reason:
        beaten = _beaten(chance, rows, level)
        return Told(False, (beaten,)) if beaten else Told(True, doubts)
    if all(np.ptp(permuted.means) <= 1e-9 * permuted.means.max() for permuted in chance.permuted):
        return Told(False, (reason, "It gives every row the same answer."))
    nor = _against_constants(chance, rows, (1 - OF_PERMUTATIONS) * level)
    return Told(False, (reason, nor)) if nor else Told(True, doubts)


def _against_permutations(chance: Chance, group: Array, level: float) -> tuple[float, str | None]:
    """Share of the permutations that are as good, and why the answers cannot be told from them; None where they can."""
    each = level / len(chance.permuted)
    shares = [_share_as_good(permuted, each) for permuted in chance.permuted]
    permuted, p, groups = chance.permuted[int(np.argmin(shares))], min(shares), len(np.unique(group))
    among = f"the {len(group):,} rows"
    if p <= each and groups < len(group):
        p = max(p, compare(permuted.loss, permuted.rows, group, binary=False, level=each).p_better)
        among = f"the rows of {groups:,} groups"
    if p <= each:
        return p, None
    had, without = permuted.shown(permuted.value), permuted.shown(float(permuted.means.mean()))
    return p, (
        f"It cannot be told from a model that has learned nothing: its {permuted.measure} is {had}, and {without} with its "
        f"answers permuted at random among {among}; p = {p:.3g}, required is at most {each:.2g}."
    )


def _against_constants(chance: Chance, group: Array, level: float) -> str | None:
    """Return why a finalist is not shown to be better than every constant answer by one measure; None where it is."""
    each, had = level / len(chance.contests), []
    for contest in chance.contests:
        compared = {
            name: compare(contest.finalist.loss, answers.loss, group, binary=contest.binary, level=each).p_better
            for name, answers in sorted(contest.constants.items())
        }
        name = max(compared, key=lambda one: compared[one])
        if compared[name] <= each:
            return None
        scores = f"{contest.measure} {contest.finalist.value:.4f} against {contest.constants[name].value:.4f} of {name}"
        had.append(f"{scores}, p = {compared[name]:.3g}")
    return f"It is not shown to be better than an answer that is always the same: {'; '.join(had)}, required is {each:.2g}."


def _share_as_good(permuted: Permuted, level: float) -> float:
    """Share of the permutations that are as good as the answers as they are; by a normal curve where they are too few."""
    from scipy.stats import norm

    as_good = (permuted.means <= permuted.value + 1e-12 * permuted.means.max()).sum()
    p = float((1 + as_good) / (1 + len(permuted.means)))
    spread = float(permuted.means.std())
    if as_good or 2 / len(permuted.means) <= level or not spread:
        return p
    return float(norm.sf((permuted.means.mean() - permuted.value) / spread))


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
