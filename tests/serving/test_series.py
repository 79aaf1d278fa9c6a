"""Answers of series carry their time and their series, alone and over HTTP alike."""

from __future__ import annotations

import orjson
import pytest
from published import record
from starlette.testclient import TestClient

from minnow.serving.app import create_app
from minnow.serving.pool import ModelPool
from minnow.serving.predictor import InputError, Predictor
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

AS_IN_FILES = [{"shop": "a", "ds": "30.01.2024", "y": "1,5"}, {"shop": "a", "ds": "31.01.2024", "y": "2,5"}]
AS_JSON = [{"ds": "2024-01-30", "y": 1.5}, {"ds": "2024-01-31", "y": 2.5}]


@pytest.fixture(scope="module")
def client(tmp_path_factory, bundles):
    store = tmp_path_factory.mktemp("store")
    models.publish("sales", bundles("sales").parent, record(), 7, store=store)
    with TestClient(create_app(ModelPool(lambda: models.all(store=store)))) as client:
        yield client


def post(client, inputs):
    return client.post(
        "/sales/forecast", content=orjson.dumps({"inputs": inputs}), headers={"content-type": "application/json"}
    )


def test_an_answer_carries_the_time_that_it_is_for_and_its_series(client, bundles):
    answers = Predictor(bundles("sales")).answer([AS_IN_FILES, AS_JSON])
    assert [answer["time"] for answer in answers] == ["2024-02-02T00:00:00"] * 2
    assert [answer["series"] for answer in answers] == ["a", None]
    assert answers[0]["value"] == answers[1]["value"]
    assert post(client, [AS_IN_FILES, AS_JSON]).json()["answers"] == answers


def test_too_few_rows_are_refused_with_the_number_that_is_needed(client, bundles):
    needed = "inputs[0]: needed at least the latest 2 rows, received 1."
    response = post(client, [AS_JSON[:1]])
    assert (response.status_code, response.json()) == (422, {"error": needed})
    with pytest.raises(InputError, match=r"^inputs\[0\]: needed at least the latest 2 rows, received 1\.$"):
        Predictor(bundles("sales")).answer([AS_JSON[:1]])


def test_answers_of_other_modalities_carry_nothing_more(bundles):
    assert set(Predictor(bundles("reviews")).answer(["good"])[0]) == {"label", "probability", "probabilities"}
