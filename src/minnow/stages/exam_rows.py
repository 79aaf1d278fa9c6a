"""Rows of an exam: by what they are recognised, and which of them a model was trained on."""

from __future__ import annotations

import numpy as np

from minnow.records.keys import TrainingRows
from minnow.stages.prepare import Prepared
from minnow.types import Array, Table


def training_rows(prepared: Prepared) -> TrainingRows:
    """Keys of the rows of train and val, and of those for teaching; where groups decide splits, the groups too."""
    tables: list[Table | None] = [prepared.tables["train"], prepared.tables["val"], prepared.unlabelled]
    learned = [table for table in tables if table is not None]
    key = np.unique(np.concatenate([_contents(table).ravel() for table in learned]))
    groups = [table.group for table in learned if prepared.grouped and table.group is not None]
    return TrainingRows(key, np.unique(np.concatenate(groups)) if groups else np.empty(0, np.uint64))


def trained_on(exam: Table, training: TrainingRows) -> Array:
    """Whether a model was trained on each row of an exam, on a part of it, or on a row of its group, (n,) bool."""
    contents = _contents(exam)
    learned = (np.isin(contents, training.key) & ((contents != 0) | (exam.parts is None))).any(axis=1)
    return learned if exam.group is None else learned | np.isin(exam.group, training.group)


def _contents(table: Table) -> Array:
    """Keys of the raw rows of each example, (n, r) uint64, padded with 0."""
    return table.key[:, None] if table.parts is None else table.parts


def identity(exam: Table) -> Array:
    """What a row of an exam is recognised by when looks are counted, (n,) uint64: its group, or else its key."""
    return exam.key if exam.group is None else exam.group
