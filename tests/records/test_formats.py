"""Records: what was written is read unchanged, format 1 by its own rule, and a format that is not known is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import format_1
import numpy as np
import pytest

from minnow.modalities import timeseries
from minnow.records import decision, origin, provenance, receipt, report, results, schema, timing
from minnow.records.bundle import BundleError, open_bundle
from minnow.records.decision import Decision, Difference, SeriesScore, SeriesScores
from minnow.records.files import RecordError, sha256, write_json, write_npz
from minnow.records.hint import Hint
from minnow.records.origin import ModelEntry, Origin, StartRecord
from minnow.records.provenance import Provenance, hashes_beside
from minnow.records.report import ExamResult, ScoreReport
from minnow.records.results import FoldResult, FoldScore, Importance, Importances, Results, VariantResult
from minnow.records.schema import Schema
from minnow.records.timing import Timing, Timings
from minnow.stages.evaluate import answering_name
from minnow.types import Score, Spec

SCORE = Score(0.9, 0.8, 0.95, 374)
SCHEMA = Schema(
    "digits", "classify", "images", "cnn", "int8", "float32", {"width": 8}, ("0", "1"),
    (Spec("image", (8, 8, 1), "float32"),), (Spec("probabilities", (2,), "float32"),), 123,
)  # fmt: skip
ORIGIN = Origin(
    "r" * 32, "cnn", {"epochs": 3}, 7, 2, "c" * 16, "l" * 16, "Linux", StartRecord("others", "k" * 32, ("0", "1"))
)
DECISION = Decision(
    "digits", "cpu", "better", True, ("It is better.",), replaces="a" * 64, finalist="cnn/int8", sha="b" * 64,
    size_bytes=10, fingerprint="e" * 16, rows=374, measure="accuracy", score=SCORE, about={"samples": 3},
    baselines={"majority": SCORE}, differences={"majority": Difference(-0.8, -0.9, -0.7)}, looks=2, looked=True,
    level_spent=0.01, comparisons={"best": {"difference": 0.2}}, chosen=("the smallest",),
    hints=(Hint("few", "team", "few rows", {"needed": 6}),), id="d1",
)  # fmt: skip


IMPORTANCES = Importances("log_loss", (Importance(("a", "b"), 0.3, 0.2, 0.4), Importance(("c",), 0.0, -0.1, 0.1)))


def small_bundle(folder: Path, value: Schema = SCHEMA) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"weights")
    write_npz(folder / "golden.npz", {"input.x": np.zeros(1)})
    value.write(folder)
    return folder


def test_records_are_read_as_they_were_written(tmp_path):
    bundle = open_bundle(small_bundle(tmp_path / "bundle"))
    assert bundle.schema == SCHEMA
    exam = ExamResult("f" * 16, 374, {"accuracy": SCORE}, {"samples": 3})
    report.write_report(bundle, ScoreReport(bundle.sha, {"test": exam}))
    assert report.read_report(bundle).exams == {"test": exam}
    decision.write_decisions(tmp_path, [DECISION])
    assert decision.read_decisions(tmp_path) == [DECISION]
    record = Provenance(
        "digits", bundle.sha, "cnn", "int8", made_from=ORIGIN, files=hashes_beside(tmp_path), decisions=(DECISION,)
    )
    record.write(tmp_path)
    assert provenance.read_provenance(tmp_path) == record
    models = {"cnn": ModelEntry("k" * 32, ("0", "1"), ORIGIN.init_from), "linear": ModelEntry("m" * 32, ())}
    origin.write_models(tmp_path, models)
    assert origin.read_models(tmp_path) == models
    timings = Timings({"cnn/int8": Timing(1.0, 2.0, 3.0, 4)}, {"cnn": 5.0}, {"cores": 2})
    timings.write(tmp_path / "timings.json")
    assert timing.read_timings(tmp_path / "timings.json") == timings
    folds = {"cnn": FoldResult(2, {"groups": {"accuracy": FoldScore(0.5, 0.4, 0.6, (0.4, 0.6))}})}
    result = VariantResult("cnn", "int8", 123, 10, {"flips": 0.0}, {"accuracy": SCORE}, exam)
    everything = Results((result,), {"cnn/float16": "too large"}, {"rnn": "no"}, {"cnn": IMPORTANCES}, folds)
    everything.write(tmp_path)
    assert results.read_results(tmp_path) == everything


def test_scores_of_several_series_are_part_of_a_decision_that_has_them(tmp_path):
    series = SeriesScores(2, {"min": 0.5, "max": 0.9}, {"shop 1": SeriesScore(0.5, 10), "shop 2": SeriesScore(0.9, 12)})
    scored = replace(DECISION, series=series)
    decision.write_decisions(tmp_path, [scored])
    assert decision.read_decisions(tmp_path) == [scored]
    assert scored.series.is_whole
    assert "series" not in DECISION.as_json()


def test_importances_of_an_older_version_are_read_without_intervals(tmp_path):
    Results(importances={"cnn": IMPORTANCES}).write(tmp_path)
    path = tmp_path / results.FILE
    value = json.loads(path.read_text())
    path.write_text(json.dumps(value | {"importances": {"cnn": {"columns": 0.2, "b": -0.1}}}))
    assert results.read_results(tmp_path).importances == {
        "cnn": Importances("loss", (Importance(("columns",), 0.2, 0.2, 0.2), Importance(("b",), -0.1, -0.1, -0.1)))
    }


def test_a_report_of_another_bundle_is_not_read_as_this_ones(tmp_path):
    bundle = open_bundle(small_bundle(tmp_path / "bundle"))
    report.write_report(bundle, ScoreReport("0" * 64, {"val": ExamResult("f" * 16, 9, {"accuracy": SCORE})}))
    assert report.read_report(bundle) == ScoreReport(bundle.sha)


def test_the_name_of_a_bundle_is_what_answers_and_no_report(tmp_path):
    bundle = open_bundle(small_bundle(tmp_path / "bundle"))
    name = bundle.sha
    report.write_report(bundle, ScoreReport(name, {"val": ExamResult("f" * 16, 9, {"accuracy": SCORE})}))
    assert open_bundle(bundle.folder).sha == name
    assert set(hashes_beside(tmp_path)) == {
        "report.json",
        *(f"bundle/{file}" for file in ("model.onnx", "golden.npz", "schema.json")),
    }
    (bundle.folder / "model.onnx").write_bytes(b"others")
    assert open_bundle(bundle.folder).sha != name


def _read(noun: str, folder: Path) -> object:
    readers = {
        "schema": lambda: schema.read_schema(folder / "bundle"),
        "bundle": lambda: open_bundle(folder / "bundle"),
        "report": lambda: report.read_report(open_bundle(folder / "bundle")),
        "decision": lambda: decision.read_decisions(folder),
        "provenance": lambda: provenance.read_provenance(folder),
        "timings": lambda: timing.read_timings(folder / "timings.json"),
        "results": lambda: results.read_results(folder),
        "models": lambda: origin.read_models(folder),
        "receipt": lambda: receipt.require_known(json.loads((folder / "receipt.json").read_text())),
    }
    return readers[noun]()


FILES = {"schema": "bundle/schema.json", "bundle": "bundle/schema.json"}


@pytest.mark.parametrize(
    "noun", ["schema", "bundle", "report", "decision", "provenance", "timings", "results", "models", "receipt"]
)
@pytest.mark.parametrize("number", [0, 3, "2", None, True, 2.0])
def test_a_format_that_is_not_known_is_refused(tmp_path, noun, number):
    small_bundle(tmp_path / "bundle")
    path = tmp_path / FILES.get(noun, f"{noun}.json")
    value = json.loads(path.read_text()) if path.exists() else {}
    write_json(path, value | {"format": number})
    with pytest.raises(RecordError, match=rf"this version reads .* of format 1 or 2. Received: format {number!r}"):
        _read(noun, tmp_path)


INCOMPLETE = {
    "decision": {"cpu": {"format": 2, "promote": True}},
    "provenance": {"usecase": "digits", "sha": "b" * 64, "made_from": {"rows": "r"}},
    "timings": {"variants": {"cnn/int8": {"p50_us": 1.0}}},
    "results": {"variants": [{"family": "cnn"}]},
    "models": {"models": {"cnn": {"key": "k"}}},
    "report": {"exams": {"val": {"rows": 3}}},
}
MORE = [
    ("decision", {"cpu": DECISION.as_json() | {"note": "x"}}),
    ("provenance", {"usecase": "digits", "sha": "b" * 64, "decisions": None}),
    ("provenance", {"usecase": "digits", "sha": "b" * 64, "files": 3}),
]


@pytest.mark.parametrize(
    ("noun", "value"), [*INCOMPLETE.items(), *MORE, *((noun, {}) for noun in ("models", "results", "report"))]
)
def test_a_record_that_lacks_fields_is_refused_by_its_path(tmp_path, noun, value):
    small_bundle(tmp_path / "bundle")
    write_json(tmp_path / f"{noun}.json", {"format": 2} | value)
    with pytest.raises(RecordError, match=rf"{noun}\.json must be a complete"):
        _read(noun, tmp_path)


@pytest.mark.parametrize("value", [3, "a", [1], None])
def test_a_decision_that_is_no_object_is_refused(tmp_path, value):
    write_json(tmp_path / "decision.json", {"format": 2, "cpu": value})
    with pytest.raises(RecordError, match=r"decision\.json must be a complete decision"):
        decision.read_decisions(tmp_path)


def test_models_of_format_1_are_read(tmp_path):
    start = {"usecase": "others", "key": "k" * 32, "labels": ["0"]}
    entry = {"key": "m" * 32, "labels": ["0", "1"], "init_from": start}
    write_json(tmp_path / "models.json", {"cnn": entry, "linear": entry | {"init_from": None}})
    read = origin.read_models(tmp_path)
    assert read["cnn"] == ModelEntry("m" * 32, ("0", "1"), StartRecord("others", "k" * 32, ("0",)))
    assert read["linear"].init_from is None


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_what_is_no_json_object_is_refused_by_its_path(tmp_path, text):
    (tmp_path / "decision.json").write_text(text)
    with pytest.raises(RecordError, match=r"decision\.json must be a"):
        decision.read_decisions(tmp_path)


def test_a_bundle_without_a_model_is_refused(tmp_path):
    (small_bundle(tmp_path / "bundle") / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"needs one of model.onnx, model.tflite"):
        open_bundle(tmp_path / "bundle")


def test_a_decision_of_format_1_is_read_by_todays_names(tmp_path):
    write_json(tmp_path / "decision.json", {"cpu": format_1.decision("digits", "b" * 64, "d1", "a" * 64)})
    (read,) = decision.read_decisions(tmp_path)
    assert read.format == 1
    assert (read.fingerprint, read.rows) == ("e" * 16, 374)
    assert read.differences == {"majority": Difference(-0.8, -0.9, -0.7)}
    assert read.comparisons == {"champion": {"difference": -0.1}, "best": {"difference": 0.2}}
    assert (read.score, read.replaces, read.looks, read.id) == (SCORE, "a" * 64, 2, "d1")


def test_a_provenance_of_format_1_names_files_inside_of_its_bundle(tmp_path):
    folder = format_1.bundle(small_bundle(tmp_path / "new"), tmp_path / "old" / "bundle")
    format_1.provenance(folder, "digits")
    read = provenance.read_provenance(folder.parent)
    assert read.format == 1
    assert read.files == hashes_beside(folder.parent)
    assert "bundle/report.json" in read.files


def test_what_was_read_of_format_1_is_written_as_todays_and_read_again_unchanged(tmp_path):
    folder = format_1.bundle(small_bundle(tmp_path / "new"), tmp_path / "old" / "bundle")
    format_1.provenance(folder, "digits", [format_1.decision("digits", "b" * 64, "d1", "a" * 64)])
    read = provenance.read_provenance(folder.parent)
    read.write(tmp_path)
    again = provenance.read_provenance(tmp_path)
    (decision_read,), (decision_again,) = read.decisions, again.decisions
    assert replace(decision_again, format=1) == decision_read
    assert decision_again.fingerprint == "e" * 16
    assert replace(again, format=1, decisions=read.decisions) == read
    assert (again.format, decision_again.format) == (2, 2)


def test_a_bundle_of_format_1_is_named_by_its_whole_folder_and_holds_its_report(tmp_path):
    old = open_bundle(format_1.bundle(small_bundle(tmp_path / "new"), tmp_path / "old" / "bundle"))
    assert old.sha == sha256(old.folder)
    assert old.record_folder == old.folder
    assert report.read_report(old).exams["val"].scores["mae"].value == 0.5


def test_the_same_weights_in_a_bundle_of_format_1_are_the_same_model(tmp_path):
    rows = [f"2024-01-01 00:{minute:02},{minute % 7},{minute / 3}" for minute in range(60)]
    (tmp_path / "series").mkdir()
    (tmp_path / "series" / "one.csv").write_text("time,a,y\n" + "\n".join(rows) + "\n")
    options = timeseries.Options(target="y", min_rows=5, window=2, horizon=1, diff=[1], rolling_mean=[3], relative=True)
    table = timeseries.examples(timeseries.read(tmp_path / "series", options), options)
    new = tmp_path / "new"
    values = {
        "target": "y",
        "min_rows": 5,
        "window": 2,
        "horizon": 1,
        "diff": [1],
        "rolling_mean": [3],
        "relative": True,
    }
    small_bundle(new, Schema("home", "forecast", "timeseries", "linear", "float32", None, values, (), (), (), 3))
    timeseries.fit_encoder(table, np.empty(0, "<U1"), options).save(new)
    old = format_1.bundle(new, tmp_path / "old" / "bundle")
    assert "differences" in (old / "schema.json").read_text()
    assert '"anchor"' in (old / "encoder.json").read_text()
    assert answering_name(open_bundle(old)) == answering_name(open_bundle(new))
    (old / "model.onnx").write_bytes(b"others")
    assert answering_name(open_bundle(old)) != answering_name(open_bundle(new))
