"""The order in which the families of a use case are trained: teachers first, and nobody waits for one that has not begun."""

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from standins import case_of, tabular

from flows import fitting
from flows.job import Job
from minnow.config import Settings
from minnow.runners.progress import Display
from minnow.runners.worker import WorkerError
from minnow.workspace import Workspace

FAMILIES = {"a": {"family": "fcnn"}, "b": {"family": "fcnn"}, "gboost": {}, "linear": {}}
EACH_OTHER = {"distill": {"teacher": "a"}, "distill(0.5)": {"teacher": "b"}}


class Recorded:
    """Fits and compressions, as they begin and end. hold: fits that wait until another has begun."""

    def __init__(self, monkeypatch, fails=None, hold=()):
        self.events, self.teachers, self.fails, self.hold = [], {}, fails, dict(hold)
        self.begun = {name: threading.Event() for name in FAMILIES}
        monkeypatch.setattr(fitting, "fit", self.fit)
        monkeypatch.setattr(fitting, "_made", self.made)
        monkeypatch.setattr(fitting.train, "hand_over", lambda *_: None)

    def fit(self, job, case, family, handed):
        self.events.append(f"fit {family}")
        self.begun[family].set()
        if family in self.hold:
            assert self.begun[self.hold[family]].wait(5), "nothing runs beside it"
        if family == self.fails:
            raise WorkerError("it is too large")
        self.events.append(f"fitted {family}")
        return SimpleNamespace(family=family)

    def made(self, job, case, trained, rows, teachers):
        self.events.append(f"made {trained.family}")
        self.teachers[trained.family] = teachers
        return trained.family


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Train all families with so many slots, and return what happened, what was made and what failed."""
    (tmp_path / "rows").mkdir()
    tabular(tmp_path / "rows")

    def go(recipes, slots, **more):
        case = case_of(tmp_path, "tabular", "classify", {"target": "kind"}, families=FAMILIES, compression=recipes)
        seen = Recorded(monkeypatch, **more)
        monkeypatch.setattr(type(case), "threads_beside", lambda *_: 1)
        runner = SimpleNamespace(slots=lambda threads: slots, call=None)
        display = Display()
        monkeypatch.setattr(display, "step", lambda *_, **__: nullcontext())
        job = Job(Workspace(tmp_path, tmp_path), Settings.model_validate({"usecases": {}}), runner, display)
        prepared = SimpleNamespace(batches={"train": None})
        made, failures = [], {}

        def work():
            result = fitting.families(job, case, prepared, tmp_path)
            made.extend(result[0])
            failures.update(result[1])

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(30)
        assert not thread.is_alive(), "it waits for ever"
        return seen, made, failures

    return go


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_entries_that_teach_each_other_are_both_trained_before_either_is_taught(run, slots):
    seen, made, failures = run(EACH_OTHER, slots)
    assert (made, failures) == (["a", "b", "gboost", "linear"], {})
    assert sorted(event for event in seen.events if event.startswith("fit ")) == [
        f"fit {name}" for name in sorted(FAMILIES)
    ]
    for pupil in FAMILIES:
        assert {name: one.family for name, one in seen.teachers[pupil].items()} == {"a": "a", "b": "b"}
        for teacher in "ab":
            assert seen.events.index(f"fitted {teacher}") < seen.events.index(f"made {pupil}")


def test_the_others_are_trained_beside_the_teacher(run):
    """The teacher is not done before another fit has begun: the second slot is not taken by what waits for the teacher."""
    seen, made, _ = run({"distill": {"teacher": "a"}}, 2, hold={"a": "b"})
    assert seen.events.index("fit b") < seen.events.index("fitted a")
    assert set(made) == set(FAMILIES)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_teacher_that_fails_is_recorded_once_and_the_others_are_told_why(run, slots):
    seen, made, failures = run({"distill": {"teacher": "gboost"}}, slots, fails="gboost")
    assert failures == {"gboost": "it is too large"}
    assert made == ["a", "b", "linear"]
    assert seen.teachers["a"] == {"gboost": "it is too large"}


def test_without_teachers_families_are_trained_in_their_order(run):
    seen, *_ = run({"int8": {}}, 1)
    assert seen.events == [f"{what} {name}" for name in FAMILIES for what in ("fit", "fitted", "made")]
