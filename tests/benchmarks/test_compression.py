"""`make bench-compression`: its entries are valid settings, and its tables show every variant and what was not reached."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from certifying import BOUNDS, candidate, labelled, rows_of

from benchmarks import compression
from benchmarks.compression import Goal
from minnow import config
from minnow.catalog import catalog
from minnow.records.results import Results, VariantResult
from minnow.stages.certificate import certify
from minnow.types import Score

SCORE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}


def made(value, size=900):
    variants = [
        {"name": "cnn/float32", "parameters": 100, "size_bytes": 2000, "val": SCORE, "flips": None, "verdict": ""},
        {
            "name": "cnn/int8",
            "parameters": 100,
            "size_bytes": size,
            "val": SCORE,
            "flips": SCORE,
            "verdict": "certified",
        },
        {
            "name": "cnn/float16",
            "parameters": 100,
            "size_bytes": 1900,
            "val": None,
            "flips": SCORE,
            "verdict": "refused",
        },
    ]
    refused = {"cnn/float16": "it is not 10% smaller.", "cnn/prune-0.5": "it was not made."}
    test = None if value is None else SCORE | {"value": value}
    found = {"variants": variants, "refused": refused, "finalist": None if value is None else "cnn/int8"}
    return found | {"size_bytes": size, "test": test, "rows": 100, "seconds": 1.0}


@pytest.fixture
def goal(tmp_path, monkeypatch):
    one = Goal("small", "digits", ["int8"], 1000, "accuracy", 0.9, {"cnn": None}, of="params.yaml")
    monkeypatch.setattr(compression, "KEPT", tmp_path)
    monkeypatch.setattr(compression, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(compression, "goals", lambda: {"small": one})
    return one


def test_every_entry_is_valid_and_has_its_budget_and_recipes(tmp_path, monkeypatch):
    monkeypatch.setenv("MINNOW_BENCH_DATA", str(tmp_path))
    monkeypatch.setattr(compression, "KEPT", tmp_path)
    settings = config.load(compression.settings(8), catalog())
    assert settings.seed == 8
    assert list(settings.usecases) == list(compression.goals())
    for goal in compression.goals().values():
        entry = settings.usecases[goal.name]
        assert entry.budget.size_bytes == goal.size_bytes
        assert list(entry.compression) == goal.recipes
        assert list(entry.families) == list(goal.families)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.95], "at least 0.9000 in 1,000: reached"),
        ([0.85], "at least 0.9000 in 1,000: not reached"),
        ([0.95, 0.8], "at least 0.9000 in 1,000: not reached"),
        ([0.95, None], "not reached; 1 of 2 seeds had no variant within it"),
        ([None], "no variant is within the budget"),
        ([], "not run"),
    ],
)
def test_the_first_table_says_what_was_reached(goal, values, said):
    for seed, value in enumerate(values):
        compression.kept(goal, seed).write_text(json.dumps(made(value)))
    compression.write(range(len(values) or 1))
    row = next(line for line in compression.RESULTS.read_text().splitlines() if line.startswith("| small |"))
    assert said in row


def test_variants_that_do_not_pay_stay_in_the_table_with_the_reason(goal):
    compression.kept(goal, 7).write_text(json.dumps(made(0.95)))
    compression.write([7])
    text = compression.RESULTS.read_text()
    assert (
        "| small | cnn/int8 | 100 | 900 | 0.5000 (0.4000 to 0.6000) | 50.00% (40.00% to 60.00%) | certified |" in text
    )
    assert (
        "| small | cnn/float16 | 100 | 1,900 |  | 50.00% (40.00% to 60.00%) | refused: it is not 10% smaller. |" in text
    )
    assert "| small | cnn/prune-0.5 | | | | | refused: it was not made. |" in text


def test_what_a_trial_logged_is_read_with_what_was_refused(goal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    batch = rows_of(np.zeros(400, int), ["a", "b"])
    right, wrong = (
        labelled(batch, answers, variant=name)
        for answers, name in ((batch.target, "float32"), (1 - batch.target, "int8"))
    )
    parent, child = candidate(tmp_path, right, None), candidate(tmp_path, wrong)
    stood = certify(child.val, parent.val, {}, BOUNDS)
    before = tmp_path / "mlartifacts" / "old" / "artifacts"
    now = tmp_path / "mlartifacts" / "run" / "artifacts" / "refused" / "linear" / "int8"
    for folder in (before, now):
        folder.mkdir(parents=True)
        replace(stood, usecase="small").write(folder)
    os.utime(before / "certificate.json", (0, 0))
    home = tmp_path / "trial"
    results = Results(
        (VariantResult("linear", "float32", 5, 900, {}, {"accuracy": Score(1.0, 0.9, 1.0, 400)}),),
        {"linear/int8": "it loses"},
    )
    (home / "outcomes" / "small").mkdir(parents=True)
    results.write(home / "outcomes" / "small")
    found = compression.read(home, goal, 100.0)
    assert [one["name"] for one in found["variants"]] == ["linear/float32", "linear/int8"]
    first, second = found["variants"]
    assert (first["flips"], first["val"]["value"]) == (None, 1.0)
    assert second["verdict"] == "refused"
    assert second["flips"]["value"] == 1.0
    assert found["refused"] == {"linear/int8": "it loses"}
    assert (found["finalist"], found["test"]) == (None, None)
    compression.kept(goal, 7).write_text(json.dumps(found | {"key": "k"}))
    compression.write([7])
    assert (
        "| small | linear/int8 |  | 1,000 | 0.0000 | 100.00% (99.05% to 100.00%) | refused: it loses |"
        in compression.RESULTS.read_text()
    )


def test_a_run_that_fails_is_told_and_keeps_nothing(goal, monkeypatch, capsys):
    def fails(*_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(compression, "run", fails)
    assert not compression.measure(goal, 7)
    assert "small, seed 7 failed: the disk is full" in capsys.readouterr().err
    assert not compression.kept(goal, 7).exists()
    monkeypatch.setattr(compression, "run", lambda *_: made(0.95))
    assert compression.measure(goal, 7)
    monkeypatch.setattr(compression, "run", fails)
    assert compression.measure(goal, 7), "what is kept must not be made again"
