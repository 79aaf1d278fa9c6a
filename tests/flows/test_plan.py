"""The plan of a run over a real DVC repository: what is stale, and which data is accepted."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from flows import plan
from minnow.config import ConfigError, Settings
from minnow.records.origin import ModelEntry, StartRecord, write_models
from minnow.stages import sources
from minnow.stages.case import Case
from minnow.stages.intake import row_versions
from minnow.stores import versions
from minnow.workspace import Workspace, workspace

STAGES = """
stages:
  usecase:
    foreach: [mine]
    do:
      cmd: mkdir -p outcomes/${item} && cp data/reviews/reviews.csv outcomes/${item}/seen.csv
      deps: [data/reviews]
      outs:
        - outcomes/${item}
"""


def settings(**needs):
    entry = {"modality": "text", "task": "classify", "data": "data/reviews", "families": ["linear"]}
    return Settings.model_validate(
        {"usecases": {name: {**entry, "needs": needs.get(name, [])} for name in ("mine", "other", "third")}}
    )


@pytest.fixture
def space(in_folder):
    """A repository whose one use case is up to date."""
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    space, one = workspace(), settings().model_copy(update={"usecases": {"mine": settings().usecases["mine"]}})
    (in_folder / "dvc.yaml").write_text(STAGES)
    plan.bring_data(space, one, ["mine"])
    for command in ("git init -q", "dvc init -q", "dvc add -q data", "dvc repro -q"):
        subprocess.run(
            command.replace("dvc", f"{sys.executable} -m dvc", 1).split(),
            cwd=in_folder,
            check=True,
            capture_output=True,
        )
    np.save(space.outcome("mine") / "rows.npy", read_rows(space, one))
    subprocess.run([sys.executable, "-m", "dvc", "commit", "-q", "-f"], cwd=in_folder, check=True)
    return space, one


def read_rows(space, one):
    case = Case("mine", one, space)
    return row_versions(case, case.modality.read(case.data, case.options))


def csv(space):
    return space.root / "data" / "reviews" / "reviews.csv"


def test_what_is_fresh_is_not_run_unless_forced(space):
    space, one = space
    assert plan.make(space, one, [], force=False, accept=plan.NEVER) == plan.Plan({}, ["mine"])
    assert plan.make(space, one, [], force=True, accept=plan.NEVER) == plan.Plan({"mine": ["forced"]}, [])


def test_a_use_case_without_an_outcome_a_forced_run_and_a_trial_are_stale_for_certain(space):
    space, _ = space
    assert not plan.is_sure(space, settings(), ["mine"], force=False), "DVC has to be asked"
    assert plan.is_sure(space, settings(), ["mine"], force=True)
    assert plan.is_sure(space, settings(), ["mine", "other"], force=False)
    assert plan.is_sure(space, settings(), [], force=False), "all use cases, of which two never ran"
    assert plan.is_sure(replace(space, params=space.root / "trial.yaml"), settings(), ["mine"], force=False)
    assert not plan.is_sure(space, settings(), ["mien"], force=True), "no use case"


def test_changed_data_is_refused_until_it_is_accepted(space):
    space, one = space
    csv(space).write_text(csv(space).read_text().replace(" is ", " was "))
    refused = plan.make(space, one, [], force=False, accept=plan.NEVER)
    assert (refused.stale, refused.fresh, refused.needs_user) == ({}, [], True)
    assert "data/reviews modified" in refused.reasons["mine"]
    assert "run again with --accept-data" in refused.reasons["mine"]
    assert "accepts appended rows only" in plan.make(space, one, [], force=False, accept=plan.APPENDED).reasons["mine"]
    assert "mine" in plan.make(space, one, [], force=False, accept=plan.ALWAYS).stale
    assert versions.state(space.root).data == {}, "DVC has the accepted bytes"
    assert "mine" in plan.make(space, one, [], force=False, accept=plan.NEVER).stale, "accepted once is accepted"


def test_a_scheduled_run_refuses_a_changed_label(space):
    space, one = space
    head, first, *rest = csv(space).read_text().splitlines(keepends=True)
    other = first.replace("negative", "positive") if "negative" in first else first.replace("positive", "negative")
    csv(space).write_text("".join([head, other, *rest]))
    stopped = plan.make(space, one, [], force=False, accept=plan.APPENDED)
    assert "lost or changed 1 of its earlier rows" in stopped.reasons["mine"]
    assert versions.state(space.root).data, "what was not accepted is not recorded"


def test_a_scheduled_run_takes_appended_rows(space):
    space, one = space
    with csv(space).open("a") as file:
        file.write('99999,"an entirely new sentence about a kettle",positive\n')
    assert "mine" in plan.make(space, one, [], force=False, accept=plan.APPENDED).stale


def test_data_that_is_gone_and_ours_is_made_again(space):
    space, one = space
    before = csv(space).read_bytes()
    csv(space).unlink()
    csv(space).parent.rmdir()
    assert plan.make(space, one, [], force=False, accept=plan.NEVER).stale == {}
    assert csv(space).read_bytes() == before


def test_a_trial_makes_its_rows_and_leaves_the_record_of_the_data_alone(space):
    """As in a fresh clone, where nothing is in DVC's cache yet."""
    space, one = space
    shutil.rmtree(space.root / ".dvc" / "cache")
    shutil.rmtree(space.root / "data")
    before = (space.root / plan.DATA_FILE).read_bytes()
    few = one.usecases["mine"].model_copy(update={"modality": "images", "data": "data/digits"})
    trial = Workspace(space.root, space.root / "bench.yaml")
    made = plan.make(trial, one.model_copy(update={"usecases": {"few": few}}), [], force=False, accept=plan.NEVER)
    assert made.stale == {"few": ["a trial"]}
    assert list((space.root / "data" / "digits").glob("*"))
    assert (space.root / plan.DATA_FILE).read_bytes() == before


def test_data_that_changes_behind_a_link_to_a_folder_makes_its_use_case_stale(space):
    """DVC does not follow such links, so the version of the data that was read is kept with the outcome."""
    space, one = space
    case = Case("mine", one, space)
    (space.root / "far").mkdir()
    (space.root / "far" / "more.txt").write_text("1")
    (case.data / "far").symlink_to(space.root / "far")
    assert "behind links" in plan.make(space, one, [], force=False, accept=plan.NEVER).reasons["mine"]
    assert plan.make(space, one, [], force=False, accept=plan.ALWAYS).stale == {
        "mine": ["data/reviews modified behind links"]
    }
    sources.write(case, space.outcome("mine"))
    assert not sources.changes(Case("mine", one, space))
    (space.root / "far" / "more.txt").write_text("2")
    assert sources.changes(Case("mine", one, space))
    (case.data / "far").unlink()
    assert sources.changes(Case("mine", one, space))


def test_use_cases_come_in_the_order_of_their_needs():
    assert plan.selected(settings(mine=["other"], other=["third"]), []) == ["third", "other", "mine"]
    assert plan.selected(settings(mine=["other"]), ["mine"]) == ["mine"]


def test_what_begins_with_a_model_is_stale_when_that_is_another(space):
    space, one = space
    start = {"families": {"linear": {"init_from": {"usecase": "other"}}}}
    entries = {"mine": one.usecases["mine"].model_copy(update=start), "other": one.usecases["mine"]}
    two = one.model_copy(update={"usecases": entries})

    def outcome(name, key, start=None):
        begun = StartRecord("other", start, ()) if start else None
        write_models(space.outcome(name), {"linear": ModelEntry(key, (), begun)})

    def make(force=False, names=("mine",)):
        subprocess.run([sys.executable, "-m", "dvc", "commit", "-q", "-f"], cwd=space.root, check=True)
        return plan.make(space, two, names, force=force, accept=plan.NEVER).stale

    outcome("mine", key="b", start="a")
    outcome("other", key="a")
    assert make() == {}
    outcome("other", key="c")
    assert make() == {"mine": ["linear begins with the weights of 'other', which have changed"]}
    assert make(force=True) == {"mine": ["forced"]}
    stale = plan.with_starts(space, two, {"other": ["changed"]}, ["other", "mine"])
    assert stale == {"other": ["changed"], "mine": ["linear begins with the weights of 'other', which is run again"]}


def test_needs_in_a_circle_and_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="circle"):
        plan.selected(settings(mine=["other"], other=["mine"]), [])
    with pytest.raises(ConfigError, match="Did you mean 'mine'"):
        plan.selected(settings(), ["mime"])
