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


def test_without_a_git_repository_everything_works(repo):
    shutil.rmtree(repo / ".git")
    assert versions.state(repo) == versions.State({}, {})
    test_commit_makes_a_use_case_fresh_and_accept_the_data(repo)


def test_without_the_program_git_everything_works(repo, monkeypatch):
    monkeypatch.setenv("PATH", "")
    test_commit_makes_a_use_case_fresh_and_accept_the_data(repo)
