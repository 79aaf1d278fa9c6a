"""Preparing: checked rows in, three sides of encoded rows out, with what was learned from train to encode them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from minnow.registry import unknown
from minnow.types import Array, Batch, Columns, Table

SIDES = ("train", "val", "test")


class Shares(Protocol):
    """Shares of rows for val and test; the rest is train, or train_rows of it."""

    @property
    def val(self) -> float:
        """Share of val, above 0."""
        ...

    @property
    def test(self) -> float:
        """Share of test, above 0."""
        ...

    @property
    def train_rows(self) -> int | None:
        """How many rows of train are used; None uses all."""
        ...


@dataclass(frozen=True)
class Prepared:
    """Sides of a use case's rows.

    tables: side -> examples, raw; batches: side -> the same rows encoded, in the same order.
    encoder: what encodes further rows alike; labels: (k,) str, the names of train's answers.
    """

    tables: dict[str, Table]
    batches: dict[str, Batch]
    encoder: Any
    labels: Array


def prepare(
    table: Table, modality: ModuleType, options: Any, task: ModuleType, task_name: str, shares: Shares
) -> Prepared:
    """Split rows, turn them into examples, learn labels and encoder from train alone, and encode every side.

    modality, task: modules. A modality may say which labels there are beyond those of train (`vocabulary`) and what is known
    of each (`of_labels`). Raises ValueError when a side would be empty.
    """
    sides = split(table, shares, modality.time_column(options))
    tables = {side: modality.examples(rows, options) for side, rows in sides.items()}
    _refuse_empty(tables)
    labels = task.vocabulary(tables["train"].columns[modality.target(options)])
    if hasattr(modality, "vocabulary"):
        labels = modality.vocabulary(labels, tables["train"], options)
    encoder = modality.Encoder.fit(tables["train"], labels, options)
    batches = {side: batch(rows, encoder, labels, modality, options, task, task_name) for side, rows in tables.items()}
    batches["train"] = _weighted(batches["train"], getattr(options, "class_weights", None))
    if hasattr(encoder, "encode_train"):
        batches["train"] = _as_unseen(batches["train"], encoder)
    if hasattr(modality, "of_labels"):
        known = modality.of_labels(tables["train"], labels, options)
        batches = {side: replace(one, of_labels=known) for side, one in batches.items()}
    return Prepared(tables, batches, encoder, labels)


def batch(
    table: Table, encoder: Any, labels: Array, modality: ModuleType, options: Any, task: ModuleType, task_name: str
) -> Batch:
    """Encode examples with any encoder and its labels, such as a champion's. Rows keep their order."""
    return Batch(
        inputs=encoder.encode(table.columns),
        target=task.encode(table.columns[modality.target(options)], labels),
        labels=labels,
        task=task_name,
        key=table.key,
        sizes=dict(encoder.sizes),
        unit=np.empty(0, np.int64) if table.unit is None else table.unit.view(np.int64),
        lens=table.lens,
    )


def seen_through(prepared: Prepared, lens: Columns) -> Prepared:
    """Give every side the one lens that answers are looked at through."""
    tables = {side: replace(rows, lens=lens) for side, rows in prepared.tables.items()}
    batches = {side: replace(rows, lens=lens) for side, rows in prepared.batches.items()}
    return replace(prepared, tables=tables, batches=batches)


def _weighted(batch: Batch, class_weights: str | Mapping[str, float] | None) -> Batch:
    """Let rows count by their label: as named, or so that every label counts alike; on average a row counts once."""
    if class_weights is None:
        return batch
    if not len(batch.labels):
        raise ValueError("options.class_weights needs a task with labels. Received: a task whose answer is a number.")
    if isinstance(class_weights, str):
        per_label = 1 / np.maximum(np.bincount(batch.target, minlength=len(batch.labels)), 1)
    else:
        for name in class_weights:
            if name not in batch.labels:
                raise ValueError(f"options.class_weights: {unknown('label', name, batch.labels.tolist())}")
        per_label = np.array([class_weights.get(str(name), 1.0) for name in batch.labels])
    weight = per_label[batch.target]
    return replace(batch, weight=(weight / weight.mean()).astype(np.float32))


def _as_unseen(batch: Batch, encoder: Any) -> Batch:
    """Encode train rows as rows that the encoder did not learn from: what it says of a row must not hold its answer."""
    inputs, weight = encoder.encode_train()
    return replace(batch, inputs=inputs, weight=batch.weight * weight)


def split(table: Table, shares: Shares, time: str | None = None) -> dict[str, Table]:
    """Split rows into train, val and test; within each they keep their order. Raises ValueError for an empty side.

    Without time, Table.unit or else Table.key decides alone, so a row stays on its side whatever else there is, and rows
    of one unit, or equal rows, share one. With the name of a column of times the latest rows are test and those before
    them val; rows of one moment stay together. Table.side, where set, is kept; what it calls "train" is divided into
    train and val unless it names a val too.
    """
    key = table.key if table.unit is None else table.unit
    side = _by_hash(key, shares) if time is None else _by_time(table.columns[time], shares)
    if table.side is not None:
        fixed_train = np.where(_fraction(key) < shares.val, "val", "train")
        if time is not None:
            times = table.columns[time]
            fixed_train = np.where(times >= _moment(times[table.side == "train"], 1 - shares.val), "val", "train")
        if "val" in table.side:
            fixed_train = np.full(len(table), "train")
        fixed = np.where(table.side == "train", fixed_train, table.side)
        side = np.where(table.side == "", side, fixed)
    found = {name: table.take(side == name) for name in SIDES}
    if shares.train_rows is not None:
        found["train"] = _few(found["train"], shares.train_rows, time)
    _refuse_empty(found)
    return found


def _few(table: Table, count: int, time: str | None) -> Table:
    """Keep the rows of least key, which are hashes: a choice at random that is always the same."""
    if time is not None:
        raise ValueError(
            f"split.train_rows needs rows that stand each for itself. Received: rows in order of '{time}', whose "
            "neighbours belong together. Leave it out."
        )
    if len(table) < count:
        raise ValueError(f"split.train_rows needs {count:,} rows of train. Received: {len(table):,}. Lower it.")
    return table.take(np.sort(np.argsort(table.key, kind="stable")[:count]))


def _fraction(key: Array) -> Array:
    """Map keys (n,) uint64 to 0..1; they are hashes, so they lie evenly."""
    return key.astype(np.float64) / 2.0**64


def _by_hash(key: Array, shares: Shares) -> Array:
    place = _fraction(key)
    return np.where(place < shares.test, "test", np.where(place < shares.test + shares.val, "val", "train"))


def _by_time(time: Array, shares: Shares) -> Array:
    """Cut at two moments of the rows; a moment belongs to the later side."""
    first_val, first_test = (_moment(time, share) for share in (1 - shares.val - shares.test, 1 - shares.test))
    return np.where(time >= first_test, "test", np.where(time >= first_val, "val", "train"))


def _moment(time: Array, share: float) -> Any:
    """The moment before which a share of times lies."""
    ordered = np.sort(time)
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


def _refuse_empty(tables: dict[str, Table]) -> None:
    counts = {side: len(rows) for side, rows in tables.items()}
    if not all(counts.values()):
        received = ", ".join(f"{side} {count:,}" for side, count in counts.items())
        raise ValueError(
            f"Every side needs rows. Received: {received}. Give more rows, or change `split` in params.yaml."
        )
