"""Certification: each variant that was made from another is compared with it, and refused where it harms or does not pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from minnow import compression
from minnow.config import variant_of
from minnow.measures.paired import compare
from minnow.records.certificate import REFUSED
from minnow.stages import certificate
from minnow.stages.candidates import Candidate, LineUp
from minnow.stages.case import Case
from minnow.stages.certificate import Bounds
from minnow.stages.compress import FLOAT
from minnow.stages.finalists import rules_of
from minnow.stages.judge import Performance, saving
from minnow.types import Array, Columns

OF_RECALL = ("accuracy", "balanced_accuracy")
"""Measures in whose unit the recall of a class is: their margin is asked of each class too."""


def _unseen(name: str, error: Exception) -> None:
    """Keep no trace."""


def certify(case: Case, lined_up: LineUp, columns: Columns, seen: Callable[[str, Exception], None] = _unseen) -> LineUp:
    """Write the certificate of each variant that has a parent, and leave out those that are refused.

    A variant is compared with its parent, or where that was refused with the parent of that, so that harm does not pass along
    a chain. columns: of val, before they were encoded. One that cannot be compared is refused; an error other than ValueError
    is handed to seen(name, error). Raises OSError.
    """
    standing = {candidate.name: candidate for candidate in lined_up.candidates}
    made_from = {one.name: one.val.bundle.schema.parent for one in lined_up.candidates}
    refused: dict[str, str] = {}
    for name, candidate in standing.items():
        if made_from[name] is None:
            continue
        parent = _parent(candidate, standing, made_from, refused)
        if parent is None:
            missing = f"{candidate.family}/{made_from[name]}"
            why = lined_up.refused.get(missing, "it was not made")
            refused[name] = f"it cannot be compared with its parent {missing}: {why}"
            continue
        try:
            reason = _reason(case, candidate, parent, standing.get(f"{candidate.family}/{FLOAT}"), columns)
        except OSError:
            raise
        except Exception as error:  # an error of one variant must not cost the others
            reason = f"it could not be compared with {parent.name}: {error}"
            if not isinstance(error, ValueError):
                seen(name, error)
        if reason:
            refused[name] = reason
    return lined_up.without(refused)


def _parent(
    candidate: Candidate,
    standing: Mapping[str, Candidate],
    made_from: Mapping[str, str | None],
    refused: Mapping[str, str],
) -> Candidate | None:
    """The nearest variant in a candidate's chain that stands; the trained model's own file ends each chain."""
    variant = made_from[candidate.name]
    while variant is not None:
        name = f"{candidate.family}/{variant}"
        if name in standing and name not in refused:
            return standing[name]
        variant = made_from.get(name, None if variant == FLOAT else FLOAT)
    return None


def _reason(
    case: Case, candidate: Candidate, parent: Candidate, start: Candidate | None, columns: Columns
) -> str | None:
    """Write the certificate of a candidate. Returns why it is refused, None where it stands.

    start: the trained model's own file, with which the size of a step is compared that does not make smaller: what was taken
    out before it is still gone.
    """
    rules = rules_of(case, parent.val.loss)
    bounds = Bounds(rules.level, round(rules.margin, 10), _recall_margin(case, parent.val.loss))
    made = certificate.certify(candidate.val, parent.val, columns, bounds)
    made.write(candidate.val.bundle.record_folder)
    if made.verdict == REFUSED:
        return f"against its parent {parent.name}: {' '.join(made.reasons)}"
    counts_speed = case.usecase.budget.p95_us is not None  # without a limit the clock must not decide who stands
    own, other = (one.val.bundle.model_path.suffix for one in (candidate, parent))
    if own != other:
        return None  # a file for another runtime than its parent's is wanted whatever its size
    shrinks = _shrinks(case, candidate.variant)
    larger = parent if shrinks or start is None else start
    if saving(*_costs(candidate, larger, counts_speed), rules.smaller, rules.level):
        return None
    nor = f" nor {rules.smaller:.0%} faster" if counts_speed else ""
    if shrinks:
        return (
            f"it is not {rules.smaller:.0%} smaller{nor} than its parent {parent.name}: {made.size_bytes:,} bytes, required "
            f"are at most {(1 - rules.smaller) * made.parent_size_bytes:,.0f}."
        )
    against = compare(
        candidate.val.loss, parent.val.loss, candidate.val.batch.group, binary=rules.binary, level=rules.level
    )
    if against.p_better <= rules.level:
        return None
    required = f"{(1 - rules.smaller) * larger.val.bundle.size_bytes:,.0f}"
    return (
        f"it is neither smaller nor better: not {rules.smaller:.0%} smaller{nor} than {larger.name} ({made.size_bytes:,} "
        f"bytes, required are at most {required}), and not shown to be better than its parent {parent.name}, "
        f"p = {against.p_better:.3g}, required is at most {rules.level:g}."
    )


def _shrinks(case: Case, variant: str) -> bool:
    """Whether the last step of a variant is to make it smaller; exports and whatever no recipe names are."""
    steps = [steps for recipe in case.usecase.recipes for steps in recipe.beginnings if variant_of(steps) == variant]
    return all(compression.get(one[-1].name).SHRINKS for one in steps)


def _recall_margin(case: Case, loss: Array) -> float:
    """How much of the recall of a class may be lost: as much as of the accuracy; 0 where answers are no labels."""
    if case.measure.name in OF_RECALL:
        return case.measure.loss_margin(loss, case.judge.margin)
    return next((one.margin for one in case.task.MEASURES if one.name in OF_RECALL), 0.0)


def _costs(candidate: Candidate, parent: Candidate, counts_speed: bool) -> tuple[Performance, Performance]:
    """Size of both, and speed where that counts."""
    return _cost(candidate, counts_speed), _cost(parent, counts_speed)


def _cost(candidate: Candidate, counts_speed: bool) -> Performance:
    val, samples = candidate.val, candidate.timing.latency_us
    rounds = np.asarray(samples) if samples and counts_speed else None
    return Performance(candidate.name, "", val.bundle.size_bytes, val.loss, val.primary, latency_us=rounds)
