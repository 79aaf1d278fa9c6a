"""The judge: which variant stands for a use case, and whether it may replace the champion. Numbers in, reasons out."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from minnow.measures.latency import ratio_upper
from minnow.measures.paired import Comparison, compare, detectable
from minnow.types import Array, Score


class Budget(Protocol):
    """Limits of a served model; None is no limit."""

    @property
    def size_bytes(self) -> int | None:
        """Of model and encoder."""
        ...

    @property
    def p95_us(self) -> float | None:
        """Of a one-row answer."""
        ...

    @property
    def memory_bytes(self) -> int | None:
        """Peak while answering."""
        ...


@dataclass(frozen=True)
class Contestant:
    """A model as the judge sees it.

    loss: (n,) float64, on the same rows in the same order for all contestants; latency_us: (rounds, samples), measured
    in the same rounds for all.
    """

    name: str
    sha: str
    size_bytes: int
    loss: Array
    score: Score
    p95_us: float | None = None
    latency_us: Array | None = None
    memory_bytes: float | None = None


@dataclass(frozen=True)
class Choice:
    """The finalist's name, or None; infeasible: the budget alone is why there is none."""

    finalist: str | None
    reasons: list[str]
    infeasible: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why. looked: the exam was used for a comparison; level_spent: at which level."""

    promote: bool
    verdict: str
    reasons: list[str]
    looked: bool = False
    level_spent: float = 0.0
    comparisons: dict[str, Any] = field(default_factory=dict)


def level_of_look(level: float, look: int) -> float:
    """Level of the k-th look, k from 1: all looks together spend no more than level. Source: sum of 1/k^2 = pi^2/6."""
    return level * 6 / (math.pi**2 * look**2)


def choose_finalist(
    variants: list[Contestant],
    *,
    unit: Array,
    binary: bool,
    level: float,
    margin: float,
    floor: float | None,
    higher_is_better: bool,
    budget: Budget,
) -> Choice:
    """Choose the smallest variant that is not inferior to the best, among those within every limit; on val.

    margin: absolute, on the mean loss. Equal sizes go by name. The order of variants does not matter. Without a budget
    one of them would have been within the limits: that is what infeasible says.
    """
    ordered = sorted(variants, key=lambda v: v.name)
    refused = {v.name: why for v in ordered if (why := _over_limit(v, floor, higher_is_better, budget))}
    within = [v for v in ordered if v.name not in refused]
    reasons = [f"{name}: {why}" for name, why in refused.items()]
    if not within:
        by_budget = any(_unfit(v, floor, higher_is_better) is None for v in ordered)
        return Choice(None, [*reasons, "No variant is within the limits."], infeasible=by_budget)
    best = min(within, key=lambda v: (_mean(v), v.size_bytes, v.name))
    bounds = {v.name: _upper(v, best, unit, binary, level) for v in within}
    able = [v for v in within if v is best or bounds[v.name] < margin]
    finalist = min(able, key=lambda v: (v.size_bytes, v.name))
    reasons.append(
        f"{best.name} is best on val with {best.score.value:.4f}; {finalist.name} is the smallest of {len(able)} that are "
        f"not inferior to it by {margin:.4f}: {finalist.size_bytes:,} bytes, {finalist.score.value:.4f}."
    )
    return Choice(finalist.name, reasons)


def decide(
    challenger: Contestant,
    champion: Contestant | None,
    anchor: Contestant | None,
    baselines: list[Contestant],
    *,
    unit: Array,
    binary: bool,
    level: float,
    margin: float,
    smaller: float,
    floor: float | None,
    higher_is_better: bool,
    beat_baseline: bool,
    looks: int,
) -> Decision:
    """Decide whether a finalist is promoted, from losses on the same rows of one exam.

    unit: (n,) int, rows resampled together; binary: losses are 0 or 1; margin: absolute, on the mean loss; smaller: the
    share by which a model must be smaller or faster to be promoted without being better; looks: earlier comparisons on
    this exam. The order of the rows and of the baselines does not matter.
    """
    if champion is not None and champion.sha == challenger.sha:
        return Decision(False, "same", [f"{challenger.name} is the champion, byte for byte. Nothing happens."])
    unfit = _unfit(challenger, floor, higher_is_better)
    if unfit:
        return Decision(False, "refused", [unfit])
    unbeaten = _unbeaten(challenger, baselines, unit, binary, level)
    if unbeaten and beat_baseline:
        return Decision(False, "refused", unbeaten)
    if champion is None:
        return _first(challenger, unbeaten, unit, binary, level, margin)
    spent = level_of_look(level, looks + 1)
    against = compare(challenger.loss, champion.loss, unit, binary=binary, level=spent)
    drift = None
    if anchor is not None and anchor.sha not in (champion.sha, challenger.sha):
        drift = compare(challenger.loss, anchor.loss, unit, binary=binary, level=spent)
    promote, verdict, reasons = _weigh(challenger, champion, against, drift, spent, margin, smaller)
    comparisons = {"champion": _rounded(against)} | ({"anchor": _rounded(drift)} if drift else {})
    look = f"This was look {looks + 1} at this exam, at level {spent:.2g}."
    return Decision(promote, verdict, [*reasons, *unbeaten, look], True, spent, comparisons)


def _mean(contestant: Contestant) -> float:
    return math.fsum(contestant.loss) / len(contestant.loss)


def _upper(variant: Contestant, best: Contestant, unit: Array, binary: bool, level: float) -> float:
    if variant is best:
        return 0.0
    return compare(variant.loss, best.loss, unit, binary=binary, level=level).upper


def _over_limit(v: Contestant, floor: float | None, higher_is_better: bool, budget: Budget) -> str | None:
    """Say which limit a variant breaks, or None."""
    if budget.size_bytes is not None and v.size_bytes > budget.size_bytes:
        return f"{v.size_bytes:,} bytes, allowed are {budget.size_bytes:,}."
    if budget.p95_us is not None and v.p95_us is not None and v.p95_us > budget.p95_us:
        return f"p95 latency {v.p95_us:.0f} us, allowed are {budget.p95_us:.0f}."
    if budget.memory_bytes is not None and v.memory_bytes is not None and v.memory_bytes > budget.memory_bytes:
        return f"{v.memory_bytes:,.0f} bytes of memory, allowed are {budget.memory_bytes:,}."
    return _unfit(v, floor, higher_is_better)


def _unfit(v: Contestant, floor: float | None, higher_is_better: bool) -> str | None:
    """Say why a model may not stand at all, or None."""
    broken = int((~np.isfinite(v.loss)).sum())
    if broken:
        return f"{broken:,} of {len(v.loss):,} answers are not finite numbers. Needed is an answer for every row."
    return _below_floor(v.score, floor, higher_is_better)


def _below_floor(score: Score, floor: float | None, higher_is_better: bool) -> str | None:
    if floor is None or (score.value >= floor if higher_is_better else score.value <= floor):
        return None
    return (
        f"Score {score.value:.4f}, needed is {'at least' if higher_is_better else 'at most'} {floor:.4f} (gate.floor)."
    )


def _unbeaten(
    challenger: Contestant, baselines: list[Contestant], unit: Array, binary: bool, level: float
) -> list[str]:
    """Name the baselines that the challenger does not beat at the level."""
    found = []
    for baseline in sorted(baselines, key=lambda b: b.name):
        against = compare(challenger.loss, baseline.loss, unit, binary=binary, level=level)
        if against.p_better > level:
            found.append(
                f"It does not beat the baseline '{baseline.name}': {challenger.score.value:.4f} against "
                f"{baseline.score.value:.4f}, p = {against.p_better:.3g}, needed is at most {level:g}."
            )
    return found


def _first(
    challenger: Contestant, unbeaten: list[str], unit: Array, binary: bool, level: float, margin: float
) -> Decision:
    """Promote a first champion; provisionally, where the exam is too small to see a difference of one margin."""
    n = len(np.unique(unit))
    one, noun = ("row", "rows") if n == len(unit) else ("group of rows", "groups of rows")
    # two equal models that err independently differ by the noise of both
    seen = detectable(_spread(challenger.loss, unit, binary) * math.sqrt(2), n, level)
    start = (
        f"{challenger.name} is the first champion, with {challenger.score.value:.4f} on {n:,} {noun if n > 1 else one}."
    )
    if seen <= margin:
        return Decision(True, "first", [start, *unbeaten])
    if not math.isfinite(seen):
        return Decision(True, "provisional", [start, f"Provisional: one {one} cannot show any difference.", *unbeaten])
    small = (
        f"Provisional: on so few {noun} the smallest difference that could be seen is about {seen:.4f}, and the margin is "
        f"{margin:.4f}."
    )
    if margin > 0:
        small += f" About {math.ceil(n * (seen / margin) ** 2):,} {noun} would do."
    return Decision(True, "provisional", [start, small, *unbeaten])


def _spread(loss: Array, unit: Array, binary: bool) -> float:
    """Standard deviation of one unit's mean loss. A few rows that are all right do not show that none will ever be wrong."""
    _, group, rows = np.unique(unit, return_inverse=True, return_counts=True)
    if len(rows) < len(loss):
        means = np.bincount(group, weights=loss) / rows
        return float(np.std(means, ddof=1)) if len(means) > 1 else math.inf
    if binary:
        wrong = (float(loss.sum()) + 1) / (len(loss) + 2)
        return math.sqrt(wrong * (1 - wrong))
    return float(np.std(loss, ddof=1)) if len(loss) > 1 else math.inf


def _weigh(
    challenger: Contestant,
    champion: Contestant,
    against: Comparison,
    drift: Comparison | None,
    level: float,
    margin: float,
    smaller: float,
) -> tuple[bool, str, list[str]]:
    """Better, or not inferior and clearly smaller or faster: anything else keeps the champion."""
    found = f"{challenger.name} {challenger.score.value:.4f} against the champion {champion.name} {champion.score.value:.4f}"
    if against.p_better <= level:
        return True, "better", [f"{found}: better, p = {against.p_better:.3g} at level {level:.2g}."]
    saving = _saving(challenger, champion, smaller, level)
    inferior = _inferiority(against, drift, margin)
    if saving and not inferior:
        return True, "smaller", [f"{found}: not inferior by {margin:.4f} (bound {against.upper:+.4f}), and {saving}."]
    reasons = [
        f"{found}: not better, p = {against.p_better:.3g}, needed is at most {level:.2g}.",
        *inferior,
        *([] if saving else [_no_saving(challenger, champion, smaller)]),
    ]
    if against.detectable > margin:
        reasons.append(
            f"The exam has {against.n:,} rows or groups of them: the smallest difference that it could have seen is "
            f"{against.detectable:.4f}, the margin is {margin:.4f}. Underpowered: the champion stays."
        )
    return False, "refused", reasons


def _inferiority(against: Comparison, drift: Comparison | None, margin: float) -> list[str]:
    """Say against whom non-inferiority is not shown: the champion, and the best so far."""
    found = []
    for name, comparison in (("the champion", against), ("the anchor, the best so far", drift)):
        if comparison is not None and not comparison.upper < margin:
            found.append(
                f"It may lose up to {comparison.upper:.4f} against {name}; allowed is less than the margin, {margin:.4f}."
            )
    return found


def _saving(challenger: Contestant, champion: Contestant, smaller: float, level: float) -> str | None:
    """Say what a challenger saves, if it is enough."""
    if challenger.size_bytes <= (1 - smaller) * champion.size_bytes:
        share = 1 - challenger.size_bytes / champion.size_bytes
        return f"{share:.0%} smaller: {challenger.size_bytes:,} bytes instead of {champion.size_bytes:,}"
    if challenger.latency_us is None or champion.latency_us is None:
        return None
    ratio, high = ratio_upper(challenger.latency_us, champion.latency_us, level)
    return f"{1 - ratio:.0%} faster (ratio at most {high:.2f})" if ratio <= 1 - smaller and high < 1 else None


def _no_saving(challenger: Contestant, champion: Contestant, smaller: float) -> str:
    return (
        f"Nor is it {smaller:.0%} smaller or faster: {challenger.size_bytes:,} bytes, needed are at most "
        f"{(1 - smaller) * champion.size_bytes:,.0f}."
    )


def _rounded(comparison: Comparison) -> dict[str, float | int | None]:
    """Numbers as they are kept: JSON knows no infinity, so an infinite bound is None."""
    numbers = asdict(comparison).items()
    return {name: (round(v, 10) if math.isfinite(v) else None) if isinstance(v, float) else v for name, v in numbers}
