"""Intake: raw rows read, checked and prepared as a case asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.bundle import read_npz, write_npz
from minnow.lineage import arrays_digest, code_version
from minnow.stages import folds, hints, prepare, validate
from minnow.stages.case import Case
from minnow.stages.hints import Hint
from minnow.stages.prepare import Prepared
from minnow.types import Array, Columns, Table, content_key

LENS = "lens.npz"


def read_checked(case: Case, reports: Path) -> tuple[Table, tuple[str, ...]]:
    """Read the raw rows and hold them against their contract; the report goes to a folder.

    Returns the rows, and hints at what makes a score look better than it is. Raises validate.DataError when the rows cannot
    be read or an expectation fails.
    """
    if not case.data.exists():
        raise validate.DataError(f"usecases.{case.name}.data: '{case.usecase.data}' is not there.")
    try:
        table = case.modality.read(case.data, case.options)
        task, find = case.usecase.task, lambda: [hint.text for hint in hints_of(case, table)]
        found = validate.check(table, case.modality, case.options, task, reports, case.name, find)
    except (ValueError, OSError) as error:
        raise validate.DataError(f"{case.name}: {error}") from error
    found.require()
    return table, found.hints


def hints_of(case: Case, table: Table) -> list[Hint]:
    """Look for leaks where columns are flat: elsewhere a row is one thing."""
    names = case.modality.features(table.columns, case.options) if hasattr(case.modality, "features") else []
    sides = prepare.split(table, case.usecase.split, case.modality.time_column(case.options))
    target = case.modality.target(case.options)
    by = "time" if case.modality.time_column(case.options) else "hash" if table.unit is None else "group"
    return hints.find(table, sides, target, names, case.usecase.task, by)


def row_versions(case: Case, table: Table) -> Array:
    """Name raw rows with their answers, (n,) uint64 in ascending order: what a later reading must still hold.

    A row whose label was changed is another row. Interactions go by user and item: one that comes again is no change.
    """
    answers = table.columns[case.modality.target(case.options)]
    if answers.ndim > 1:  # the row itself is what is to be made
        return np.sort(table.key)
    named = [content_key(key.tobytes(), str(answer).encode()) for key, answer in zip(table.key, answers, strict=True)]
    return np.sort(np.array(named, np.uint64))


def prepare_case(case: Case, table: Table) -> Prepared:
    """Split the rows and fit the encoder. Raises validate.DataError when a side stays empty or has one class."""
    usecase = case.usecase
    if usecase.exam == "families" and not case.workspace.is_trial:
        raise validate.DataError(
            f"usecases.{case.name}.exam: 'families' is for trials (--params FILE). Here test is read for one finalist alone."
        )
    if usecase.folds and case.modality.time_column(case.options):
        raise validate.DataError(
            f"usecases.{case.name}.folds: rows in order of time cannot be divided into folds, for each would be told by later "
            "rows. Leave folds out, or split by hash or group."
        )
    if usecase.folds and hasattr(case.task, "lens"):
        raise validate.DataError(
            f"usecases.{case.name}.folds: each fold would be seen through another extractor, and distances of different "
            "extractors have no mean. Leave folds out."
        )
    try:
        if usecase.folds:
            folds.divisions(case, table)
        prepared = prepare.prepare(table, case.modality, case.options, case.task, usecase.task, usecase.split)
        return prepare.seen_through(prepared, _lens(case, prepared)) if hasattr(case.task, "lens") else prepared
    except (ValueError, OSError) as error:
        raise validate.DataError(f"{case.name}: {error}") from error


def _lens(case: Case, prepared: Prepared) -> Columns:
    """Make what answers are looked at through of the training rows, or find it in the cache; or take the one that is named."""
    train, labels = prepared.batches["train"], prepared.tables["train"].columns["label"]
    named = case.workspace.data(case.options.extractor) if case.options.extractor else None
    given = None if named is None else read_npz(named)
    rows = arrays_digest({**train.inputs, "label ": labels} | {f"given {name}": v for name, v in (given or {}).items()})
    made_from = {"rows": rows, "code": code_version([case.task.__name__, __name__]), "lock": case.lock}
    entry = case.cache.get_or_make(
        "lenses", made_from, lambda folder: write_npz(folder / LENS, case.task.lens(train, labels, given))
    )
    return read_npz(entry.folder / LENS)
