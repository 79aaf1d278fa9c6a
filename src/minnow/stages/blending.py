"""The blend: the weighted average of the best few models of a use case, a candidate like any other.

Its members and their shares are chosen on val by greedy selection with replacement (Caruana et al. 2004, ensemble selection).
Members are fitted already, so that a blend costs no fit until it is fitted again on train and val, as an entry of the family
ensemble with given shares.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from minnow import families, tasks
from minnow.config import FAMILY
from minnow.stages import train
from minnow.stages.batches import read_batch
from minnow.stages.candidates import Made
from minnow.stages.case import Case
from minnow.stages.compress import FLOAT
from minnow.stages.crossval import AVERAGED
from minnow.stages.effort import QUICK, THOROUGH
from minnow.stages.evaluate import Evaluation
from minnow.stages.train import FACTS, WALL, Handover, Trained
from minnow.types import Array, Batch, Outputs, Report, silent

NAME, ENSEMBLE = "blend", "ensemble"
TEMPERATURE = "temperature"
STEPS = 20
"""Steps of the selection; the share of a member is the number of steps that took it, divided by their number."""
MOST = 3
"""Members of a blend."""
Shares = Mapping[str, float]


def found(case: Case, made: Sequence[Made], batches: Mapping[str, Batch]) -> Shares:
    """Choose members and shares on val: entry under families -> its share; none where a blend could not be chosen.

    It could not where it is not better on val than each entry of params.yaml by more than a margin; with the effort "thorough"
    it is made wherever it is better at all. Networks that begin with another model, and families that the family ensemble does
    not join, are no members. batches: rows of train and val.
    """
    usecase = case.usecase
    ensemble = families.get(ENSEMBLE)
    joins = usecase.task in ensemble.TASKS and usecase.modality in ensemble.MODALITIES
    if usecase.effort == QUICK or not joins or NAME in usecase.families:
        return {}
    train_rows, val = batches["train"], batches["val"]
    able = {one.trained.family: one.evaluations[0] for one in made if _can_be_member(case, one, len(val.labels))}
    own = [one.loss.mean() for name, one in able.items() if name not in case.further]
    if len(able) < 2 or not own:
        return {}
    shares = selected(able, case.judge.margin)
    answers = blended([(able[name].outputs, share) for name, share in shares.items()])
    needed = 0.0 if usecase.effort == THOROUGH else case.measure.loss_margin(np.array([min(own)]), case.judge.margin)
    if case.measure.rule:
        answers = tasks.decider(usecase.task, case.measure.rule(answers, val, train_rows), val.labels)(answers)
    gain = min(own) - case.measure.loss(answers, val).mean()
    return shares if len(shares) > 1 and gain > needed else {}


def selected(able: Mapping[str, Evaluation], margin: float | None = None) -> dict[str, float]:
    """Select members greedily, with replacement, by the log loss of labels or the measure of numbers.

    able: entry under families -> its answers on val. Of the members found, the fewest bytes are kept whose loss is within a
    quarter of a margin of that of all of them. margin: a setting in the place of the measure's own.
    """
    batch = next(iter(able.values())).batch
    measure = tasks.measure(batch.task, "log_loss" if len(batch.labels) else batch.measure)
    (name,) = (name for name in next(iter(able.values())).outputs if name in AVERAGED)
    outputs = {entry: one.outputs[name] for entry, one in able.items()}

    def loss(answers: Array) -> float:
        return float(measure.loss({name: answers}, batch).mean())

    best, shares = greedy(outputs, loss)
    most = best + measure.loss_margin(np.array([best]), margin if not len(batch.labels) else None) / 4
    parts = [part for size in range(2, len(shares)) for part in combinations(shares, size)]
    smaller = [greedy({entry: outputs[entry] for entry in part}, loss) for part in parts]
    kept = [shares, *(one for value, one in smaller if value <= most and len(one) > 1)]
    return min(kept, key=lambda one: sum(able[entry].bundle.size_bytes for entry in one))


def greedy(outputs: Mapping[str, Array], loss: Callable[[Array], float]) -> tuple[float, dict[str, float]]:
    """Take in each step the output with which the average loses least. Returns the least loss of all steps, and its shares.

    outputs: entry -> (n, ...). At most MOST entries are taken. Of equal losses the first entry, and the first step, are kept.
    """
    taken: list[str] = []
    best: tuple[float, list[str]] = (np.inf, [])
    total = np.zeros_like(next(iter(outputs.values())), np.float64)
    for step in range(1, STEPS + 1):
        allowed = outputs if len(set(taken)) < MOST else dict.fromkeys(taken)
        losses = {entry: loss((total + outputs[entry]) / step) for entry in allowed}
        entry = min(losses, key=lambda one: losses[one])
        total += outputs[entry]
        taken.append(entry)
        best = min(best, (losses[entry], list(taken)), key=lambda one: one[0])
    return best[0], {entry: count / len(best[1]) for entry, count in Counter(best[1]).items()}


def blended(answers: Sequence[tuple[Outputs, float]]) -> dict[str, Array]:
    """The weighted average of answers. answers: of each member, with its share."""
    (name,) = (name for name in answers[0][0] if name in AVERAGED)
    return {name: np.sum([share * outputs[name] for outputs, share in answers], axis=0).astype(np.float32)}


def with_blend(case: Case, shares: Shares, made: Sequence[Made]) -> Case:
    """Return a case with an entry for the blend of members, with the temperatures that val settled of their probabilities."""
    settled = {one.trained.family: one.trained.settled or {} for one in made}
    members: dict[str, Any] = {}
    for name in shares:
        own = {FAMILY: case.usecase.family_of(name), **case.usecase.params_of(name)}
        members[name] = own | {key: settled[name][key] for key in (TEMPERATURE,) if key in settled[name]}
    calibrated = {TEMPERATURE: 1.0} if any(TEMPERATURE in one for one in members.values()) else {}
    entry = {FAMILY: ENSEMBLE, "members": members, "shares": dict(shares), **calibrated}
    wider = case.with_families({**case.usecase.families, NAME: entry})
    return replace(wider, further=(*case.further, NAME), blends={NAME: dict(shares)})


def join(case: Case, handed: Handover, made: Sequence[Made], report: Report = silent) -> Trained:
    """Join the fitted members of the blend of a case, or find it in the cache. It is what a fit to the same rows would give."""
    by_name = {one.trained.family: one.trained for one in made}
    members = [(case.usecase.family_of(name), by_name[name].folder) for name in sorted(case.blends[NAME])]
    made_from = train.origin(case, NAME, handed)
    entry = case.cache.get_or_make(
        "models",
        made_from.as_json(),
        lambda folder: handed.call(
            f"{__name__}:joined", handed.folder, members, made_from.params, folder, report=report
        ),
    )
    return Trained(NAME, entry.folder, made_from, entry.fresh)


def joined(
    handed: Path, members: Sequence[tuple[str, Path]], params: dict[str, Any], out: Path, report: Report = silent
) -> None:
    """Join in the worker and save to out. members: family and folder of each; params: of the ensemble."""
    start = time.perf_counter()
    rows = train.answerable("train", read_batch(handed / "train"))
    fitted = [families.get(family).load(folder / "model") for family, folder in members]
    facts, seconds = ([json.loads((folder / name).read_text()) for _, folder in members] for name in (FACTS, WALL))
    settled = [one["settled"] for one in facts]
    ensemble = families.get(ENSEMBLE)
    checked, join_models = ensemble.Params.model_validate(params), ensemble.CAPABILITIES.join
    assert join_models is not None
    model = families.calibrated(join_models(fitted, settled, rows, checked), rows, rows, checked)
    train.save(model, sum(one["seconds"] for one in seconds) + time.perf_counter() - start, out)
    report(1, 1, {})


def _can_be_member(case: Case, one: Made, labels: int) -> bool:
    """Whether a family can be a member. Trees of a forest with more than two labels need operators of their own in a file."""
    usecase, trained = case.usecase, one.trained
    is_float = bool(one.evaluations) and one.evaluations[0].bundle.schema.variant == FLOAT
    family, begins = usecase.family_of(trained.family), trained.family in usecase.starts
    if not is_float or begins or trained.settled is None or (family == "forest" and labels > 2):
        return False
    return family in families.get(ENSEMBLE).CAPABILITIES.members
