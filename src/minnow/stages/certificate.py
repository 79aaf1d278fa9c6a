"""The certificate of a variant, made from its answers on val and those of its parent, row by row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow import tasks
from minnow.measures import scores
from minnow.measures.paired import compare, standard_error
from minnow.records import certificate as record
from minnow.records.bundle import Bundle, open_bundle
from minnow.records.certificate import (
    Calibration,
    Certificate,
    Change,
    ClassChange,
    Measured,
    bounded,
    read_certificate,
)
from minnow.records.files import sha256
from minnow.stages.evaluate import Evaluation, evaluate
from minnow.stages.slices import share_of, worst_slice
from minnow.types import Array, Columns, Table

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_NAMED = 10
"""Most classes that a sentence names."""


@dataclass(frozen=True)
class Bounds:
    """What is asked of a variant. level: one-sided; margin: of the mean loss; recall_margin: of the recall of each class."""

    level: float
    margin: float
    recall_margin: float


def certify(variant: Evaluation, parent: Evaluation, columns: Columns, bounds: Bounds) -> Certificate:
    """Compare a variant with its parent, which were scored on the same rows. columns: of these rows, before they were encoded.

    The time is linear in the rows. Raises ValueError where a loss is not finite.
    """
    batch, task = variant.batch, tasks.get(variant.batch.task)
    flips = task.flips(variant.outputs, parent.outputs, batch)
    measured = _measured(variant, parent, bounds)
    classes = tuple(_classes(variant, parent, bounds.level))
    harmed = [one for one in classes if one.can_tell and one.p <= bounds.level and one.loss > bounds.recall_margin]
    verdict, reasons = _weighed(measured, harmed, bounds)
    return Certificate(
        usecase=variant.bundle.schema.usecase,
        variant=variant.bundle.name,
        parent=parent.bundle.name,
        sha=variant.bundle.sha,
        parent_sha=parent.bundle.sha,
        size_bytes=variant.bundle.size_bytes,
        parent_size_bytes=parent.bundle.size_bytes,
        fingerprint=batch.fingerprint,
        rows=len(batch),
        level=bounds.level,
        margin=bounds.margin,
        recall_margin=bounds.recall_margin,
        verdict=verdict,
        reasons=(*reasons, *_too_small(classes)),
        flips=share_of(flips, batch),
        measured=measured,
        classes=classes,
        calibration=_calibration(variant, parent),
        worst=worst_slice(flips, batch, columns),
        change=_change(variant, parent),
    )


def carry(before: Bundle, after: Bundle, made: Mapping[str, Path]) -> None:
    """Write the certificate of a bundle beside the same variant fitted again, so that it names both pairs.

    made: variant -> folder of the bundle fitted again, among which the parent may be missing.
    """
    if (found := read_certificate(before)) is not None:
        parent = made.get(found.parent_variant)
        found.carried(after.sha, sha256(parent) if parent else None).write(after.record_folder)


def certify_again(kept: Bundle, again: Bundle, made: Mapping[str, Path], val: Table) -> None:
    """Write the certificate of a bundle that was made again, by the bounds of the one that was kept, where that has one.

    made: variant -> folder of its bundle, among which the parent may be missing.
    """
    found = read_certificate(kept)
    parent = made.get(found.parent_variant) if found else None
    if found is None or parent is None:
        return
    ours, theirs = (evaluate(bundle, val) for bundle in (again, open_bundle(parent)))
    bounds = Bounds(found.level, found.margin, found.recall_margin)
    certify(ours, theirs, val.columns, bounds).write(again.record_folder)


def _measured(variant: Evaluation, parent: Evaluation, bounds: Bounds) -> Measured:
    measure = tasks.measure(variant.batch.task, variant.batch.measure)
    group, level = variant.batch.group, bounds.level
    against = compare(variant.loss, parent.loss, group, binary=measure.binary, level=level)
    needed = None
    if math.isfinite(against.detectable) and bounds.margin > 0:
        needed = max(1, math.ceil(against.n * (against.detectable / bounds.margin) ** 2))
    return Measured(
        measure.name,
        variant=round(variant.primary.value, 10),
        parent=round(parent.primary.value, 10),
        loss=round(against.difference, 10),
        upper=bounded(against.upper),
        detectable=bounded(against.detectable),
        n=against.n,
        needed=needed,
    )


def _classes(variant: Evaluation, parent: Evaluation, level: float) -> Iterator[ClassChange]:
    """What happens to the recall of each class that has rows; nothing where answers are no labels."""
    batch, answered = variant.batch, tasks.get(variant.batch.task).CAPABILITIES.answered
    if answered is None:
        return
    ours, theirs = (answered(one.outputs) != batch.target for one in (variant, parent))
    order = np.argsort(batch.target, kind="stable")
    known, starts = np.unique(batch.target[order], return_index=True)
    parts = {int(label): rows for label, rows in zip(known, np.split(order, starts[1:]), strict=True) if label >= 0}
    right = np.array([len(np.unique(batch.group[rows][~theirs[rows]])) for rows in parts.values()])
    tests = _tests(right, level)
    for (label, rows), count in zip(parts.items(), right.tolist(), strict=True):
        low, high, p = _recall(ours[rows], theirs[rows], batch.group[rows], level / tests)
        before, after = (round(1.0 - float(wrong[rows].mean()), 10) for wrong in (theirs, ours))
        yield ClassChange(
            str(batch.labels[label]),
            rows=len(rows),
            parent=before,
            variant=after,
            loss=round(before - after, 10),
            low=low,
            high=high,
            p=round(min(1.0, p * tests), 10),
            can_tell=0.5**count <= level / tests,
        )


def _tests(right: Array, level: float) -> int:
    """By how many classes the level is divided: those of which a total loss could be shown at that level.

    right: (k,) rows, or groups of rows, of each class that the parent answers rightly: the p value of losing all of them is
    0.5 to that power. Classes too small to show anything cost the others nothing. Source: Tarone 1990.
    """
    least, numbers = np.sort(0.5**right), np.arange(1, len(right) + 1)
    fits = np.searchsorted(least, level / numbers, side="right") <= numbers
    return int(numbers[fits][0]) if len(numbers) else 1


def _recall(ours: Array, theirs: Array, group: Array, level: float) -> tuple[float | None, float | None, float]:
    """Bounds of the loss of recall in one class, and the p value of losing none. ours, theirs: (n,) bool, wrong answers."""
    if (ours == theirs).all():  # none of n groups: at most so many change, by the exact bound
        most = 1.0 - level ** (1.0 / len(np.unique(group)))
        return bounded(-most), bounded(most), 1.0
    losses = [one.astype(np.float64) for one in (ours, theirs)]
    forth = compare(losses[0], losses[1], group, binary=True, level=level)
    back = compare(losses[1], losses[0], group, binary=True, level=level)
    return bounded(-back.upper), bounded(forth.upper), back.p_better


def _calibration(variant: Evaluation, parent: Evaluation) -> Calibration | None:
    """The change of the expected calibration error, with the interval of its pseudo-values; None without probabilities."""
    batch = variant.batch
    error_of = tasks.get(batch.task).CAPABILITIES.miscalibration
    if error_of is None:
        return None
    ours, theirs = (error_of(one.outputs, batch) for one in (variant, parent))
    change, half = float((ours - theirs).mean()), scores.Z * standard_error(ours - theirs, batch.group)
    before, after = (round(float(values.mean()), 10) for values in (theirs, ours))
    return Calibration(before, after, round(change, 10), bounded(change - half), bounded(change + half))


def _change(variant: Evaluation, parent: Evaluation) -> Change | None:
    change = tasks.get(variant.batch.task).CAPABILITIES.change
    if change is None:
        return None
    values = np.quantile(change.rows(variant.outputs, parent.outputs, variant.batch), QUANTILES)
    return Change(change.name, {f"{q:g}": round(float(v), 10) for q, v in zip(QUANTILES, values, strict=True)})


def _weighed(measured: Measured, harmed: list[ClassChange], bounds: Bounds) -> tuple[str, list[str]]:
    """The verdict, and why. A class that is harmed outweighs a score that holds."""
    if harmed:
        worst = sorted(harmed, key=lambda one: -one.loss)
        return record.REFUSED, [_harm(one, bounds) for one in worst[:_NAMED]]
    margin, upper, detectable = bounds.margin, measured.upper, measured.detectable
    if upper is not None and upper < margin:
        return record.CERTIFIED, [
            f"It loses at most {upper:.4g} of {measured.measure}, less than the margin {margin:.4g}."
        ]
    may = "no bound" if upper is None else f"up to {upper:.4g}"
    lost = f"It may lose {may} of {measured.measure}; the margin is {margin:.4g}."
    if detectable is not None and detectable <= margin:
        return record.UNCERTIFIED, [lost]
    return record.UNDERPOWERED, [lost, _power(measured)]


def _harm(one: ClassChange, bounds: Bounds) -> str:
    low = "" if one.low is None else f", at least {max(one.low, 0.0):.4f}"
    return (
        f"It loses {one.loss:.4f} of the recall of '{one.label}'{low} (from {one.parent:.4f} to {one.variant:.4f} on "
        f"{one.rows:,} rows, adjusted p = {one.p:.2g}); the margin is {bounds.recall_margin:.4g}."
    )


def _power(measured: Measured) -> str:
    rows = f"Underpowered: {measured.n:,} rows or groups of rows"
    if measured.detectable is None:
        return f"{rows} show no difference."
    need = "" if measured.needed is None else f"; about {measured.needed:,} are needed to show one margin"
    return f"{rows} show differences from {measured.detectable:.4g} on{need}."


def _too_small(classes: tuple[ClassChange, ...]) -> list[str]:
    """A sentence with the classes of which nothing can be said."""
    few = [f"'{one.label}' ({one.rows:,} rows)" for one in classes if not one.can_tell]
    more = f" and {len(few) - _NAMED:,} more" if len(few) > _NAMED else ""
    return [f"Too small to tell whether they lose recall: {', '.join(few[:_NAMED])}{more}."] if few else []
