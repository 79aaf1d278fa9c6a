"""Proposals for files that are divided into train and test: what is said is what a run does."""

import numpy as np
import pytest

from minnow.config import SplitShares
from minnow.onboarding.limits import problem_of
from minnow.onboarding.proposal import Request
from minnow.onboarding.propose import propose
from minnow.stages import prepare

RNG = np.random.default_rng(0)
N = 120


def _birds(folder, *names, column="", n=N):
    for name in names:
        rows = [
            f"{column and f'2024-{1 + i % 12:02}-03,'}{RNG.normal():.3f},{RNG.normal():.3f},{'ab'[i % 2]}"
            for i in range(n)
        ]
        (folder / name).write_text("\n".join([f"{column and f'{column},'}wing,weight,kind", *rows]) + "\n")


def _splits(folder, entry):
    """Split -> the files that its rows come from in a run."""
    problem = problem_of(entry)
    table = problem.modality.read(folder, problem.options)
    shares = SplitShares.model_validate(entry.get("split", {}))
    parts = prepare.split(table, shares, problem.time_column)
    return {name: {row.rpartition(":")[0] for row in rows.row_id.tolist()} for name, rows in parts.items()}


def test_the_test_rows_are_those_of_the_test_file(tmp_path):
    _birds(tmp_path, "adult-train.csv", "adult-test.csv")
    proposal = propose(tmp_path, Request())
    assert proposal.entry["split"] == {"val": 0.2}
    assert proposal.reasons["split"] == (
        "the test rows are those of adult-test.csv; val is taken from adult-train.csv: a hash share, so equal rows of train "
        "share a split"
    )
    run = _splits(tmp_path, proposal.entry)
    assert run == {"train": {"adult-train.csv"}, "val": {"adult-train.csv"}, "test": {"adult-test.csv"}}


def test_no_share_is_proposed_where_files_hold_val_too(tmp_path):
    _birds(tmp_path, "train.csv", "valid.csv", "test.csv")
    proposal = propose(tmp_path, Request())
    assert "split" not in proposal.entry | proposal.reasons
    assert "The test rows are those of test.csv; val is those of valid.csv." in proposal.found
    assert _splits(tmp_path, proposal.entry) == {"train": {"train.csv"}, "val": {"valid.csv"}, "test": {"test.csv"}}


def test_files_without_a_split_are_divided_by_both_shares(tmp_path):
    _birds(tmp_path, "train.csv", "test.csv", "extra.csv")
    proposal = propose(tmp_path, Request())
    assert proposal.entry["split"] == {"val": 0.2, "test": 0.2}
    why = "the test rows are those of test.csv, and a share of extra.csv; val is taken from train.csv, extra.csv: a hash share"
    assert proposal.reasons["split"].startswith(why)
    run = _splits(tmp_path, proposal.entry)
    assert (run["test"], run["val"]) == ({"test.csv", "extra.csv"}, {"train.csv", "extra.csv"})


def test_a_time_divides_train_alone_where_files_fix_test(tmp_path):
    _birds(tmp_path, "train.csv", "test.csv", column="day")
    proposal = propose(tmp_path, Request())
    assert proposal.options["split"] == {"by": "time", "column": "day"}
    assert proposal.reasons["options.split"] == (
        "the test rows are those of test.csv; val is taken from train.csv: the latest of them by 'day'"
    )


def test_other_names_leave_the_hash_of_all_rows(tmp_path):
    _birds(tmp_path, "latest_test_results.csv")
    proposal = propose(tmp_path, Request())
    assert proposal.entry["split"] == {"val": 0.2, "test": 0.2}
    assert proposal.reasons["split"] == "a hash of each row decides, so equal rows share a split"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_texts_are_divided_by_their_files(ending, tmp_path):
    for name in ("news_train", "news_test"):
        rows = [(f"this is the {name} text number {i} of many", "ab"[i % 2]) for i in range(N)]
        lines = (
            ["text,label", *map(",".join, rows)]
            if ending == "csv"
            else [f'{{"text": "{text}", "label": "{label}"}}' for text, label in rows]
        )
        (tmp_path / f"{name}.{ending}").write_text("\n".join(lines) + "\n")
    proposal = propose(tmp_path, Request())
    assert (proposal.entry["modality"], proposal.entry["split"]) == ("text", {"val": 0.2})
    assert _splits(tmp_path, proposal.entry)["test"] == {f"news_test.{ending}"}


def test_a_series_is_divided_by_its_files(tmp_path):
    for name, first in (("load_train.csv", 0), ("load_test.csv", 240)):
        rows = [
            f"{np.datetime64('2024-01-01T00', 'h') + i},{np.sin(i / 4):.4f},{RNG.normal():.3f}"
            for i in range(first, first + 240)
        ]
        (tmp_path / name).write_text("\n".join(["time,load,wind", *rows]) + "\n")
    proposal = propose(tmp_path, Request(target="load"))
    assert proposal.entry["modality"] == "timeseries"
    assert proposal.reasons["split"] == (
        "the test rows are those of load_test.csv; val is taken from load_train.csv: the latest of them"
    )
    assert _splits(tmp_path, proposal.entry)["test"] == {"load_test.csv"}


def test_interactions_are_not_divided_by_their_files_and_it_is_said(tmp_path):
    for name in ("log_train.csv", "log_test.csv"):
        rows = [
            f"u{RNG.integers(30)},i{RNG.integers(20)},{RNG.integers(1, 6)},{1_700_000_000 + 60 * i}" for i in range(N)
        ]
        (tmp_path / name).write_text("\n".join(["user,item,rating,time", *rows]) + "\n")
    proposal = propose(tmp_path, Request())
    assert "split" not in proposal.entry | proposal.reasons
    assert "log_test.csv is no test set: options.split divides all rows, whatever their file." in proposal.found
