"""Intake: raw rows read, checked and prepared as a case asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.stages import prepare, validate
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.types import Array, Table, content_key


def read_checked(case: Case, reports: Path) -> Table:
    """Read the raw rows and hold them against their contract; the report goes to a folder.

    Raises validate.DataError when the rows cannot be read or an expectation fails.
    """
    if not case.data.exists():
        raise validate.DataError(f"usecases.{case.name}.data: '{case.usecase.data}' is not there.")
    try:
        table = case.modality.read(case.data, case.options)
    except (ValueError, OSError) as error:
        raise validate.DataError(f"{case.name}: {error}") from error
    validate.check(table, case.modality, case.options, case.usecase.task, reports, case.name).require()
    return table


def row_versions(case: Case, table: Table) -> Array:
    """Name raw rows with their answers, (n,) uint64 in ascending order: what a later reading must still hold.

    A row whose label was changed is another row. Interactions go by user and item: one that comes again is no change.
    """
    answers = table.columns[case.modality.target(case.options)]
    named = [content_key(key.tobytes(), str(answer).encode()) for key, answer in zip(table.key, answers, strict=True)]
    return np.sort(np.array(named, np.uint64))


def prepare_case(case: Case, table: Table) -> Prepared:
    """Split the rows and fit the encoder. Raises validate.DataError when a side stays empty or has one class."""
    usecase = case.usecase
    try:
        return prepare.prepare(table, case.modality, case.options, case.task, usecase.task, usecase.split)
    except ValueError as error:
        raise validate.DataError(f"{case.name}: {error}") from error
