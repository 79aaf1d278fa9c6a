"""Losses of trained models on held-out rows, from which `benchmarks/judge.py` draws test sets.

digits: small models of scikit-learn on half of its digits. The others are families of Minnow, trained as `minnow run` trains
them on embedded sets with the settings of params.yaml, and scored from their files on val and test.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.plain import call_here
from minnow import config, datasets, tasks
from minnow.catalog import catalog
from minnow.records.bundle import open_bundle
from minnow.stages import compress, evaluate, intake, train
from minnow.stages.case import Case
from minnow.types import Array
from minnow.workspace import Workspace

FAMILIES = {"diabetes": ("linear", "gboost", "forest"), "home": ("linear", "gboost"), "shop": ("neighbours", "content")}
"""Embedded use case -> families that need no network."""


@dataclass(frozen=True)
class Pair:
    """Two trained models on the same held-out rows.

    task: name of the task; a, b: (m,) float64, their losses; group: (m,) int, 0 to G - 1, rows that are drawn together.
    """

    name: str
    task: str
    a: Array
    b: Array
    group: Array

    @cached_property
    def order(self) -> Array:
        """Rows, those of one group after those of the other, (m,) int; with one row in each group, its row."""
        return np.argsort(self.group, kind="stable")

    @cached_property
    def rows(self) -> list[Array]:
        """Rows of each group."""
        return np.split(self.order, np.cumsum(np.bincount(self.group))[:-1])

    @cached_property
    def sizes(self) -> Array:
        """Number of rows of each group, (G,) float64."""
        return np.bincount(self.group).astype(np.float64)

    @cached_property
    def gaps(self) -> Array:
        """Sum over each group of the loss of b less that of a, (G,)."""
        return np.bincount(self.group, weights=self.b - self.a)

    @property
    def mean(self) -> float:
        """Mean loss of a model that takes the answer of a or b at random."""
        return float((self.a.mean() + self.b.mean()) / 2)

    @property
    def margin(self) -> float:
        """The task's default margin at that mean loss, absolute."""
        return tasks.get(self.task).MEASURES[0].loss_margin(np.array([self.mean]), None)

    @property
    def worst(self) -> Array:
        """Losses of rows whose answers are spoilt, (m,): 1 where a loss is at most 1, otherwise the mean loss is added."""
        return np.ones(len(self.a)) if self.a.max() <= 1 and self.b.max() <= 1 else (self.a + self.b) / 2 + self.mean

    def about(self) -> str:
        """A line about the models."""
        of = f"{len(self.a):,} rows" + (f" of {len(self.sizes):,} groups" if len(self.sizes) < len(self.a) else "")
        return f"{self.name}: mean losses {self.a.mean():.4g} and {self.b.mean():.4g} on {of}, margin {self.margin:.3g}"


def digits() -> list[Pair]:
    """Train models on one half of the digits, and return every pair of them on the other half."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    learned, held, answers, truth = train_test_split(x / 16, y, test_size=0.5, random_state=0, stratify=y)
    models: dict[str, Any] = {
        "logistic": LogisticRegression(max_iter=1000),
        "ridge": RidgeClassifier(),
        "forest": RandomForestClassifier(12, random_state=0),
    }
    wrong = {name: (model.fit(learned, answers).predict(held) != truth) for name, model in models.items()}
    return _pairs("digits", "classify", {name: w.astype(np.float64) for name, w in wrong.items()}, np.arange(len(held)))


def embedded() -> dict[str, list[Pair]]:
    """Train the families on their embedded sets. Returns use case -> every pair of its families."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        datasets.write_all(root / "data", list(FAMILIES))
        (root / "uv.lock").write_text("")
        settings = config.load(Path("params.yaml"), catalog())
        return {name: _trained(Case(name, settings, Workspace(root, root / "params.yaml"))) for name in FAMILIES}


def _trained(case: Case) -> list[Pair]:
    table = case.modality.read(case.data, case.options)
    prepared = intake.prepare_case(case, table)
    handed = train.hand_over(case, prepared, call_here)
    losses: dict[str, Array] = {}
    group = np.empty(0, np.int64)
    for family in FAMILIES[case.name]:
        made = compress.variants(case, train.train(case, family, handed), handed, bare=True)
        bundle = open_bundle(made.bundles[compress.FLOAT])
        scored = [evaluate.evaluate(bundle, prepared.tables[split]) for split in ("val", "test")]
        losses[family] = np.concatenate([one.loss for one in scored])
        first, second = (np.unique(one.batch.group, return_inverse=True)[1] for one in scored)
        group = np.concatenate([first, second + first.max() + 1])
    return _pairs(case.name, case.usecase.task, losses, group)


def _pairs(name: str, task: str, losses: Mapping[str, Array], group: Array) -> list[Pair]:
    return [
        Pair(f"{name}: {one}, {other}", task, losses[one], losses[other], group)
        for one, other in combinations(losses, 2)
    ]
