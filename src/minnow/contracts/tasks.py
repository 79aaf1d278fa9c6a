"""Protocol of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from minnow.types import Array, Batch, Columns, DecisionRule, Measure, Outputs


@dataclass(frozen=True)
class FeatureExtraction:
    """Compares generated rows with real rows by the features of an extractor.

    fit: (train, labels (n,) str, earlier) -> the extractor's arrays; earlier: arrays of an earlier extractor, None fits a new
    one. Raises ValueError for too few rows, or arrays of another size. kept: the arrays to store, which determine the scores.
    about: facts shown with each score.
    """

    fit: Callable[[Batch, Array, Columns | None], dict[str, Array]]
    kept: Callable[[Columns], dict[str, Array]]
    about: Callable[[Batch], dict[str, Any]]


@dataclass(frozen=True)
class AnswerChange:
    """How far answers of a model lie from those of another. name: for people; rows: (model, other, rows) -> (n,) float64."""

    name: str
    rows: Callable[[Outputs, Outputs, Batch], Array]


@dataclass(frozen=True)
class TaskCapabilities:
    """Optional abilities.

    feature_extraction: None where predictions are scored without features.
    constants: (train, exam) -> name -> outputs for the rows of exam that are the same for every row: what is answered without
        learning, by the weights of train. Empty where such an answer is of use, as in a ranking by popularity.
    redivided: whether the rows of train and val may be divided anew, for cross-validation.
    joined: whether the rows of train and val may be joined to fit a model again.
    differing: (outputs, outputs, rows) -> share of each row's answer in which two models differ, (n,) float64, where answers
        are lists; None where they are one value each.
    decider: (rule, labels (k,) str) -> what gives outputs the answer that the rule takes; None where answers follow no rule.
        Raises ValueError for a rule that does not go with the labels, or with numbers.
    answered: outputs -> index of the label that is answered, (n,) int64; None where answers are no labels.
    change: how far answers lie apart, of which a certificate gives the quantiles; None where flips say it.
    miscalibration: (outputs, rows) -> expected calibration error plus the influence of each row, (n,) float64; None where
        answers have no probability.
    """

    feature_extraction: FeatureExtraction | None = None
    constants: Callable[[Batch, Batch], Mapping[str, Outputs]] = lambda train, exam: {}
    redivided: bool = True
    joined: bool = True
    differing: Callable[[Outputs, Outputs, Batch], Array] | None = None
    decider: Callable[[DecisionRule, Array], Callable[[Outputs], Outputs]] | None = None
    answered: Callable[[Outputs], Array] | None = None
    change: AnswerChange | None = None
    miscalibration: Callable[[Outputs, Batch], Array] | None = None


class Task(Protocol):
    """What is predicted: how targets are encoded, and predictions scored and shown."""

    @property
    def CAPABILITIES(self) -> TaskCapabilities:
        """Optional abilities."""
        ...

    @property
    def OUTPUT(self) -> str:
        """Name of the output array of a model."""
        ...

    @property
    def MEASURES(self) -> tuple[Measure, ...]:
        """Its measures; the first one selects models and decides about promotion, unless a use case names another."""
        ...

    @property
    def FURTHER_MEASURES(self) -> Mapping[str, Callable[[str], Measure]]:
        """Measures that are reported only where a use case names them: name -> (text) -> measure.

        text: what follows "@" in the name of the measure, "" for nothing. Each raises ValueError for a text that it cannot use.
        """
        ...

    @property
    def ANSWER(self) -> Mapping[str, Any]:
        """JSON Schema of one prediction."""
        ...

    def classes(self, target: Array) -> Array:
        """Sorted distinct labels, (k,) str; empty where predictions are numbers."""
        ...

    def encode(self, target: Array, labels: Array) -> Array:
        """Convert raw targets to numbers; -1 for a label that is not among labels. Raises ValueError."""
        ...

    def outputs_from_answers(self, answers: Array, labels: Array) -> dict[str, Array]:
        """Outputs of a model that predicts these answers with certainty."""
        ...

    def flips(self, a: Outputs, b: Outputs, batch: Batch) -> Array:
        """Whether the predictions of two models differ, (n,) bool."""
        ...

    def baselines(self, train: Batch) -> Mapping[str, Callable[[Batch], dict[str, Array]]]:
        """Predictions without a model: name -> (rows) -> outputs."""
        ...

    def answers(self, outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
        """Convert outputs to JSON, one object per row. k: number of labels or items to list; None for the task's default."""
        ...
