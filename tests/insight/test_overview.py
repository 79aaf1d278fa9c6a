"""The end of a run: what this run has done, in a table and at most ten lines, and nothing of earlier runs."""

import os
import shutil
from dataclasses import replace

import pytest
from published import record

from minnow.insight import overview
from minnow.records.bundle import open_bundle
from minnow.records.decision import Decision, Difference, write_decisions
from minnow.records.files import sha256
from minnow.records.hint import Hint
from minnow.records.report import ExamResult, ScoreReport, write_report
from minnow.records.results import Results, VariantResult
from minnow.stores import models
from minnow.types import Score
from minnow.workspace import workspace

SCORE = Score(0.9731, 0.9512, 0.9841, 374)
VAL = {"accuracy": Score(0.99, 0.98, 1.0, 300), "log_loss": Score(0.1, 0.05, 0.2, 300)}
VARIANTS = tuple(VariantResult("linear", name, 10, 2000, {}, VAL) for name in ("float32", "int8"))
SAYS = "a sentence that only the details have"


@pytest.fixture
def space(in_folder):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    return workspace()


def decided(usecase, verdict="provisional", promote=True, **more):
    named = {"finalist": "linear/int8", "size_bytes": 2000, "measure": "accuracy", "score": SCORE, "rows": 374}
    return Decision(usecase, "cpu", verdict, promote, (SAYS,), **(named | more))


def write(space, *decisions, **more):
    folder = space.outcome(decisions[0].usecase)
    folder.mkdir(parents=True)
    write_decisions(folder, list(decisions))
    Results(VARIANTS, **more).write(folder)


def publish(bundles, tmp_path, usecase):
    """Publish a model with a score of its own on the test set. Returns its sha."""
    folder = shutil.copytree(bundles("digits").parent, tmp_path / f"kept-{usecase}")
    bundle = open_bundle(folder / "bundle")
    exam = ExamResult(374, "f", {"accuracy": replace(SCORE, value=0.9123)})
    write_report(bundle, ScoreReport(bundle.sha, {"test": exam}))
    models.publish(usecase, folder, record(), 1)
    return sha256(folder / "bundle")


def ended(space, capsys, written=(), stopped=None, fresh=(), **more):
    overview.show_run(space, written, stopped or {}, fresh, **more)
    return capsys.readouterr().out


def test_only_what_this_run_wrote_is_shown(space, capsys):
    for usecase in ("digits", "shop"):
        write(space, decided(usecase))
    text = ended(space, capsys, ["digits"], {"shop": "stopped by its data:\n no rows"}, ["home"])
    assert "digits " in text
    assert "shop " not in text
    assert "shop: no result. stopped by its data: no rows\n" in text
    assert "not run: 1 more" in text


def test_a_run_that_did_nothing_prints_no_table(space, capsys):
    write(space, decided("digits"))
    assert ended(space, capsys) == ""
    assert ended(space, capsys, stopped={"digits": "why"}) == "digits: no result. why\n"


def test_where_nothing_is_stale_one_line_says_so_and_when_it_was_run(space, capsys):
    write(space, decided("digits"))
    os.utime(space.outcome("digits") / "results.json", (1_700_000_000, 1_700_000_000))
    text = ended(space, capsys, fresh=["digits", "shop"])
    assert text.startswith("Everything is up to date: 2 use cases, last run 2023-11-1")
    assert text.count("\n") == 1
    assert "minnow results` shows the table." in text


def test_beside_the_table_there_are_at_most_ten_lines_whatever_happened(space, capsys):
    names = [f"case{i}" for i in range(9)]
    for name in names:
        worse = {"differences": {"linear": Difference(0.1, -0.1, 0.2)}, "baselines": {"linear": SCORE}}
        hints = (*(Hint("few", "test", text) for text in ("one", "two")), Hint("leak", "copy", "it leaks"))
        write(space, decided(name, hints=hints, **worse), failures=dict.fromkeys(("a", "b"), "why\n" * 90))
    text = ended(space, capsys, names, {f"stopped{i}": "why" for i in range(3)}, ["home"])
    rows = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("case", "─"))]
    assert len(rows) <= 1 + 10, "the head of the table and ten lines"
    assert max(len(line) for line in rows) < 600
    assert SAYS not in text
    assert "and 18 more" in text
    for named in (
        "27 hints",
        "case0 (copy)",
        "case0 (linear 0.9731)",
        "minnow results --verbose",
        "outcomes/NAME/",
        "bentoml serve",
    ):
        assert named in text


def test_the_details_have_reasons_every_variant_and_what_was_refused(space, capsys):
    write(space, decided("digits"), refused={"linear/float16": "it overflows"})
    text = ended(space, capsys, ["digits"], verbose=True)
    for part in (SAYS, "float32", "linear/float16 was refused: it overflows"):
        assert part in text


def test_the_row_has_the_champion_that_is_served_and_the_verdict_on_the_finalist(space, bundles, capsys, tmp_path):
    sha = publish(bundles, tmp_path, "digits")
    write(space, decided("digits", sha=sha))
    assert " ".join(ended(space, capsys, ["digits"]).split()).count("accuracy 0.9731 (0.951-0.984) 2.0 provisional")
    shutil.rmtree(space.outcome("digits"))
    write(space, decided("digits", "refused", False, sha="0" * 64))
    row = next(line for line in ended(space, capsys, ["digits"]).splitlines() if line.lstrip().startswith("digits"))
    assert "accuracy 0.9123" in row
    assert "kept: linear/int8 0.9731 refused" in row


def test_a_promotion_that_was_not_carried_out_is_not_shown_as_champion(space, capsys):
    write(space, decided("digits"))
    row = next(line for line in ended(space, capsys, ["digits"]).splitlines() if line.lstrip().startswith("digits"))
    assert " none " in row
    assert "not published yet: linear/int8" in row


def test_a_trial_shows_a_row_per_family_scored_on_val_and_how_to_see_the_rest(space, capsys, in_folder):
    (in_folder / "quick.yaml").write_text("usecases: {}\n")
    trial = workspace(in_folder / "quick.yaml")
    forest = VariantResult("forest", "float32", 10, 9000, {}, VAL)
    folder = trial.outcome("digits")
    folder.mkdir(parents=True)
    write_decisions(folder, [decided("digits", "trial", False, score=None)])
    Results((*VARIANTS, forest)).write(folder)
    text = ended(trial, capsys, ["digits"])
    rows = [" ".join(line.split()) for line in text.splitlines() if line.lstrip().startswith("digits")]
    assert rows == [
        "digits linear/int8 accuracy 0.9900 (0.980-1.000) 2.0 chosen on val",
        "digits forest/float32 accuracy 0.9900 (0.980-1.000) 9.0",
    ]
    assert "minnow results --params quick.yaml --verbose" in text
    assert "bentoml serve" not in text


def test_the_results_of_the_last_runs_are_shown_on_request(space, capsys):
    assert not overview.show_results(space)
    write(space, decided("digits"))
    assert overview.show_results(space)
    assert "digits" in capsys.readouterr().out
    assert overview.known(space) == ["digits"]


def test_lines_are_not_cut_nor_drawn_over_where_there_is_no_terminal(space, capsys):
    write(space, decided("digits"), failures={"cnn": "word " * 50})
    text = ended(space, capsys, ["digits"])
    assert "digits: cnn failed: " + "word " * 49 + "word\n" in text
    assert not {"\r", "\x1b"} & set(text)


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Score(0.5, 0.25, 0.75, 9), "frechet 0.5000 (0.250-0.750)"),
        (Score(0.5, -0.25, 0.75, 9), "frechet 0.5000 (-0.250 to 0.750)"),
        (Score(0.5, 0.5, 0.5, 1), "frechet 0.5000 (no interval)"),
    ],
)
def test_an_interval_below_zero_and_one_of_a_single_group_can_be_read(score, text):
    assert overview._scored("frechet", score) == text


def test_a_row_fits_a_terminal_of_80_characters(space, bundles, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    write(space, decided("shop_ratings", sha=publish(bundles, tmp_path, "shop_ratings"), finalist="neighbours/int8"))
    (row,) = [line for line in ended(space, capsys, ["shop_ratings"]).splitlines() if line.startswith("shop_ratings")]
    for part in ("neighbours/int8", "accuracy 0.9731 (0.951-0.984)", "2.0", "provisional"):
        assert part in row
