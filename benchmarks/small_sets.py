"""Small and medium tables on which defaults are chosen: scikit-learn's, made ones, and draws of those in MINNOW_BENCH_DATA.

A set is divided into train, val and fresh rows by a seed. Of sets with an official test split its rows are not read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.layouts import ADULT, WINE
from minnow import modalities, tasks
from minnow.modalities.tabular import Options
from minnow.stages import prepare
from minnow.stages.case import Problem
from minnow.types import Array, Batch, Table, content_key

TARGET = "target"


@dataclass(frozen=True)
class SmallSet:
    """Columns of numbers (float64) and categories (str), and a target of numbers or of labels (str), (n,) each."""

    columns: Mapping[str, Array]
    target: Array

    @property
    def task(self) -> str:
        """Its task."""
        return "classify" if self.target.dtype.kind in "UO" else "regress"


def batches(data: SmallSet, seed: int, most: int = 8_000) -> tuple[Batch, Batch, Batch]:
    """Train, val and fresh rows as batches: six, two and two tenths of at most so many rows, drawn by a seed."""
    rows = np.random.default_rng([7, seed]).permutation(len(data.target))[: round(most / 0.8)]
    columns = {name: values[rows] for name, values in data.columns.items()} | {TARGET: data.target[rows]}
    key = np.array([content_key(b"%d" % row) for row in rows], np.uint64)
    split = np.repeat(
        ["train", "val", "test"], np.diff(np.round([0, 0.6 * len(rows), 0.8 * len(rows), len(rows)])).astype(int)
    )
    table = Table(columns, rows.astype(str), key, split)
    options = Options.model_validate({"target": TARGET})
    problem = Problem("tabular", modalities.get("tabular"), options, data.task, tasks.get(data.task))
    made = prepare.prepare(table, problem, _Shares()).batches
    return made["train"], made["val"], made["test"]


class _Shares:
    """Not used: the splits are given."""

    val, test, train_rows = 0.2, 0.2, None


def sets() -> dict[str, Callable[[], SmallSet]]:
    """Name -> reads or makes the set."""
    return dict(_sets())


def _sets() -> Iterator[tuple[str, Callable[[], SmallSet]]]:
    from sklearn import datasets

    for name in ("diabetes", "breast_cancer", "wine", "digits", "iris"):
        yield name, lambda n=name: _bundled(getattr(datasets, f"load_{n}")(), n == "diabetes")
    for number in (1, 2, 3):
        yield f"friedman{number}", lambda n=number: _friedman(getattr(datasets, f"make_friedman{n}"))
    yield "two_labels", _two_labels
    folder = Path(os.environ.get("MINNOW_BENCH_DATA", ""))
    if not os.environ.get("MINNOW_BENCH_DATA"):
        return
    yield "adult", lambda: _adult(folder)
    yield "california", lambda: _read(folder / "california_housing" / "housing.csv", "median_house_value")
    yield "ocean_proximity", lambda: _read(folder / "california_housing" / "housing.csv", "ocean_proximity")
    for colour in ("red", "white"):
        path = folder / "wine_quality" / f"winequality-{colour}.csv"
        yield f"wine_{colour}", lambda p=path: _read(p, "quality", WINE)
    yield "beijing", lambda: _read(folder / "beijing_pm25" / "pollution.csv.gz", "pm2.5", drop=("No", "year"))


def _bundled(bunch: Any, number: bool) -> SmallSet:
    columns = {f"x{place}": values.astype(np.float64) for place, values in enumerate(bunch.data.T)}
    return SmallSet(columns, bunch.target.astype(np.float64) if number else bunch.target.astype(str))


def _friedman(make: Any) -> SmallSet:
    rows, target = make(n_samples=4_000, noise=0.0, random_state=0)
    noise = np.random.default_rng(1).normal(size=len(target))
    return SmallSet({f"x{place}": values for place, values in enumerate(rows.T)}, target + 0.3 * target.std() * noise)


def _two_labels() -> SmallSet:
    from sklearn.datasets import make_classification

    options: dict[str, Any] = {"n_informative": 8, "n_clusters_per_class": 4, "flip_y": 0.05}
    rows, target = make_classification(5_000, 20, class_sep=0.7, random_state=3, **options)
    return SmallSet({f"x{place}": values for place, values in enumerate(rows.T)}, target.astype(str))


def _adult(folder: Path) -> SmallSet:
    return _read(folder / "adult" / "adult-train.csv.gz", "income", ADULT)


def _read(path: Path, target: str, header: str = "", drop: tuple[str, ...] = ()) -> SmallSet:
    """Read a file of commas or semicolons. header: the names of its columns, where it has none."""
    import pandas as pd

    names = header.strip().split(",") if header else None
    rows = pd.read_csv(
        path, names=names, sep=None if path.suffix != ".csv" else ",", engine="python", skipinitialspace=True
    )
    rows = rows.dropna(subset=[target]).drop(columns=list(drop)).drop_duplicates()  # equal rows would be in two splits
    columns = {
        str(name): values.to_numpy(np.float64)
        if values.dtype.kind in "if"
        else values.fillna("").astype(str).to_numpy("U")
        for name, values in rows.items()
    }
    answer = columns.pop(target)
    return SmallSet(columns, answer)
