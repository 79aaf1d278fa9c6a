"""The exam of a use case: the finalist is chosen on val and compared on test, and the decision is written with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minnow.lineage import key_of
from minnow.measures.paired import difference
from minnow.measures.scores import score_by
from minnow.records.decision import Decision, Difference, SeriesScore, SeriesScores
from minnow.stages import choice, clock, incumbents, judge
from minnow.stages.candidates import Candidate, Incumbents, performance
from minnow.stages.case import Case
from minnow.stages.chance import chance_of
from minnow.stages.choice import Choice
from minnow.stages.compress import FLOAT
from minnow.stages.evaluate import Evaluation, baselines, evaluate, record
from minnow.stages.incumbents import Compared
from minnow.stages.judge import Performance, Rivals, Rules, Ruling
from minnow.stages.prepare import Prepared
from minnow.types import Array, Table

BASELINE_FAMILY = "linear"
LISTED_SERIES = 20
"""Number of series up to which each has its score in the decision; of more, those with the worst scores."""


def rules_of(case: Case, loss: Array) -> Rules:
    """Return a case's settings of a comparison. loss: (n,), of the model whose mean loss a relative margin refers to."""
    return Rules(
        binary=case.task.BINARY_LOSS,
        level=case.judge.level,
        margin=case.task.margin(loss, case.judge.margin),
        higher_is_better=case.task.MEASURES[0].higher_is_better,
        smaller=case.judge.smaller,
        floor=case.usecase.gate.floor,
        beat_baseline=case.usecase.gate.beat_baseline,
    )


def choose(case: Case, target: str, candidates: Sequence[Candidate]) -> Choice:
    """Choose the finalist of a target on val."""
    eligible = [candidate for candidate in candidates if candidate.runs_on(target)]
    best = min((candidate.val.loss.mean() for candidate in eligible), default=0.0)
    group = eligible[0].val.batch.group if eligible else np.empty(0, np.int64)
    timings, unchecked = clock.timings_of(case, target, eligible)
    variants = [performance(candidate.val, timings.get(candidate.bundle.folder)) for candidate in eligible]
    rules = rules_of(case, np.array([best]))
    chosen = choice.choose_finalist(variants, group=group, rules=rules, budget=case.usecase.budget)
    return replace(chosen, reasons=[*chosen.reasons, *unchecked])


def examine(
    case: Case, target: str, finalist: Candidate, candidates: Sequence[Candidate], prepared: Prepared, held: Incumbents
) -> Decision:
    """Evaluate a finalist on the exam, compare it with the champion and the best so far, and return the decision.

    The scores on the exam are added to the finalist's report and card.
    """
    test = prepared.tables["test"]
    evaluation = evaluate(finalist.bundle, test)
    record(evaluation, "test")
    field = incumbents.compared(case, prepared, held, finalist.bundle)
    ruling = _ruling(case, target, (finalist, evaluation), candidates, prepared, held, field)
    references = _baselines(case, finalist, candidates, prepared)
    decision = _decision(case, evaluation, ruling, references)
    return _with_id(
        replace(
            decision,
            target=target,
            reasons=(*decision.reasons, *field.said),
            replaces=held.replaces,
            looks=held.looks + int(ruling.looked),
            series=series_scores(case, evaluation, test),
            unscored=field.unscored,
            left_out=field.left_out,
        )
    )


def _ruling(
    case: Case,
    target: str,
    finalist: tuple[Candidate, Evaluation],
    candidates: Sequence[Candidate],
    prepared: Prepared,
    held: Incumbents,
    field: Compared,
) -> Ruling:
    """Let the judge decide, on the rows of the exam that count for every model."""
    shown, evaluation = incumbents.restricted(prepared, field.rows), incumbents.part(finalist[1], field.rows)
    timings = clock.timed_together(target, finalist[0], [rival.bundle.folder for rival in field.rivals.values()])
    rivals = {role: performance(one, timings.get(one.bundle.folder)) for role, one in field.rivals.items()}
    champion = rivals.get("champion")
    return judge.decide(
        performance(evaluation, timings.get(evaluation.bundle.folder)),
        Rivals(champion, rivals.get("best"), held.looks),
        _baselines(case, finalist[0], candidates, shown),
        group=evaluation.batch.group,
        rules=rules_of(case, champion.loss if champion else evaluation.loss),
        chance=chance_of(case.problem, shown, evaluation, judge.level_of_look(case.judge.level, held.looks + 1)),
    )


def _baselines(
    case: Case, finalist: Candidate, candidates: Sequence[Candidate], prepared: Prepared
) -> list[Performance]:
    """Score the baselines of task and modality, and the linear family where it was trained."""
    plain = baselines(case.problem, prepared)
    models = [Performance(name, "", 0, loss, score) for name, (loss, score) in plain.items()]
    for candidate in candidates:
        is_linear = candidate.family == BASELINE_FAMILY and candidate.variant == FLOAT
        if is_linear and finalist.family != BASELINE_FAMILY:
            models.append(performance(evaluate(candidate.bundle, prepared.tables["test"])))
    return models


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
    root, group = case.task.MEASURES[0].root, evaluation.batch.group
    values = {model.name: difference(evaluation.loss, model.loss, group, root=root) for model in references}
    return {name: Difference(*(round(value, 10) for value in numbers)) for name, numbers in values.items()}


def refusal(case: Case, target: str, chosen: Choice, held: Incumbents) -> Decision:
    """Return the decision on a target for which no finalist was chosen."""
    verdict = "infeasible" if chosen.infeasible else "refused"
    reasons, replaces = tuple(chosen.reasons), held.replaces
    return _with_id(Decision(case.name, target, verdict, promote=False, reasons=reasons, replaces=replaces))


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
