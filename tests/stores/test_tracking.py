"""The tracking store and the registry, on a real SQLite database."""

import subprocess
import sys

import pytest

from minnow.records.decision import Decision
from minnow.records.files import sha256
from minnow.records.provenance import Provenance, hashes_beside
from minnow.stores import champions, database, removal, tracking
from minnow.stores.database import client, experiment_id
from minnow.stores.tracking import Record
from minnow.workspace import workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, on import


@pytest.fixture
def space(in_folder):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    return workspace()


def keep_bundle(space, text, replaces=None, usecase="digits"):
    """Log a bundle and the decision in which it stood, as the pipeline does. Returns the bundle's sha."""
    folder = space.root / f"made-{text}" / "bundle"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_text(text)
    sha = sha256(folder)
    (folder.parent / "report.json").write_text(f"what {text} scored")
    Provenance(usecase, sha, family=text, files=hashes_beside(folder.parent)).write(folder.parent)
    tags = {"minnow.usecase": usecase, "minnow.sha": sha, tracking.decision_tag("cpu"): f"{sha}{replaces}"}
    beside = [folder.parent / name for name in ("report.json", "provenance.json")]
    tracking.log(space, Record(text, tags=tags, files={"bundle": [folder], "": beside}))
    return sha


def decision(sha, verdict="better", replaces=None, **more):
    names = {"id": f"{sha}{replaces}", "sha": sha, "replaces": replaces}
    return Decision("digits", "cpu", verdict, True, (), **names, **more)


def test_a_record_keeps_params_metrics_history_files_and_children(space):
    note = space.root / "note.txt"
    note.write_text("hello")
    child = Record("cnn", metrics={"val/accuracy": 0.9}, history={"loss": [3.0, 2.0, 1.0]})
    record = Record("digits", params={"a": {"b": 1}}, tags={"t": "v"}, files={"notes": [note]}, children=(child,))
    run_id = tracking.log(space, record)
    run = client(space).get_run(run_id)
    assert run.data.params == {"a.b": "1"}
    assert run.data.tags["t"] == "v"
    assert [file.path for file in client(space).list_artifacts(run_id, "notes")] == ["notes/note.txt"]
    query = f"tags.`mlflow.parentRunId` = '{run_id}'"
    (run,) = client(space).search_runs([experiment_id(space)], query)
    points = client(space).get_metric_history(run.info.run_id, "epoch/loss")
    assert [(point.step, point.value) for point in points] == [(1, 3.0), (2, 2.0), (3, 1.0)]


def _outcome(space, usecase="digits"):
    """The runs of a use case: one with files, a family, a variant with the tag of a decision."""
    note = space.root / "note.txt"
    note.write_text("hello")
    tags = {"minnow.usecase": usecase}
    variant = Record("cnn int8", tags={**tags, tracking.decision_tag("cpu"): "d1"}, files={"bundle": [note]})
    family = Record("cnn", tags=tags, history={"loss": [3.0, 2.0]}, children=(variant,))
    return Record(usecase, params={"a": 1}, tags=tags, files={"notes": [note]}, children=(family,))


def _runs(space, usecase="digits"):
    return client(space).search_runs([experiment_id(space)], f"tags.`minnow.usecase` = '{usecase}'")


class _Failing:
    """MLflow's client, which loses its connection at its nth call that writes."""

    WRITES = ("create_run", "log_batch", "log_artifact", "log_artifacts", "set_terminated", "set_tag", "delete_run")

    def __init__(self, real, calls):
        self.real, self.calls = real, calls

    def __getattr__(self, name):
        if name in self.WRITES:
            self.calls -= 1
            if self.calls == 0:
                raise ConnectionError("lost")
        return getattr(self.real, name)


def test_an_outcome_whose_tracking_is_interrupted_anywhere_and_repeated_is_there_once(space, monkeypatch):
    for calls in range(1, 13):
        usecase = f"case{calls}"
        with monkeypatch.context() as patch:
            failing = _Failing(client(space), calls)
            patch.setattr(tracking, "client", lambda _, failing=failing: failing)
            with pytest.raises(ConnectionError):
                tracking.log_once(space, _outcome(space, usecase), "key")
        run_id = tracking.log_once(space, _outcome(space, usecase), "key")
        runs = _runs(space, usecase)
        assert {run.info.run_name for run in runs} == {usecase, "cnn", "cnn int8"}
        assert len(runs) == 3
        assert {run.info.status for run in runs} == {"FINISHED"}
        assert {run.info.run_id for run in runs if run.info.run_name == usecase} == {run_id}
        (variant,) = (run for run in runs if run.info.run_name == "cnn int8")
        assert [file.path for file in client(space).list_artifacts(variant.info.run_id, "bundle")] == [
            "bundle/note.txt"
        ]
    with monkeypatch.context() as patch:
        last = _Failing(client(space), 13)
        patch.setattr(tracking, "client", lambda _: last)
        tracking.log_once(space, _outcome(space, "last"), "key")  # twelve calls write: all of them were interrupted


def test_an_outcome_that_was_tracked_is_not_tracked_again_and_another_one_is(space):
    first = tracking.log_once(space, _outcome(space), "key")
    assert tracking.log_once(space, _outcome(space), "key") == first
    assert len(_runs(space)) == 3
    assert tracking.log_once(space, _outcome(space), "another") != first
    assert len(_runs(space)) == 6


def test_an_unfinished_run_of_another_workspace_on_the_same_server_is_left_alone(space, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tracking.platform, "node", lambda: "another machine")
        failing = _Failing(client(space), 4)
        patch.setattr(tracking, "client", lambda _: failing)
        with pytest.raises(ConnectionError):
            tracking.log_once(space, _outcome(space), "key")
    left = len(_runs(space))
    tracking.log_once(space, _outcome(space), "key")
    assert len(_runs(space)) == left + 3


def test_the_page_is_of_the_experiment(space):
    assert tracking.page(space) == f"http://127.0.0.1:5000/#/experiments/{experiment_id(space)}"


def test_more_points_than_one_call_takes_are_all_kept(space):
    run_id = tracking.log(space, Record("long", history={"loss": [float(i) for i in range(2500)]}))
    assert len(client(space).get_metric_history(run_id, "epoch/loss")) == 2500


def test_metrics_of_oddly_named_columns_are_kept_each_under_a_name_of_its_own(space):
    names = ["pulse [/min]", "pulse (/min)", "km/", "a//b", "../up", ".", "/x", "%s", "<b>", "é", "n" * 400]
    metrics = {f"importance/{name}": float(i) for i, name in enumerate(names)}
    odd = {"options": {"kinds": {"a//b": "number", "..": "text", "[red]": 1}}}
    run_id = tracking.log(
        space, Record("odd", params=odd, metrics=metrics, history={"a//b": [1.0, 2.0], "a/_/b": [3.0]})
    )
    kept = client(space).get_run(run_id).data
    assert sorted(v for k, v in kept.metrics.items() if k.startswith("importance/")) == sorted(metrics.values())
    assert kept.metrics["importance/pulse _/min_"] == 0.0
    assert kept.metrics["importance/pulse _/min_ 2"] == 1.0
    assert {kept.metrics["epoch/a/_/b"], kept.metrics["epoch/a/_/b 2"]} == {2.0, 3.0}
    assert "[red]" in kept.params["options.kinds"]


def test_two_processes_make_one_database(in_folder):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    code = "import minnow.workspace as w, minnow.stores.database as m; print(m.experiment_id(w.workspace()))"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    answers = {process.communicate(timeout=120)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0]
    assert len(answers) == 1


def test_promotion_sets_aliases_and_history_and_may_be_repeated(space):
    first = keep_bundle(space, "one")
    second = keep_bundle(space, "two", first)
    one = champions.promote(space, "digits", "cpu", decision(first, "first"))
    again = champions.promote(space, "digits", "cpu", decision(first, "first"))
    assert one == again
    smaller = champions.promote(space, "digits", "cpu", decision(second, "smaller", first))
    assert smaller.sha == second
    best = champions.current(space, "digits", "cpu", champions.BEST)
    assert best is not None
    assert best.sha == first, "a model that is only smaller is no new best"
    assert champions.carried_out(space, "digits", decision(second, "smaller", first))
    assert champions.current(space, "digits", "gpu") is None


@pytest.mark.parametrize(("difference", "moves"), [(-0.01, True), (0.0, True), (0.004, False)])
def test_the_best_so_far_moves_only_to_what_is_not_worse_than_it(space, difference, moves):
    best = keep_bundle(space, "best")
    shrunk = keep_bundle(space, "shrunk", best)
    risen = keep_bundle(space, "risen", shrunk)
    champions.promote(space, "digits", "cpu", decision(best, "first"))
    champions.promote(space, "digits", "cpu", decision(shrunk, "smaller", best))
    met = {"champion": {"difference": -0.02}, "best": {"difference": difference}}
    champions.promote(space, "digits", "cpu", decision(risen, "better", shrunk, comparisons=met))
    holder = champions.current(space, "digits", "cpu", champions.BEST)
    assert holder is not None
    assert holder.sha == (risen if moves else best)


def test_rollback_goes_back_step_by_step_and_then_says_that_there_is_nothing(space):
    shas = []
    for text in ("one", "two", "three"):
        replaces = shas[-1] if shas else None
        shas.append(sha := keep_bundle(space, text, replaces))
        champions.promote(space, "digits", "cpu", decision(sha, "better", replaces))
    assert removal.rollback(space, "digits", "cpu").sha == shas[1]
    assert removal.rollback(space, "digits", "cpu").sha == shas[0]
    with pytest.raises(LookupError, match="no champion for cpu before version 1"):
        removal.rollback(space, "digits", "cpu")


def test_a_fetched_bundle_that_broke_is_fetched_again_and_a_registered_one_that_was_changed_is_refused(space):
    champion = champions.promote(space, "digits", "cpu", decision(keep_bundle(space, "one")))
    folder = champions.fetch(space, champion)
    assert (folder / "bundle" / "model.onnx").read_text() == "one"
    (folder / "bundle" / "model.onnx").write_text("onf")
    assert (champions.fetch(space, champion) / "bundle" / "model.onnx").read_text() == "one"
    (folder / "bundle" / "model.onnx").write_text("onf")
    (kept,) = (space.root / "mlartifacts").glob("**/bundle/model.onnx")
    kept.write_text("ong")
    with pytest.raises(ValueError, match=r"a bundle with sha256 .* MLflow's artifacts were changed"):
        champions.fetch(space, champion)


def test_a_report_beside_a_registered_bundle_that_was_changed_is_named(space):
    champion = champions.promote(space, "digits", "cpu", decision(keep_bundle(space, "one")))
    folder = champions.fetch(space, champion)
    (folder / "report.json").write_text("better than it was")
    assert (champions.fetch(space, champion) / "report.json").read_text() == "what one scored"
    (kept,) = (space.root / "mlartifacts").glob("**/artifacts/report.json")
    kept.write_text("better than it was")
    (folder / "report.json").write_text("better than it was")
    with pytest.raises(ValueError, match=r"Received: report.json, from run"):
        champions.fetch(space, champion)


def test_two_decisions_on_one_bundle_are_promoted_by_the_runs_that_they_belong_to(space):
    """The same weights judged twice: each promotion keeps the report of its own exam, not the newest with this sha."""
    sha = keep_bundle(space, "one")
    folder = space.root / "made-one"
    (folder / "report.json").write_text("on another exam")
    Provenance("digits", sha, family="one", files=hashes_beside(folder)).write(folder)
    tags = {"minnow.usecase": "digits", "minnow.sha": sha, tracking.decision_tag("cpu"): "another"}
    beside = [folder / name for name in ("report.json", "provenance.json")]
    tracking.log(space, Record("again", tags=tags, files={"bundle": [folder / "bundle"], "": beside}))
    champion = champions.promote(space, "digits", "cpu", decision(sha))
    assert (champions.fetch(space, champion) / "report.json").read_text() == "what one scored"


def test_aliases_of_an_older_registry_are_read(space):
    champion = champions.promote(space, "digits", "cpu", decision(keep_bundle(space, "one"), "first"))
    name = champions.registered("digits")
    client(space).delete_registered_model_alias(name, "best")
    assert champions.current(space, "digits", "cpu", champions.BEST) is None
    client(space).set_registered_model_alias(name, "anchor", str(champion.version))
    assert champions.current(space, "digits", "cpu", champions.BEST) == champion


@pytest.mark.parametrize("damage", ["emptied", "truncated", "overwritten"])
def test_a_broken_database_is_refused_before_anything_is_written(space, damage):
    champions.promote(space, "digits", "cpu", decision(keep_bundle(space, "one")))
    path = space.root / "mlflow.db"
    data = path.read_bytes()
    broken = {"emptied": b"", "truncated": data[: len(data) // 2], "overwritten": b"x" * 4096 + data[4096:]}[damage]
    path.write_bytes(broken)
    database.client.cache_clear()
    with pytest.raises(database.BrokenStore, match="must be an intact database"):
        champions.current(space, "digits", "cpu")
    assert path.read_bytes() == broken
    path.write_bytes(data)
    database.client.cache_clear()
    assert champions.current(space, "digits", "cpu") is not None


HALF_WRITTEN = """
import os, sqlite3
opened = sqlite3.connect("mlflow.db")
opened.execute("PRAGMA cache_size = 1")
opened.execute("BEGIN")
opened.executemany("INSERT INTO experiments (name) VALUES (?)", [(f"never {i} " * 50,) for i in range(500)])
os._exit(9)
"""


def test_a_database_that_a_killed_run_left_half_written_is_rolled_back(space):
    champions.promote(space, "digits", "cpu", decision(keep_bundle(space, "one")))
    database.client.cache_clear()
    assert subprocess.run([sys.executable, "-c", HALF_WRITTEN], check=False, cwd=space.root).returncode == 9
    assert (space.root / "mlflow.db-journal").exists(), "the fault was planted"
    assert champions.current(space, "digits", "cpu") is not None
    assert not any(one.name.startswith("never") for one in client(space).search_experiments())


def test_a_bundle_that_no_run_keeps_cannot_be_promoted(space):
    with pytest.raises(LookupError, match="holds the finalist of decision"):
        champions.promote(space, "digits", "cpu", decision("0" * 64))


def test_a_database_is_made_before_the_first_run_where_it_is_a_local_file(in_folder, monkeypatch):
    made = []
    monkeypatch.setattr(database, "client", made.append)
    database.create(workspace())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    database.create(workspace())
    assert len(made) == 1
