"""Intake: raw rows read, checked and prepared as a case asks for."""

from __future__ import annotations

from pathlib import Path

from minnow.stages import prepare, validate
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.types import Table


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
    validate.check(table, case.modality, case.options, reports, case.name).require()
    return table


def prepare_case(case: Case, table: Table) -> Prepared:
    """Split the rows and fit the encoder. Raises validate.DataError when a side stays empty or has one class."""
    usecase = case.usecase
    try:
        return prepare.prepare(table, case.modality, case.options, case.task, usecase.task, usecase.split)
    except ValueError as error:
        raise validate.DataError(f"{case.name}: {error}") from error
