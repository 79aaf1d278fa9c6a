"""Champions that are older than max_age: their use cases run again, and not every night."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from flows import ages, plan
from minnow.config import Settings
from minnow.insight.status import champion_lines, champions_of, status_of
from minnow.records.decision import Decision
from minnow.records.files import sha256
from minnow.records.provenance import Provenance, hashes_beside
from minnow.stores import ages as times
from minnow.stores import champions, tracking, versions
from minnow.stores.tracking import Record
from minnow.stores.versions import State
from minnow.workspace import workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, on import
NAMES = ["digits", "mine"]


def settings(limit=None, **own):
    entry = {"modality": "images", "task": "classify", "data": "data", "families": ["linear"]}
    values = {"usecases": {"digits": entry | own, "mine": entry}}
    return Settings.model_validate(values | ({"max_age": limit} if limit is not None else {}))


@pytest.fixture
def space(in_project):
    return workspace()


@pytest.fixture
def later(monkeypatch):
    """Let so many days pass."""
    real = times._now

    def let_pass(days):
        monkeypatch.setattr(times, "_now", lambda: real() + timedelta(days=days))

    return let_pass


def promote(space, text):
    folder = space.root / f"made-{text}" / "bundle"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_text(text)
    sha = sha256(folder)
    Provenance("digits", sha, family=text, files=hashes_beside(folder.parent)).write(folder.parent)
    tags = {"minnow.usecase": "digits", "minnow.sha": sha, tracking.decision_tag("cpu"): text}
    tracking.log(space, Record(text, tags=tags, files={"bundle": [folder], "": [folder.parent / "provenance.json"]}))
    return champions.promote(space, "digits", "cpu", Decision("digits", "cpu", "first", True, (), sha=sha, id=text))


def kept(verdict, **more):
    return [Decision("digits", "cpu", verdict, False, (), **more)]


def test_a_champion_older_than_max_age_is_due_with_the_reason(space, later):
    promote(space, "one")
    later(89)
    assert ages.overdue(space, settings("90d"), NAMES) == {}
    later(95)
    assert ages.overdue(space, settings("90d"), NAMES) == {
        "digits": ["the champion for cpu is 95 days old, max_age is 90 days"]
    }
    assert ages.overdue(space, settings("90d", max_age=None), NAMES) == {}, "a use case may do without"
    assert ages.overdue(space, settings(max_age="12 weeks"), NAMES) != {}


def test_the_registry_is_not_opened_where_nothing_has_a_max_age(space, monkeypatch):
    monkeypatch.setattr(champions, "current", None)
    assert ages.overdue(space, settings(), NAMES) == {}


def test_a_run_that_gives_the_same_model_confirms_the_champion_and_says_so(space, later):
    promote(space, "one")
    later(95)
    lines = ages.record_runs(space, settings("90d"), kept("same"))
    assert lines == ["  digits: the same data gives the same model. The champion for cpu is confirmed."]
    assert ages.overdue(space, settings("90d"), NAMES) == {}
    later(95 + 91)
    assert "91 days old" in ages.overdue(space, settings("90d"), NAMES)["digits"][0]


def test_a_champion_that_won_its_comparison_is_confirmed(space, later):
    promote(space, "one")
    later(95)
    assert (
        ages.record_runs(space, settings("90d"), kept("refused", comparisons={"champion": {"difference": 0.0}})) == []
    )
    assert ages.overdue(space, settings("90d"), NAMES, untried=False) == {}


def test_a_run_with_nothing_to_compare_is_not_repeated_every_night_and_the_status_says_stale(space, later):
    promote(space, "one")
    later(95)
    ages.record_runs(space, settings("90d"), kept("infeasible"))
    assert ages.overdue(space, settings("90d"), NAMES) == {}
    assert ages.overdue(space, settings("90d"), NAMES, untried=False) != {}
    later(95 + 91)
    assert "186 days old" in ages.overdue(space, settings("90d"), NAMES)["digits"][0], "it is tried again in time"


def test_a_new_champion_is_young(space, later):
    promote(space, "one")
    ages.record_runs(space, settings("90d"), kept("same"))
    champion = promote(space, "two")
    later(30)
    age = times.age_of(space, champion)
    assert age.confirmed_s == pytest.approx(30 * 86_400, abs=600)
    assert age.tried_s == age.confirmed_s


def test_status_and_list_of_champions_show_the_age(space, later):
    champion = promote(space, "one")
    later(95)
    one = settings("90d")
    assert champion_lines(champions_of(space, one)).endswith("95 days, stale: max_age is 90 days")
    assert champion_lines(champions_of(space, settings())).endswith("95 days")
    target = status_of(space, one, "digits", State({}, {})).targets["cpu"]
    assert target.age_s == pytest.approx(95 * 86_400, abs=600)
    assert datetime.fromtimestamp(champion.promoted_s).year >= 2024


def test_the_plan_runs_what_is_due_and_gives_the_reason(space, monkeypatch):
    monkeypatch.setattr(versions, "state", lambda *arguments: State({}, {}))
    monkeypatch.setattr(plan, "bring_data", lambda *arguments, **named: plan.Brought())
    monkeypatch.setattr(plan, "_guarded", lambda *arguments: {})
    monkeypatch.setattr(plan, "with_starts", lambda space, settings, reasons, names: dict(reasons))
    monkeypatch.setattr(
        ages, "overdue", lambda space, settings, names: {"digits": ["old"]} if "digits" in names else {}
    )
    made = plan.make(space, settings("90d"), [], force=False, accept=plan.NEVER)
    assert (made.stale, made.fresh) == ({"digits": ["old"]}, ["mine"])


@pytest.mark.parametrize(
    ("text", "days"), [("90d", 90), ("90 days", 90), ("2w", 14), ("36 h", 1.5), ("1 week", 7), (86_400, 1)]
)
def test_a_max_age_is_a_duration(text, days):
    assert settings(text).max_age == days * 86_400


@pytest.mark.parametrize("text", ["90m", "soon", "90", 90, -1])
def test_what_is_no_max_age_is_refused(text):
    with pytest.raises(ValidationError, match="max_age"):
        settings(text)
