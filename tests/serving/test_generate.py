"""Images that are made: asked for by a seed, answered in the units of the data."""

from __future__ import annotations

import numpy as np
import pytest
from published import record
from starlette.testclient import TestClient

from minnow.serving.app import create_app
from minnow.serving.pool import ModelPool
from minnow.serving.predictor import Predictor
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")


@pytest.fixture(scope="module")
def client(tmp_path_factory, bundles):
    store = tmp_path_factory.mktemp("store")
    models.publish("doodles", bundles("doodles").parent, record(data_version="d1", code_version="c1"), 1, store=store)
    with TestClient(create_app(ModelPool(lambda: models.all(store=store)))) as client:
        yield client


def made(client, seeds):
    response = client.post("/doodles/generate", json={"inputs": seeds})
    assert response.status_code == 200, response.text
    return [np.array(answer["image"]) for answer in response.json()["answers"]]


def test_a_seed_makes_its_image_alone_and_among_others(client):
    one, two, again = made(client, [1, 2, 1])
    assert one.shape == (8, 8)
    np.testing.assert_array_equal(one, again)
    np.testing.assert_allclose(made(client, [2])[0], two, atol=1e-3)
    assert np.abs(one - two).max() > 1
    assert 1 < np.max([one, two]) <= 16
    assert np.min([one, two]) >= 0


def test_the_image_is_the_models_own(client, bundles):
    predictor = Predictor(bundles("doodles"))
    rows = predictor.encoder.encode({"seed": np.array([5], np.uint64)})
    expected = 16 * predictor.session.predict(rows)["sample"][0, :, :, 0]
    np.testing.assert_allclose(made(client, [5])[0], expected, atol=1e-3)


@pytest.mark.parametrize("bad", [-1, 1.5, "1", None, [[0] * 8] * 8])
def test_what_is_no_seed_is_refused(client, bad):
    response = client.post("/doodles/generate", json={"inputs": [1, bad]})
    assert response.status_code == 422
    assert response.json()["error"].startswith("inputs[1]: needed a seed")


def test_no_picture_is_taken(client):
    response = client.post("/doodles/generate", content=b"x", headers={"content-type": "image/png"})
    assert response.status_code == 415
    assert "image/png" not in response.json()["error"].split("Received")[0]


def test_the_pages_ask_for_a_seed(client):
    post = client.get("/openapi.json").json()["paths"]["/doodles/generate"]["post"]
    body = post["requestBody"]["content"]
    assert list(body) == ["application/json"]
    assert body["application/json"]["schema"]["properties"]["inputs"]["items"]["type"] == "integer"
    assert client.post("/doodles/generate", json=body["application/json"]["example"]).status_code == 200
    assert "/doodles/generate" in client.get("/").text
