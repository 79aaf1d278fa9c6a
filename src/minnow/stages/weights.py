"""Sample weights of the rows of train: by a column of the data, and by their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from minnow.contracts import RowOptions
from minnow.registry import unknown
from minnow.types import Array, Batch, Table

_SHOWN = 5


def check(split: str, table: Table, options: RowOptions) -> None:
    """Check the column of row weights, where the options name one.

    split: name of the split that table is. Raises ValueError with the rows whose weight is missing, negative or infinite.
    """
    values = _values(table, options)
    if values is None:
        return
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        rows = ", ".join(
            f"{row} ({'missing' if np.isnan(value) else f'{value:g}'})"
            for row, value in zip(table.row_id[bad[:_SHOWN]], values[bad[:_SHOWN]], strict=True)
        )
        raise ValueError(
            f"'{options.weight_column}' (options.weight) needs a weight of at least 0 in every row. {len(bad):,} rows of "
            f"{split} have none: {rows}. Correct them, or leave options.weight out."
        )


def _values(table: Table, options: RowOptions) -> Array | None:
    """Weights of rows, (n,) float64; None where the options name no column. Raises ValueError for one of another kind."""
    name = options.weight_column
    if name is None:
        return None
    values = table.columns[name]
    if values.dtype.kind != "f":
        raise ValueError(
            f"'{name}' (options.weight) needs numbers. Received: another kind of column. Correct the cells that are no "
            f"numbers, or set options.kinds.{name} to numeric."
        )
    return values


def weighted(batch: Batch, train: Table, options: RowOptions) -> Batch:
    """Give each row of train its weight: that of its column times that of its label. The mean weight is 1.

    "balanced" gives all labels the same total weight, by the weights of their rows. Raises ValueError where no row has a weight
    above 0, and for weights of labels that do not exist.
    """
    of_rows = _values(train, options)
    if of_rows is not None and not of_rows.any():
        raise ValueError(
            f"'{options.weight_column}' (options.weight) needs a weight above 0 in some row of train. Received: 0 in all "
            f"{len(train):,} rows."
        )
    of_labels = _of_labels(batch, options, of_rows)
    parts = [part for part in (of_rows, of_labels) if part is not None]
    if not parts:
        return batch
    weight = np.prod(parts, axis=0)
    return replace(batch, weight=(weight / weight.mean()).astype(np.float32))


def _of_labels(batch: Batch, options: RowOptions, of_rows: Array | None) -> Array | None:
    """Weights of rows by their labels, (n,) float64; None where all labels weigh the same."""
    weights: str | Mapping[str, float] | None = options.label_weights
    if weights is None:
        return None
    if not len(batch.labels):
        raise ValueError("options.class_weights needs a task with labels. Received: a task whose answer is a number.")
    if isinstance(weights, str):
        totals = np.bincount(batch.target, of_rows, minlength=len(batch.labels))
        return (1 / np.where(totals > 0, totals, 1))[batch.target]
    for name in weights:
        if name not in batch.labels:
            raise ValueError(f"options.class_weights: {unknown('label', name, batch.labels.tolist())}")
    return np.array([weights.get(str(name), 1.0) for name in batch.labels])[batch.target]
