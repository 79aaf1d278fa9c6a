"""What `minnow clean` and the limit of the cache remove, and what they leave."""

import os

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from flows import cleaning
from minnow.cache import Cache
from minnow.cli import app
from minnow.records.origin import ModelEntry, write_models
from minnow.workspace import workspace


@pytest.fixture
def space(in_folder):
    """A cache with a model of today's outcome, one of a trial's and an old one, each with rows and a variant."""
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    space, cache = workspace(), Cache(in_folder / ".minnow" / "cache")
    for hour, name in enumerate(("today", "trial", "old"), 1):
        origin = {"rows": f"rows of {name}", "family": "linear"}
        for kind, made_from in (
            ("prepared", {"rows": f"rows of {name}"}),
            ("models", origin),
            ("variants", {"model": origin}),
        ):
            folder = cache.get_or_make(kind, made_from, lambda folder: (folder / "x").write_bytes(b"x" * 1000)).folder
            os.utime(folder / "made_from.json", (hour * 3600, hour * 3600))
        entry = {"linear": ModelEntry(cache.path("models", origin).name, ())}
        if name == "today":
            write_models(in_folder / "outcomes" / "digits", entry)
        if name == "trial":
            write_models(space.home / "trials" / "x" / "outcomes" / "digits", entry)
    for path in (
        "making/digits/outcome/a",
        "errors/digits.txt",
        "reports/digits/validation.html",
        "worker.log",
        "tune.db",
    ):
        (space.home / path).parent.mkdir(parents=True, exist_ok=True)
        (space.home / path).write_text("x" * 100)
    (space.home / "cache" / "models" / ".making-left").mkdir()
    return space


def test_the_limit_removes_what_no_outcome_names_and_says_so(space):
    said = []
    cleaning.trim(space, 1e-6, said.append)
    assert len(cleaning.needed(space)) == sum(1 for _ in space.kept.glob("*/*")) == 6
    assert "4 folders removed" in said[0]
    assert "cache.max_gb: 1e-06" in said[0]
    said.clear()
    cleaning.trim(space, 1e-6, said.append)
    assert said == []


def test_clean_lists_first_and_then_removes_what_can_be_made_again(space):
    listed = CliRunner().invoke(app, ["clean", "--dry-run"])
    assert listed.exit_code == 0, listed.output
    assert "cache/models, of no model that an outcome names" in listed.output
    assert "can be removed" in listed.output
    assert sum(1 for _ in space.kept.glob("*/*")) == 10, "a listing removes nothing"
    done = CliRunner().invoke(app, ["clean"])
    assert done.exit_code == 0, done.output
    assert "left: .minnow/trials" in done.output
    assert sum(1 for _ in space.kept.glob("*/*")) == 6
    for name in ("making", "errors", "reports"):
        assert not list((space.home / name).iterdir())
    assert (space.home / "tune.db").exists()
    assert (space.home / "trials" / "x" / "outcomes" / "digits").exists()
    assert "Nothing to remove" in CliRunner().invoke(app, ["clean"]).output


def test_clean_all_empties_the_cache_and_leaves_outcomes_trials_and_studies(space):
    assert CliRunner().invoke(app, ["clean", "--all"]).exit_code == 0
    assert not list(space.kept.glob("*/*"))
    assert (space.root / "outcomes" / "digits" / "models.json").exists()
    assert (space.home / "trials" / "x" / "outcomes" / "digits" / "models.json").exists()
    assert (space.home / "tune.db").exists()


def test_clean_waits_for_no_run_and_removes_nothing_while_one_holds_the_lock(space):
    with FileLock(space.home / "run.lock"):
        done = CliRunner().invoke(app, ["clean", "--all"])
    assert done.exit_code == 1
    assert "Another run in this workspace" in done.output
    assert sum(1 for _ in space.kept.glob("*/*")) == 10


def test_an_outcome_that_cannot_be_read_stops_no_cleaning(space):
    (space.root / "outcomes" / "digits" / "models.json").write_text("{")
    cleaning.trim(space, 1e-6, lambda _: None)
    assert sum(1 for _ in space.kept.glob("*/*")) == 3
