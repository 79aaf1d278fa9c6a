"""The choice of a finalist on val: the smallest variant that is not inferior to the best, within every limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from minnow.measures.paired import compare
from minnow.stages.judge import Performance, Rules, unfit
from minnow.types import Array


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
    """The finalist's name, None where there is none. infeasible: without the budget there would be one."""

    finalist: str | None
    reasons: list[str]
    infeasible: bool = False


def choose_finalist(variants: Sequence[Performance], *, group: Array, rules: Rules, budget: Budget) -> Choice:
    """Choose, on val, the smallest variant that is not inferior to the best, among those within every limit.

    group: (n,) int, rows of one group are resampled together. Of equal sizes the first name is chosen; the order of the
    variants does not matter. The choice is infeasible where a variant would be within the limits without the budget.
    """
    ordered = sorted(variants, key=lambda v: v.name)
    refused = {v.name: why for v in ordered if (why := _over_limit(v, rules, budget))}
    within = [v for v in ordered if v.name not in refused]
    reasons = [f"{name}: {why}" for name, why in refused.items()]
    if not within:
        by_budget = any(unfit(v, rules) is None for v in ordered)
        return Choice(None, [*reasons, "No variant is within the limits."], infeasible=by_budget)
    best = min(within, key=lambda v: (_mean(v), v.size_bytes, v.name))
    bounds = {v.name: _upper(v, best, group, rules) for v in within}
    able = [v for v in within if v is best or bounds[v.name] < rules.margin]
    finalist = min(able, key=lambda v: (v.size_bytes, v.name))
    reasons.append(
        f"{best.name} is best on val with {best.score.value:.4f}; {finalist.name} is the smallest of {len(able)} that are "
        f"not inferior to it by the margin {rules.margin:.4f}: {finalist.size_bytes:,} bytes, {finalist.score.value:.4f}."
    )
    return Choice(finalist.name, reasons)


def _mean(variant: Performance) -> float:
    return math.fsum(variant.loss) / len(variant.loss)


def _upper(variant: Performance, best: Performance, group: Array, rules: Rules) -> float:
    if variant is best:
        return 0.0
    return compare(variant.loss, best.loss, group, binary=rules.binary, level=rules.level).upper


def _over_limit(v: Performance, rules: Rules, budget: Budget) -> str | None:
    """Return the limit that a variant breaks, or None."""
    if budget.size_bytes is not None and v.size_bytes > budget.size_bytes:
        return f"{v.size_bytes:,} bytes; budget.size_bytes allows {budget.size_bytes:,}."
    if budget.p95_us is not None and v.p95_us is not None and v.p95_us > budget.p95_us:
        return f"p95 latency {v.p95_us:.0f} us; budget.p95_us allows {budget.p95_us:.0f}."
    if budget.memory_bytes is not None and v.memory_bytes is not None and v.memory_bytes > budget.memory_bytes:
        return f"{v.memory_bytes:,.0f} bytes of memory; budget.memory_bytes allows {budget.memory_bytes:,}."
    return unfit(v, rules)
