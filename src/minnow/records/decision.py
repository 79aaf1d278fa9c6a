"""A decision: the finalist of a use case and target, what it was compared with, and whether it is promoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minnow.records.files import known_format, read_json, readable, write_json
from minnow.records.hint import Hint, hint_from_json
from minnow.records.report import score_from_json
from minnow.types import Score

FILE = "decision.json"
FORMAT = 2
NOUN = "decision"


@dataclass(frozen=True)
class Difference:
    """Loss difference, finalist minus baseline, on the same rows, with a 95 % interval; of a root measure, of the roots."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Unscored:
    """A registered model that a finalist could not be compared with fairly.

    role: "champion" or "best"; why: "files", "bundle", "keys", "training rows", "task", "options", "target", "rows", "notation"
    or "answers"; reason: in one sentence, with what was needed; version: of the registry.
    """

    role: str
    why: str
    reason: str
    version: int | None = None


@dataclass(frozen=True)
class FamilyFolds:
    """Mean loss of a family out of fold, and how much it lies above that of the best, with the standard error of that.

    size_bytes: of the variant that would be chosen.
    """

    loss: float
    difference: float
    error: float
    size_bytes: int


@dataclass(frozen=True)
class SeriesScore:
    """The first measure on the rows of one series. n: how many rows."""

    value: float
    n: int


@dataclass(frozen=True)
class SeriesScores:
    """Scores of a finalist on each of several series.

    count: how many series; quantiles: of their scores, "min", "q25", "median", "q75" and "max"; scores: name of a series ->
    score, of all where there are few, otherwise of those with the worst scores.
    """

    count: int
    quantiles: Mapping[str, float]
    scores: Mapping[str, SeriesScore]

    @property
    def is_whole(self) -> bool:
        """Whether every series is listed."""
        return len(self.scores) == self.count

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that _series reads."""
        scores = {name: dict(vars(score)) for name, score in self.scores.items()}
        return {"count": self.count, "quantiles": dict(self.quantiles), "scores": scores}


@dataclass(frozen=True)
class Decision:
    """What was decided on one target of a use case, and why.

    promote, verdict, reasons: the judge's ruling; chosen: why this finalist was chosen. finalist, sha, size_bytes: name,
    bundle and size of the finalist; None where no variant was within the limits. replaces: sha of the champion that it was
    compared with. fingerprint, rows: of the test set. measure, score: the task's first measure. about: what the task shows with
    its scores. baselines: name -> score; differences: name -> loss difference. looked, level_spent: whether this decision is a
    look at the test set, and its level; looks: number of looks so far, this one included. comparisons: "champion", "best" ->
    numbers of the paired comparison. series: the finalist's scores on each of several series, None where rows are not of
    several. rule: by which the finalist was chosen, "val" or "cross-validation"; folds: family -> figures of the latter. refit:
    how the finalist was fitted again on train and val, or why not. hints: what the data makes doubtful about the figures.
    unscored: registered models that could not be compared with; left_out: role of a registered model -> rows of the exam that
    it was trained on, which are left out of the comparison. id: hash of the content, without chosen, rule, folds, refit and
    hints.
    """

    usecase: str
    target: str
    verdict: str
    promote: bool
    reasons: tuple[str, ...]
    replaces: str | None = None
    finalist: str | None = None
    sha: str | None = None
    size_bytes: int | None = None
    fingerprint: str | None = None
    rows: int | None = None
    measure: str | None = None
    score: Score | None = None
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    baselines: Mapping[str, Score] = field(default_factory=dict[str, Score])
    differences: Mapping[str, Difference] = field(default_factory=dict[str, Difference])
    looks: int = 0
    looked: bool = False
    level_spent: float = 0.0
    comparisons: Mapping[str, Mapping[str, float | int | None]] = field(
        default_factory=dict[str, Mapping[str, float | int | None]]
    )
    chosen: tuple[str, ...] = ()
    rule: str = "val"
    folds: Mapping[str, FamilyFolds] = field(default_factory=dict[str, FamilyFolds])
    refit: str = ""
    series: SeriesScores | None = None
    hints: tuple[Hint, ...] = ()
    unscored: tuple[Unscored, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    id: str = ""
    format: int = FORMAT
    """Of the file that it was read from; written is always today's."""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that from_json reads; what does not apply has no key."""
        named: dict[str, Any] = {
            "reasons": list(self.reasons),
            "chosen": list(self.chosen),
            "hints": [hint.as_json() for hint in self.hints],
            "score": dict(vars(self.score)) if self.score else None,
            "baselines": {name: dict(vars(score)) for name, score in self.baselines.items()},
            "differences": {name: dict(vars(difference)) for name, difference in self.differences.items()},
            "about": dict(self.about),
            "folds": {name: dict(vars(figures)) for name, figures in self.folds.items()},
            "comparisons": {role: dict(numbers) for role, numbers in self.comparisons.items()},
            "format": FORMAT,
        }
        plain = {name: value for name, value in vars(self).items() if name not in ("series", "unscored", "left_out")}
        named |= {"series": self.series.as_json()} if self.series else {}
        named |= {"unscored": [dict(vars(one)) for one in self.unscored]} if self.unscored else {}
        named |= {"left_out": dict(self.left_out)} if self.left_out else {}
        return plain | named


def from_json(value: Mapping[str, Any], where: str = FILE) -> Decision:
    """Read one decision, of format 1 or 2. Raises RecordError."""
    with readable(where, NOUN):
        value = _of_format_1(value) if known_format(value, NOUN, (1, FORMAT), where) == 1 else dict(value)
        read: dict[str, Any] = {
            "reasons": tuple(value["reasons"]),
            "chosen": tuple(value.get("chosen", ())),
            "hints": tuple(hint_from_json(hint) for hint in value.get("hints", ())),
            "score": score_from_json(value["score"]) if value.get("score") else None,
            "baselines": {name: score_from_json(score) for name, score in value.get("baselines", {}).items()},
            "differences": {name: Difference(**numbers) for name, numbers in value.get("differences", {}).items()},
            "folds": {name: FamilyFolds(**figures) for name, figures in value.get("folds", {}).items()},
            "series": _series(value["series"]) if value.get("series") else None,
            "unscored": tuple(Unscored(**one) for one in value.get("unscored", ())),
        }
        return Decision(**(value | read))


def _series(value: Mapping[str, Any]) -> SeriesScores:
    scores = {name: SeriesScore(**numbers) for name, numbers in value["scores"].items()}
    return SeriesScores(value["count"], value["quantiles"], scores)


def _of_format_1(value: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the fields of format 1: exam -> fingerprint and rows, against -> differences, comparisons.anchor -> best."""
    renamed = {name: item for name, item in value.items() if name not in ("exam", "against", "comparisons")}
    exam, comparisons = value.get("exam", {}), dict(value.get("comparisons", {}))
    if "anchor" in comparisons:
        comparisons["best"] = comparisons.pop("anchor")
    named = {"differences": value.get("against", {}), "comparisons": comparisons, "format": 1}
    return renamed | named | {"fingerprint": exam.get("fingerprint"), "rows": exam.get("rows")}


def read_decisions(folder: Path) -> list[Decision]:
    """Read the decisions of an outcome, one per target; none where there is no outcome. Raises RecordError."""
    path = folder / FILE
    if not path.exists():
        return []
    value = read_json(path, NOUN, (1, FORMAT))
    value.pop("format", None)
    return [from_json(decision, str(path)) for decision in value.values()]


def write_decisions(folder: Path, decisions: list[Decision]) -> None:
    """Write the decisions of an outcome by target."""
    write_json(folder / FILE, {"format": FORMAT} | {decision.target: decision.as_json() for decision in decisions})
