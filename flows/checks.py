"""The check of a use case's raw rows, with its report. Prefect is not used here."""

from __future__ import annotations

from pathlib import Path

from minnow.insight import hints, validation
from minnow.stages import intake, validate
from minnow.stages.case import Case
from minnow.types import Table


def read_checked(case: Case, reports: Path) -> tuple[Table, tuple[str, ...]]:
    """Read the raw rows, check them against the expectations of their modality, and write the report to a folder.

    Returns the rows, and hints at properties of the data that inflate a score, which are looked for only where every
    expectation is met. Raises validate.DataError when the rows cannot be read or an expectation fails.
    """
    table = intake.read(case)
    with intake.as_data_errors(case):
        findings = validate.check(table, case.problem, case.name)
        texts = tuple(hint.text for hint in hints.hints_of(case, table)) if findings.ok else ()
        report = validation.write(findings, texts, reports)
    findings.require(report)
    return table, texts
