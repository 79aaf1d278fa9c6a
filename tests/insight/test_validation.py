"""Reports of a validation: what they say, and that they are the same bytes for the same rows."""

import json
from dataclasses import asdict, replace

import pytest

from minnow.insight import validation
from minnow.records.hint import Hint
from minnow.stages.validate import Finding, Findings
from minnow.types import Notice

SETTINGS = {"min_value": 0, "max_value": 16}
FAILED = Finding(
    "expect_column_values_to_be_between",
    "no pixel is above 16 (option scale)",
    None,
    SETTINGS,
    "pixels <16",
    False,
    1,
    0.016667,
    ["<b>17"],
    ("rows.npz:7",),
)
MET = Finding(
    "expect_table_row_count_to_be_between", "", None, {"min_value": 50}, "rows teach", True, None, None, 60, ()
)
HINT = Hint("leak", "x", "x < y", {"auc": 0.9})
NOTICE = Notice("skipped", "README.txt is <not> read.", 1)


@pytest.fixture
def findings():
    return Findings("tiny", 60, (MET, FAILED), (NOTICE,))


def test_the_json_report_says_what_the_findings_say(findings, tmp_path):
    path = validation.write(findings, (HINT,), tmp_path)
    assert path == tmp_path / validation.HTML
    written = json.loads((tmp_path / validation.JSON).read_text())
    results = [finding.as_json() for finding in findings.results]
    said = {"hints": [HINT.as_json()], "notices": [asdict(NOTICE)]}
    assert written == {"usecase": "tiny", "ok": False, "rows": 60, "results": results, **said}


def test_reports_are_the_same_bytes_for_the_same_findings(findings, tmp_path):
    first, second = (validation.write(findings, (HINT,), tmp_path / name).parent for name in ("a", "b"))
    for name in (validation.JSON, validation.HTML):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_page_has_failed_checks_first_and_escapes_what_came_with_the_rows(findings):
    page = validation.page(findings, (HINT,))
    assert page.index("✗ failed") < page.index("✓ passed")
    assert "1 of 2 checks failed on 60 rows." in page
    assert "No pixel is above 16 (option scale)" in page
    assert "<b>" not in page
    assert "&lt;b&gt;17" in page
    assert "<h2>Hints</h2>\n<ul>\n<li>x &lt; y</li>" in page
    assert "<h2>How the files were read</h2>\n<ul>\n<li>README.txt is &lt;not&gt; read.</li>" in page
    assert "rows.npz:7" in page
    assert "http" not in page
    assert "src=" not in page


def test_without_hints_and_notices_there_is_no_section_of_them(findings):
    page = validation.page(replace(findings, notices=()))
    assert "Hints" not in page
    assert "How the files" not in page
