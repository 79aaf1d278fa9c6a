"""The report of a bundle: what its bytes scored on val and, for a finalist, on test. It stands beside the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from minnow.records.bundle import Bundle
from minnow.records.files import read_json, write_json
from minnow.types import Score

FILE, CARD = "report.json", "card.md"
FORMAT = 2


@dataclass(frozen=True)
class ExamResult:
    """Scores on one set of rows.

    fingerprint: names the rows; rows: how many; scores: by measure, the first is the one that is judged by; about: what a
    task wants beside every figure.
    """

    fingerprint: str
    rows: int
    scores: Mapping[str, Score]
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """Return what exam_result reads."""
        scores = {name: score_as_json(score) for name, score in self.scores.items()}
        plain = {"fingerprint": self.fingerprint, "rows": self.rows, "scores": scores}
        return plain | ({"about": dict(self.about)} if self.about else {})


@dataclass(frozen=True)
class ScoreReport:
    """Scores of one bundle. sha: the bundle's name; exams: "val", "test" -> scores there."""

    sha: str
    exams: Mapping[str, ExamResult] = field(default_factory=dict[str, ExamResult])

    def with_exam(self, name: str, result: ExamResult) -> ScoreReport:
        """Add the scores on a set of rows."""
        return replace(self, exams={**self.exams, name: result})


def score_as_json(score: Score) -> dict[str, float | int]:
    """Round a score to what its file needs: ten digits hold every bit that a reader could use."""
    rounded = {name: round(value, 10) for name, value in vars(score).items() if name != "n"}
    return {**rounded, "n": score.n}


def score_from_json(value: Mapping[str, Any]) -> Score:
    """Read what score_as_json returned."""
    return Score(value["value"], value["low"], value["high"], value["n"])


def exam_result(value: Mapping[str, Any]) -> ExamResult:
    """Read what ExamResult.as_json returned."""
    scores = {name: score_from_json(score) for name, score in value["scores"].items()}
    return ExamResult(value["fingerprint"], value["rows"], scores, value.get("about", {}))


def read_report(bundle: Bundle) -> ScoreReport:
    """Read what a bundle scored; nothing before its first exam. Raises RecordError, for the report of another bundle too."""
    path, empty = bundle.record_folder / FILE, ScoreReport(bundle.sha)
    if not path.exists():
        return empty
    value = read_json(path, "report of a bundle", (1, FORMAT))
    if "format" not in value:  # format 1: the exams alone
        return ScoreReport(empty.sha, {name: exam_result(exam) for name, exam in value.items()})
    exams = {name: exam_result(exam) for name, exam in value["exams"].items()}
    return ScoreReport(value["sha"], exams) if value["sha"] == empty.sha else empty


def write_report(bundle: Bundle, report: ScoreReport) -> None:
    """Write a report beside its bundle."""
    exams = {name: exam.as_json() for name, exam in report.exams.items()}
    write_json(bundle.record_folder / FILE, {"format": FORMAT, "sha": report.sha, "exams": exams})
