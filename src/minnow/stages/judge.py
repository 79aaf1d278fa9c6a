"""The judge: decides from losses on the test set whether a finalist replaces the champion, and gives the reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from minnow.measures.latency import ratio_upper
from minnow.measures.paired import Comparison, compare, detectable
from minnow.stages.chance import Chance
from minnow.stages.floor import Told, few_others, fewest, one_class, tell
from minnow.types import Array, Score


@dataclass(frozen=True)
class Performance:
    """Losses, score, size and speed of one model.

    sha: name of its bundle; loss: (n,) float64, on the same rows in the same order for all models; latency_us: (rounds,
    samples), measured in the same rounds for all models.
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
class Rules:
    """Settings of a comparison.

    binary: losses are 0 or 1; level: one-sided significance level of all looks together; margin: non-inferiority margin,
    absolute, on the mean loss; smaller: share by which a model must be smaller or faster to be promoted without being
    better; floor: minimum score (maximum where lower is better), None for no limit; beat_baseline: refuse a model that does
    not beat every baseline.
    """

    binary: bool
    level: float
    margin: float
    higher_is_better: bool
    smaller: float = 0.10
    floor: float | None = None
    beat_baseline: bool = False


@dataclass(frozen=True)
class Rivals:
    """The models that a finalist is compared with. best: the best so far; looks: earlier comparisons on this test set."""

    champion: Performance | None = None
    best: Performance | None = None
    looks: int = 0


@dataclass(frozen=True)
class Ruling:
    """Whether a finalist is promoted, and why.

    looked: whether the test set was used for a comparison (a look); level_spent: level of that look; comparisons:
    "champion", "best" -> numbers of the paired comparison.
    """

    promote: bool
    verdict: str
    reasons: list[str]
    looked: bool = False
    level_spent: float = 0.0
    comparisons: Mapping[str, Mapping[str, float | int | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Comparison:
    """A finalist and the champion, compared at the level of one look.

    drift: comparison with the best so far; None where that is the champion, the finalist itself, or not known. told: whether
    the finalist can be told from who has learned nothing.
    """

    challenger: Performance
    champion: Performance
    against: Comparison
    drift: Comparison | None
    level: float
    told: Told


def level_of_look(level: float, look: int) -> float:
    """Significance level of the k-th look, k from 1. The levels of all looks sum to `level`, since sum of 1/k^2 = pi^2/6."""
    return level * 6 / (math.pi**2 * look**2)


def decide(
    challenger: Performance,
    rivals: Rivals,
    baselines: Sequence[Performance],
    *,
    group: Array,
    rules: Rules,
    chance: Chance | None = None,
) -> Ruling:
    """Decide whether a finalist is promoted, from losses on the same rows of one test set.

    group: (n,) int, rows of one group are resampled together. chance: what is reached without learning; None where
    that is not measured. The order of the rows and of the baselines does not matter.
    """
    chance = chance or Chance()
    champion, best = rivals.champion, rivals.best
    if champion is not None and champion.sha == challenger.sha:
        return Ruling(False, "same", [f"{challenger.name} is the same model as the champion. Nothing changes."])
    if reason := unfit(challenger, rules) or one_class(chance):
        return Ruling(False, "refused", [reason])
    unbeaten = _unbeaten(challenger, baselines, group, rules)
    if unbeaten and rules.beat_baseline:
        return Ruling(False, "refused", unbeaten)
    spent = level_of_look(rules.level, rivals.looks + 1)
    told = tell(chance, group, level=spent, first=level_of_look(rules.level, 1))
    look = f"This was look {rivals.looks + 1} at this test set, at level {spent:.2g}."
    if champion is None:
        if not told.ok:
            return Ruling(False, "refused", [*told.reasons, *unbeaten, look], True, spent)
        return _first(
            challenger, [*told.reasons, *unbeaten], group, rules, few_others(chance, level_of_look(rules.level, 1))
        )
    against = compare(challenger.loss, champion.loss, group, binary=rules.binary, level=spent)
    drift = None
    if best is not None and best.sha not in (champion.sha, challenger.sha):
        drift = compare(challenger.loss, best.loss, group, binary=rules.binary, level=spent)
    promote, verdict, reasons = _weigh(_Comparison(challenger, champion, against, drift, spent, told), rules)
    comparisons = {"champion": _rounded(against)} | ({"best": _rounded(drift)} if drift else {})
    return Ruling(promote, verdict, [*reasons, *unbeaten, look], True, spent, comparisons)


@dataclass(frozen=True)
class FirstLook:
    """Whether a finalist stands against the linear model where there is no champion yet, why, and the comparison."""

    stands: bool
    reason: str
    comparison: Mapping[str, float | int | None]


def against_linear(
    challenger: Performance, linear: Performance, *, could_stand: bool, group: Array, rules: Rules, looks: int
) -> FirstLook:
    """Compare a finalist with the linear model, the incumbent where there is no champion: simple until proven otherwise.

    It stands where it is better at the level of the look; otherwise only where it is not worse and either not larger, or linear
    could not stand in the choice. could_stand: whether it could; looks: earlier comparisons on this test set.
    """
    level = level_of_look(rules.level, looks + 1)
    forth = compare(challenger.loss, linear.loss, group, binary=rules.binary, level=level)
    back = compare(linear.loss, challenger.loss, group, binary=rules.binary, level=level)
    scores = f"{challenger.name} {challenger.score.value:.4f} against {linear.name} {linear.score.value:.4f}"
    sizes = f"{challenger.size_bytes:,} bytes against {linear.size_bytes:,}"
    numbers = _rounded(forth)
    if forth.p_better <= level:
        return FirstLook(
            True, f"{scores}: better than the linear model, p = {forth.p_better:.3g} at level {level:.2g}.", numbers
        )
    if back.p_better <= level:
        reason = f"{scores}: worse than the linear model, p = {back.p_better:.3g} at level {level:.2g}."
        return FirstLook(False, reason, numbers)
    shown = f"{scores}: not shown to be better than the linear model, p = {forth.p_better:.3g} at level {level:.2g}"
    if challenger.size_bytes <= linear.size_bytes:
        return FirstLook(True, f"{shown}, and not larger: {sizes}.", numbers)
    if not could_stand:
        return FirstLook(True, f"{shown}; in the choice, linear was shown to be worse.", numbers)
    return FirstLook(False, f"{shown}, and larger: {sizes}.", numbers)


def unfit(model: Performance, rules: Rules) -> str | None:
    """Return why a model is refused before any comparison: answers that are not finite, or a score beyond the floor."""
    broken = int((~np.isfinite(model.loss)).sum())
    if broken:
        return f"{broken:,} of {len(model.loss):,} answers are not finite numbers. Every row needs a finite answer."
    floor, value = rules.floor, model.score.value
    if floor is None or (value >= floor if rules.higher_is_better else value <= floor):
        return None
    return f"Score {value:.4f}; gate.floor requires {'at least' if rules.higher_is_better else 'at most'} {floor:.4f}."


def _unbeaten(challenger: Performance, baselines: Sequence[Performance], group: Array, rules: Rules) -> list[str]:
    """Return a reason for each baseline that the challenger does not beat at the level."""
    reasons = []
    for baseline in sorted(baselines, key=lambda b: b.name):
        against = compare(challenger.loss, baseline.loss, group, binary=rules.binary, level=rules.level)
        if against.p_better > rules.level:
            reasons.append(
                f"It does not beat the baseline '{baseline.name}': {challenger.score.value:.4f} against "
                f"{baseline.score.value:.4f}, p = {against.p_better:.3g}, required is at most {rules.level:g}."
            )
    return reasons


def _first(challenger: Performance, said: list[str], group: Array, rules: Rules, few: str | None) -> Ruling:
    """Promote the first champion; provisionally where the test set is too small to detect a difference of one margin.

    said: what else there is to say; few: why the test set says little, None where it has enough rows of every class.
    """
    n, margin = len(np.unique(group)), rules.margin
    singular, plural = ("row", "rows") if n == len(group) else ("group of rows", "groups of rows")
    # the difference of two models with independent errors has the variance of both
    smallest = detectable(_spread(challenger.loss, group, rules.binary) * math.sqrt(2), n, rules.level)
    score = challenger.score.value
    start = f"{challenger.name} is the first champion, with {score:.4f} on {n:,} {plural if n > 1 else singular}."
    if not math.isfinite(smallest):
        nothing = f"Provisional: one {singular} cannot show any difference."
        return Ruling(True, "provisional", [start, nothing, *said])
    if smallest <= margin and n < (least := fewest(level_of_look(rules.level, 1))):
        agree = f"Provisional: {n} {plural} that agree cannot show any difference; at least {least} are needed."
        return Ruling(True, "provisional", [start, agree, *said])
    if smallest <= margin:
        return Ruling(True, "provisional" if few else "first", [start, *([few] if few else []), *said])
    small = (
        f"Provisional: with so few {plural} the smallest detectable difference is about {smallest:.4f}, and the margin is "
        f"{margin:.4f}."
    )
    if margin > 0:
        small += f" About {math.ceil(n * (smallest / margin) ** 2):,} {plural} are needed."
    return Ruling(True, "provisional", [start, small, *said])


def _spread(loss: Array, group: Array, binary: bool) -> float:
    """Standard deviation of groups' mean losses; for right-or-wrong losses of single rows by Laplace's rule, so never 0."""
    _, place, rows = np.unique(group, return_inverse=True, return_counts=True)
    if len(rows) < len(loss):
        means = np.bincount(place, weights=loss) / rows
        return float(np.std(means, ddof=1)) if len(means) > 1 else math.inf
    if binary:
        wrong = (float(loss.sum()) + 1) / (len(loss) + 2)
        return math.sqrt(wrong * (1 - wrong))
    return float(np.std(loss, ddof=1)) if len(loss) > 1 else math.inf


def _weigh(compared: _Comparison, rules: Rules) -> tuple[bool, str, list[str]]:
    """Promote a challenger that is better, or not inferior and clearly smaller or faster; else the champion stays.

    Only the first may be without proof of having learned anything: it replaces a champion that is worse.
    """
    challenger, champion, against, margin = compared.challenger, compared.champion, compared.against, rules.margin
    scores = f"{challenger.name} {challenger.score.value:.4f} against the champion {champion.name} {champion.score.value:.4f}"
    if against.p_better <= compared.level:
        return True, "better", [f"{scores}: better, p = {against.p_better:.3g} at level {compared.level:.2g}."]
    saved = saving(challenger, champion, rules.smaller, compared.level)
    inferior = [*_inferiority(compared, margin), *_untold(compared.told)]
    if saved and not inferior:
        return True, "smaller", [f"{scores}: not inferior by {margin:.4f} (bound {against.upper:+.4f}), and {saved}."]
    reasons = [
        f"{scores}: not better, p = {against.p_better:.3g}, required is at most {compared.level:.2g}.",
        *inferior,
        *([] if saved else [_no_saving(compared, rules.smaller)]),
    ]
    if against.detectable > margin:
        reasons.append(
            f"The test set has {against.n:,} rows or groups of rows: the smallest detectable difference is "
            f"{against.detectable:.4f}, the margin is {margin:.4f}. Underpowered: the champion stays."
        )
    return False, "refused", reasons


def _inferiority(compared: _Comparison, margin: float) -> list[str]:
    """Return a reason for each model against which non-inferiority is not shown: the champion, the best so far."""
    return [
        f"It may lose up to {comparison.upper:.4f} against {name}; allowed is less than the margin, {margin:.4f}."
        for name, comparison in (("the champion", compared.against), ("the best so far", compared.drift))
        if comparison is not None and not comparison.upper < margin
    ]


def _untold(told: Told) -> list[str]:
    """Return why a finalist cannot be told from who has learned nothing; nothing where it can."""
    return [] if told.ok else list(told.reasons)


def saving(challenger: Performance, champion: Performance, smaller: float, level: float) -> str | None:
    """Describe by how much a challenger is smaller or faster; None where that is not enough. smaller: share of the bytes."""
    if challenger.size_bytes <= (1 - smaller) * champion.size_bytes:
        share = 1 - challenger.size_bytes / champion.size_bytes
        return f"{share:.0%} smaller: {challenger.size_bytes:,} bytes instead of {champion.size_bytes:,}"
    if challenger.latency_us is None or champion.latency_us is None:
        return None
    ratio, high = ratio_upper(challenger.latency_us, champion.latency_us, level)
    return f"{1 - ratio:.0%} faster (ratio at most {high:.2f})" if ratio <= 1 - smaller and high < 1 else None


def _no_saving(compared: _Comparison, smaller: float) -> str:
    return (
        f"It is not {smaller:.0%} smaller or faster either: {compared.challenger.size_bytes:,} bytes, required are at most "
        f"{(1 - smaller) * compared.champion.size_bytes:,.0f}."
    )


def _rounded(comparison: Comparison) -> dict[str, float | int | None]:
    """Round the numbers of a comparison for the decision; an infinite bound becomes None, since JSON has no infinity."""
    numbers = asdict(comparison).items()
    return {name: (round(v, 10) if math.isfinite(v) else None) if isinstance(v, float) else v for name, v in numbers}
