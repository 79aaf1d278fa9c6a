"""The exam of a use case: the finalist is chosen on val and compared on test, and the decision is written with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from minnow.lineage import key_of
from minnow.measures.paired import difference
from minnow.measures.scores import score_by
from minnow.records.decision import Decision, Difference, SeriesScore, SeriesScores
from minnow.stages import clock, incumbents, judge
from minnow.stages.candidates import Candidate, Incumbents, performance
from minnow.stages.case import Case
from minnow.stages.chance import chance_of
from minnow.stages.choice import Choice
from minnow.stages.evaluate import Evaluation, answering_name, baselines, evaluate, record
from minnow.stages.finalists import LINEAR, rules_of
from minnow.stages.incumbents import Compared
from minnow.stages.judge import FirstLook, Performance, Rivals, Rules, Ruling
from minnow.stages.prepare import Prepared
from minnow.types import Table

LISTED_SERIES = 20
"""Number of series up to which each has its score in the decision; of more, those with the worst scores."""


def examine(
    case: Case, target: str, finalists: Sequence[Candidate], chosen: Choice, prepared: Prepared, held: Incumbents
) -> tuple[Decision, Candidate]:
    """Evaluate a finalist on the exam, compare it with champion and best so far, and return the decision and its model.

    finalists: the finalist, and after it the linear model where there is another that may stand in its place: with no champion
    that can be scored, the finalist must be worth more than that. The scores on the exam are added to the report and card of
    each. One that was withdrawn is refused without them, and so is one that cannot answer every row.
    """
    scored = [_sit(one, prepared, held) for one in finalists]
    if isinstance(scored[0], str):
        return withheld(case, target, finalists[0], held, scored[0]), finalists[0]
    sat = [_Sat(one, two) for one, two in zip(finalists, scored, strict=True) if isinstance(two, Evaluation)]
    first, linear = sat[0], sat[1] if len(sat) > 1 else None
    field = incumbents.compared(case, prepared, held, first.candidate.bundle)
    exam = _Exam(case, target, prepared, held, field, linear)
    decision, model = _decide(exam, first), first.candidate
    if "champion" not in field.rivals and linear is not None:
        simple = _decide(exam, linear)
        decision, model = _simple_until_proven(case, target, (first, linear), (decision, simple), chosen, held)
    rule = model.bundle.schema.decision_rule
    taken = () if rule is None else (f"{model.name} answers {rule}; the rule was chosen on val.",)
    decision = replace(decision, reasons=(*decision.reasons, *taken, *field.said), replaces=held.replaces)
    return _with_id(replace(decision, unscored=field.unscored, left_out=field.left_out)), model


@dataclass(frozen=True)
class _Sat:
    """A candidate that was scored on the exam."""

    candidate: Candidate
    evaluation: Evaluation

    def performance(self, target: str) -> Performance:
        """What the judge compares, by the clock of a target."""
        return performance(self.evaluation, self.candidate.timing if target == "cpu" else None)


@dataclass(frozen=True)
class _Exam:
    """What the decisions on one exam share. linear: the linear model, where it was scored beside another finalist."""

    case: Case
    target: str
    prepared: Prepared
    held: Incumbents
    field: Compared
    linear: _Sat | None

    @cached_property
    def shown(self) -> Prepared:
        """The rows of the exam that count for all models."""
        return incumbents.restricted(self.prepared, self.field.rows)

    @cached_property
    def plain(self) -> list[Performance]:
        """The baselines of task and modality, on all rows."""
        return _plain(self.case, self.learned)

    @cached_property
    def plain_shown(self) -> list[Performance]:
        """The same on the rows that count."""
        alike = self.shown is self.prepared
        return self.plain if alike else _plain(self.case, incumbents.restricted(self.learned, self.field.rows))

    @property
    def learned(self) -> Prepared:
        """What the baselines are fitted to: the rows that the finalist was fitted to."""
        return self.prepared.joined or self.prepared

    def references(self, sat: _Sat) -> list[Performance]:
        """What a candidate is compared with on all rows: the baselines, and the linear model beside another one."""
        linear = self.linear
        return self.plain + ([performance(linear.evaluation)] if linear and linear is not sat else [])

    def references_shown(self, sat: _Sat) -> list[Performance]:
        """The same on the rows that count."""
        linear = self.linear
        parts = [incumbents.part(linear.evaluation, self.field.rows)] if linear and linear is not sat else []
        return self.plain_shown + [performance(one) for one in parts]


def _plain(case: Case, prepared: Prepared) -> list[Performance]:
    """Score the baselines of task and modality."""
    found = baselines(case.problem, prepared)
    return [Performance(name, "", 0, loss, score) for name, (loss, score) in found.items()]


def _sit(candidate: Candidate, prepared: Prepared, held: Incumbents) -> Evaluation | str:
    """Score a candidate on the exam; or say why it is refused without a score."""
    if which := _withdrawn(candidate, held):
        return f"{candidate.name} has the bytes of {which}. It is refused until data or settings give another model."
    try:
        evaluation = evaluate(candidate.bundle, prepared.tables["test"])
    except ValueError as error:
        return f"{candidate.name} cannot be scored on the exam: {error}"
    record(evaluation, "test")
    return evaluation


def _simple_until_proven(
    case: Case,
    target: str,
    sat: tuple[_Sat, _Sat],
    decisions: tuple[Decision, Decision],
    chosen: Choice,
    held: Incumbents,
) -> tuple[Decision, Candidate]:
    """Return the decision on the linear model where a finalist is refused, or is not worth more: it is the incumbent.

    sat, decisions: the finalist and the linear model, each alone. Two models read the exam, and this is its first look.
    """
    (finalist, linear), (decision, simple) = sat, decisions
    rules = rules_of(case, linear.evaluation.loss)
    first = judge.against_linear(
        finalist.performance(target),
        linear.performance(target),
        could_stand=LINEAR in chosen.able,
        group=finalist.evaluation.batch.group,
        rules=rules,
        looks=held.looks,
    )
    both = "Two models read this exam: with no champion yet, the linear model is the incumbent."
    if (decision.promote and first.stands) or not simple.promote:
        return _looked(decision, (*decision.reasons, first.reason, both), first, held, rules), finalist.candidate
    why = (
        () if decision.promote else tuple(f"{finalist.candidate.name} is refused: {text}" for text in decision.reasons)
    )
    reasons = (first.reason, *why, *simple.reasons, both)
    return _looked(simple, reasons, first, held, rules), linear.candidate


def _looked(decision: Decision, reasons: tuple[str, ...], first: FirstLook, held: Incumbents, rules: Rules) -> Decision:
    """The decision, as one that compared two models on the exam."""
    return replace(
        decision,
        reasons=reasons,
        looked=True,
        looks=held.looks + 1,
        level_spent=judge.level_of_look(rules.level, held.looks + 1),
        comparisons={**decision.comparisons, LINEAR: first.comparison},
    )


def _decide(exam: _Exam, sat: _Sat) -> Decision:
    """Compare a candidate with the champion and the best so far, on the rows of the exam that count for all of them."""
    case, held, field = exam.case, exam.held, exam.field
    evaluation = incumbents.part(sat.evaluation, field.rows)
    timings = clock.timed_together(exam.target, sat.candidate, [rival.bundle.folder for rival in field.rivals.values()])
    rivals = {role: performance(one, timings.get(one.bundle.folder)) for role, one in field.rivals.items()}
    champion = rivals.get("champion")
    ruling = judge.decide(
        performance(evaluation, timings.get(evaluation.bundle.folder)),
        Rivals(champion, rivals.get("best"), held.looks),
        exam.references_shown(sat),
        group=evaluation.batch.group,
        rules=rules_of(case, champion.loss if champion else evaluation.loss),
        chance=chance_of(case.problem, exam.shown, evaluation, judge.level_of_look(case.judge.level, held.looks + 1)),
    )
    decision = _decision(case, sat.evaluation, ruling, exam.references(sat))
    series = series_scores(case, sat.evaluation, exam.prepared.tables["test"])
    return replace(decision, target=exam.target, looks=held.looks + int(ruling.looked), series=series)


def _decision(case: Case, evaluation: Evaluation, ruling: Ruling, references: Sequence[Performance]) -> Decision:
    bundle, result = evaluation.bundle, evaluation.result
    return Decision(
        usecase=case.name,
        target="",
        verdict=ruling.verdict,
        promote=ruling.promote,
        reasons=tuple(ruling.reasons),
        finalist=bundle.name,
        sha=bundle.sha,
        size_bytes=bundle.size_bytes,
        fingerprint=result.fingerprint,
        rows=result.rows,
        measure=case.measure.name,
        score=evaluation.primary,
        about=result.about,
        baselines={model.name: model.score for model in references},
        differences=_differences(case, evaluation, references),
        looked=ruling.looked,
        level_spent=ruling.level_spent,
        comparisons=ruling.comparisons,
    )


def series_scores(case: Case, evaluation: Evaluation, test: Table) -> SeriesScores | None:
    """Score each series by the first measure; None where rows are not of several series."""
    column, measure = case.modality.CAPABILITIES.series_column(case.options), case.measure
    if column is None:
        return None
    scores = score_by(measure, evaluation.outputs, evaluation.batch, test.columns[column])
    worst_first = sorted(scores, key=lambda name: scores[name][0], reverse=not measure.higher_is_better)
    listed = {name: SeriesScore(round(scores[name][0], 10), scores[name][1]) for name in worst_first[:LISTED_SERIES]}
    values = [value for value, _ in scores.values()]
    if not values:
        return None
    quantiles = dict(
        zip(("min", "q25", "median", "q75", "max"), np.quantile(values, np.linspace(0, 1, 5)), strict=True)
    )
    return SeriesScores(len(scores), {name: round(float(value), 10) for name, value in quantiles.items()}, listed)


def _differences(case: Case, evaluation: Evaluation, references: Sequence[Performance]) -> dict[str, Difference]:
    """Loss difference, finalist minus each baseline, with an interval; for a root measure, the difference of the roots."""
    measure, group = case.measure, evaluation.batch.group
    values = {model.name: difference(evaluation.loss, model.loss, group, measure) for model in references}
    return {name: Difference(*(round(value, 10) for value in numbers)) for name, numbers in values.items()}


def refusal(case: Case, target: str, chosen: Choice, held: Incumbents) -> Decision:
    """Return the decision on a target for which no finalist was chosen."""
    verdict = "infeasible" if chosen.infeasible else "refused"
    reasons, replaces, measure = tuple(chosen.reasons), held.replaces, case.measure.name
    decision = Decision(case.name, target, verdict, promote=False, reasons=reasons, replaces=replaces, measure=measure)
    return _with_id(decision)


def _withdrawn(candidate: Candidate, held: Incumbents) -> str | None:
    """Which withdrawn version has the bytes or the answering parts of a candidate; None where there is none."""
    if not held.withdrawn:
        return None
    return held.withdrawn.get(candidate.bundle.sha) or held.withdrawn.get(answering_name(candidate.bundle))


def withheld(case: Case, target: str, finalist: Candidate, held: Incumbents, reason: str) -> Decision:
    """Return the decision on a finalist that has no score on the exam. It was compared with nothing, so it is no look."""
    bundle = finalist.bundle
    decision = Decision(
        case.name, target, "refused", promote=False, reasons=(reason,), finalist=bundle.name, sha=bundle.sha
    )
    return _with_id(
        replace(
            decision,
            size_bytes=bundle.size_bytes,
            replaces=held.replaces,
            looks=held.looks,
            measure=case.measure.name,
        )
    )


def unread(case: Case, target: str, chosen: Choice, finalist: Candidate) -> Decision:
    """Return the decision of a trial that does not read the test set: the finalist is named and not promoted."""
    reasons = (*chosen.reasons, "A trial: these are scores on val, the test set was not read, and nothing is promoted.")
    bundle, measure = finalist.bundle, case.measure.name
    decision = Decision(
        case.name, target, "trial", promote=False, reasons=reasons, finalist=bundle.name, measure=measure
    )
    return _with_id(replace(decision, sha=bundle.sha, size_bytes=bundle.size_bytes))


def _with_id(decision: Decision) -> Decision:
    """Set the id of a decision: a hash of its content, which is the same whenever it is taken."""
    return replace(decision, id=key_of(decision.as_json()))
