"""Candidates: every variant with its scores on val and its timing; and the incumbents that a finalist is compared with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from minnow.records.bundle import FOLDER, Bundle, open_bundle
from minnow.records.decision import Unscored
from minnow.records.keys import TrainingRows
from minnow.records.timing import Timing
from minnow.stages import evaluate
from minnow.stages.compress import FLOAT, Compressed
from minnow.stages.evaluate import Evaluation
from minnow.stages.judge import Performance
from minnow.stages.links import Settled
from minnow.stages.prepare import Prepared
from minnow.stages.train import Trained
from minnow.types import Array, DecisionRule, KeyRule


def _unseen(variant: str, error: Exception) -> None:
    """Keep no trace."""


_CPU_ALONE = "int8"
"""Compression whose files run on the CPU, whatever the device."""


@dataclass(frozen=True)
class Candidate:
    """A variant before the exam: its bundle, scores on val and timing. parity: differences from the trained model.

    shipped: the bundle of the same variant fitted again on train and val, which is what would be served; None where that is the
    bundle whose scores on val these are. refit: a sentence about it. rules: decision rules of the variants of its family;
    settled: link -> what was chosen when it was made, taught: link -> the model of another entry that taught it, both for the
    links of its family.
    """

    trained: Trained
    variant: str
    val: Evaluation
    timing: Timing
    parity: Mapping[str, float]
    shipped: Bundle | None = None
    refit: str = ""
    rules: Mapping[str, DecisionRule] = field(default_factory=dict[str, DecisionRule])
    settled: Mapping[str, Settled] = field(default_factory=dict[str, Settled])
    taught: Mapping[str, Trained] = field(default_factory=dict[str, Trained])

    @property
    def family(self) -> str:
        """Name of its family."""
        return self.trained.family

    @property
    def name(self) -> str:
        """Family and variant."""
        return f"{self.family}/{self.variant}"

    @property
    def bundle(self) -> Bundle:
        """The bundle that would be served."""
        return self.shipped or self.val.bundle

    def runs_on(self, target: str) -> bool:
        """Whether a target can serve it: an ONNX file, and on a GPU in floating point, since int8 runs on the CPU there."""
        served = self.bundle.model_path.suffix == ".onnx"
        return served and (target == "cpu" or self.variant.split("-")[-1] != _CPU_ALONE)

    @property
    def chain(self) -> dict[str, Settled]:
        """The links that it was made by, with what was chosen."""
        return {name: how for name, how in self.settled.items() if f"{self.variant}-".startswith(f"{name}-")}

    @property
    def teachers(self) -> dict[str, Trained]:
        """The models of other entries that taught these links, by the names of the entries."""
        return {self.taught[name].family: self.taught[name] for name in self.chain if name in self.taught}


@dataclass(frozen=True)
class Held:
    """A registered model. keys, training: as recorded with it, None in records of older versions, or where they are lost."""

    version: int
    bundle: Bundle
    keys: KeyRule | None = None
    training: TrainingRows | None = None


@dataclass(frozen=True)
class Incumbents:
    """What the registry holds for a use case and target.

    models: "champion" (the champion) and "best" (the best model so far) -> it, for the roles that are filled; unread: roles
    whose files are lost or cannot be read; replaces: sha of the registered champion's bundle. looks: comparisons on this exam
    so far; rows: (n,) uint64, identities of the rows that these looks have read, and of this exam. withdrawn: sha of a bundle
    that may not be promoted again -> which version that was, and why.
    """

    models: Mapping[str, Held] = field(default_factory=dict[str, Held])
    unread: tuple[Unscored, ...] = ()
    replaces: str | None = None
    looks: int = 0
    rows: Array | None = None
    withdrawn: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Evaluated:
    """The variants of one family that could be scored on val. refused: variant -> why another could not."""

    evaluations: list[Evaluation]
    refused: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Made:
    """The results of one family: its trained model, its variants, their scores on val."""

    trained: Trained
    compressed: Compressed
    evaluated: Evaluated

    @property
    def evaluations(self) -> list[Evaluation]:
        """The variants that were scored on val."""
        return self.evaluated.evaluations

    @property
    def refused(self) -> dict[str, str]:
        """Variant -> why it could not be made, or not be scored."""
        return {**self.compressed.refused, **self.evaluated.refused}


@dataclass(frozen=True)
class LineUp:
    """The candidates of a use case. refused: name -> why a variant has no timing, or may not be shipped fitted again."""

    candidates: list[Candidate]
    refused: Mapping[str, str] = field(default_factory=dict[str, str])

    def without(self, refused: Mapping[str, str]) -> LineUp:
        """Leave out variants, by their names; their reasons join those of the others."""
        left = [candidate for candidate in self.candidates if candidate.name not in refused]
        return LineUp(left, {**self.refused, **refused})


def evaluate_variants(
    compressed: Compressed, prepared: Prepared, scratch: Path, seen: Callable[[str, Exception], None] = _unseen
) -> Evaluated:
    """Copy each variant out of the cache, score it on val from its file and write its report.

    A variant that cannot be scored is refused; an error other than ValueError is handed to seen(variant, error). Raises what
    stops float32, the parent of the others, and OSError.
    """
    evaluations: list[Evaluation] = []
    refused: dict[str, str] = {}
    for variant, source in compressed.bundles.items():
        folder = scratch / "bundles" / f"{compressed.family}-{variant}" / FOLDER
        shutil.copytree(source, folder)
        try:
            evaluation = evaluate.evaluate(open_bundle(folder), prepared.tables["val"])
        except Exception as error:
            if variant == FLOAT or isinstance(error, OSError):
                raise
            refused[variant] = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            if not isinstance(error, ValueError):
                seen(variant, error)
            continue
        evaluate.record(evaluation, "val")
        evaluations.append(evaluation)
    return Evaluated(evaluations, refused)


def line_up(made: list[Made], measure: Callable[[list[Path]], Mapping[Path, Timing | str]]) -> LineUp:
    """Time all variants together, while nothing trains, and return them as candidates.

    measure: folders -> timings, or the reason why there is none.
    """
    pairs = [(one, evaluation) for one in made for evaluation in one.evaluations]
    timings = measure([evaluation.bundle.folder for _, evaluation in pairs]) if pairs else {}
    candidates: list[Candidate] = []
    refused: dict[str, str] = {}
    for one, evaluation in pairs:
        variant, timing = evaluation.bundle.schema.variant, timings[evaluation.bundle.folder]
        of_family = one.compressed
        if isinstance(timing, str):
            refused[evaluation.bundle.name] = f"it could not be timed: {timing}"
        else:
            links = {"rules": of_family.rules, "settled": of_family.settled, "taught": of_family.taught}
            candidates.append(Candidate(one.trained, variant, evaluation, timing, of_family.parity[variant], **links))
    return LineUp(candidates, refused)


def performance(evaluation: Evaluation, timing: Timing | None = None) -> Performance:
    """Return what the judge compares of an evaluated bundle."""
    bundle = evaluation.bundle
    return Performance(
        name=bundle.name,
        sha=evaluate.answering_name(bundle),
        size_bytes=bundle.size_bytes,
        loss=evaluation.loss,
        score=evaluation.primary,
        p95_us=timing.p95_us if timing else None,
        latency_us=np.asarray(timing.latency_us) if timing and timing.latency_us else None,
        memory_bytes=timing.peak_memory_bytes if timing else None,
    )
