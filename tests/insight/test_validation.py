"""Reports of a validation: what they say, and that they are the same bytes for the same rows."""

import json

import pytest

from minnow.insight import validation
from minnow.stages.validate import Finding, Findings

SETTINGS = {"min_value": 0, "max_value": 16}
FAILED = Finding(
    "expect_column_values_to_be_between",
    "maximum",
    SETTINGS,
    "pixels <16",
    False,
    1,
    0.016667,
    ["<b>17"],
    ("rows.npz:7",),
)
MET = Finding("expect_table_row_count_to_be_between", None, {"min_value": 50}, "rows teach", True, None, None, 60, ())


@pytest.fixture
def findings():
    return Findings("tiny", 60, (MET, FAILED))


def test_the_json_report_says_what_the_findings_say(findings, tmp_path):
    path = validation.write(findings, ("a hint",), tmp_path)
    assert path == tmp_path / validation.HTML
    written = json.loads((tmp_path / validation.JSON).read_text())
    results = [finding.as_json() for finding in findings.results]
    assert written == {"usecase": "tiny", "ok": False, "rows": 60, "results": results, "hints": ["a hint"]}


def test_reports_are_the_same_bytes_for_the_same_findings(findings, tmp_path):
    first, second = (validation.write(findings, (), tmp_path / name).parent for name in ("a", "b"))
    for name in (validation.JSON, validation.HTML):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_page_has_failed_expectations_first_and_escapes_what_came_with_the_rows(findings):
    page = validation.page(findings, ("x < y",))
    assert page.index("✗ failed") < page.index("✓ met")
    assert "1 of 2 expectations failed on 60 rows." in page
    assert "<b>" not in page
    assert "&lt;b&gt;17" in page
    assert "<li>x &lt; y</li>" in page
    assert "rows.npz:7" in page
    assert "http" not in page
    assert "src=" not in page


def test_without_hints_there_is_no_section_of_them(findings):
    assert "Hints" not in validation.page(findings)
