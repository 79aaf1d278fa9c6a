"""The verdict on a use case: the finalist chosen on val, its one look at the exam, and the decision in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.bundle import Bundle, open_bundle
from minnow.lineage import key_of
from minnow.measures.paired import difference
from minnow.stages import judge, timing
from minnow.stages.case import Case
from minnow.stages.compress import FLOAT
from minnow.stages.evaluate import Scored, about, baselines, score, write_report
from minnow.stages.judge import Choice, Contestant
from minnow.stages.prepare import Prepared
from minnow.stages.train import Trained
from minnow.types import Array, Table

GPU_VARIANTS = (FLOAT, "float16")
BASELINE_FAMILY = "linear"


@dataclass(frozen=True)
class Standing:
    """A variant as the judge meets it: its bundle, its scores on val, its timing."""

    trained: Trained
    variant: str
    val: Scored
    timing: Mapping[str, Any]
    parity: Mapping[str, float]

    @property
    def family(self) -> str:
        """The family that learned it."""
        return self.trained.family

    @property
    def name(self) -> str:
        """Family and variant."""
        return f"{self.family}/{self.variant}"

    @property
    def bundle(self) -> Bundle:
        """What would be shipped."""
        return self.val.bundle

    def runs_on(self, target: str) -> bool:
        """Whether a target serves it: ONNX alone, and in floating point on a GPU, where int8 falls back to the CPU."""
        served = self.bundle.model_path.suffix == ".onnx"
        return served and (target == "cpu" or self.variant in GPU_VARIANTS)


@dataclass(frozen=True)
class Reign:
    """What the registry knows of a use case and target.

    champion, anchor: their bundles; looks: at this exam so far; rows: (n,) uint64, keys of every row looked at so far and
    of this exam.
    """

    champion: Bundle | None = None
    anchor: Bundle | None = None
    looks: int = 0
    rows: Array | None = None


def contestant(scored: Scored, clock: Mapping[str, Any] | None = None) -> Contestant:
    """Describe a scored bundle to the judge."""
    clock = clock or {}
    samples = clock.get("latency_us")
    return Contestant(
        name=scored.bundle.name,
        sha=scored.bundle.sha,
        size_bytes=scored.bundle.size_bytes,
        loss=scored.loss,
        score=scored.primary,
        p95_us=clock.get("p95_us"),
        latency_us=None if samples is None else np.asarray(samples),
        memory_bytes=clock.get("peak_memory_bytes"),
    )


def choose(case: Case, target: str, standings: list[Standing]) -> Choice:
    """Choose the finalist of a target on val."""
    eligible = [standing for standing in standings if standing.runs_on(target)]
    best = min((standing.val.loss.mean() for standing in eligible), default=0.0)
    exam = eligible[0].val.batch if eligible else None
    return judge.choose_finalist(
        [contestant(standing.val, standing.timing) for standing in eligible],
        unit=exam.unit if exam is not None else np.empty(0, np.int64),
        binary=case.task.BINARY_LOSS,
        level=case.judge.level,
        margin=case.task.margin(np.array([best]), case.judge.margin),
        floor=case.usecase.gate.floor,
        higher_is_better=case.task.MEASURES[0].higher_is_better,
        budget=case.usecase.budget,
    )


def examine(
    case: Case, target: str, finalist: Standing, standings: list[Standing], prepared: Prepared, reign: Reign
) -> dict[str, Any]:
    """Let a finalist read the exam, compare it with champion and anchor, and write the decision down.

    The finalist's report and card gain the exam; from then on its bundle is complete and has its name.
    """
    exam = prepared.tables["test"]
    scored = score(finalist.bundle, exam)
    write_report(scored, "test")
    rivals = {role: score(bundle, exam) for role, bundle in _rivals(reign).items()}
    clocks = _clocks(finalist, [rival.bundle for rival in rivals.values()])
    champion, anchor = (_as_contestant(rivals.get(role), clocks) for role in ("champion", "anchor"))
    unlearned = _baselines(case, finalist, standings, prepared, exam)
    decision = judge.decide(
        contestant(scored, clocks[scored.bundle.folder]),
        champion,
        anchor,
        unlearned,
        unit=scored.batch.unit,
        binary=case.task.BINARY_LOSS,
        level=case.judge.level,
        margin=case.task.margin(rivals["champion"].loss if champion else scored.loss, case.judge.margin),
        smaller=case.judge.smaller,
        floor=case.usecase.gate.floor,
        higher_is_better=case.task.MEASURES[0].higher_is_better,
        beat_baseline=case.usecase.gate.beat_baseline,
        looks=reign.looks,
    )
    return _written(case, target, scored, decision, reign, unlearned)


def _rivals(reign: Reign) -> dict[str, Bundle]:
    found = {"champion": reign.champion, "anchor": reign.anchor}
    return {role: bundle for role, bundle in found.items() if bundle is not None}


def _clocks(finalist: Standing, rivals: list[Bundle]) -> Mapping[Path, Mapping[str, Any]]:
    """Time the challenger and its rivals in turns, so that a ratio is of one machine in one mood."""
    if not rivals:
        return {finalist.bundle.folder: finalist.timing}
    return timing.measure(list(dict.fromkeys([finalist.bundle.folder, *(rival.folder for rival in rivals)])))


def _as_contestant(rival: Scored | None, clocks: Mapping[Path, Mapping[str, Any]]) -> Contestant | None:
    return None if rival is None else contestant(rival, clocks[rival.bundle.folder])


def _baselines(
    case: Case, finalist: Standing, standings: list[Standing], prepared: Prepared, exam: Table
) -> list[Contestant]:
    """Score the plain baselines of the task, and the linear family where there is one."""
    plain = baselines(case.task, case.modality, case.options, prepared)
    found = [Contestant(name, "", 0, loss, value) for name, (loss, value) in plain.items()]
    for standing in standings:
        is_linear = standing.family == BASELINE_FAMILY and standing.variant == FLOAT
        if is_linear and finalist.family != BASELINE_FAMILY:
            found.append(contestant(score(open_bundle(standing.bundle.folder), exam)))
    return found


def _written(
    case: Case, target: str, scored: Scored, decision: judge.Decision, reign: Reign, unlearned: list[Contestant]
) -> dict[str, Any]:
    """Put a decision in the form that is kept. Its id names it by what it says, not by when."""
    bundle = scored.bundle
    written = {
        "usecase": case.name,
        "target": target,
        "finalist": bundle.name,
        "sha": bundle.sha,
        "size_bytes": bundle.size_bytes,
        "replaces": reign.champion.sha if reign.champion else None,
        "exam": {"fingerprint": scored.batch.fingerprint, "rows": len(scored.batch)},
        "looks": reign.looks + int(decision.looked),
        "score": asdict(scored.primary),
        "measure": case.task.MEASURES[0].name,
        **about(scored),
        "baselines": {one.name: asdict(one.score) for one in unlearned},
        "against": _against(case, scored, unlearned),
    } | asdict(decision)
    return written | {"id": key_of(written)}


def _against(case: Case, scored: Scored, unlearned: list[Contestant]) -> dict[str, dict[str, float]]:
    """What the finalist's mean loss is less that of each baseline, with an interval; of a root, the difference of the roots."""
    root, unit = case.task.MEASURES[0].root, scored.batch.unit
    found = {one.name: difference(scored.loss, one.loss, unit, root=root) for one in unlearned}
    return {
        name: {key: round(value, 10) for key, value in zip(("value", "low", "high"), values, strict=True)}
        for name, values in found.items()
    }


def refusal(case: Case, target: str, choice: Choice, reign: Reign) -> dict[str, Any]:
    """Write down that no variant may stand for a target."""
    written = {
        "usecase": case.name,
        "target": target,
        "finalist": None,
        "sha": None,
        "replaces": reign.champion.sha if reign.champion else None,
        "promote": False,
        "verdict": "infeasible" if choice.infeasible else "refused",
        "reasons": list(choice.reasons),
        "looked": False,
    }
    return written | {"id": key_of(written)}
