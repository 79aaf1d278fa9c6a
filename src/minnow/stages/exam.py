"""The exam of a use case: the finalist is chosen on val and compared on test, and the decision is written with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from minnow.lineage import key_of
from minnow.measures.paired import difference
from minnow.measures.scores import score_by
from minnow.records.bundle import Bundle
from minnow.records.decision import Decision, Difference, SeriesScore, SeriesScores
from minnow.records.timing import Timing
from minnow.stages import judge, timing
from minnow.stages.candidates import Candidate, Incumbents, performance
from minnow.stages.case import Case
from minnow.stages.chance import chance_of
from minnow.stages.choice import Choice
from minnow.stages.evaluate import Evaluation, baselines, evaluate, record
from minnow.stages.finalists import LINEAR, rules_of
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
    yet, the finalist must be worth more than that. The scores on the exam are added to the report and card of each. One that
    was withdrawn is refused without them.
    """
    if finalists[0].bundle.sha in held.withdrawn:
        return withheld(case, target, finalists[0], held), finalists[0]
    finalists = [one for one in finalists if one.bundle.sha not in held.withdrawn]
    sat = [_sit(case, candidate, finalists, prepared) for candidate in finalists]
    first, linear = sat[0], sat[1] if len(sat) > 1 else None
    decision = _decide(case, target, first, prepared, held)
    if held.champion is not None or linear is None:
        return decision, first.candidate
    return _simple_until_proven(case, target, (first, linear), decision, chosen, prepared, held)


@dataclass(frozen=True)
class _Sat:
    """A candidate that was scored on the exam. references: the baselines that it is compared with."""

    candidate: Candidate
    evaluation: Evaluation
    references: list[Performance]

    @property
    def performance(self) -> Performance:
        """What the judge compares."""
        return performance(self.evaluation, self.candidate.timing)


def _sit(case: Case, candidate: Candidate, finalists: Sequence[Candidate], prepared: Prepared) -> _Sat:
    """Score a candidate on the exam, and beside it the baselines of task and modality, and the linear model."""
    evaluation = evaluate(candidate.bundle, prepared.tables["test"])
    record(evaluation, "test")
    plain = baselines(case.problem, prepared)
    models = [Performance(name, "", 0, loss, score) for name, (loss, score) in plain.items()]
    others = [other for other in finalists if other.family == LINEAR != candidate.family]
    models += [performance(evaluate(other.bundle, prepared.tables["test"])) for other in others]
    return _Sat(candidate, evaluation, models)


def _simple_until_proven(
    case: Case,
    target: str,
    sat: tuple[_Sat, _Sat],
    decision: Decision,
    chosen: Choice,
    prepared: Prepared,
    held: Incumbents,
) -> tuple[Decision, Candidate]:
    """Return the decision on the linear model where a finalist is refused, or is not worth more: it is the incumbent.

    decision: on the finalist alone. Two models read the exam, and this is its first look.
    """
    finalist, linear = sat
    rules = rules_of(case, linear.evaluation.loss)
    first = judge.against_linear(
        finalist.performance,
        linear.performance,
        could_stand=LINEAR in chosen.able,
        group=finalist.evaluation.batch.group,
        rules=rules,
        looks=held.looks,
    )
    simple = _decide(case, target, linear, prepared, held)
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
    looked = replace(
        decision,
        reasons=reasons,
        looked=True,
        looks=held.looks + 1,
        level_spent=judge.level_of_look(rules.level, held.looks + 1),
        comparisons={**decision.comparisons, LINEAR: first.comparison},
    )
    return _with_id(replace(looked, id=""))


def _decide(case: Case, target: str, sat: _Sat, prepared: Prepared, held: Incumbents) -> Decision:
    """Compare a candidate with the champion and the best so far, on the exam."""
    test, evaluation = prepared.tables["test"], sat.evaluation
    rivals = {role: evaluate(bundle, test) for role, bundle in held.bundles.items()}
    timings = _timings(sat.candidate, [rival.bundle for rival in rivals.values()])
    champion, best = (_performance(rivals.get(role), timings) for role in ("champion", "best"))
    ruling = judge.decide(
        performance(evaluation, timings[evaluation.bundle.folder]),
        Rivals(champion, best, held.looks),
        sat.references,
        group=evaluation.batch.group,
        rules=rules_of(case, champion.loss if champion else evaluation.loss),
        chance=chance_of(case.problem, prepared, evaluation, judge.level_of_look(case.judge.level, held.looks + 1)),
    )
    decision = replace(
        _decision(case, evaluation, ruling, sat.references), series=series_scores(case, evaluation, test)
    )
    looks = held.looks + int(ruling.looked)
    return _with_id(replace(decision, target=target, replaces=_sha(held.champion), looks=looks))


def _sha(bundle: Bundle | None) -> str | None:
    return bundle.sha if bundle else None


def _timings(finalist: Candidate, rivals: list[Bundle]) -> Mapping[Path, Timing]:
    """Time the finalist and its rivals alternately, so that their ratio compares one machine at one time."""
    if not rivals:
        return {finalist.bundle.folder: finalist.timing}
    return timing.measure(list(dict.fromkeys([finalist.bundle.folder, *(rival.folder for rival in rivals)])))


def _performance(rival: Evaluation | None, timings: Mapping[Path, Timing]) -> Performance | None:
    return None if rival is None else performance(rival, timings[rival.bundle.folder])


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
        measure=case.task.MEASURES[0].name,
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
    column, measure = case.modality.CAPABILITIES.series_column(case.options), case.task.MEASURES[0]
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
    measure, group = case.task.MEASURES[0], evaluation.batch.group
    values = {model.name: difference(evaluation.loss, model.loss, group, measure) for model in references}
    return {name: Difference(*(round(value, 10) for value in numbers)) for name, numbers in values.items()}


def refusal(case: Case, target: str, chosen: Choice, held: Incumbents) -> Decision:
    """Return the decision on a target for which no finalist was chosen."""
    verdict = "infeasible" if chosen.infeasible else "refused"
    reasons, replaces, measure = tuple(chosen.reasons), _sha(held.champion), case.task.MEASURES[0].name
    decision = Decision(case.name, target, verdict, promote=False, reasons=reasons, replaces=replaces, measure=measure)
    return _with_id(decision)


def withheld(case: Case, target: str, finalist: Candidate, held: Incumbents) -> Decision:
    """Return the decision on a finalist with the bytes of a withdrawn version. The exam is not read, so it is no look."""
    bundle = finalist.bundle
    which = held.withdrawn[bundle.sha]
    reason = f"{bundle.name} has the bytes of {which}. It is refused until data or settings give another model."
    decision = Decision(
        case.name, target, "refused", promote=False, reasons=(reason,), finalist=bundle.name, sha=bundle.sha
    )
    return _with_id(
        replace(
            decision,
            size_bytes=bundle.size_bytes,
            replaces=_sha(held.champion),
            looks=held.looks,
            measure=case.task.MEASURES[0].name,
        )
    )


def unread(case: Case, target: str, chosen: Choice, finalist: Candidate) -> Decision:
    """Return the decision of a trial that does not read the test set: the finalist is named and not promoted."""
    reasons = (*chosen.reasons, "A trial: these are scores on val, the test set was not read, and nothing is promoted.")
    bundle, measure = finalist.bundle, case.task.MEASURES[0].name
    decision = Decision(
        case.name, target, "trial", promote=False, reasons=reasons, finalist=bundle.name, measure=measure
    )
    return _with_id(replace(decision, sha=bundle.sha, size_bytes=bundle.size_bytes))


def _with_id(decision: Decision) -> Decision:
    """Set the id of a decision: a hash of its content, which is the same whenever it is taken."""
    return replace(decision, id=key_of(decision.as_json()))
