"""Results of a use case: every variant with its size and scores, for people, `dvc metrics` and benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minnow.records.files import read_json, readable, write_json
from minnow.records.report import ExamResult, exam_result, score_as_json, score_from_json
from minnow.types import Score

FILE = "results.json"
FORMAT = 2
_SHOWN = 3


@dataclass(frozen=True)
class VariantResult:
    """One variant. parity: differences from the trained model; val: measure -> score; test: None for one not scored on it."""

    family: str
    variant: str
    parameters: int
    size_bytes: int
    parity: Mapping[str, float]
    val: Mapping[str, Score]
    test: ExamResult | None = None

    @property
    def name(self) -> str:
        """Family and variant."""
        return f"{self.family}/{self.variant}"

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that _variant reads."""
        val = {name: score_as_json(score) for name, score in self.val.items()}
        plain = {name: value for name, value in vars(self).items() if name != "test"}
        test = {"test": self.test.as_json()} if self.test else {}
        return plain | {"parity": dict(self.parity), "val": val} | test


@dataclass(frozen=True)
class FoldScore:
    """A score over folds: their mean with a 95 % interval, and the score of each."""

    value: float
    low: float
    high: float
    each: tuple[float, ...]


@dataclass(frozen=True)
class FoldResult:
    """Cross-validation of a family. folds: how many; divisions: way of dividing the rows -> measure -> score."""

    folds: int
    divisions: Mapping[str, Mapping[str, FoldScore]]


@dataclass(frozen=True)
class Importance:
    """How much a measure's loss rises when columns are shuffled among rows: all of them alike, since they go together.

    columns: names, at least one; value: the mean rise, with its 95 % interval over rows and rounds.
    """

    columns: tuple[str, ...]
    value: float
    low: float
    high: float

    @property
    def name(self) -> str:
        """Name for people and metrics: the columns, at most three of them."""
        more = len(self.columns) - _SHOWN
        return ", ".join(self.columns[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Importances:
    """Permutation importances of a family's model. measure: whose loss was measured; columns: the most important first."""

    measure: str
    columns: tuple[Importance, ...]


@dataclass(frozen=True)
class Results:
    """The results of a use case.

    refused: "cnn/int8" -> reason; failures: family -> reason; importances: family -> rise of the loss on val when columns are
    shuffled; folds: family -> its scores over folds. effort: of the run.
    """

    variants: tuple[VariantResult, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    importances: Mapping[str, Importances] = field(default_factory=dict[str, Importances])
    folds: Mapping[str, FoldResult] = field(default_factory=dict[str, FoldResult])
    effort: str = "quick"

    def write(self, folder: Path) -> None:
        """Write results.json to an outcome."""
        folds = {
            family: {"folds": result.folds, "divisions": _plain(result.divisions)}
            for family, result in self.folds.items()
        }
        value = {
            "format": FORMAT,
            "variants": [variant.as_json() for variant in self.variants],
            "refused": dict(self.refused),
            "failures": dict(self.failures),
            "importances": {family: _importances_json(one) for family, one in self.importances.items()},
            "folds": folds,
            "effort": self.effort,
        }
        write_json(folder / FILE, value)


def _importances_json(value: Importances) -> dict[str, Any]:
    columns = [{**vars(one), "columns": list(one.columns)} for one in value.columns]
    return {"measure": value.measure, "columns": columns}


def _plain(divisions: Mapping[str, Mapping[str, FoldScore]]) -> dict[str, Any]:
    return {
        name: {measure: {**vars(score), "each": list(score.each)} for measure, score in scores.items()}
        for name, scores in divisions.items()
    }


def read_results(folder: Path) -> Results:
    """Read results.json of an outcome, of format 1 or 2. Raises RecordError."""
    value = read_json(folder / FILE, "record of results", (1, FORMAT))
    with readable(str(folder / FILE), "record of results"):
        return Results(
            tuple(_variant(one) for one in value["variants"]),
            value["refused"],
            value["failures"],
            {family: _importances(one) for family, one in value["importances"].items()},
            {family: _folds(one, value.get("format", 1)) for family, one in value["folds"].items()},
            value.get("effort", Results.effort),
        )


def _variant(value: dict[str, Any]) -> VariantResult:
    val = {name: score_from_json(score) for name, score in value["val"].items()}
    read: dict[str, Any] = {"val": val, "test": exam_result(value["test"]) if "test" in value else None}
    return VariantResult(**(value | read))


def _importances(value: Mapping[str, Any]) -> Importances:
    """Read importances; older versions wrote column -> rise of the task's own loss, without intervals."""
    if isinstance(value.get("columns"), list):
        columns = [Importance(**(one | {"columns": tuple(one["columns"])})) for one in value["columns"]]
        return Importances(value["measure"], tuple(columns))
    return Importances("loss", tuple(Importance((name,), rise, rise, rise) for name, rise in value.items()))


def _folds(value: Mapping[str, Any], number: int) -> FoldResult:
    divisions = value["divisions"] if number > 1 else {name: item for name, item in value.items() if name != "folds"}
    scores = {
        name: {measure: _fold_score(score) for measure, score in measures.items()}
        for name, measures in divisions.items()
    }
    return FoldResult(value["folds"], scores)


def _fold_score(value: Mapping[str, Any]) -> FoldScore:
    return FoldScore(value["value"], value["low"], value["high"], tuple(value["each"]))
