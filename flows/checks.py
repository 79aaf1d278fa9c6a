"""The check of a use case's raw rows, with its report and the hints. Prefect is not used here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from minnow.insight import hints, validation
from minnow.records.hint import Hint
from minnow.stages import intake, validate
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.validate import Findings
from minnow.types import Table


def _silent(text: str) -> None:
    """Say nothing."""


def read_checked(case: Case, reports: Path, say: Callable[[str], None] = _silent) -> tuple[Table, Findings]:
    """Read the raw rows and check them, as read and checked do."""
    table = read(case, say)
    return table, checked(case, table, reports)


def read(case: Case, say: Callable[[str], None] = _silent) -> Table:
    """Read the raw rows. say: is called with each notice of what reading found or left out.

    Raises validate.DataError when the rows cannot be read.
    """
    table = intake.read(case)
    for notice in table.notices:
        say(notice.text)
    return table


def checked(case: Case, table: Table, reports: Path) -> Findings:
    """Check rows against the expectations of their modality, and write the report to a folder.

    Raises validate.DataError when a check fails.
    """
    with intake.as_data_errors(case):
        findings = validate.check(table, case.problem, case.name)
        report = validation.write(findings, (), reports)
    findings.require(report)
    return findings


def hints_of(case: Case, table: Table, prepared: Prepared, findings: Findings, reports: Path) -> tuple[Hint, ...]:
    """Look for what inflates a score and for what the exam cannot show, and write the report again with these hints."""
    with intake.as_data_errors(case):
        found = tuple(hints.hints_of(case, table, prepared))
    validation.write(findings, found, reports)
    return found
