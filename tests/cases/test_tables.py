"""Tables as people have them: what is read means what its owner meant, in training, in prediction and in service."""

from __future__ import annotations

import numpy as np
import pytest
from cases import writers
from cases.walk import check_answers

from minnow.stages.validate import DataError
from minnow.types import SPLITS

ANSWERED = writers.BY_MODALITY["tabular"]


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_model_answers_every_row_of_its_own_file_and_over_http_alike(writer, walked):
    check_answers(walked(writer))


def test_a_thousands_sign_is_no_decimal_point(walked):
    walk = walked(writers.houses)
    truth, columns = walk.written.truth, walk.table.columns
    assert (walk.proposal.task, walk.proposal.options) == ("regress", {"target": "price"})
    assert columns["area"].tolist() == truth["area"]
    assert columns["rooms"].tolist() == truth["rooms"]
    assert columns["price"].astype(float).tolist() == truth["price"].tolist()
    assert walk.score < 0.2 * truth["price"].std()
    assert "thousands sign ','" in walk.said


def test_a_row_with_and_without_its_thousands_sign_gets_one_answer(walked):
    walk = walked(writers.flats)
    assert walk.proposal.options == {"target": "price_class"}
    assert walk.table.columns["sqft"].tolist() == walk.written.truth["sqft"]
    assert walk.table.columns["distance"].dtype == np.float64
    with_sign, without, number, large = walk.served(
        [{"sqft": sqft, "distance": "9.5"} for sqft in ("1,050", "1050", 1050, "9,050")]
    )
    assert with_sign == without == number
    assert (with_sign["label"], large["label"]) == ("cheap", "dear")


def test_none_is_a_class_where_there_are_others(walked):
    walk = walked(writers.defects)
    assert walk.proposal.options == {"target": "grade"}
    assert walk.prepared.labels.tolist() == ["Mild", "None", "Severe"]
    assert walk.table.columns["grade"].tolist() == walk.written.truth["grade"]
    assert "'None' in" in walk.said
    assert "is a class of the target" in walk.said


def test_numbers_are_names_where_a_frame_was_written_without_any(walked, tmp_path):
    walk = walked(writers.numbered)
    assert walk.proposal.options == {"target": "4"}
    assert list(walk.table.columns) == ["0", "1", "2", "3", "4"]
    assert (len(walk.table), walk.prepared.labels.tolist()) == (writers.ROWS, ["0", "1"])
    rows = [list(row.values()) for row in walk.written.inputs]
    without = writers.table(tmp_path / "asked.csv", ["0", "1", "2", "3"], [row[:-1] for row in rows])
    assert walk.answers(without.place) == walk.answers()


def test_a_title_of_two_lines_over_a_column_of_dates_makes_an_entry_that_runs(walked):
    walk = walked(writers.wrapped_titles)
    assert walk.proposal.options == {"target": "late", "split": {"by": "time", "column": "Order date"}}
    assert walk.table.columns["Order date"].tolist() == [m.replace(second=0) for m in walk.written.truth["moments"]]
    assert walk.score > 0.9


def test_a_spare_cell_at_the_end_of_each_row_shifts_no_names(walked):
    walk = walked(writers.trailing_separators)
    assert walk.proposal.options == {"target": "fails"}
    assert list(walk.table.columns) == ["speed", "load", "fails"]
    assert walk.table.columns["speed"].tolist() == walk.written.truth["speed"]
    for said in (walk.said, walk.notices):
        assert "Each row of export.csv ends with an empty cell, which is not read." in said


def test_dollars_percent_and_miles_are_numbers(walked):
    walk = walked(writers.cars)
    truth, columns = walk.written.truth, walk.table.columns
    assert (walk.proposal.task, walk.proposal.options) == ("regress", {"target": "price"})
    assert columns["mileage"].tolist() == truth["mileage"]
    assert columns["discount"].tolist() == truth["discount"]
    assert columns["price"].astype(float).tolist() == truth["price"]
    assert all(unit in walk.said for unit in ("unit 'mi.'", "unit '%'", "unit '$'"))
    (answer,) = walk.served([{"mileage": "11,000 mi.", "discount": "5%"}])
    assert answer["value"] == pytest.approx(8900, abs=600)


def test_the_index_of_a_pandas_frame_is_not_read(walked):
    walk = walked(writers.pandas_index)
    assert list(walk.table.columns) == ["a", "b", "kind"]
    for said in (walk.said, walk.notices):
        assert "'__index_level_0__' is the index of a pandas frame" in said
        assert "not read" in said


def test_the_line_that_tells_excel_the_separator_is_honoured(walked):
    walk = walked(writers.excel_line)
    assert list(walk.table.columns) == ["length", "weight", "kind"]
    assert walk.prepared.labels.tolist() == ["long", "short"]
    assert walk.table.row_id[0] == "excel.csv:3"


def test_umlauts_of_windows_1252_are_read_and_said(walked):
    walk = walked(writers.windows_1252)
    assert list(walk.table.columns) == ["Größe", "Höhe", "Art"]
    assert walk.prepared.labels.tolist() == ["groß", "klein"]
    for said in (walk.said, walk.notices):
        assert "stadt.csv is read as Windows-1252" in said


def test_a_readme_and_a_license_beside_the_rows_are_skipped_and_said(walked):
    walk = walked(writers.with_readme)
    assert len(walk.table) == writers.ROWS
    for said in (walk.said, walk.notices):
        assert "2 other files are not read: LICENSE.txt, README.txt" in said


def test_spellings_of_one_label_are_named_with_their_rows_and_merged_by_an_option(walked):
    walk = walked(writers.label_variants)
    merged = walk.proposal.options["label_as"]
    assert {key.lower(): value.lower() for key, value in merged.items()} == {"yes": "yes", "no": "no"}
    assert walk.prepared.labels.size == 2
    assert [label.lower() for label in walk.table.columns["renew"]] == walk.written.truth["answers"]
    apart = walked(writers.label_variants, {"label_as": {}})
    assert len(apart.prepared.labels) == 6
    (hint,) = [hint for hint in apart.hints if hint.kind == "variants"]
    counts = dict(zip(*np.unique(apart.table.columns["renew"], return_counts=True), strict=True))
    assert all(f"'{label}' ({count:,} rows)" in hint.text for label, count in counts.items())
    assert "options.label_as" in hint.text


def test_days_first_are_told_by_the_days_over_twelve(walked):
    walk = walked(writers.day_first)
    assert walk.proposal.options == {"target": "late", "split": {"by": "time", "column": "ordered"}}
    assert walk.table.columns["ordered"].tolist() == walk.written.truth["days"]
    assert "holds dates as %d/%m/%Y" in walk.said
    feature = walked(writers.day_first, split="hash")
    asked = ("05/07/2024", "2024-07-05", "07/05/2024", "12/08/2024")
    july, iso, may, august = feature.served([{"ordered": day, "weight": "4.5"} for day in asked])
    assert july == iso
    assert [one["label"] for one in (july, may, august)] == ["yes", "no", "yes"]


def test_a_column_with_odd_cells_is_named_in_full_with_their_rows_and_stops(walked):
    walk = walked(writers.brackets)
    (warning,) = [one for one in walk.proposal.warnings if "pulse" in one]
    with pytest.raises(DataError) as stopped:
        _ = walk.table
    for text in (warning, str(stopped.value)):
        assert "column 'pulse [/min]'" in text
        assert "'high' (ward.csv:42, ward.csv:122)" in text
        assert "options.missing" in text
    mended = walked(writers.brackets, {"missing": ["high"]})
    assert np.isnan(mended.table.columns["pulse [/min]"]).nonzero()[0].tolist() == [40, 120]


def test_of_the_files_of_a_competition_the_one_with_answers_is_taken(walked):
    walk = walked(writers.competition)
    assert walk.proposal.options == {"target": "Survived", "drop": ["PassengerId"]}
    assert "other files of the folder lack" in walk.proposal.reasons["options.target"]
    assert len(walk.table) == writers.ROWS
    for said in (walk.said, walk.notices):
        assert "test.csv is not read: its rows have no answer to learn from; it lacks 'Survived'" in said
        assert "sample_submission.csv" in said
    assert len(walk.answers(walk.written.asked.parent / "test.csv")) == writers.ROWS


def test_a_class_that_begins_late_is_named_before_training_and_in_the_decision(walked):
    walk = walked(writers.late_class)
    rows = {name: int((walk.prepared.tables[name].columns["team"] == "robots").sum()) for name in SPLITS}
    assert rows == {"train": 0, "val": 0, "test": walk.written.truth["robots"]}
    (hint,) = [hint for hint in walk.hints if "'robots'" in hint.text]
    for text in (hint.text, walk.decided):
        assert "'robots'" in text
        assert f"{rows['test']} " in text
    assert "none in train" in hint.text


def test_an_exam_without_the_rare_class_promotes_nothing(walked):
    walk = walked(writers.three_frauds)
    assert walk.proposal.options["target"] == "fraud"
    tests = int((walk.prepared.tables["test"].columns["fraud"] == "1").sum())
    assert tests == 0, "the case: no fraud is in the exam"
    (hint,) = [hint for hint in walk.hints if hint.facts.get("lacks") == "test"]
    assert "class '1'" in hint.text
    assert walk.proposal.entry["measure"] == {"name": "average_precision", "positive": "1"}
    assert walk.evaluation.scores["accuracy"].value > 0.98, "a high score that says nothing"
    assert (walk.decision.promote, walk.decision.verdict) == (False, "refused")
    assert "none of '1'" in " ".join(walk.decision.reasons)
