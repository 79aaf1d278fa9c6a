"""The choice of a finalist, never on test.

Where val can see a difference of one margin, the smallest variant that is not inferior to the best on val is chosen. Where it
cannot, families are cross-validated over train and val, and the smallest within half a standard error of the best is chosen,
after the one-standard-error rule. Source: Breiman et al. 1984.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from minnow.measures.paired import Comparison, compare, standard_error
from minnow.records.decision import FamilyFolds
from minnow.stages.crossval import FOLDS, OutOfFold
from minnow.stages.judge import Performance, Rules, unfit
from minnow.types import Array

VAL, CROSS_VALIDATION = "val", "cross-validation"
"""The rules of a choice."""
NEAR = 0.5
"""Standard errors within which a family counts as good as the best; of 0, 1/4, 1/2, 3/4 and 1 this left the least regret."""


class Budget(Protocol):
    """Limits of a served model; None is no limit."""

    @property
    def size_bytes(self) -> int | None:
        """Size of model and encoder."""
        ...

    @property
    def p95_us(self) -> float | None:
        """95th percentile of the latency of one-row answers."""
        ...

    @property
    def memory_bytes(self) -> int | None:
        """Peak memory while answering."""
        ...


@dataclass(frozen=True)
class Choice:
    """A finalist, and what could have stood in its place.

    finalist: name of the variant, None where there is none; infeasible: without the budget there would be one. rule: by which
    it was chosen; folds: family -> figures of the cross-validation. variants: family -> its variant that would be chosen; able:
    families that could have been chosen, since they are not shown to be worse than the best.
    """

    finalist: str | None
    reasons: list[str]
    infeasible: bool = False
    rule: str = VAL
    folds: Mapping[str, FamilyFolds] = field(default_factory=dict[str, FamilyFolds])
    variants: Mapping[str, str] = field(default_factory=dict[str, str])
    able: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """The variants that a finalist is chosen from, and those that exceed a limit.

    group: (n,) int, rows of one group are resampled together. further: entries that the effort of a run added to those in
    params.yaml.
    """

    variants: tuple[Performance, ...]
    reasons: tuple[str, ...]
    group: Array
    rules: Rules
    infeasible: bool = False
    further: Collection[str] = ()

    @property
    def best(self) -> Performance:
        """The variant with the least mean loss on val; of equal ones the smallest, then the first by name.

        The best of many is flattered by chance, so a further entry is the best only where it is shown to be better than those
        in params.yaml, and by more than one margin.
        """
        own = [variant for variant in self.variants if family_of(variant) not in self.further]
        first = min(own or self.variants, key=_rank)
        better = (v for v in self.variants if _mean(first) - _mean(v) > self.rules.margin)
        return min((v for v in better if self.compare(v, first).p_better <= self.rules.level), key=_rank, default=first)

    @property
    def families(self) -> dict[str, list[Performance]]:
        """Family -> its variants."""
        names = dict.fromkeys(family_of(variant) for variant in self.variants)
        return {name: [v for v in self.variants if family_of(v) == name] for name in names}

    def compare(self, variant: Performance, other: Performance) -> Comparison:
        """Compare the losses of two variants on val."""
        return compare(variant.loss, other.loss, self.group, binary=self.rules.binary, level=self.rules.level)


def field_of(variants: Sequence[Performance], *, group: Array, rules: Rules, budget: Budget) -> Field:
    """Leave out the variants that exceed a limit. The order of the variants does not matter."""
    ordered = sorted(variants, key=lambda v: v.name)
    refused = {v.name: why for v in ordered if (why := over_limit(v, rules, budget))}
    within = tuple(v for v in ordered if v.name not in refused)
    reasons = [f"{name}: {why}" for name, why in refused.items()]
    infeasible = not within and any(unfit(v, rules) is None for v in ordered)
    if not within:
        reasons.append("No variant is within the limits.")
    return Field(within, tuple(reasons), group, rules, infeasible)


def undecided(field: Field) -> list[str]:
    """Families that are not shown to be worse than the best on val; none where val can see a difference of one margin.

    It can where the difference between the best and the best of the other families (of the other variants, where there is one
    family) would be detected with a power of 80 %.
    """
    leaders = sorted((min(variants, key=_rank) for variants in field.families.values()), key=_rank)
    best = field.best
    others = [one for one in (leaders if len(leaders) > 1 else sorted(field.variants, key=_rank)) if one is not best]
    if not others or field.compare(others[0], best).detectable <= field.rules.margin:
        return []
    left = [one for one in leaders if one is not best and field.compare(best, one).p_better > field.rules.level]
    return [family_of(one) for one in (best, *left)]


def choose_on_val(field: Field, failed: Mapping[str, str] | None = None) -> Choice:
    """Choose the smallest variant that is not inferior to the best on val; of equal sizes the first by name.

    failed: family -> why it could not be cross-validated, where val is too small.
    """
    if not field.variants:
        return Choice(None, list(field.reasons), field.infeasible)
    best, margin = field.best, field.rules.margin
    able = [v for v in field.variants if v is best or field.compare(v, best).upper < margin]
    finalist = min(able, key=_size)
    reason = (
        f"{best.name} is best on val with {best.score.value:.4f}; {finalist.name} is the smallest of {len(able)} that are "
        f"not inferior to it by the margin {margin:.4f}: {finalist.size_bytes:,} bytes, {finalist.score.value:.4f}."
    )
    families = tuple(dict.fromkeys(family_of(v) for v in able))
    return Choice(
        finalist.name,
        [*field.reasons, *_not_validated(failed or {}), reason],
        variants=_names(_chosen(field)),
        able=families,
    )


def choose_within(field: Field, family: str) -> Choice:
    """Choose the smallest variant of a family that keeps the loss of the best of them on val."""
    chosen = _chosen(field)
    finalist = chosen[family]
    reason = (
        f"Val is too small to see a difference of one margin, and all families but {family} are shown to be worse or exceed a "
        f"limit. {finalist.name} is its smallest variant that keeps the score on val: {finalist.size_bytes:,} bytes, "
        f"{finalist.score.value:.4f}."
    )
    return Choice(finalist.name, [*field.reasons, reason], variants=_names(chosen), able=(family,))


def choose_by_folds(field: Field, folds: OutOfFold) -> Choice:
    """Choose the smallest family whose mean loss out of fold lies within NEAR standard errors of the least.

    The error is that of the paired differences, row by row or group by group, inflated because the training sets of folds
    overlap. Each family stands with the smallest of its variants that keeps the loss of the best of them on val. Source:
    Nadeau & Bengio 2003. A further entry counts as the best only where it is better than those in params.yaml by more than one
    standard error and one margin.
    """
    chosen = _chosen(field)
    figures = _figures(field, folds, {name: chosen[name].size_bytes for name in folds.loss})
    able = [name for name, one in figures.items() if one.difference <= NEAR * one.error]
    finalist = min((chosen[name] for name in able), key=_size)
    return Choice(
        finalist.name,
        [*field.reasons, *_said(figures, able, finalist, folds)],
        rule=CROSS_VALIDATION,
        folds=figures,
        variants=_names(chosen),
        able=tuple(able),
    )


def _figures(field: Field, folds: OutOfFold, sizes: Mapping[str, int]) -> dict[str, FamilyFolds]:
    """Figures of each family, that with which the others are compared first."""
    means = {name: math.fsum(loss) / len(loss) for name, loss in folds.loss.items()}
    rank = lambda name: (means[name], sizes[name], name)  # noqa: E731
    first = min([name for name in means if name not in field.further] or means, key=rank)
    better = [
        name for name in means if means[first] - means[name] > max(field.rules.margin, _error(folds, name, first))
    ]
    best = min(better, key=rank, default=first)
    figures = {}
    for name in sorted(means, key=lambda name: (name != best, means[name], name)):
        error = 0.0 if name == best else _error(folds, name, best)
        figures[name] = FamilyFolds(means[name], means[name] - means[best], error, sizes[name])
    return figures


def _error(folds: OutOfFold, name: str, other: str) -> float:
    """Standard error of the difference of two families, inflated because the training sets of folds overlap."""
    inflated = math.sqrt(1 + 1 / (FOLDS - 1))
    return inflated * standard_error(folds.loss[name] - folds.loss[other], folds.group)


def _said(
    figures: Mapping[str, FamilyFolds], able: Sequence[str], finalist: Performance, folds: OutOfFold
) -> list[str]:
    """Sentences about a choice by cross-validation."""
    best = next(iter(figures))
    lines = [
        f"Val is too small to see a difference of one margin, so the families were cross-validated over train and val "
        f"({FOLDS} folds, {len(folds.group):,} rows)."
    ]
    lines += _not_validated(folds.failed)
    listed = "; ".join(
        f"{name} {one.loss:.4f}" + (f" (+{one.difference:.4f}, standard error {one.error:.4f})" if name != best else "")
        for name, one in figures.items()
    )
    lines.append(f"Mean loss out of fold: {listed}.")
    lines.append(
        f"{finalist.name} is the smallest of {len(able)} within half a standard error of {best}: {finalist.size_bytes:,} bytes."
    )
    return lines


def _not_validated(failed: Mapping[str, str]) -> list[str]:
    return [f"{name} could not be cross-validated: {why}" for name, why in failed.items()]


def family_of(variant: Performance) -> str:
    """Family of a variant, by its name."""
    return variant.name.partition("/")[0]


def _chosen(field: Field) -> dict[str, Performance]:
    """Family -> its variant that would be chosen."""
    return {name: _of_family(variants, field.rules.margin) for name, variants in field.families.items()}


def _names(chosen: Mapping[str, Performance]) -> dict[str, str]:
    """Family -> name of its variant."""
    return {family: variant.name for family, variant in chosen.items()}


def _of_family(variants: Sequence[Performance], margin: float) -> Performance:
    """The smallest variant of a family whose mean loss on val is not more than a margin above that of the best."""
    return min(within_margin(variants, margin), key=_size)


def within_margin(variants: Sequence[Performance], margin: float) -> list[Performance]:
    """The variants whose mean loss on val is not more than a margin above that of the best."""
    best = min(variants, key=_rank)
    return [v for v in variants if _mean(v) <= _mean(best) + margin]


def _size(variant: Performance) -> tuple[int, str]:
    return variant.size_bytes, variant.name


def _rank(variant: Performance) -> tuple[float, int, str]:
    return _mean(variant), variant.size_bytes, variant.name


def _mean(variant: Performance) -> float:
    return math.fsum(variant.loss) / len(variant.loss)


def over_limit(v: Performance, rules: Rules, budget: Budget) -> str | None:
    """Return the limit that a variant breaks, or None."""
    if budget.size_bytes is not None and v.size_bytes > budget.size_bytes:
        return f"{v.size_bytes:,} bytes; budget.size_bytes allows {budget.size_bytes:,}."
    if budget.p95_us is not None and v.p95_us is not None and v.p95_us > budget.p95_us:
        return f"p95 latency {v.p95_us:.0f} us; budget.p95_us allows {budget.p95_us:.0f}."
    if budget.memory_bytes is not None and v.memory_bytes is not None and v.memory_bytes > budget.memory_bytes:
        return f"{v.memory_bytes:,.0f} bytes of memory; budget.memory_bytes allows {budget.memory_bytes:,}."
    return unfit(v, rules)
