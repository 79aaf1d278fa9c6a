"""Preparation: splits checked rows, fits labels and encoder on train, and encodes every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from minnow.contracts import Encoder
from minnow.stages import weights
from minnow.stages.case import Problem
from minnow.types import SPLITS, Array, Batch, Columns, KeyRule, Table


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
    """The splits of a use case's rows.

    tables: split -> raw examples; batches: split -> the same rows encoded, in the same order.
    encoder: fitted on train; labels: (k,) str, the names of the answers in train, empty where an answer is a number.
    unlabelled: examples without a label that a teacher may label, none of which is or would be in val or test; None where there
    are none.
    exam_rows: (m,) str, origins of the raw rows of test. keys: what keys of rows are made of. grouped: whether Table.group of
    the raw rows decides their split. joined: the same with the rows of val in train, from which baselines learn beside a
    finalist that was fitted again; None where they learn from train.
    """

    tables: dict[str, Table]
    batches: dict[str, Batch]
    encoder: Encoder
    labels: Array
    unlabelled: Table | None = None
    exam_rows: Array = field(default_factory=lambda: np.empty(0, "<U1"))
    keys: KeyRule = field(default_factory=KeyRule)
    grouped: bool = False
    joined: Prepared | None = None


def prepare(table: Table, problem: Problem, shares: Shares, *, join: bool = False) -> Prepared:
    """Split rows, turn them into examples, fit labels and encoder on train alone, and encode every split.

    join: train has the rows of val too, for a model that is fitted again when nothing is left to be chosen on val.
    Rows of train have sample weights; each row of val and test counts once in every score. Raises ValueError when a split would
    be empty, and for weights that are none.
    """
    modality, options, capabilities = problem.modality, problem.options, problem.modality.CAPABILITIES
    splits = split(replace(table, unlabelled=None), shares, problem.time_column, join=join)
    tables = {name: replace(modality.examples(rows, options), measure=problem.measure) for name, rows in splits.items()}
    _refuse_empty(tables)
    for name, rows in tables.items():
        weights.check(name, rows, options)
    train = tables["train"]
    labels = capabilities.classes(problem.task.classes(train.columns[problem.target]), train, options)
    encoder = modality.fit_encoder(train, labels, options)
    batches = {name: batch(rows, encoder, labels, problem) for name, rows in tables.items() if name != "train"}
    batches = {"train": _train_batch(train, encoder, labels, problem), **batches}
    features = capabilities.label_features(train, labels, options)
    batches = {name: replace(rows, label_features=features) for name, rows in batches.items()}
    others = _for_teaching(table, splits, shares, problem.time_column)
    unlabelled = None if others is None else modality.examples(others, options)
    exam_rows, grouped = splits["test"].row_id, table.group is not None and problem.time_column is None
    return Prepared(tables, batches, encoder, labels, unlabelled, exam_rows, table.keys, grouped)


def batch(table: Table, encoder: Encoder, labels: Array, problem: Problem) -> Batch:
    """Encode examples with any encoder and its labels, such as a champion's. Rows keep their order."""
    return _batch(table, encoder.encode(table.columns), encoder, labels, problem)


def _batch(table: Table, inputs: dict[str, Array], encoder: Encoder, labels: Array, problem: Problem) -> Batch:
    return Batch(
        inputs=inputs,
        target=problem.task.encode(table.columns[problem.target], labels),
        labels=labels,
        task=problem.task_name,
        key=table.key,
        modality=problem.modality_name,
        cardinalities=dict(encoder.cardinalities),
        sources=dict(encoder.sources),
        group=np.empty(0, np.int64) if table.group is None else table.group.view(np.int64),
        extractor=table.extractor,
        measure=table.measure,
    )


def _train_batch(table: Table, encoder: Encoder, labels: Array, problem: Problem) -> Batch:
    """Encode the rows that the encoder was fitted to, each with its weight."""
    inputs, weight = encoder.encode_train(table.columns)
    rows = weights.weighted(_batch(table, inputs, encoder, labels, problem), table, problem.options)
    return rows if weight is None else replace(rows, weight=rows.weight * weight)


def with_extractor(prepared: Prepared, extractor: Columns) -> Prepared:
    """Add a feature extractor to every split; answers of the task are compared by its features."""
    tables = {name: replace(rows, extractor=extractor) for name, rows in prepared.tables.items()}
    batches = {name: replace(rows, extractor=extractor) for name, rows in prepared.batches.items()}
    return replace(prepared, tables=tables, batches=batches)


def split(table: Table, shares: Shares, time: str | None = None, *, join: bool = False) -> dict[str, Table]:
    """Split rows into train, val and test; within each they keep their order. Raises ValueError for an empty split.

    Without `time`, the hash in Table.group, or else in Table.key, decides alone: a row keeps its split when others are added,
    and rows of one group, or equal rows, share a split. With `time`, the name of a column of times, the latest rows are test
    and those before them val; rows of the same time stay together. Table.split is kept where it is set; its rows of "train"
    are divided into train and val unless it has rows of "val". join: train has the rows of val too.
    """
    place = places(table, shares, time)
    rows = {name: np.flatnonzero(place == name) for name in SPLITS}
    if shares.train_rows is not None:
        rows["train"] = _few(table, rows["train"], shares.train_rows, time)
    if join:
        rows["train"] = np.sort(np.concatenate([rows["train"], rows["val"]]))
    splits = {name: table.take(index) for name, index in rows.items()}
    _refuse_empty(splits)
    return splits


def refuse_one_class(splits: Mapping[str, Table], target: str, labels: Array) -> None:
    """Raise ValueError where train has rows of one class alone, as where the others begin later. labels: of train, (k,) str."""
    if len(labels) != 1:
        return
    others = [
        f"{count:,} of '{name}' in {split}"
        for split in ("val", "test")
        for name, count in zip(*np.unique(splits[split].columns[target], return_counts=True), strict=True)
        if name != labels[0]
    ]
    raise ValueError(
        f"train needs rows of at least 2 classes to learn from. Received: {len(splits['train']):,} rows, all of the class "
        f"'{labels[0]}'; of others there are {', '.join(others[:5]) or 'none'}. Divide the rows in another way (split, "
        "options.split), or give more rows."
    )


def places(table: Table, shares: Shares, time: str | None = None) -> Array:
    """Split of each row, (n,) str."""
    key = unit(table)
    place = _by_hash(key, shares) if time is None else _by_time(table.columns[time], shares)
    if table.split is None:
        return place
    fixed = np.where(table.split == "train", _fixed_train(table, key, shares, time), table.split)
    return np.where(table.split == "", place, fixed)


def unit(table: Table) -> Array:
    """Hash of what stays in one split, (n,) uint64: each group, or each different row."""
    return table.key if table.group is None else table.group


def _for_teaching(table: Table, splits: Mapping[str, Table], shares: Shares, time: str | None) -> Table | None:
    """Rows without a label that are not in val or test, and would not be if they had one; None where there are none.

    Their keys are compared with those of val and test too, so that no row that is equal to one of an exam, or of its group, is
    used for teaching. splits: of the rows with a label.
    """
    rows = table.unlabelled
    if rows is None:
        return None
    held = [splits["val"], splits["test"]]
    if time is None:
        kept = _places_among(table, rows, shares) == "train"
    else:
        kept = rows.columns[time] < min(part.columns[time].min() for part in held)
    kept = kept & ((_fixed(rows) == "") | (_fixed(rows) == "train"))
    kept = kept & ~np.isin(rows.key, np.concatenate([part.key for part in held]))
    kept = kept & ~np.isin(unit(rows), np.concatenate([unit(part) for part in held]))
    return rows.take(np.flatnonzero(kept)) if kept.any() else None


def _places_among(table: Table, rows: Table, shares: Shares) -> Array:
    """Split that further rows of a table would have by their hash, (m,) str."""
    row_id, key = np.concatenate([table.row_id, rows.row_id]), np.concatenate([unit(table), unit(rows)])
    split = None if table.split is None else np.concatenate([table.split, _fixed(rows)])
    return places(Table({}, row_id, key, split), shares, None)[len(table) :]


def _fixed(table: Table) -> Array:
    """Table.split, (n,) str, "" where it is not set."""
    return np.full(len(table), "") if table.split is None else table.split


def _fixed_train(table: Table, key: Array, shares: Shares, time: str | None) -> Array:
    """Divide the rows that are fixed as "train" into train and val, (n,) str, unless some are fixed as val."""
    assert table.split is not None
    if "val" in table.split:
        return np.full(len(table), "train")
    if time is None:
        return np.where(_fraction(key) < shares.val, "val", "train")
    times = table.columns[time]
    return np.where(times >= _moment(times[table.split == "train"], 1 - shares.val), "val", "train")


def _few(table: Table, rows: Array, count: int, time: str | None) -> Array:
    """Keep the rows with the smallest keys. Keys are hashes, so this is a random sample that is always the same.

    rows: indices of the rows of train, (n,) int, ascending.
    """
    if time is not None:
        raise ValueError(
            "split.train_rows needs rows that are independent of each other. Received: rows in order of time, whose neighbours "
            "belong together. Leave it out."
        )
    if len(rows) < count:
        raise ValueError(f"split.train_rows needs {count:,} rows of train. Received: {len(rows):,}. Lower it.")
    return np.sort(rows[np.argsort(table.key[rows], kind="stable")[:count]])


def _fraction(key: Array) -> Array:
    """Map keys (n,) uint64 to 0..1; they are hashes, so the values are uniform."""
    return key.astype(np.float64) / 2.0**64


def _by_hash(key: Array, shares: Shares) -> Array:
    place = _fraction(key)
    return np.where(place < shares.test, "test", np.where(place < shares.test + shares.val, "val", "train"))


def _by_time(time: Array, shares: Shares) -> Array:
    """Split at two times; rows of exactly that time belong to the later split."""
    first_val, first_test = (_moment(time, share) for share in (1 - shares.val - shares.test, 1 - shares.test))
    return np.where(time >= first_test, "test", np.where(time >= first_val, "val", "train"))


def _moment(time: Array, share: float) -> Any:
    """Quantile of times: the one before which a share of them lies."""
    ordered = np.sort(time)
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


def _refuse_empty(tables: dict[str, Table]) -> None:
    counts = {name: len(rows) for name, rows in tables.items()}
    if not all(counts.values()):
        received = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise ValueError(f"Every split needs rows. Received: {received}. Add rows, or change `split` in params.yaml.")
