"""The certificate of a variant: how its answers differ from those of its parent, row by row on val.

It stands beside the bundle. It holds nothing that a clock measured, so that the same files have the same certificate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from minnow.records.bundle import Bundle
from minnow.records.files import read_json, readable, write_json
from minnow.records.report import score_as_json, score_from_json
from minnow.types import Score

FILE = "certificate.json"
FORMAT = 1
NOUN = "certificate"
CERTIFIED, UNCERTIFIED, UNDERPOWERED, REFUSED = "certified", "uncertified", "underpowered", "refused"
"""Verdicts. Only the last one takes a variant out of the choice."""


@dataclass(frozen=True)
class Measured:
    """The paired comparison by the measure that decides.

    variant, parent: scores; loss: mean loss of the variant minus that of the parent; upper: its one-sided bound at the level,
    None where there is none; detectable: the smallest difference that the rows would show at the level with a power of 80 %;
    n: number of groups of rows; needed: how many would show one margin, None where that cannot be said.
    """

    measure: str
    variant: float
    parent: float
    loss: float
    upper: float | None
    detectable: float | None
    n: int
    needed: int | None


@dataclass(frozen=True)
class ClassChange:
    """What a variant does to one class.

    rows: of the class; parent, variant: recall; loss: of recall, parent minus variant, with its interval at the level divided
    by the number of classes that can be told; p: of the hypothesis that nothing is lost, times that number. can_tell: whether
    the rows could show it if the whole class were lost.
    """

    label: str
    rows: int
    parent: float
    variant: float
    loss: float
    low: float | None
    high: float | None
    p: float
    can_tell: bool


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error of parent and variant, and the change with its 95 % interval."""

    parent: float
    variant: float
    change: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Slice:
    """The rows where most answers differ, found on half of the rows and counted on the other half.

    conditions: in words; flips: share of answers that differ among those rows, with its interval.
    """

    conditions: tuple[str, ...]
    flips: Score


@dataclass(frozen=True)
class Change:
    """Size of the change of answers. name: what was measured of each row; quantiles: "0.05" -> value."""

    name: str
    quantiles: Mapping[str, float]


@dataclass(frozen=True)
class Certificate:
    """A variant and the parent that it was compared with.

    variant, parent: family and variant; sha, parent_sha: of the two bundles whose answers were compared; fingerprint, rows: of
    val; level: one-sided; margin: of the mean loss; recall_margin: of a class's recall. reasons: sentences behind the verdict.
    flips: share of answers that differ, with its 95 % interval. shipped, shipped_parent: bundles of the same two fitted again
    on train and val, of which the first is served; None where the compared one is.
    """

    usecase: str
    variant: str
    parent: str
    sha: str
    parent_sha: str
    size_bytes: int
    parent_size_bytes: int
    fingerprint: str
    rows: int
    level: float
    margin: float
    recall_margin: float
    verdict: str
    reasons: tuple[str, ...]
    flips: Score
    measured: Measured
    classes: tuple[ClassChange, ...] = ()
    calibration: Calibration | None = None
    worst: Slice | None = None
    change: Change | None = None
    shipped: str | None = None
    shipped_parent: str | None = None
    format: int = field(default=FORMAT, compare=False)

    @property
    def parent_variant(self) -> str:
        """Name of the parent among the variants of its family."""
        return self.parent.partition("/")[2]

    def carried(self, shipped: str, parent: str | None) -> Certificate:
        """The certificate of the bundle that was fitted again. shipped, parent: names of the new pair."""
        return replace(self, shipped=shipped, shipped_parent=parent)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that from_json reads; what there is none of is left out."""
        plain: dict[str, Any] = {name: _plain(value) for name, value in vars(self).items() if value not in (None, ())}
        return plain | {"format": FORMAT}

    def write(self, folder: Path) -> None:
        """Write certificate.json beside a bundle. folder: that holds the bundle."""
        write_json(folder / FILE, self.as_json())


def bounded(value: float) -> float | None:
    """A bound rounded to ten digits; None for an infinite one, which JSON cannot hold."""
    return round(value, 10) if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """The JSON value of a field."""
    if isinstance(value, Score):
        return score_as_json(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (Measured, ClassChange, Calibration, Slice, Change)):
        return {name: _plain(one) for name, one in vars(value).items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return round(value, 10) if isinstance(value, float) else value


def from_json(value: Mapping[str, Any], where: str = FILE) -> Certificate:
    """Read what Certificate.as_json returned. Raises RecordError for a value that lacks a field."""
    with readable(where, NOUN):
        worst, change, calibration = (value.get(name) for name in ("worst", "change", "calibration"))
        read: dict[str, Any] = {
            "reasons": tuple(value["reasons"]),
            "flips": score_from_json(value["flips"]),
            "measured": Measured(**value["measured"]),
            "classes": tuple(ClassChange(**one) for one in value.get("classes", ())),
            "calibration": Calibration(**calibration) if calibration else None,
            "worst": Slice(tuple(worst["conditions"]), score_from_json(worst["flips"])) if worst else None,
            "change": Change(**change) if change else None,
        }
        return Certificate(**{**value, **read})


def read_certificate(bundle: Bundle) -> Certificate | None:
    """Read the certificate of a bundle; None where it has none, or one that is of another bundle. Raises RecordError."""
    path = bundle.record_folder / FILE
    if not path.exists():
        return None
    found = from_json(read_json(path, NOUN, (FORMAT,)), str(path))
    return found if bundle.sha in (found.sha, found.shipped) else None
