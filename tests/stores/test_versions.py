"""DVC's side, in a real repository."""

import shutil
import subprocess
import sys

import pytest

from minnow.stores import versions

STAGES = """
stages:
  usecase:
    foreach: [one, two]
    do:
      cmd: cp data/${item}.csv outcome-${item}
      deps:
        - data/${item}.csv
      outs:
        - outcome-${item}
"""


@pytest.fixture
def repo(in_folder):
    def sh(*command):
        subprocess.run(command, cwd=in_folder, check=True, capture_output=True)

    (in_folder / "data").mkdir()
    for name in ("one", "two"):
        (in_folder / "data" / f"{name}.csv").write_text(name)
    (in_folder / "dvc.yaml").write_text(STAGES)
    sh("git", "init", "-q")
    sh(sys.executable, "-m", "dvc", "init", "-q")
    sh(sys.executable, "-m", "dvc", "add", "-q", "data")
    sh(sys.executable, "-m", "dvc", "repro", "-q")
    return in_folder


def test_a_repository_that_is_up_to_date_has_nothing_stale(repo):
    assert versions.state(repo) == versions.State({}, {})


def test_changed_data_makes_its_use_case_stale_with_the_reason(repo):
    (repo / "data" / "one.csv").write_text("changed")
    state = versions.state(repo)
    assert list(state.stale) == ["one"]
    assert "data/one.csv modified" in state.stale["one"][0]
    assert "modified" in state.data["data.dvc"]


def test_commit_makes_a_use_case_fresh_and_accept_the_data(repo):
    (repo / "data" / "one.csv").write_text("changed")
    (repo / "outcome-one").unlink()
    (repo / "outcome-one").write_text("changed")
    versions.accept(repo, "data.dvc")
    versions.commit(repo, "one")
    assert versions.state(repo) == versions.State({}, {})


def test_a_link_that_leads_nowhere_is_named(repo):
    (repo / "data" / "gone.csv").symlink_to(repo / "nothing.csv")
    with pytest.raises(versions.VersionError, match=r"data/gone.csv, a link that leads nowhere. Remove the link"):
        versions.state(repo)


def test_a_part_of_tracked_data_is_compared_alone(repo):
    def part(name):
        return versions.part_changed(repo, "data.dvc", repo / "data" / name)

    (repo / "data" / "one.csv").write_text("changed")
    (repo / "data" / "new.csv").write_text("new")
    (repo / "data" / "two.csv").rename(repo / "two.csv")
    assert (part("one.csv"), part("new.csv"), part("two.csv")) == ("1 files changed", "1 files new", "1 files lost")
    (repo / "two.csv").rename(repo / "data" / "two.csv")
    assert part("two.csv") is None
    assert versions.part_changed(repo, "data.dvc", repo / "data") == "1 files new, 1 files changed"
    shutil.rmtree(repo / ".dvc" / "cache")
    assert part("one.csv") is None, "in a fresh clone nothing tells what was recorded"


def test_an_entry_with_a_fault_does_not_keep_dvc_from_the_others(repo):
    """DVC reads all entries of params.yaml, unless it is asked for some."""
    (repo / "params.yaml").write_text(
        "seed: 1\nusecases:\n  one: {data: data/one.csv}\n  bad: {dat: x}\n  far: {data: FAR}\n"
    )
    far = repo.parent / f"{repo.name}-far.csv"
    far.write_text("1")
    (repo / "params.yaml").write_text((repo / "params.yaml").read_text().replace("FAR", str(far)))
    (repo / "dvc.yaml").write_text(
        "vars: [params.yaml]\n"
        + STAGES.replace("[one, two]", "${usecases}")
        .replace("data/${item}.csv", "${item.data}")
        .replace("${item}", "${key}")
        .replace("      outs:", "      params: [seed]\n      outs:")
    )
    with pytest.raises(versions.VersionError):
        versions.state(repo)
    assert versions.state(repo, ["one", "far"]).unrecorded == {"one", "far"}
    for name in ("one", "far"):
        shutil.copyfile(repo / "data" / "one.csv", repo / f"outcome-{name}")
        versions.commit(repo, name)
    assert versions.state(repo, ["one", "far"], ["data.dvc"]) == versions.State({}, {})
    far.write_text("2")
    state = versions.state(repo, ["one", "far"])
    assert state.changed == {"far": {str(far): "modified"}}
    assert list(state.stale) == ["far"]
    far.unlink()
    assert versions.state(repo, ["far"]).changed == {"far": {str(far): "deleted"}}


def test_without_a_git_repository_everything_works(repo):
    shutil.rmtree(repo / ".git")
    assert versions.state(repo) == versions.State({}, {})
    test_commit_makes_a_use_case_fresh_and_accept_the_data(repo)


def test_without_the_program_git_everything_works(repo, monkeypatch):
    monkeypatch.setenv("PATH", "")
    test_commit_makes_a_use_case_fresh_and_accept_the_data(repo)
