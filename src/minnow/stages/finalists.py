"""The finalists of a use case: chosen without test, and fitted again; the exam then reads test for them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from minnow.stages import choice, clock, compress, crossval
from minnow.stages.candidates import Candidate, performance
from minnow.stages.case import Case
from minnow.stages.choice import Choice, Field
from minnow.stages.judge import Rules
from minnow.stages.prepare import Prepared
from minnow.stages.train import Call, Each, in_order
from minnow.types import Array, Report, Table, silent

LINEAR = "linear"
"""The family that stands until another is shown to be better."""


@dataclass(frozen=True)
class Finalists:
    """What was chosen.

    choices: target -> choice; shipped: name of a candidate -> the candidate as it would be shipped. joined: see Prepared, for
    finalists that were fitted again.
    """

    choices: Mapping[str, Choice]
    shipped: Mapping[str, Candidate] = field(default_factory=dict[str, Candidate])
    joined: Prepared | None = None

    def ship(self, candidates: Sequence[Candidate], name: str | None) -> Candidate | None:
        """Return a candidate, by its name, as it would be shipped; None where there is none of that name."""
        own = next((candidate for candidate in candidates if candidate.name == name), None)
        return None if own is None else self.shipped.get(own.name, own)


def rules_of(case: Case, loss: Array) -> Rules:
    """Return a case's settings of a comparison. loss: (n,), of the model whose mean loss a relative margin refers to."""
    return Rules(
        binary=case.measure.binary,
        level=case.judge.level,
        margin=case.measure.loss_margin(loss, case.judge.margin),
        higher_is_better=case.measure.higher_is_better,
        smaller=case.judge.smaller,
        floor=case.usecase.gate.floor,
        beat_baseline=case.usecase.gate.beat_baseline,
    )


def field_of(case: Case, target: str, candidates: Sequence[Candidate]) -> Field:
    """The variants that a target can serve, on val."""
    eligible = [candidate for candidate in candidates if candidate.runs_on(target)]
    best = min((candidate.val.loss.mean() for candidate in eligible), default=0.0)
    group = eligible[0].val.batch.group if eligible else np.empty(0, np.int64)
    timings, unchecked = clock.timings_of(case, target, eligible)
    variants = [performance(candidate.val, timings.get(candidate.bundle.folder)) for candidate in eligible]
    rules = rules_of(case, np.array([best]))
    field = choice.field_of(variants, group=group, rules=rules, budget=case.usecase.budget)
    return replace(field, reasons=(*field.reasons, *unchecked), further=case.further)


def choose(case: Case, target: str, candidates: Sequence[Candidate]) -> Choice:
    """Choose the finalist of a target on val alone."""
    return choice.choose_on_val(field_of(case, target, candidates))


def choose_all(
    case: Case,
    table: Table,
    candidates: Sequence[Candidate],
    call: Call,
    *,
    each: Each = in_order,
    report: Report = silent,
) -> dict[str, Choice]:
    """Choose the finalist of each target; where val is too small, by cross-validation over train and val.

    table: raw rows. Targets between whose families val cannot choose share one cross-validation.
    """
    fields = {target: field_of(case, target, candidates) for target in case.usecase.targets}
    open_ = {target: _undecided(case, one) for target, one in fields.items()}
    names = list(dict.fromkeys(name for families in open_.values() if len(families) > 1 for name in families))
    folds = crossval.run(case, table, names, call, each=each, report=report) if names else None
    choices = {}
    for target, one in fields.items():
        left = [name for name in open_[target] if folds is None or name not in folds.failed]
        if not left:
            choices[target] = choice.choose_on_val(one, folds.failed if folds and open_[target] else {})
        elif len(left) == 1 or folds is None:
            choices[target] = choice.choose_within(one, left[0])
        else:
            choices[target] = choice.choose_by_folds(one, folds.only(left))
    return choices


def _undecided(case: Case, field: Field) -> list[str]:
    return choice.undecided(field) if field.variants and case.task.CAPABILITIES.redivided else []


def fitted_again(case: Case, choices: Mapping[str, Choice], candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates to be fitted again: finalists with their exports, and the linear model beside each.

    In a benchmark (exam: families) also one of each family; in a trial that does not read the exam, none.
    """
    if case.usecase.exam == "none":
        return []
    named = {name for one in choices.values() for name in (one.finalist, one.variants.get(LINEAR)) if name}
    own = {name.partition("/")[0] for one in choices.values() if (name := one.finalist)}
    exports = compress.exports_of(case.usecase)
    named |= {one.name for one in candidates if one.family in own and one.variant in exports}
    if case.usecase.exam == "families":
        named |= {name for name in of_families(case, candidates).values() if name}
    return [candidate for candidate in candidates if candidate.name in named]


def of_families(case: Case, candidates: Sequence[Candidate]) -> dict[str, str | None]:
    """Family -> the finalist among its own variants, chosen on val, for the first target."""
    target = case.usecase.targets[0]
    return {
        family: choose(case, target, [one for one in candidates if one.family == family]).finalist
        for family in case.usecase.families
    }
