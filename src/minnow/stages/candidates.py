"""Candidates for promotion: every variant with its scores on val and its timing; and whom they would replace."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow.records.bundle import FOLDER, Bundle, open_bundle
from minnow.records.timing import Timing
from minnow.stages import evaluate
from minnow.stages.compress import FLOAT, Compressed
from minnow.stages.evaluate import Evaluation
from minnow.stages.judge import Performance
from minnow.stages.prepare import Prepared
from minnow.stages.train import Trained
from minnow.types import Array

GPU_VARIANTS = (FLOAT, "float16")


@dataclass(frozen=True)
class Candidate:
    """A variant with what is known of it before the exam: its bundle, its scores on val, its timing."""

    trained: Trained
    variant: str
    val: Evaluation
    timing: Timing
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
class Incumbents:
    """What the registry knows of a use case and target.

    champion, best: bundles of the champion and of the best model so far; looks: at this exam so far; rows: (n,) uint64, keys
    of every row looked at so far and of this exam.
    """

    champion: Bundle | None = None
    best: Bundle | None = None
    looks: int = 0
    rows: Array | None = None

    @property
    def bundles(self) -> dict[str, Bundle]:
        """Those that there are, by their role."""
        roles = {"champion": self.champion, "best": self.best}
        return {role: bundle for role, bundle in roles.items() if bundle is not None}


@dataclass(frozen=True)
class Made:
    """What one family came to: its model, its variants, their scores on val."""

    trained: Trained
    compressed: Compressed
    evaluations: list[Evaluation]


def evaluate_variants(compressed: Compressed, prepared: Prepared, scratch: Path) -> list[Evaluation]:
    """Copy each variant out of the cache, score it on val from its file and write its report."""
    evaluations = []
    for variant, source in compressed.bundles.items():
        folder = scratch / "bundles" / f"{compressed.family}-{variant}" / FOLDER
        shutil.copytree(source, folder)
        evaluations.append(evaluate.evaluate(open_bundle(folder), prepared.tables["val"]))
        evaluate.record(evaluations[-1], "val")
    return evaluations


def line_up(made: list[Made], measure: Callable[[list[Path]], Mapping[Path, Timing]]) -> list[Candidate]:
    """Time every variant in one go, while nothing trains, and line them up for the judge."""
    pairs = [(one, evaluation) for one in made for evaluation in one.evaluations]
    timings = measure([evaluation.bundle.folder for _, evaluation in pairs]) if pairs else {}
    candidates = []
    for one, evaluation in pairs:
        variant, timing = evaluation.bundle.schema.variant, timings[evaluation.bundle.folder]
        candidates.append(Candidate(one.trained, variant, evaluation, timing, one.compressed.parity[variant]))
    return candidates


def performance(evaluation: Evaluation, timing: Timing | None = None) -> Performance:
    """Describe an evaluated bundle to the judge."""
    bundle = evaluation.bundle
    return Performance(
        name=bundle.name,
        sha=evaluate.name_today(bundle),
        size_bytes=bundle.size_bytes,
        loss=evaluation.loss,
        score=evaluation.primary,
        p95_us=timing.p95_us if timing else None,
        latency_us=np.asarray(timing.latency_us) if timing and timing.latency_us else None,
        memory_bytes=timing.peak_memory_bytes if timing else None,
    )
