"""What an answer means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from minnow.types import Array, Batch, Columns, Measure, Outputs


@dataclass(frozen=True)
class FeatureExtraction:
    """How answers that are whole rows are compared: through the features of an extractor that is kept with the exam.

    fit: (train, labels (n,) str, earlier) -> the extractor's arrays; earlier: those of an earlier extractor, None learns one.
    Raises ValueError for too few rows, or arrays of another size. kept: what of the arrays names and repeats a figure.
    about: what belongs beside every figure.
    """

    fit: Callable[[Batch, Array, Columns | None], dict[str, Array]]
    kept: Callable[[Columns], dict[str, Array]]
    about: Callable[[Batch], dict[str, Any]]


@dataclass(frozen=True)
class TaskCapabilities:
    """What a task can do beyond the least. feature_extraction: None where answers are compared as they are."""

    feature_extraction: FeatureExtraction | None = None


class Task(Protocol):
    """What an answer means: how targets are encoded, scored row by row and shown."""

    @property
    def CAPABILITIES(self) -> TaskCapabilities:
        """What it can do beyond the least."""
        ...

    @property
    def OUTPUT(self) -> str:
        """Name of the array that a model answers with."""
        ...

    @property
    def MEASURES(self) -> tuple[Measure, ...]:
        """Its scores; models are chosen and judged by the first."""
        ...

    @property
    def BINARY_LOSS(self) -> bool:
        """Whether the loss of a row is 0 or 1."""
        ...

    @property
    def MARGIN(self) -> float:
        """The non-inferiority margin, in the unit that margin() gives it."""
        ...

    @property
    def ANSWER(self) -> Mapping[str, Any]:
        """JSON Schema of one answer."""
        ...

    def loss(self, outputs: Outputs, batch: Batch) -> Array:
        """Loss of each row, (n,) float64; lower is better."""
        ...

    def margin(self, loss: Array, setting: float | None) -> float:
        """Absolute margin on the mean loss. setting: from params.yaml, None takes MARGIN."""
        ...

    def classes(self, target: Array) -> Array:
        """Names that answers are chosen among, (k,) str, sorted; empty where an answer is a number."""
        ...

    def encode(self, target: Array, labels: Array) -> Array:
        """Turn raw targets into numbers; -1 for a label that is not among labels. Raises ValueError."""
        ...

    def outputs_from_answers(self, answers: Array, labels: Array) -> dict[str, Array]:
        """Outputs of a model that is sure of these answers."""
        ...

    def flips(self, a: Outputs, b: Outputs, batch: Batch) -> Array:
        """Where two models answer differently, (n,) bool."""
        ...

    def baselines(self, train: Batch) -> Mapping[str, Callable[[Batch], dict[str, Array]]]:
        """Answers that need no model: name -> (rows) -> outputs."""
        ...

    def answers(self, outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
        """Turn outputs into JSON, one object a row. k: how many labels or items to list, None for the task's own number."""
        ...
