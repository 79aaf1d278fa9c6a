"""A project whose path means something in an address: the registry of one process is found by the next."""

import pytest
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]
NAME = "a #b?c%20d é'"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("path") / NAME
    folder.mkdir()
    made = Project.make(folder)
    code, printed = made.run()
    assert code == 0, printed
    return made


def test_a_run_leaves_its_champion_to_the_next_process(project):
    state = project.state("all")
    assert state["champion"]
    assert state["champion"] == state["served"]
    code, printed = project.run()
    assert (code, "validate" in printed) == (0, False), "nothing is stale"
    assert [path.name for path in project.folder.parent.iterdir()] == [NAME], "nothing was written beside it"


def test_the_commands_of_a_champion_and_a_study_work_there(project):
    assert project.call("-m", "minnow.cli", "verify", "small", "--quick")[0] == 0
    (project.folder / "inputs.csv").write_text("x,y\n1,2\n")
    code, printed = project.call("-m", "minnow.cli", "predict", "small", "inputs.csv")
    assert (code, '"answers"' in printed) == (0, True), printed
    for _ in range(2):
        code, printed = project.call("-m", "minnow.cli", "tune", "small", "linear", "--trials", "1")
        assert (code, "1 complete" in printed) == (0, True), printed
    assert (project.folder / ".minnow" / "tune.db").stat().st_size
    assert [path.name for path in project.folder.parent.iterdir()] == [NAME]
