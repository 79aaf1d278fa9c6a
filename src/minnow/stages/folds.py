"""Cross-validation of a family, for the report: every row is predicted once by a model that was not trained on it.

It has no part in the decision: the finalist was chosen on val and compared on the exam before. Folds keep equal rows and rows
of one group together, as the split does. Where rows are equal, a second division ignores that; the difference of the two
scores shows how much is gained from memorised rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from minnow import tasks
from minnow.measures.scores import within
from minnow.records.bundle import open_bundle
from minnow.records.results import FoldResult, FoldScore
from minnow.stages import compress, evaluate, prepare, train
from minnow.stages.case import Case
from minnow.stages.train import Call
from minnow.types import Array, Measure, Report, Table, content_key, silent

TOGETHER, APART, GROUPS = "equal rows together", "without regard to equal rows", "groups"
ONE_OUT = "one group after the other"
MOST_GROUPS = 20


def run(case: Case, table: Table, family: str, call: Call, report: Report = silent) -> FoldResult:
    """Cross-validate a family over all rows.

    A score is the mean over folds with a 95 % interval: Student's t on the variance between folds, corrected for training
    rows that folds share. Source: Nadeau & Bengio 2003.
    """
    divided = divisions(case, table)
    count = int(next(iter(divided.values())).max()) + 1
    summaries: dict[str, dict[str, FoldScore]] = {}
    done, steps = 0, count * len(divided)
    for name, places in divided.items():
        scores = []
        for fold in range(count):
            scores.append(_fold(case, table, family, np.flatnonzero(places == fold), call))
            done += 1
            report(done, steps, {})
        own = tasks.measures(case.usecase.task, case.usecase.measure_name)
        known = {measure.name: measure for measure in own}
        summaries[name] = {one: _summary([score[one] for score in scores], known[one], table) for one in scores[0]}
    return FoldResult(count, summaries)


def divisions(case: Case, table: Table) -> dict[str, Array]:
    """Ways to divide rows: name -> fold of each row, (n,) int. Raises ValueError for "groups" that are none or too many."""
    count = case.usecase.folds
    if count == GROUPS:
        groups = np.unique(table.key if table.group is None else table.group)
        if table.group is None or not 2 <= len(groups) <= MOST_GROUPS:
            raise ValueError(
                f"folds: groups holds out one group of rows after the other, and needs 2 to {MOST_GROUPS} groups. Received: "
                f"{'no groups' if table.group is None else f'{len(groups):,} groups'}. Set a number of folds instead."
            )
        return {ONE_OUT: np.searchsorted(groups, table.group)}
    assert isinstance(count, int)
    ways = {TOGETHER: _place(table.key if table.group is None else table.group, count)}
    if table.group is None and len(np.unique(table.key)) < len(table):
        rows = np.array([content_key(row.encode()) for row in table.row_id.tolist()], np.uint64)
        ways[APART] = _place(rows, count)
    return ways


def _place(key: Array, count: int) -> Array:
    """Fold of each row, (n,) int, by the lower bits of its key; the upper bits decide its split."""
    return (key % np.uint64(2**32)).astype(np.int64) * count >> 32


def _fold(case: Case, table: Table, family: str, held: Array, call: Call) -> Mapping[str, float]:
    """Train on the other rows, and score the exported file on these. held: indices of the rows, (m,) int."""
    split = np.full(len(table), "train")
    split[held] = "test"
    # where a whole group is held out, val consists of rows of the other groups: holding out another group would cost too much
    divided = replace(table, split=split, group=None if case.usecase.folds == GROUPS else table.group)
    prepared = prepare.prepare(divided, case.problem, case.usecase.split)
    handed = train.hand_over(case, prepared, call)
    trained = train.train(case, family, handed)
    compressed = compress.variants(case, trained, handed, bare=True)
    evaluation = evaluate.evaluate(open_bundle(compressed.bundles[compress.FLOAT]), prepared.tables["test"])
    return {name: score.value for name, score in evaluation.scores.items()}


def _summary(values: list[float], measure: Measure, table: Table) -> FoldScore:
    """Mean of a score over folds, with its interval within the measure's range. values: of each fold."""
    from scipy.stats import t

    count, groups = len(values), len(np.unique(table.key if table.group is None else table.group))
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(t.ppf(0.975, count - 1)) * spread * np.sqrt(1 / count + 1 / (count - 1))
    score = within(measure, mean, mean - half, mean + half, groups)
    value, low, high = (round(number, 10) for number in (score.value, score.low, score.high))
    return FoldScore(value, low, high, tuple(round(number, 10) for number in values))
