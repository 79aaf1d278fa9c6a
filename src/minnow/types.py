"""The types that all packages share: frozen dataclasses over NumPy arrays."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Array = np.ndarray
Columns = Mapping[str, Array]
Outputs = Mapping[str, Array]
"""Named arrays that a model returns, rows first."""
SPLITS = ("train", "val", "test")
OFFSET = "anchor"
"""Name of the array of offsets in model files and bundles; it is part of their format."""
SMALLEST_PROBABILITY = 1e-7
"""Probabilities are clipped to at least this before a logarithm, so that no single row dominates a mean log loss."""


@dataclass(frozen=True)
class Notice:
    """What reading found or left out, in one sentence for the owner of the data.

    kind: "skipped" (files, columns or rows that are not read), "format" (how cells are written), "missing" (cells that are
    taken for missing values) or "label" (labels that look like one). count: how many files, cells or rows. where: the column,
    class or folder; None where it is all of them.
    """

    kind: str
    text: str
    count: int = 0
    where: str | None = None


@dataclass(frozen=True)
class ColumnFormat:
    """How the cells of a column are written in files.

    kind: numeric, categorical, boolean or date. decimal, thousands: signs inside numbers, "" for no thousands sign; unit: a
    currency, percent sign or unit that each number carries. time: format of dates: "iso", one of strptime, or the unit of a
    number since 1970 ("s", "ms", "us", "ns").
    """

    kind: str = "categorical"
    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    time: str | None = None


@dataclass(frozen=True)
class FileFormat:
    """How files of rows are written. None and empty fields are found anew in each file.

    separator, quote: of delimited text. encoding: of text, a codec's name. header: names of the columns of files without a
    header.
    """

    separator: str | None = None
    quote: str = '"'
    encoding: str | None = None
    header: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Reading:
    """How a table was read; the encoder keeps it, so that files and requests are read in the same way.

    columns: name -> format of its cells, for columns of text; a column that is not in it is read as it comes.
    documents: whether each file is one row, a document.
    """

    file: FileFormat = field(default_factory=FileFormat)
    columns: Mapping[str, ColumnFormat] = field(default_factory=dict[str, ColumnFormat])
    documents: bool = False


@dataclass(frozen=True)
class KeyRule:
    """What the keys of a use case's rows are made of. It is recorded with a champion, and later runs make them so again.

    columns: those of a table that are hashed, (name, kind) each, in the order of hashing; none where rows are no table.
    options: those of the modality that keys and groups depend on, as JSON values. version: of the way values are hashed.
    """

    columns: tuple[tuple[str, str], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: int = 1

    def option(self, name: str) -> Any:
        """A recorded option. Raises KeyRuleError for a rule of another kind of data, which has no such option."""
        if name not in self.options:
            raise KeyRuleError(f"keys of rows are recorded without '{name}', as of another kind of data")
        return self.options[name]


class KeyRuleError(ValueError):
    """Files or settings by which keys cannot be made as they are recorded. The message says what differs."""


@dataclass(frozen=True)
class Table:
    """Named columns of raw rows.

    columns: each (n, ...), rows first.
    row_id: (n,) str, the origin of each row for messages, such as "reviews.csv:12".
    key: (n,) uint64, hash of each row's content, which determines its split. keys: what it is made of.
    split: (n,) str, "train", "val" or "test" where the split is fixed, "" where the key determines it; None means all "".
    group: (n,) uint64, rows of one group share a split and are resampled together; None makes each row its own group.
    extractor: arrays of the feature extractor, for tasks that compare answers by features; otherwise empty.
    side_tables: arrays about what rows refer to, such as items; their length differs from n, and take() keeps them whole.
    reading: how the files were read. notices: what reading found or left out.
    unlabelled: rows without a label that are kept for teaching; they are in no split, and take() keeps them whole.
    parts: (n, r) uint64, keys of the raw rows that an example is made of, padded with 0; None where it is made of one.
    measure: as in Batch.
    """

    columns: dict[str, Array]
    row_id: Array
    key: Array
    split: Array | None = None
    group: Array | None = None
    extractor: Columns = field(default_factory=dict[str, Array])
    side_tables: Mapping[str, Array] = field(default_factory=dict[str, Array])
    reading: Reading = field(default_factory=Reading)
    notices: tuple[Notice, ...] = ()
    unlabelled: Table | None = None
    keys: KeyRule = field(default_factory=KeyRule)
    parts: Array | None = None
    measure: str = ""

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.row_id)

    def with_reading(self, reading: Reading, notices: tuple[Notice, ...]) -> Table:
        """Add how the rows were read."""
        return replace(self, reading=reading, notices=notices)

    def take(self, index: Array) -> Table:
        """Return the rows at index, (m,) int or (n,) bool, in that order."""
        return replace(
            self,
            columns={name: column[index] for name, column in self.columns.items()},
            row_id=self.row_id[index],
            key=self.key[index],
            split=None if self.split is None else self.split[index],
            group=None if self.group is None else self.group[index],
            parts=None if self.parts is None else self.parts[index],
        )


@dataclass(frozen=True)
class Source:
    """What one number of an encoded array is made of.

    columns: of the user's files. kind: "value" where it rises with the value of its only column, "gap" where it says whether
    that value is missing, "category" where it is an id; otherwise what it is computed from them as: "date" or "derived".
    """

    columns: tuple[str, ...]
    kind: str


Sources = Mapping[str, tuple[Source, ...]]
"""Name of an encoded array (n, d) -> what each of its d numbers is made of; arrays of other shapes are not in it."""


@dataclass(frozen=True)
class Batch:
    """Encoded rows of one split: what a family fits and a task scores.

    inputs: name -> encoded array, each (n, ...).
    target: classify (n,) int64, index into labels; regress, forecast, rate (n,) float32; rank (n, r) int64, indices of the
        relevant labels padded with -1; generate (n,) float32 zeros. A label that is not among labels is -1.
    labels: (k,) str, the names along the last axis of the outputs; empty where an answer is a number.
    task, modality: their names.
    key: (n,) uint64, as in Table.
    group: (n,) int64, rows of one group are resampled together; by default each row is its own group.
    cardinalities: input of ids -> the number of different ids, such as {"ngrams": 20000}.
    sources: what the numbers of inputs are made of; empty where rows are not made of columns.
    weight: (n,) float32, sample weights for training; 1 by default.
    extractor: arrays of the feature extractor, for tasks that compare answers by features; otherwise empty.
    label_features: features of the labels that need no model, each (k, ...) float32, such as the popularity and the
        attributes of items, and what describes a feature's last axis, such as ages (b,).
    measure: name of the measure that decides; "" for the first one of the task.
    """

    inputs: dict[str, Array]
    target: Array
    labels: Array
    task: str
    key: Array
    modality: str = ""
    group: Array = field(default_factory=lambda: np.empty(0, np.int64))
    cardinalities: Mapping[str, int] = field(default_factory=dict[str, int])
    weight: Array = field(default_factory=lambda: np.empty(0, np.float32))
    extractor: Columns = field(default_factory=dict[str, Array])
    label_features: Mapping[str, Array] = field(default_factory=dict[str, Array])
    measure: str = ""
    sources: Sources = field(default_factory=dict[str, tuple[Source, ...]])

    def __post_init__(self) -> None:
        """Set the default group and weight."""
        if len(self.group) != len(self.key):
            object.__setattr__(self, "group", np.arange(len(self.key), dtype=np.int64))
        if len(self.weight) != len(self.key):
            object.__setattr__(self, "weight", np.ones(len(self.key), np.float32))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.key)

    def take(self, index: Array) -> Batch:
        """Return the rows at index, (m,) int or (n,) bool, in that order."""
        inputs = {name: value[index] for name, value in self.inputs.items()}
        return replace(
            self,
            inputs=inputs,
            target=self.target[index],
            key=self.key[index],
            group=self.group[index],
            weight=self.weight[index],
        )

    def answerable(self) -> Batch:
        """Keep the rows with at least one known label; all rows where labels is empty. The result may have no rows."""
        if not len(self.labels):
            return self
        return self.take(np.flatnonzero((self.target >= 0).reshape(len(self), -1).any(axis=1)))

    @property
    def offset(self) -> Array | None:
        """Known approximation of the targets, (n,) float32: a series' last value, or a rating by biases.

        Models learn the difference between target and offset. None where rows have no offset.
        """
        return self.inputs.get(OFFSET)

    def relative(self) -> Batch:
        """The same rows with the target minus the offset as target, and without the offset among the inputs."""
        if self.offset is None:
            return self
        inputs = {name: value for name, value in self.inputs.items() if name != OFFSET}
        return replace(self, inputs=inputs, target=self.target - self.offset)

    @property
    def fingerprint(self) -> str:
        """Hash of the set of rows in sixteen hex digits; the order does not matter."""
        return fingerprint(self.key)


def fingerprint(key: Array) -> str:
    """Hash a set of rows to sixteen hex digits; the order does not matter. key: (n,) uint64."""
    return hashlib.sha256(np.sort(key.astype("<u8")).tobytes()).hexdigest()[:16]


def content_key(*parts: bytes) -> int:
    """Hash the parts of one row to 64 bits, the same on every machine."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return int.from_bytes(digest.digest(), "little")


def part_of_key(part: bytes) -> bytes:
    """One part of a row as content_keys takes it: behind its length."""
    return len(part).to_bytes(8, "little") + part


def content_keys(rows: Iterable[bytes]) -> Array:
    """Hash many rows as content_key hashes one, (n,) uint64. rows: the parts of each, as part_of_key returns them, joined."""
    digests = b"".join([hashlib.blake2b(row, digest_size=8).digest() for row in rows])
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def noise_of(key: Array, width: int) -> Array:
    """Standard normal numbers determined by keys, (n, width) float32, the same on every machine.

    key: (n,) uint64; equal keys give equal rows, neighbouring keys give independent rows. Source: Steele, Lea & Flood 2014
    (SplitMix64), Box & Muller 1958.
    """
    step, pairs = np.uint64(0x9E3779B97F4A7C15), (width + 1) // 2
    start = _mixed(key.astype(np.uint64) + step)[:, None]
    drawn = _mixed(start + step * np.arange(1, 2 * pairs + 1, dtype=np.uint64))
    even = (drawn >> np.uint64(11)).astype(np.float64) / 2.0**53
    radius = np.sqrt(-2 * np.log1p(-even[:, :pairs]))
    angle = 2 * np.pi * even[:, pairs:]
    noise = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return noise[:, :width].astype(np.float32)


def _mixed(value: Array) -> Array:
    """Mix 64-bit integers so that each bit of the input affects all bits of the result."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@dataclass(frozen=True)
class Spec:
    """A named input or output array of a model. shape: without the batch axis, None where the length is free."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class DecisionRule:
    """How an answer follows from outputs where it is not the most probable label or the number itself. One of three kinds.

    positive, threshold: the label `positive` where it has at least this probability, else the most probable of the others.
    costs: the label with the least expected cost (Elkan 2001). Label -> what it costs to miss it; or true label -> predicted
    label -> what that costs, 0 where it is not named. A label that is not named at all is not answered.
    values: of a number, the nearest of these, which ascend.
    """

    positive: str | None = None
    threshold: float | None = None
    costs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    values: tuple[float, ...] = ()

    def __str__(self) -> str:
        """For people."""
        if self.values:
            return f"the nearest of the numbers {', '.join(f'{value:g}' for value in self.values)}"
        if self.threshold is not None:
            return f"'{self.positive}' where its probability is at least {self.threshold:.4g}"
        return "the label with the least expected cost"


@dataclass(frozen=True)
class Measure:
    """A score of a task.

    rows: (outputs, batch) -> (n,) float64, NaN where a row does not count; their mean is the score. pseudo: the score is no
    mean over rows, and these are pseudo-values: the score plus the influence of each row on it. The error of their mean is that
    of the score, so that models can be compared row by row. Source: Efron 1982 (infinitesimal jackknife); for AUC it is the
    method of DeLong et al. 1988.
    score: (outputs, batch) -> float, in place of rows, for a score that has neither; its interval is bootstrapped, and it
    cannot decide. needs: (outputs, batch) -> arrays, rows first, that score takes instead of outputs, computed once before rows
    are resampled; the batch of score has no inputs then.
    root: the score is the square root of the mean (RMSE). low, high: the range of the score, in which its intervals stay.
    margin: the default non-inferiority margin, in the unit of the score, or where relative as a share of the score.
    binary: whether each row is right or wrong. refuses: (batch) -> why rows cannot be scored, None where they can.
    rule: (outputs, val, train) -> the decision rule that serves the measure best, chosen on val, whose outputs these are; None
    for the most probable label or the number as it is. Train says how probabilities were weighted, and which numbers there are.
    Measures without it need no rule.
    """

    name: str
    higher_is_better: bool
    rows: Callable[[Outputs, Batch], Array] | None = None
    pseudo: bool = False
    score: Callable[[Outputs, Batch], float] | None = None
    root: bool = False
    needs: Callable[[Outputs, Batch], Outputs] | None = None
    low: float = -math.inf
    high: float = math.inf
    margin: float = 0.02
    relative: bool = True
    binary: bool = False
    refuses: Callable[[Batch], str | None] | None = None
    rule: Callable[[Outputs, Batch, Batch], DecisionRule | None] | None = None

    @property
    def is_mean(self) -> bool:
        """Whether it is a mean over rows, or the root of one, so that each row has a loss of its own."""
        return self.rows is not None and not self.pseudo

    @property
    def decides(self) -> bool:
        """Whether models can be compared by it."""
        return self.rows is not None

    def loss(self, outputs: Outputs, batch: Batch) -> Array:
        """Loss of each row, (n,) float64; lower is better. A row that does not count has the value 0.

        Their mean is the score; 1 minus the score where higher is better; the square of the score for a root.
        """
        assert self.rows is not None
        rows = np.nan_to_num(self.rows(outputs, batch), nan=0.0)
        return 1.0 - rows if self.higher_is_better else rows

    def loss_margin(self, loss: Array, setting: float | None = None) -> float:
        """Absolute non-inferiority margin on a mean loss.

        loss: (n,), of the model that the margin refers to; setting: in place of the measure's own, of the same kind.
        """
        mean = float(np.mean(loss))
        if self.root:
            return ((1 + self.margin_at(1.0, setting)) ** 2 - 1) * mean
        return self.margin_at(1.0 - mean if self.higher_is_better else mean, setting)

    def margin_at(self, value: float, setting: float | None = None) -> float:
        """Non-inferiority margin in the unit of the score. value: the score; setting: in place of the measure's own margin."""
        margin = self.margin if setting is None else setting
        return margin * abs(value) if self.relative else margin


def quantile_of(measure: str) -> float | None:
    """The quantile of "pinball@0.9", which is what a model is to predict; None for other measures."""
    name, _, value = measure.partition("@")
    return float(value) if name == "pinball" else None


@dataclass(frozen=True)
class Score:
    """A measured value with its interval (two-sided, 95 %) over n groups of rows."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Expectation:
    """A condition on rows.

    kind: a Great Expectations type in snake case; kwargs: its arguments, "column" a described column; why: shown in the report.
    says: what is expected, in the words of the user's files and options, such as "every row has a value in 'price'"; "" is put
    together from kind and kwargs. column: the column of the user's files that it is about; None where it is about whole rows.
    shown: the described column whose values are named where the expectation is not met; None for the one that is checked, ""
    names none.
    """

    kind: str
    kwargs: dict[str, Any]
    why: str
    says: str = ""
    column: str | None = None
    shown: str | None = None


Report = Callable[[int, int, Mapping[str, float]], None]
"""Progress of a fit: (epoch from 1, epochs, metrics of that epoch).

A metric of val begins with "val_". "val_loss" is what the family minimizes, in its own unit; the first measure of the task, as
"val_accuracy" or "val_mae", is in the units of the answer, and is what a run shows while it fits, from some of the rows where
there are many.
"""


def silent(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
    """Report nothing."""


class StopFit(Exception):
    """Raised by a report function to stop the fit."""
