"""Cross-validation over train and val, for the choice between families where val alone has too few rows for it.

Test is not read. In each fold a family is fitted to an inner train, with early stopping and the choice of strengths on an inner
val, and loses on rows that neither of them has. Equal rows and rows of one group stay together; where answers are labels, each
fold has its share of every label. Where rows are split by time, a fold is a stretch of time, and only earlier rows are fitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from minnow import families, tasks
from minnow.lineage import arrays_digest, code_version
from minnow.records.files import read_npz, write_npz
from minnow.stages import prepare, starting, train
from minnow.stages.batches import read_batch, write_batch
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.train import Call, Each, Handover, in_order
from minnow.types import Array, Batch, Outputs, Report, Table, content_key, silent

LOSS, ANSWERS, HELD = "loss.npy", "answers.npz", "held"
_HELD, _INNER = "held ", "inner val "
FOLDS = 5
AVERAGED = ("probabilities", "value")
"""Outputs that can be averaged."""
REPEATS = 2
"""Of families that are cheap to fit."""


@dataclass(frozen=True)
class OutOfFold:
    """Losses on rows that were not fitted.

    loss: family -> (n,) float64, the mean over the repeats; group: (n,) int, in the same order; failed: family -> why it has no
    losses.
    """

    loss: Mapping[str, Array]
    group: Array
    failed: Mapping[str, str] = field(default_factory=dict[str, str])

    def only(self, names: Sequence[str]) -> OutOfFold:
        """The same rows, for some of the families."""
        return replace(self, loss={name: self.loss[name] for name in names})


@dataclass(frozen=True)
class _Part:
    """Losses of one family on the rows of a fold, or of a repeat in the order of their keys. folder: of a fold's answers."""

    key: Array
    group: Array
    loss: Array
    folder: Path | None = None


@dataclass(frozen=True)
class _Fold:
    """A fold on disk. held: folder of its rows, of which key (n,) uint64 and group (n,) int are."""

    handed: Handover
    held: Path
    key: Array
    group: Array


def run(
    case: Case, table: Table, names: Sequence[str], call: Call, *, each: Each = in_order, report: Report = silent
) -> OutOfFold:
    """Cross-validate families, by their names, over the rows of train and val of a table of raw rows.

    A blend is not fitted: it answers by its members, which are cross-validated too, with the shares that were chosen on val.
    each: calls one function on many arguments, side by side where it can; the result is the same in any order. Where the
    rows cannot be divided, as where a fold of a short series would have no window, all families have failed.
    """
    try:
        return _run(case, table, names, call, each, report)
    except ValueError as error:
        return OutOfFold({}, np.empty(0, np.int64), dict.fromkeys(names, f"the rows cannot be divided: {error}"))


def _run(case: Case, table: Table, names: Sequence[str], call: Call, each: Each, report: Report) -> OutOfFold:
    """Raises ValueError where the rows cannot be divided."""
    blends = {name: case.blends[name] for name in names if name in case.blends}
    names = list(
        dict.fromkeys([name for name in names if name not in blends] + [m for b in blends.values() for m in b])
    )
    repeats = {name: REPEATS if _repeated(case, name) else 1 for name in names}
    divided = [
        [
            _hand_over(case, prepare.prepare(rows, case.problem, case.usecase.split), call)
            for rows in folds(case, table, repeat)
        ]
        for repeat in range(max(repeats.values()))
    ]
    fits = [(name, repeat, fold) for name in names for repeat in range(repeats[name]) for fold in range(FOLDS)]
    parts: dict[tuple[str, int, int], _Part] = {}
    failed: dict[str, str] = {}
    ended = count(1)

    def one(fit: tuple[str, int, int]) -> None:
        name, repeat, fold = fit
        if name not in failed:
            try:
                parts[fit] = _held_out(case, name, divided[repeat][fold])
            except (ValueError, RuntimeError) as error:
                failed[name] = str(error)
        report(next(ended), len(fits), {})

    longest_first = sorted(fits, key=lambda fit: _cheap(case, fit[0]))
    each(one, longest_first, max(fold.handed.threads for repeat in divided for fold in repeat))
    for blend, shares in blends.items():
        repeats[blend] = min(repeats[name] for name in shares)
        if lacking := [name for name in shares if name in failed]:
            failed[blend] = f"{lacking[0]}: {failed[lacking[0]]}"
            continue
        for repeat, fold in np.ndindex(repeats[blend], FOLDS):
            members = [(parts[name, repeat, fold], share) for name, share in shares.items()]
            parts[blend, repeat, fold] = _blended(members, divided[repeat][fold])
    kept = [name for name in (*names, *blends) if name not in failed]
    joined = {
        (name, repeat): _joined([parts[name, repeat, fold] for fold in range(FOLDS)])
        for name in kept
        for repeat in range(repeats[name])
    }
    loss = {name: _mean(joined[name, repeat] for repeat in range(repeats[name])) for name in kept}
    group = joined[kept[0], 0].group if kept else np.empty(0, np.int64)
    return OutOfFold(loss, group, failed)


def folds(case: Case, table: Table, repeat: int = 0) -> Iterator[Table]:
    """Yield the rows of train and val, divided anew into inner train, inner val and "test", the rows of the fold."""
    shares, time = case.usecase.split, case.problem.time_column
    place = prepare.places(replace(table, unlabelled=None), shares, time)
    rows = table.take(np.flatnonzero(place != "test"))
    share = float((place == "val").sum() / max(len(rows), 1))
    if time is not None:
        yield from _by_time(rows, rows.columns[time], share)
        return
    answers = rows.columns[case.problem.target]
    labels = answers if len(case.task.classes(answers)) else None
    rank = _ranks(prepare.unit(rows), labels, repeat)
    turn = np.floor((rank // FOLDS + 1) * share) > np.floor((rank // FOLDS) * share)
    for fold in range(FOLDS):
        inner = np.where(turn, "val", "train")
        yield replace(rows, split=np.where(rank % FOLDS == fold, "test", inner), unlabelled=None)


def _cheap(case: Case, name: str) -> bool:
    return families.get(case.usecase.family_of(name)).CAPABILITIES.cheap


def _repeated(case: Case, name: str) -> bool:
    return _cheap(case, name) and case.problem.time_column is None


def _by_time(rows: Table, times: Array, share: float) -> Iterator[Table]:
    """Folds of rows in order of time: stretches of the later half, each with the rows before it as train and val."""
    ordered = np.sort(times)
    ends = [ordered[min(len(rows) - 1, round(len(rows) * (0.5 + 0.5 * k / FOLDS)))] for k in range(FOLDS + 1)]
    for fold, (start, end) in enumerate(pairwise(ends)):
        last = fold == FOLDS - 1
        held = (times >= start) & ((times <= end) if last else (times < end))
        before = np.flatnonzero(times < start)
        begin = np.sort(times[before])[round(len(before) * (1 - share))] if len(before) else start
        split = np.where(held, "test", np.where(times >= begin, "val", "train"))
        kept = np.flatnonzero(held | (times < start))
        yield replace(rows.take(kept), split=split[kept], unlabelled=None)


def _ranks(unit: Array, labels: Array | None, repeat: int) -> Array:
    """Number the units of each label in random order from 0, (n,) int; rows of one unit have one number.

    unit: (n,) uint64, hash of what stays together; labels: (n,), that of a unit is the one of its first row; None numbers all
    together.
    """
    units, first, place = np.unique(unit, return_index=True, return_inverse=True)
    order = np.array([content_key(value.tobytes(), bytes([repeat])) for value in units], np.uint64)
    label = np.zeros(len(units), np.int64)
    if labels is not None:
        label = np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1][first]
    by_label = np.lexsort((order, label))
    # numbered through all labels, so that small labels do not all begin in the first fold
    rank = np.empty(len(units), np.int64)
    rank[by_label] = np.arange(len(units))
    return rank[place]


def _hand_over(case: Case, prepared: Prepared, call: Call) -> _Fold:
    """Write the rows of a fold where a runner reads them."""
    held = prepared.batches["test"]
    entry = case.cache.get_or_make(
        "held out",
        {
            "rows": arrays_digest({**held.inputs, "target ": held.target, "key ": held.key, "labels ": held.labels}),
            "measure": held.measure,
        },
        lambda folder: write_batch(folder / HELD, held),
    )
    alone = held.group if prepared.tables["test"].group is not None else held.key.view(np.int64)
    return _Fold(train.hand_over(case, prepared, call), entry.folder / HELD, held.key, alone)


def _held_out(case: Case, family: str, fold: _Fold) -> _Part:
    """Fit a family to the inner train of a fold, and return its losses on the rows of the fold; or find them in the cache."""
    start = starting.find(case, family)
    made_from = train.origin(case, family, fold.handed, start)
    params, seed = starting.filled(made_from.params, start), case.settings.seed
    job = f"{__name__}:fit_and_lose"
    entry = case.cache.get_or_make(
        "folds",
        {"model": made_from.as_json(), "held": fold.held.parent.name, "code": code_version([__name__])},
        lambda folder: fold.handed.call(job, fold.handed.folder, fold.held, made_from.family, params, seed, folder),
    )
    return _Part(fold.key, fold.group, np.load(entry.folder / LOSS), entry.folder)


def _blended(members: Sequence[tuple[_Part, float]], fold: _Fold) -> _Part:
    """Losses on the rows of a fold of the average of members, each with its share."""
    kept = [(read_npz(part.folder / ANSWERS), share) for part, share in members if part.folder]

    def average(rows: str) -> Outputs:
        names = [name for name in kept[0][0] if name.startswith(rows)]
        parts = {name: np.stack([share * answers[name] for answers, share in kept]) for name in names}
        return {name.removeprefix(rows): values.sum(axis=0) for name, values in parts.items()}

    return _Part(
        fold.key, fold.group, _loss(average(_HELD), average(_INNER), read_batch(fold.held), fold.handed.folder)
    )


def fit_and_lose(
    handed: Path, held: Path, family: str, params: dict[str, Any], seed: int, out: Path, report: Report = silent
) -> None:
    """Fit in the worker, and write to out the losses of each row of a fold.

    A decision rule is chosen on the inner val, which has none of these rows. The answers are written too, for blends.
    """
    rows, val = read_batch(held), read_batch(handed / "val")
    model = train.fitted(handed, family, params, seed, report)
    answers, inner = model.predict(rows.inputs), model.predict(val.inputs)
    np.save(out / LOSS, _loss(answers, inner, rows, handed))
    averaged = {
        f"{of}{name}": one[name] for of, one in ((_HELD, answers), (_INNER, inner)) for name in AVERAGED if name in one
    }
    write_npz(out / ANSWERS, averaged)


def _loss(answers: Outputs, inner: Outputs, rows: Batch, handed: Path) -> Array:
    """Losses of answers for the rows of a fold. inner: answers for the inner val, on which a decision rule is chosen."""
    measure = tasks.measure(rows.task, rows.measure)
    if measure.rule:
        train_rows, val = (read_batch(handed / split) for split in train.TRAINING_SPLITS)
        answers = tasks.decider(rows.task, measure.rule(inner, val, train_rows), rows.labels)(answers)
    return measure.loss(answers, rows)


def _joined(parts: Sequence[_Part]) -> _Part:
    """Join the folds of one repeat."""
    key, group, loss = (
        np.concatenate(values) for values in zip(*((part.key, part.group, part.loss) for part in parts), strict=True)
    )
    order = np.argsort(key, kind="stable")
    return _Part(key[order], group[order], loss[order])


def _mean(parts: Iterable[_Part]) -> Array:
    """Mean loss of each row over the repeats, (n,) float64; of the first alone where another has other rows."""
    first, *others = parts
    same = [part.loss for part in others if np.array_equal(part.key, first.key)]
    return np.mean([first.loss, *same], axis=0)
