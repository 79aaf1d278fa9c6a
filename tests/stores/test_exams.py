"""What the registry keeps of exams: looks, the rule of keys, and the rows that models were trained on."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from flows import registered
from minnow.config import Settings
from minnow.records.decision import Decision
from minnow.records.files import sha256
from minnow.records.keys import TRAINING_ROWS, TrainingRows
from minnow.records.provenance import Provenance, hashes_beside
from minnow.records.schema import Schema
from minnow.stages.case import Case
from minnow.stores import champions, database, exams, removal, tracking
from minnow.stores.tracking import Record
from minnow.types import KeyRule, Table
from minnow.workspace import workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, on import
RULE = KeyRule((("x", "numeric"), ("colour", "categorical")), {"split": {"by": "hash", "column": None}, "missing": []})
ENTRY = {"modality": "text", "task": "classify", "data": "data/reviews", "families": ["linear"]}
TRAINING = TrainingRows(np.arange(5, dtype=np.uint64), np.empty(0, np.uint64))


@pytest.fixture
def space(in_folder):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    return workspace()


def promote(space, text, keys: KeyRule | None = RULE, training: TrainingRows | None = TRAINING, replaces=None):
    """Log a bundle with its record as a run does, and promote it."""
    folder = space.root / f"made-{text}"
    (folder / "bundle").mkdir(parents=True)
    (folder / "bundle" / "model.onnx").write_text(text)
    Schema("digits", "classify", "tabular", text, "float32", None, {}, (), (), (), 1).write(folder / "bundle")
    sha = sha256(folder / "bundle")
    Provenance("digits", sha, text, "float32", keys=keys, files=hashes_beside(folder)).write(folder)
    files = {"bundle": [folder / "bundle"], "": [folder / "provenance.json"]}
    if training is not None:
        training.write(folder / TRAINING_ROWS)
        files[exams.FOLDER] = [folder / TRAINING_ROWS]
    tags = {"minnow.usecase": "digits", "minnow.sha": sha, tracking.decision_tag("cpu"): text}
    tracking.log(space, Record(text, tags=tags, files=files))
    return champions.promote(
        space, "digits", "cpu", Decision("digits", "cpu", "better", True, (), replaces, sha=sha, id=text)
    )


def look(space, rows, count):
    path = space.root / exams.ROWS
    np.save(path, rows)
    run_id = tracking.log(space, Record("look", files={"exam/cpu": [path]}))
    exams.record_look(space, "digits", "cpu", count, rows, run_id)


def rows_of(start, stop):
    return np.arange(start, stop, dtype=np.uint64)


def test_looks_go_on_while_half_of_the_exam_was_seen_and_then_start_again_at_one(space):
    exam = rows_of(0, 100)
    assert exams.ledger(space, "digits", "cpu", exam).looks == 0
    look(space, exam, 3)
    assert exams.ledger(space, "digits", "cpu", exam).looks == 3
    grown = exams.ledger(space, "digits", "cpu", rows_of(0, 200))
    assert (grown.looks, len(grown.rows)) == (3, 200)
    assert exams.ledger(space, "digits", "cpu", rows_of(0, 201)).looks == 1, "a part of its rows was read"
    assert exams.ledger(space, "digits", "cpu", rows_of(100, 200)).looks == 0
    assert exams.ledger(space, "digits", "gpu", exam).looks == 0


def test_a_row_is_known_by_its_group_or_by_the_key_that_an_older_version_kept(space):
    users = rows_of(1000, 1100)
    look(space, users, 2)
    assert exams.ledger(space, "digits", "cpu", rows_of(500, 600), users).looks == 2
    assert exams.ledger(space, "digits", "cpu", rows_of(500, 600), rows_of(0, 100)).looks == 0
    assert exams.ledger(space, "digits", "cpu", users, rows_of(0, 100)).looks == 2


def test_a_window_of_recent_rows_goes_on_for_a_year_and_then_starts_again(space, monkeypatch):
    begun = date(2024, 1, 1)
    monkeypatch.setattr(exams, "_today", lambda: begun)
    look(space, rows_of(0, 100), 1)
    for days, looks in ((100, 1), (365, 1), (366, 0)):
        monkeypatch.setattr(exams, "_today", lambda days=days: begun + timedelta(days))
        assert exams.ledger(space, "digits", "cpu", rows_of(500, 600), window=True).looks == looks
        assert exams.ledger(space, "digits", "cpu", rows_of(500, 600)).looks == 0
    look(space, rows_of(0, 100), 2)
    assert exams.ledger(space, "digits", "cpu", rows_of(0, 100)).since == begun, "the day of the first look stays"
    look(space, rows_of(500, 600), 1)
    assert exams.ledger(space, "digits", "cpu", rows_of(500, 600)).since == begun + timedelta(366)


def test_a_lost_record_of_the_rows_does_not_stop_a_run_and_the_count_goes_on(space):
    look(space, rows_of(0, 100), 3)
    shutil.rmtree(space.root / "mlartifacts")
    assert exams.ledger(space, "digits", "cpu", rows_of(500, 600)).looks == 3


def test_the_rule_of_keys_is_that_of_the_champion_and_outlives_its_retirement(space):
    assert exams.key_rule(space, "digits", ["cpu"]) is None
    first = promote(space, "one")
    assert exams.key_rule(space, "digits", ["cpu"]) == RULE
    other = KeyRule((("y", "date"),), RULE.options)
    second = promote(space, "two", other, replaces=first.sha)
    assert exams.key_rule(space, "digits", ["cpu"]) == other
    removal.rollback(space, "digits", "cpu")
    assert exams.key_rule(space, "digits", ["cpu"]) == RULE
    for role in (champions.CHAMPION, champions.BEST):
        exams.client(space).delete_registered_model_alias("minnow-digits", champions.alias("cpu", role))
    assert exams.key_rule(space, "digits", ["cpu"]) == other, "the newest version's"
    shutil.rmtree(next((space.root / "mlartifacts").glob(f"**/{second.run_id}")))
    assert exams.key_rule(space, "digits", ["cpu"]) == RULE, "what is lost is passed over"


def test_a_version_of_before_has_no_rule_and_no_training_rows(space):
    champion = promote(space, "one", keys=None, training=None)
    assert exams.key_rule(space, "digits", ["cpu"]) is None
    assert exams.training_rows(space, champion) is None


def test_training_rows_are_kept_with_the_run_of_the_version(space):
    kept = exams.training_rows(space, promote(space, "one"))
    assert kept is not None
    assert (kept.key.tolist(), kept.group.tolist()) == ([0, 1, 2, 3, 4], [])


def held(space, window=None):
    key = rows_of(0, 10)
    case: Any = SimpleNamespace(name="digits", problem=SimpleNamespace(time_column=window))
    prepared: Any = SimpleNamespace(tables={"test": Table({}, key.astype(str), key)})
    return registered.held(space, case, "cpu", prepared)


def test_a_champion_is_fetched_with_what_is_recorded_of_it(space):
    champion = promote(space, "one")
    incumbents = held(space)
    assert (incumbents.unread, incumbents.replaces) == ((), champion.sha)
    model = incumbents.models["champion"]
    assert (model.version, model.keys, model.bundle.name) == (1, RULE, "one/float32")
    assert model.training is not None


@pytest.mark.parametrize("fault", ["lost", "changed", "unknown format"])
def test_a_champion_whose_files_cannot_be_read_is_named_and_does_not_stop_a_run(space, fault, monkeypatch):
    champion = promote(space, "one")
    (artifacts,) = (space.root / "mlartifacts").glob(f"**/{champion.run_id}/artifacts")
    if fault == "lost":
        shutil.rmtree(artifacts)
    elif fault == "changed":
        (artifacts / "bundle" / "model.onnx").write_text("another")
    else:
        monkeypatch.setattr("minnow.records.schema.FORMAT", 1)
    incumbents = held(space)
    assert (incumbents.models, incumbents.replaces) == ({}, champion.sha)
    one, other = incumbents.unread
    assert (one.role, one.why, one.version) == ("champion", "bundle" if fault == "unknown format" else "files", 1)
    assert one.reason.startswith("The champion, version 1, cannot be scored, since ")
    assert other.role == "best"


def test_a_store_that_is_out_of_reach_stops_the_run(space, monkeypatch):
    promote(space, "one")

    def away(*arguments):
        raise ConnectionResetError(104, "reset by peer")

    monkeypatch.setattr(champions, "fetch", away)
    with pytest.raises(ConnectionResetError):
        held(space)


def test_a_registry_without_the_model_is_not_asked_for_its_rule_of_keys(space, monkeypatch):
    name = champions.registered("digits")
    assert not database.may_hold(space, name), "no database"
    promote(space, "one")
    assert database.may_hold(space, name)
    assert not database.may_hold(space, champions.registered("other"))
    case = Case("digits", Settings.model_validate({"usecases": {"digits": ENTRY, "other": ENTRY}}), space)
    assert registered.with_keys(case).keys == RULE
    monkeypatch.setattr(exams, "key_rule", None)
    assert registered.with_keys(replace(case, name="other")).keys is None
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://registry")
    assert database.may_hold(space, champions.registered("other")), "only a local database can say no"


def test_a_broken_database_is_said_before_the_registry_is_asked(space):
    (space.root / "mlflow.db").write_bytes(b"")
    with pytest.raises(database.BrokenStore, match="an empty one"):
        database.may_hold(space, champions.registered("digits"))
