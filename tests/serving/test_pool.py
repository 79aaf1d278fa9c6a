from __future__ import annotations

import json
import logging

import pytest
from published import record

from minnow.serving.pool import ModelPool
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")


@pytest.fixture
def store(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def publish(store, bundles):
    def publish(usecase: str, seed: int = 0) -> models.Published:
        models.publish(
            usecase, bundles(usecase, seed).parent, record(data_version="d", code_version="c"), seed + 1, store=store
        )
        return models.newest(usecase, store=store)

    return publish


@pytest.fixture
def pool(store):
    return ModelPool(lambda: models.all(store=store), retired=lambda: models.retired(store=store))


def corrupt(model: models.Published) -> None:
    (model.bundle / "model.onnx").write_bytes(b"half of a")


def test_a_newer_model_takes_the_place_and_the_others_stay(publish, pool):
    publish("digits")
    publish("reviews")
    assert pool.refresh()
    digits, reviews = pool.models["digits"], pool.models["reviews"]
    assert not pool.refresh()
    newer = publish("digits", 1)
    assert pool.refresh()
    assert pool.models["digits"].tag == newer.tag
    assert pool.models["digits"].predictor.sha == newer.sha != digits.predictor.sha
    assert pool.models["reviews"] is reviews


@pytest.mark.parametrize("decision", [{"note": "x"}, 3, {"format": 2, "promote": True}])
def test_a_provenance_that_cannot_be_read_refuses_its_use_case_alone(publish, pool, decision):
    broken = publish("digits")
    publish("reviews")
    path = broken.folder / "provenance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"decisions": [decision]}))
    assert pool.refresh()
    assert list(pool.models) == ["reviews"]
    assert "provenance.json must be a complete" in pool.refused["digits"]


def test_a_rollback_is_served(publish, pool):
    first = publish("digits")
    publish("digits", 1)
    pool.refresh()
    back = publish("digits", 0)
    pool.refresh()
    assert pool.models["digits"].tag == back.tag != first.tag
    assert pool.models["digits"].predictor.sha == first.sha


def test_a_corrupt_model_leaves_the_old_one_serving_and_says_why_once(publish, pool, caplog):
    old = publish("digits")
    pool.refresh()
    corrupt(publish("digits", 1))
    with caplog.at_level(logging.ERROR, "minnow.serving"):
        assert not pool.refresh()
        assert not pool.refresh()
    assert pool.models["digits"].tag == old.tag
    assert pool.models["digits"].predictor.answer([[[0] * 8] * 8])
    assert "must have the sha" in pool.refused["digits"]
    assert [record.message for record in caplog.records] == [
        f"{pool.refused['digits']} Still serving: minnow-digits:v1-1."
    ]


def test_a_model_that_is_whole_at_last_is_served(publish, pool):
    model = publish("digits")
    whole = (model.bundle / "model.onnx").read_bytes()
    corrupt(model)
    pool.refresh()
    assert pool.models == {}
    assert "digits" in pool.refused
    (model.bundle / "model.onnx").write_bytes(whole)
    assert pool.refresh()
    assert pool.refused == {}
    assert "digits" in pool.models


def test_one_bad_model_does_not_keep_the_others_out(publish, pool):
    (publish("digits").folder / "provenance.json").unlink()
    publish("reviews")
    pool.refresh()
    assert list(pool.models) == ["reviews"]
    assert list(pool.refused) == ["digits"]


def test_a_better_model_ends_the_refusal(publish, pool):
    publish("digits")
    pool.refresh()
    corrupt(publish("digits", 1))
    pool.refresh()
    publish("digits", 2)
    pool.refresh()
    assert pool.refused == {}
    assert pool.models["digits"].tag == "minnow-digits:v3-3"


def test_a_store_that_goes_away_leaves_everything_serving(publish, pool, store, monkeypatch, caplog):
    publish("digits")
    pool.refresh()
    store.rename(store.with_name("elsewhere"))
    assert not pool.refresh()
    assert "digits" in pool.models

    def unreadable(**how):
        raise PermissionError("no right to read")

    monkeypatch.setattr(models, "all", unreadable)
    for _ in range(3):
        assert not pool.refresh()
    assert "digits" in pool.models
    assert sum("no right to read" in record.message for record in caplog.records) == 1


def test_a_retired_use_case_is_unloaded_and_a_later_publication_is_served(publish, pool, store):
    publish("digits")
    publish("reviews")
    pool.refresh()
    models.retire("digits", store=store)
    assert pool.refresh()
    assert (list(pool.models), pool.retired, pool.refused) == (["reviews"], {"digits"}, {})
    assert not pool.refresh()
    newer = publish("digits", 1)
    assert pool.refresh()
    assert pool.models["digits"].tag == newer.tag
    assert pool.retired == frozenset()


def test_a_retired_use_case_that_could_not_be_served_is_no_longer_complained_about(publish, pool, store):
    corrupt(publish("digits"))
    pool.refresh()
    assert "digits" in pool.refused
    models.retire("digits", store=store)
    pool.refresh()
    assert pool.refused == {}
