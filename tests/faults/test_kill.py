"""kill -9 at random moments of a run, of publishing and of a rollback: the next run ends right, and nothing is lost."""

import random

import pytest
from project import PUBLISH, Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]
RANDOM = random.Random(20261124)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with two promotions behind it, so that there is somewhere to roll back to."""
    made = Project.make(tmp_path_factory.mktemp("kill"))
    for families in (("linear",), ("linear", "gboost")):
        made.settings(seed=1, families=families)
        code, printed = made.run()
        assert code == 0, printed
    return made


def test_a_killed_run_is_finished_by_the_next(project, full, injected):
    project.mended()
    for i in injected.until("killed: run", 24 if full else 1):
        before = project.state()
        project.settings(seed=10 + i)
        if project.kill_after(RANDOM.uniform(0.2, 14.0), "-m", "flows.retrain"):
            injected["killed: run"] += 1
        after = project.state("all")
        assert after["served"] == before["served"] or after["champion"], "what was served is served, or its successor"
        assert after["champion"], "the champion is never lost"
        project.mended()


FORGET = (
    "import shutil; from pathlib import Path; Path('.minnow/settled.json').unlink(missing_ok=True); "
    "shutil.rmtree('.bentoml', ignore_errors=True)"
)


def test_a_killed_publication_is_finished_by_the_next(project, full, injected):
    project.mended()
    for _ in injected.until("killed: publishing", 20 if full else 1):
        code, printed = project.call("-c", FORGET)
        assert code == 0, printed
        if project.kill_after(RANDOM.uniform(0.3, 3.0), "-c", PUBLISH):
            injected["killed: publishing"] += 1
        state = project.state("all")
        assert state["served"] in (None, state["champion"]), "a bundle is served whole or not at all"
        code, printed = project.call("-c", PUBLISH)
        assert code == 0, printed
        state = project.state()
        assert state["served"] == state["champion"]
        assert state["divergence"] is None


def test_a_killed_rollback_leaves_a_champion_and_the_next_run_serves_it(project, full, injected):
    project.mended()
    champions = set()
    for i in injected.until("killed: rollback", 12 if full else 1):
        project.settings(seed=1, families=("linear", "gboost") if i % 2 else ("linear",))
        if project.kill_after(RANDOM.uniform(0.4, 2.8), "-m", "minnow.cli", "rollback", "small"):
            injected["killed: rollback"] += 1
        state = project.state()
        assert state["champion"], "the champion is never lost"
        code, printed = project.call("-c", PUBLISH)
        assert code == 0, printed
        state = project.state()
        assert state["served"] == state["champion"]
        champions.add(state["champion"])
    assert champions
