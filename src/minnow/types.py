"""The nouns that every room shares: frozen dataclasses over NumPy arrays, nothing heavier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

Array = np.ndarray
Columns = Mapping[str, Array]
Outputs = Mapping[str, Array]
"""Named arrays that a model answers with, rows first."""


@dataclass(frozen=True)
class Table:
    """Named columns of raw rows.

    columns: each (n, ...), rows first.
    row_id: (n,) str, where a row came from, for people: "reviews.csv:12".
    key: (n,) uint64, hash of a row's content (or of its group): it decides the row's side and never changes.
    side: (n,) str, "train", "val" or "test" where the side is fixed, "" where the hash decides; None means all "".
    unit: (n,) uint64, rows of one unit share a side and are resampled together; None makes each row its own.
    lens: named arrays, not of rows, that answers to these rows are looked at through where a task needs that.
    aside: arrays of what the rows speak of, such as a catalogue of items: not of the rows' length, never cut with them.
    """

    columns: dict[str, Array]
    row_id: Array
    key: Array
    side: Array | None = None
    unit: Array | None = None
    lens: Columns = field(default_factory=dict)
    aside: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.row_id)

    def take(self, index: Array) -> Table:
        """Return the rows at index, (m,) int or (n,) bool, in that order."""
        return Table(
            {name: column[index] for name, column in self.columns.items()},
            self.row_id[index],
            self.key[index],
            None if self.side is None else self.side[index],
            None if self.unit is None else self.unit[index],
            self.lens,
            self.aside,
        )


@dataclass(frozen=True)
class Batch:
    """Encoded rows of one side: what a family fits and a task scores.

    inputs: each (n, ...), as the encoder made them.
    target: classify (n,) int64, index into labels; regress (n,) float32; rank (n, r) int64, indices of the relevant
        labels padded with -1; generate (n,) float32 of 0, for nothing is asked. An answer that labels do not know is -1.
    labels: (k,) str, the names along the last axis of the outputs; empty where an answer is a number.
    task: the task's name.
    key: (n,) uint64, which rows these are.
    unit: (n,) int64, rows of one unit are resampled together; by default each row is its own.
    sizes: how many ids each input of ids may hold, as the encoder knows it: {"ngrams": 20000}.
    weight: (n,) float32, how much a row counts in training; by default each counts once.
    lens: named arrays, not of rows, that a task looks at answers through: generate's extractor.
    of_labels: what is known of each label before anything is learned, each (k, ...) float32: how popular an item is at
        present, what it is like.
    """

    inputs: dict[str, Array]
    target: Array
    labels: Array
    task: str
    key: Array
    unit: Array = field(default_factory=lambda: np.empty(0, np.int64))
    sizes: Mapping[str, int] = field(default_factory=dict)
    weight: Array = field(default_factory=lambda: np.empty(0, np.float32))
    lens: Columns = field(default_factory=dict)
    of_labels: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill in the default unit and weight."""
        if len(self.unit) != len(self.key):
            object.__setattr__(self, "unit", np.arange(len(self.key), dtype=np.int64))
        if len(self.weight) != len(self.key):
            object.__setattr__(self, "weight", np.ones(len(self.key), np.float32))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.key)

    def take(self, index: Array) -> Batch:
        """Return the rows at index, (m,) int or (n,) bool, in that order."""
        inputs = {name: value[index] for name, value in self.inputs.items()}
        rows = {name: getattr(self, name)[index] for name in ("target", "key", "unit", "weight")}
        return replace(self, inputs=inputs, **rows)

    def answerable(self) -> Batch:
        """Keep the rows of which an answer is known: at least one label where answers are labels. May be none."""
        if not len(self.labels):
            return self
        return self.take(np.flatnonzero((self.target >= 0).reshape(len(self), -1).any(axis=1)))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that name these rows, whatever their order."""
        return fingerprint(self.key)


def fingerprint(key: Array) -> str:
    """Sixteen hex digits that name a set of rows. key: (n,) uint64; the order does not matter."""
    return hashlib.sha256(np.sort(key.astype("<u8")).tobytes()).hexdigest()[:16]


def content_key(*parts: bytes) -> int:
    """Hash the parts of one row to 64 bits, the same on every machine."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return int.from_bytes(digest.digest(), "little")


def noise_of(key: Array, width: int) -> Array:
    """Standard normal numbers that follow from keys alone, (n, width) float32, the same on every machine.

    key: (n,) uint64; equal keys give equal rows, neighbouring ones are independent. Source: Steele, Lea & Flood 2014
    (SplitMix64), Box & Muller 1958.
    """
    step, pairs = np.uint64(0x9E3779B97F4A7C15), (width + 1) // 2
    start = _mixed(key.astype(np.uint64) + step)[:, None]
    drawn = _mixed(start + step * np.arange(1, 2 * pairs + 1, dtype=np.uint64))
    even = (drawn >> np.uint64(11)).astype(np.float64) / 2.0**53
    radius = np.sqrt(-2 * np.log1p(-even[:, :pairs]))
    angle = 2 * np.pi * even[:, pairs:]
    found = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return found[:, :width].astype(np.float32)


def _mixed(value: Array) -> Array:
    """Spread every bit of 64 over all of them."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@dataclass(frozen=True)
class Spec:
    """One named array that a model takes or gives. shape: without the batch axis, None where free."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Measure:
    """A score of a task.

    rows: (outputs, batch) -> (n,) float64, NaN where a row does not count; their mean is the score.
    score: (outputs, batch) -> float, for a score that is not a mean over rows; its interval is bootstrapped.
    Exactly one of the two is set. root: the score is the square root of the mean (RMSE). needs: (outputs, batch) -> arrays,
    rows first, that score takes in the place of outputs; made once where rows are resampled a hundred times.
    """

    name: str
    higher_is_better: bool
    rows: Callable[[Outputs, Batch], Array] | None = None
    score: Callable[[Outputs, Batch], float] | None = None
    root: bool = False
    needs: Callable[[Outputs, Batch], Outputs] | None = None


@dataclass(frozen=True)
class Score:
    """A measured value with its interval (two-sided, 95 %) over n units."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Expectation:
    """What a modality demands of its rows. kind: a Great Expectations type in snake case; why: for the reader."""

    kind: str
    kwargs: dict[str, Any]
    why: str


Report = Callable[[int, int, Mapping[str, float]], None]
"""Progress of a fit: (epoch from 1, epochs, metrics of that epoch)."""


def silent(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
    """Report nothing."""


class Enough(Exception):
    """Raise it in a report: the fit has been seen enough of, and ends there."""


@runtime_checkable
class Model(Protocol):
    """What a family's fit returns: named arrays in, named arrays out.

    framework: "keras" or "sklearn", what an exporter dispatches on; native: that framework's object.
    history: per-epoch metrics, each a list of floats; empty where nothing is iterated.
    """

    framework: str
    native: Any
    history: dict[str, list[float]]

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays it needs, a subset of what the encoder makes."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays it gives."""
        ...

    @property
    def parameters(self) -> int:
        """How many numbers it learned."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored."""
        ...

    def save(self, folder: Path) -> None:
        """Write to folder so that the family's load(folder) answers the same."""
        ...
