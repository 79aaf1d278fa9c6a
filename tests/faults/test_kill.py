"""kill -9 at random moments of a run, of publishing and of a rollback: the next run ends right, and nothing is lost."""

import random

import pytest
from project import PUBLISH, Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]
RANDOM = random.Random(20261124)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a promotion behind it."""
    made = Project.make(tmp_path_factory.mktemp("kill"))
    made.promoting()
    assert made.mended()["champion"] == made.decided()
    return made


def test_a_killed_run_is_finished_by_the_next(project, full, injected):
    before = project.ready()
    for _ in injected.until("killed: run", 24 if full else 1):
        project.promoting()
        if project.kill_after(RANDOM.uniform(0.2, 14.0), "-m", "flows.retrain"):
            injected["killed: run"] += 1
        after = project.state("all")
        assert after["champion"] in (before["champion"], project.decided()), "the champion, or what was decided"
        assert after["served"] in (before["served"], after["champion"]), (
            "what was served is served, or the new champion"
        )
        state = project.mended()
        assert state["champion"] == project.decided() != before["champion"], "the killed run's decision is carried out"
        before = state


FORGET = (
    "import shutil; from pathlib import Path; Path('.minnow/settled.json').unlink(missing_ok=True); "
    "shutil.rmtree('.bentoml', ignore_errors=True)"
)


def test_a_killed_publication_is_finished_by_the_next(project, full, injected):
    champion = project.ready()["champion"]
    for _ in injected.until("killed: publishing", 20 if full else 1):
        code, printed = project.call("-c", FORGET)
        assert code == 0, printed
        if project.kill_after(RANDOM.uniform(0.3, 3.0), "-c", PUBLISH):
            injected["killed: publishing"] += 1
        state = project.state("all")
        assert state["champion"] == champion, "publishing does not change the registry"
        assert state["served"] in (None, champion), "a bundle is served whole or not at all"
        code, printed = project.call("-c", PUBLISH)
        assert code == 0, printed
        state = project.state()
        assert state["served"] == state["champion"]
        assert state["divergence"] is None


def test_a_killed_rollback_leaves_a_champion_and_the_next_run_serves_it(project, full, injected):
    while project.promotions < 2:  # so that there is somewhere to roll back to
        project.promoting()
        project.mended()
    newest, database = project.ready()["champion"], project.folder / "mlflow.db"
    promoted, rollback = database.read_bytes(), ("-m", "minnow.cli", "rollback", "small")
    code, printed = project.call(*rollback)
    assert code == 0, printed
    previous = project.state()["champion"]
    assert previous not in (None, newest)
    for _ in injected.until("killed: rollback", 12 if full else 1):
        database.write_bytes(promoted)
        code, printed = project.call("-c", PUBLISH)
        assert (code, project.state()["served"]) == (0, newest), printed
        killed = project.kill_after(RANDOM.uniform(0.4, 2.8), *rollback)
        injected["killed: rollback"] += killed
        state = project.state()
        assert state["champion"] in ((newest, previous) if killed else (previous,)), "one of the two, and never none"
        code, printed = project.call("-c", PUBLISH)
        assert code == 0, printed
        state = project.state()
        assert state["served"] == state["champion"]
