from __future__ import annotations

import logging

import pytest

from minnow.serving.shelf import Shelf
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
            usecase, bundles(usecase, seed), {"data_version": "d", "code_version": "c"}, seed + 1, store=store
        )
        return models.newest(usecase, store=store)

    return publish


@pytest.fixture
def shelf(store):
    return Shelf(lambda: models.all(store=store))


def corrupt(model: models.Published) -> None:
    (model.bundle / "model.onnx").write_bytes(b"half of a")


def test_a_newer_model_takes_the_place_and_the_others_stay(publish, shelf):
    publish("digits")
    publish("reviews")
    assert shelf.refresh()
    digits, reviews = shelf.places["digits"], shelf.places["reviews"]
    assert not shelf.refresh()
    newer = publish("digits", 1)
    assert shelf.refresh()
    assert shelf.places["digits"].tag == newer.tag
    assert shelf.places["digits"].predictor.sha == newer.sha != digits.predictor.sha
    assert shelf.places["reviews"] is reviews


def test_a_rollback_is_served(publish, shelf):
    first = publish("digits")
    publish("digits", 1)
    shelf.refresh()
    back = publish("digits", 0)
    shelf.refresh()
    assert shelf.places["digits"].tag == back.tag != first.tag
    assert shelf.places["digits"].predictor.sha == first.sha


def test_a_corrupt_model_leaves_the_old_one_serving_and_says_why_once(publish, shelf, caplog):
    old = publish("digits")
    shelf.refresh()
    corrupt(publish("digits", 1))
    with caplog.at_level(logging.ERROR, "minnow.serving"):
        assert not shelf.refresh()
        assert not shelf.refresh()
    assert shelf.places["digits"].tag == old.tag
    assert shelf.places["digits"].predictor.answer([[[0] * 8] * 8])
    assert "must have the sha" in shelf.refused["digits"]
    assert [record.message for record in caplog.records] == [
        f"{shelf.refused['digits']} Still serving: minnow-digits:v1-1."
    ]


def test_a_model_that_is_whole_at_last_is_served(publish, shelf):
    model = publish("digits")
    whole = (model.bundle / "model.onnx").read_bytes()
    corrupt(model)
    shelf.refresh()
    assert shelf.places == {}
    assert "digits" in shelf.refused
    (model.bundle / "model.onnx").write_bytes(whole)
    assert shelf.refresh()
    assert shelf.refused == {}
    assert "digits" in shelf.places


def test_one_bad_model_does_not_keep_the_others_out(publish, shelf):
    (publish("digits").folder / "provenance.json").unlink()
    publish("reviews")
    shelf.refresh()
    assert list(shelf.places) == ["reviews"]
    assert list(shelf.refused) == ["digits"]


def test_a_better_model_ends_the_refusal(publish, shelf):
    publish("digits")
    shelf.refresh()
    corrupt(publish("digits", 1))
    shelf.refresh()
    publish("digits", 2)
    shelf.refresh()
    assert shelf.refused == {}
    assert shelf.places["digits"].tag == "minnow-digits:v3-3"


def test_a_store_that_goes_away_leaves_everything_serving(publish, shelf, store, monkeypatch, caplog):
    publish("digits")
    shelf.refresh()
    store.rename(store.with_name("elsewhere"))
    assert not shelf.refresh()
    assert "digits" in shelf.places

    def unreadable(**how):
        raise PermissionError("no right to read")

    monkeypatch.setattr(models, "all", unreadable)
    for _ in range(3):
        assert not shelf.refresh()
    assert "digits" in shelf.places
    assert sum("no right to read" in record.message for record in caplog.records) == 1
