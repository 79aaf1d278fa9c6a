"""What the worker of a run imports."""

import os
import signal
import threading
import time
from contextvars import ContextVar
from pathlib import Path

import numpy as np
import pytest

from flows.job import Job, families_of, libraries
from minnow.config import Settings
from minnow.runners.interruption import Interrupted
from minnow.runners.progress import Display
from minnow.runners.worker import Worker
from minnow.stages import compress, intake, train
from minnow.stages.case import Case
from minnow.workspace import Workspace

JOBS = Path(__file__).parents[1] / "runners"
NETWORKS = ["tensorflow", "keras"]
FAMILIES = ["linear", "gboost", "forest"]


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{'rgb'[row % 3]},{'ab'[int(x > 0)]}" for row, x in enumerate(rng.normal(size=90))]
    (tmp_path / "rows.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    (tmp_path / "uv.lock").write_text("")
    entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "options": {"target": "kind"}}
    entry |= {"families": FAMILIES, "compression": ["float16", "int8"]}
    settings = Settings.model_validate({"usecases": {"small": entry}})
    return Case("small", settings, Workspace(tmp_path, tmp_path / "params.yaml"))


def test_a_worker_that_fits_and_compresses_no_network_never_imports_tensorflow(table, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(JOBS), prepend=os.pathsep)
    prepared = intake.prepare_case(table, intake.read(table))
    with Worker(1, tmp_path / "worker.log", warm=libraries(families_of(table.settings, ["small"]))) as worker:
        handed = train.hand_over(table, prepared, worker.call)
        made = {family: compress.variants(table, train.train(table, family, handed), handed) for family in FAMILIES}
        found = worker.call("worker_jobs:imported", [*NETWORKS, "sklearn.linear_model", "sklearn.ensemble"])
    assert set(made["linear"].bundles) == {"float32", "float16", "int8"}
    assert set(made["forest"].refused) == {"float16", "int8"}
    assert found == ["sklearn.linear_model", "sklearn.ensemble"]


def test_libraries_are_those_of_the_families_each_once():
    assert libraries(["linear", "fcnn", "cnn"]) == ("sklearn.linear_model", "tensorflow")
    assert libraries(families_of(Settings.model_validate({"usecases": {}}), ["gone"])) == ()


def test_a_step_beside_another_ends_with_it_in_the_same_context_and_its_error_is_raised(tmp_path):
    flow, started = ContextVar("flow"), threading.Event()
    flow.set("retrain")

    def work():
        started.wait(10)
        return flow.get(), threading.current_thread() is threading.main_thread()

    job = Job(Workspace(tmp_path, tmp_path), Settings.model_validate({"usecases": {}}), None, Display())
    with job.beside("small: look", work) as found:
        started.set()
        assert found() == ("retrain", False)
    with pytest.raises(KeyError, match="a bug"), job.beside("small: look", lambda: {}["a bug"]) as found:
        found()
    with pytest.raises(ZeroDivisionError), job.beside("small: look", started.wait):
        _ = 1 / 0


def test_a_use_case_begins_when_the_one_before_passes_on_and_all_have_ended_at_the_end(tmp_path):
    flow, seen, tail = ContextVar("flow"), [], threading.Event()
    flow.set("run")
    job = Job(Workspace(tmp_path, tmp_path), Settings.model_validate({"usecases": {}}), None, Display())

    def work(name):
        seen.append(f"{name} begins in {flow.get()}")
        if name == "first":
            job.pass_on(name)
            assert tail.wait(10), "the second did not begin beside the tail of the first"
        elif name == "second":
            tail.set()
        seen.append(f"{name} ends")

    job.overlap(work, ["first", "second", "third"])
    begun = [line for line in seen if "begins" in line]
    assert begun == [f"{name} begins in run" for name in ("first", "second", "third")]
    assert seen.index("second ends") < seen.index("third begins in run")  # it never passed on
    assert "first ends" in seen
    assert "third ends" in seen


def test_the_error_of_a_use_case_that_overlaps_is_raised_once_the_others_have_ended(tmp_path):
    ended = []
    job = Job(Workspace(tmp_path, tmp_path), Settings.model_validate({"usecases": {}}), None, Display())

    def work(name):
        if name == "first":
            raise KeyError("a bug")
        ended.append(name)

    with pytest.raises(KeyError, match="a bug"):
        job.overlap(work, ["first", "second"])
    assert ended == ["second"]


def test_a_use_case_waits_for_those_before_it_where_it_must_be_alone(tmp_path):
    seen = []
    job = Job(Workspace(tmp_path, tmp_path), Settings.model_validate({"usecases": {}}), None, Display())

    def work(name):
        job.pass_on(name)
        if name == "second":
            job.alone(name)
        else:
            time.sleep(0.2)
        seen.append(name)

    job.overlap(work, ["first", "second"])
    assert seen == ["first", "second"]
    job.alone("first")  # outside of a run of several nothing is waited for


def test_an_interrupted_run_writes_nothing_more(tmp_path):
    said, goes_on = [], threading.Event()
    job = Job(Workspace(tmp_path, tmp_path), Settings.model_validate({"usecases": {}}), None, Display())

    def work(name):
        goes_on.wait(10)
        try:
            job.pass_on(name)
        except RuntimeError as error:
            said.append(str(error))
        said.append("ended")

    def interrupt(*_):
        raise Interrupted(signal.SIGTERM)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with pytest.raises(Interrupted):
            job.overlap(work, ["first", "second"])
    finally:
        signal.signal(signal.SIGUSR1, before)
    goes_on.set()
    for _ in range(100):
        if "ended" in said:
            break
        time.sleep(0.05)
    assert said == ["first was not written: the run has ended.", "ended"]
