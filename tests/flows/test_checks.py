"""What a run says of its data: notices once, hints after the split, both in the validation report."""

from __future__ import annotations

import json

import pytest

from flows.checks import hints_of, read_checked
from minnow.config import Settings
from minnow.insight import validation
from minnow.stages import intake
from minnow.stages.case import Case
from minnow.stages.validate import DataError
from minnow.workspace import Workspace


def case_of(folder, lines, **options):
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "data" / "notes.csv").write_text("about,these\n1,2\n")
    chosen = {"target": "team", "file": "rows.csv", **options}
    entry = {"modality": "tabular", "task": "classify", "data": "data", "options": chosen, "families": ["linear"]}
    settings = Settings.model_validate({"usecases": {"small": entry}})
    return Case("small", settings, Workspace(folder, folder / "params.yaml"))


def tickets(n=200, late=20):
    teams = ["late" if i >= n - late else "ab"[i % 2] for i in range(n)]
    rows = [f"2024-01-{1 + i // 20:02} {i % 20:02}:00:00,{(i * 7919) % 499},{teams[i]}," for i in range(n)]
    return ["opened,size,team", *rows]  # each row ends with a separator: an empty cell is left out, and said


BY_TIME = {"split": {"by": "time", "column": "opened"}, "min_class_share": 0.0}


@pytest.mark.parametrize("min_rows", [50, 5000])
def test_notices_are_said_once_and_kept_whether_the_checks_pass_or_fail(min_rows, tmp_path):
    case, said = case_of(tmp_path, tickets(), min_rows=min_rows, **BY_TIME), []
    reports = tmp_path / "reports"
    if min_rows > 200:
        with pytest.raises(DataError, match=r"There are at least 5,000 rows \(option min_rows\)"):
            read_checked(case, reports, said.append)
    else:
        read_checked(case, reports, said.append)
    written = json.loads((reports / validation.JSON).read_text())
    assert said
    assert len(said) == len(set(said))
    assert said == [notice["text"] for notice in written["notices"]]
    assert "How the files were read" in (reports / validation.HTML).read_text()


def test_hints_at_what_the_exam_cannot_show_are_added_to_the_report(tmp_path):
    case, reports = case_of(tmp_path, tickets(), **BY_TIME), tmp_path / "reports"
    table, findings = read_checked(case, reports)
    assert json.loads((reports / validation.JSON).read_text())["hints"] == []
    found = hints_of(case, table, intake.prepare_case(case, table), findings, reports)
    late = next(hint for hint in found if hint.kind == "class")
    assert late.column == "team"
    assert "class 'late' has 20 rows in the exam and none in train: no model can know it" in late.text
    written = json.loads((reports / validation.JSON).read_text())
    assert [hint.as_json() for hint in found] == written["hints"]
    assert written["notices"]
    assert written["ok"]
