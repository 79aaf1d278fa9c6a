"""What calibration changes: log loss, Brier score and calibration error without and with it, on rows that no fit has read.

Draws of rows of real sets (MINNOW_BENCH_DATA): three quarters are train, one quarter is val. Every family is fitted with a
temperature of 1, and again to train and val with what val settled, as a run does it; the temperature is chosen by its
probabilities for val and applied to those of the second fit. One half of the other rows is the truth of the table, the other
half served to choose how a temperature is chosen (--choosing). What is fitted is kept in .minnow/bench-calibration.

`python -m benchmarks.calibration` writes a table for docs/quality.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from minnow import config, families
from minnow.catalog import catalog
from minnow.families import _calibration
from minnow.graphs import LEAST_SHARE
from minnow.stages import prepare
from minnow.stages.case import Case
from minnow.types import SMALLEST_PROBABILITY, Array, Batch, Table
from minnow.workspace import Workspace

PARAMS = Path(__file__).with_name("calibration.yaml")
KEPT = Path(".minnow") / "bench-calibration"
ROWS = {"adult": (800, 6_000), "wine": (2_800,), "rt_polarity": (4_000,), "fashion_mnist": (2_000,)}
SEEDS, VAL, TRUTH, BINS = (0, 1), 0.25, 4_000, 15


@dataclass(frozen=True)
class Fitted:
    """Probabilities of one family. val: of the rows of batch; again: of the second fit, for rows with the target truth."""

    rows: int
    seed: int
    family: str
    val: Array
    batch: Batch
    again: Array
    truth: Array

    @property
    def least(self) -> float:
        """As of the model."""
        return LEAST_SHARE if self.family == "forest" else _calibration.TINY


def measured(probabilities: Array, target: Array) -> Array:
    """Log loss, Brier score, and expected calibration error of the most probable label in bins of as many rows each.

    probabilities: (n, k); target: (n,). Source of the last: Naeini et al. 2015.
    """
    rows, own = np.arange(len(target)), probabilities.astype(np.float64)
    loss = -np.log(np.maximum(own[rows, target], SMALLEST_PROBABILITY)).mean()
    brier = ((own - np.eye(own.shape[1])[target]) ** 2).sum(axis=1).mean()
    most = own.max(axis=1)
    gap = (own.argmax(axis=1) == target) - most
    parts = np.array_split(np.argsort(most, kind="stable"), BINS)
    return np.array([loss, brier, sum(abs(gap[part].sum()) for part in parts) / len(target)])


@cache
def _case(name: str) -> Case:
    return Case(name, config.load(PARAMS, catalog()), Workspace(Path.cwd(), Path.cwd() / "params.yaml"))


@cache
def _table(name: str) -> Table:
    case = _case(name)
    return replace(case.modality.read(case.data, case.options), unlabelled=None)


def fits(name: str) -> Iterator[Fitted]:
    """Fit every family of a set to every draw, or find what was kept."""
    for rows in ROWS[name]:
        for seed in SEEDS:
            for family in _case(name).usecase.families:
                path = KEPT / f"{name}-{rows}-{seed}-{family}.npz"
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    np.savez(path, **_fit(name, rows, seed, family))
                kept = dict(np.load(path))
                labels = np.arange(kept["val"].shape[1]).astype(str)
                batch = Batch({}, kept["target"], labels, "classify", kept["key"], group=kept["group"])
                yield Fitted(rows, seed, family, kept["val"], batch, kept["again"], kept["truth"])


def _fit(name: str, rows: int, seed: int, family: str) -> dict[str, Array]:
    """Fit a family to one draw. Returns what a Fitted is made of."""
    train, val, both, truth = _split(name, rows, seed)
    own = {**_case(name).usecase.params_of(family), "temperature": 1.0}
    params = families.get(family).Params
    first = families.fit(family, train, val, params.model_validate(own), seed=seed)
    second = families.fit(family, both, truth, params.model_validate({**own, **(first.settled or {})}), seed=seed)
    (of_val,), (again,) = (model.predict(part.inputs).values() for model, part in ((first, val), (second, truth)))
    of_rows = {"target": val.target, "key": val.key, "group": val.group, "truth": truth.target}
    return {"val": of_val, "again": again, **of_rows}


@cache
def _split(name: str, rows: int, seed: int) -> tuple[Batch, Batch, Batch, Batch]:
    """Train, val, both, and the truth as encoded for both; equal rows are on one side."""
    case, table = _case(name), _table(name)
    unique, unit = np.unique(table.key, return_inverse=True)
    order = np.argsort(np.random.default_rng([seed, rows]).permutation(len(unique))[unit], kind="stable")
    order = order[: rows + TRUTH]
    split = np.repeat(["train", "val", "test"], [rows - round(VAL * rows), round(VAL * rows), len(order) - rows])
    drawn = replace(table.take(order), split=split)
    apart, both = (
        prepare.prepare(drawn, case.problem, case.usecase.split, join=join).batches for join in (False, True)
    )
    return (*(apart[part].answerable() for part in ("train", "val")), both["train"], both["test"].answerable())


def chosen(fitted: Fitted) -> float:
    """The temperature that a run chooses."""
    return _calibration.chosen(fitted.val, fitted.batch, fitted.least)


def line(name: str, of: list[Fitted], half: int) -> str:
    """A row of the table: means over the draws. half: 0 or 1, of the rows of the truth."""
    temperatures = [chosen(one) for one in of]
    figures = []
    for one, temperature in zip(of, temperatures, strict=True):
        for value in (one.again, _calibration.tempered(one.again, temperature, one.least)):
            figures.append(measured(value[half::2], one.truth[half::2]))
    before, after = np.mean(figures[::2], axis=0), np.mean(figures[1::2], axis=0)
    cells = [f"{low:.4f} | {high:.4f}" for low, high in zip(before, after, strict=True)]
    return (
        " | ".join([f"| {name} ({of[0].rows:,})", of[0].family, ", ".join(f"{t:g}" for t in temperatures), *cells])
        + " |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(ROWS), help="names of calibration.yaml")
    parser.add_argument("--choosing", action="store_true", help="the half of the rows by which the rule was chosen")
    arguments = parser.parse_args()
    print("| set (rows) | family | temperature | log loss | calibrated | Brier | calibrated | ECE | calibrated |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in arguments.sets:
        found = list(fits(name))
        for rows in ROWS[name]:
            for family in _case(name).usecase.families:
                of = [one for one in found if (one.rows, one.family) == (rows, family)]
                print(line(name, of, 0 if arguments.choosing else 1), flush=True)


if __name__ == "__main__":
    main()
