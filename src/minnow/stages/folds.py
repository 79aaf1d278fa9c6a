"""Cross-validation of a family, for the report: every row is answered once by a model that has not seen it.

It decides nothing: the finalist was chosen on val and judged on the exam before. Rows are divided as the split divides them,
equal rows and rows of one unit together; where equal rows are many, dividing without regard to them shows how much is
known by heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.bundle import open_bundle
from minnow.stages import compress, evaluate, prepare, train
from minnow.stages.case import Case
from minnow.stages.train import Call
from minnow.types import Array, Report, Table, content_key, silent

TOGETHER, APART, UNITS = "equal rows together", "without regard to equal rows", "units"
MOST_UNITS = 20


def run(case: Case, table: Table, family: str, call: Call, report: Report = silent) -> dict[str, Any]:
    """Cross-validate a family over all rows. Returns the number of folds, and per division the scores.

    A score is the mean over folds with an interval (95 %, Student's t on the variance of folds, corrected for the rows that
    they share. Source: Nadeau & Bengio 2003), the score of each fold beside it.
    """
    divided = divisions(case, table)
    count = int(next(iter(divided.values())).max()) + 1
    found: dict[str, Any] = {"folds": count}
    done, steps = 0, count * len(divided)
    for name, places in divided.items():
        scores = []
        for fold in range(count):
            scores.append(_fold(case, table, family, np.flatnonzero(places == fold), call))
            done += 1
            report(done, steps, {})
        found[name] = {measure: _summary([one[measure] for one in scores], count) for measure in scores[0]}
    return found


def divisions(case: Case, table: Table) -> dict[str, Array]:
    """Ways to divide rows: name -> fold of each row, (n,) int. Raises ValueError for "units" that are not few."""
    count = case.usecase.folds
    if count == UNITS:
        units = np.unique(table.key if table.unit is None else table.unit)
        if table.unit is None or not 2 <= len(units) <= MOST_UNITS:
            raise ValueError(
                f"folds: units holds out one group of rows after the other, of 2 to {MOST_UNITS}. Received: "
                f"{'no groups' if table.unit is None else f'{len(units):,} groups'}. Name a number of folds instead."
            )
        return {"one group after the other": np.searchsorted(units, table.unit)}
    assert isinstance(count, int)
    found = {TOGETHER: _place(table.key if table.unit is None else table.unit, count)}
    if table.unit is None and len(np.unique(table.key)) < len(table):
        rows = np.array([content_key(row.encode()) for row in table.row_id.tolist()], np.uint64)
        found[APART] = _place(rows, count)
    return found


def _place(key: Array, count: int) -> Array:
    """Fold of each row, (n,) int. The upper bits decide sides, so the lower ones decide folds."""
    return (key % np.uint64(2**32)).astype(np.int64) * count >> 32


def _fold(case: Case, table: Table, family: str, held: Array, call: Call) -> Mapping[str, float]:
    """Train on the other rows and score on these, read off the exported file."""
    side = np.full(len(table), "train")
    side[held] = "test"
    usecase = case.usecase
    # where whole groups are held out, val is of the rows of the others: a group less would be a lot less to learn from
    divided = replace(table, side=side, unit=None if usecase.folds == UNITS else table.unit)
    prepared = prepare.prepare(divided, case.modality, case.options, case.task, usecase.task, usecase.split)
    rows = train.rows_digest(prepared)
    handed = train.hand_over(case, prepared, rows)
    trained = train.train(case, family, rows, handed, call)
    shrunk = compress.variants(case, trained, handed, call, bare=True)
    scored = evaluate.score(open_bundle(shrunk.bundles[compress.FLOAT]), prepared.tables["test"])
    return {name: score.value for name, score in scored.scores.items()}


def _summary(values: list[float], count: int) -> dict[str, Any]:
    from scipy.stats import t

    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(t.ppf(0.975, count - 1)) * spread * np.sqrt(1 / count + 1 / (count - 1))
    rounded = [round(value, 10) for value in (mean, mean - half, mean + half)]
    return dict(zip(("value", "low", "high"), rounded, strict=True)) | {"each": [round(value, 10) for value in values]}
