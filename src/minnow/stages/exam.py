"""The exam of a use case: the finalist is chosen on val and compared on test, and the decision is written with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.lineage import key_of
from minnow.measures.paired import difference
from minnow.measures.scores import score_by
from minnow.records.bundle import Bundle
from minnow.records.decision import Decision, Difference, SeriesScore, SeriesScores
from minnow.records.timing import Timing
from minnow.stages import choice, judge, timing
from minnow.stages.candidates import Candidate, Incumbents, performance
from minnow.stages.case import Case
from minnow.stages.chance import chance_of
from minnow.stages.choice import Choice
from minnow.stages.compress import FLOAT
from minnow.stages.evaluate import Evaluation, baselines, evaluate, record
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
    variants = [performance(candidate.val, candidate.timing) for candidate in eligible]
    rules = rules_of(case, np.array([best]))
    return choice.choose_finalist(variants, group=group, rules=rules, budget=case.usecase.budget)


def examine(
    case: Case, target: str, finalist: Candidate, candidates: Sequence[Candidate], prepared: Prepared, held: Incumbents
) -> Decision:
    """Evaluate a finalist on the exam, compare it with the champion and the best so far, and return the decision.

    The scores on the exam are added to the finalist's report and card.
    """
    test = prepared.tables["test"]
    evaluation = evaluate(finalist.bundle, test)
    record(evaluation, "test")
    rivals = {role: evaluate(bundle, test) for role, bundle in held.bundles.items()}
    timings = _timings(finalist, [rival.bundle for rival in rivals.values()])
    champion, best = (_performance(rivals.get(role), timings) for role in ("champion", "best"))
    references = _baselines(case, finalist, candidates, prepared)
    ruling = judge.decide(
        performance(evaluation, timings[evaluation.bundle.folder]),
        Rivals(champion, best, held.looks),
        references,
        group=evaluation.batch.group,
        rules=rules_of(case, champion.loss if champion else evaluation.loss),
        chance=chance_of(case.problem, prepared, evaluation, judge.level_of_look(case.judge.level, held.looks + 1)),
    )
    decision = replace(_decision(case, evaluation, ruling, references), series=series_scores(case, evaluation, test))
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
    reasons, replaces, measure = tuple(chosen.reasons), _sha(held.champion), case.task.MEASURES[0].name
    decision = Decision(case.name, target, verdict, promote=False, reasons=reasons, replaces=replaces, measure=measure)
    return _with_id(decision)


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
