"""The report of a bundle: its scores on val and, for a finalist, on test. The file is beside the bundle's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from minnow.records.bundle import Bundle
from minnow.records.files import read_json, readable, write_json
from minnow.types import Score

FILE, CARD = "report.json", "card.md"
FORMAT = 2


@dataclass(frozen=True)
class ExamResult:
    """Scores on one set of rows.

    fingerprint: hash of the rows' keys; rows: how many; scores: by measure, the first of which the judge uses; about: what
    the task shows with its scores.
    """

    fingerprint: str
    rows: int
    scores: Mapping[str, Score]
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that exam_result reads."""
        scores = {name: score_as_json(score) for name, score in self.scores.items()}
        plain = {"fingerprint": self.fingerprint, "rows": self.rows, "scores": scores}
        return plain | ({"about": dict(self.about)} if self.about else {})


@dataclass(frozen=True)
class ScoreReport:
    """Scores of one bundle.

    sha: the bundle's name; exams: "val", "test" -> scores there. before: name of the bundle that the scores on val are of,
    where this one was fitted again on train and val.
    """

    sha: str
    exams: Mapping[str, ExamResult] = field(default_factory=dict[str, ExamResult])
    before: str | None = None

    def with_exam(self, name: str, result: ExamResult) -> ScoreReport:
        """Add the scores on a set of rows."""
        return replace(self, exams={**self.exams, name: result})


def score_as_json(score: Score) -> dict[str, float | int]:
    """Return the JSON value of a score, rounded to ten digits."""
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
    """Read the report of a bundle; it is empty where there is none, or where it names another bundle. Raises RecordError."""
    path, empty = bundle.record_folder / FILE, ScoreReport(bundle.sha)
    if not path.exists():
        return empty
    value = read_json(path, "report of a bundle", (1, FORMAT))
    with readable(str(path), "report of a bundle"):
        if "format" not in value:  # format 1: the exams alone
            return ScoreReport(empty.sha, {name: exam_result(exam) for name, exam in value.items()})
        exams = {name: exam_result(exam) for name, exam in value["exams"].items()}
        return ScoreReport(value["sha"], exams, value.get("before")) if value["sha"] == empty.sha else empty


def write_report(bundle: Bundle, report: ScoreReport) -> None:
    """Write a report beside its bundle."""
    exams = {name: exam.as_json() for name, exam in report.exams.items()}
    before = {"before": report.before} if report.before else {}
    write_json(bundle.record_folder / FILE, {"format": FORMAT, "sha": report.sha, "exams": exams, **before})
