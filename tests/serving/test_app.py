from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from published import record
from starlette.testclient import TestClient

from minnow.serving.app import Limits, create_app
from minnow.serving.pool import ModelPool
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

ZERO = [[0] * 8] * 8
JSON = {"content-type": "application/json"}
LIMITS = Limits(body_bytes=200_000, inputs=100)


@pytest.fixture(scope="session")
def store(tmp_path_factory, bundles):
    store = tmp_path_factory.mktemp("store")
    for usecase in ("digits", "reviews", "shop"):
        models.publish(usecase, bundles(usecase).parent, record(data_version="d1", code_version="c1"), 7, store=store)
    return store


@pytest.fixture(scope="session")
def pool(store):
    return ModelPool(lambda: models.all(store=store))


@pytest.fixture(scope="session")
def client(pool):
    with TestClient(create_app(pool, LIMITS)) as client:
        yield client


def post(client, path, value, **headers):
    return client.post(path, content=orjson.dumps(value), headers=JSON | headers)


def refused(response, status: int) -> str:
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    return response.json()["error"]


def test_an_answer_names_model_data_and_code(client, store):
    response = post(client, "/digits/classify", {"inputs": [ZERO, ZERO]})
    assert response.status_code == 200
    answer = response.json()
    assert len(answer["answers"]) == 2
    assert set(answer["answers"][0]) == {"label", "probability", "probabilities"}
    assert answer["model"] == {
        "usecase": "digits",
        "family": "linear",
        "variant": "float32",
        "version": 7,
        "sha": models.newest("digits", store=store).sha,
    }
    assert (answer["data_version"], answer["code_version"]) == ("d1", "c1")


def test_every_kind_of_use_case_answers(client):
    assert post(client, "/reviews/classify", {"inputs": ["a good day"]}).json()["answers"][0]["label"] in (
        "bad",
        "good",
    )
    (ranking,) = post(client, "/shop/rank", {"inputs": ["user-1"], "k": 3}).json()["answers"]
    assert len(ranking["items"]) == len(ranking["scores"]) == 3


def test_many_inputs_are_answered_as_one_by_one(client):
    images = np.random.default_rng(2).integers(0, 17, (60, 8, 8)).tolist()
    together = post(client, "/digits/classify", {"inputs": images}).json()["answers"]
    alone = [post(client, "/digits/classify", {"inputs": [image]}).json()["answers"][0] for image in images]
    assert [a["label"] for a in together] == [a["label"] for a in alone]
    np.testing.assert_allclose([a["probability"] for a in together], [a["probability"] for a in alone], rtol=1e-5)


@pytest.mark.parametrize(("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("BMP", "image/bmp")])
def test_a_picture_is_a_body(client, kind, media):
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(file, kind)
    answer = client.post("/digits/classify", content=file.getvalue(), headers={"content-type": media}).json()
    pixels = post(client, "/digits/classify", {"inputs": [[[16] * 8] * 8]}).json()
    assert answer["answers"][0]["label"] == pixels["answers"][0]["label"]


def test_a_body_that_is_no_picture_is_refused(client):
    response = client.post("/digits/classify", content=b"no picture", headers={"content-type": "image/png"})
    assert "Needed a picture in PNG, JPEG" in refused(response, 422)


def test_an_unknown_use_case_names_the_nearest(client):
    error = refused(post(client, "/digit/classify", {"inputs": [ZERO]}), 404)
    assert error == "No use case 'digit'. Did you mean 'digits'? Known: digits, reviews, shop."


def test_a_wrong_task_names_the_right_one(client):
    assert "/digits/classify" in refused(post(client, "/digits/rank", {"inputs": [ZERO]}), 404)


@pytest.mark.parametrize("path", ["/nowhere", "/digits", "/digits/classify/more", "/favicon.ico", "/digits/classify/"])
def test_a_path_that_is_nothing_lists_what_there_is(client, path):
    assert "/digits/classify" in refused(client.get(path), 404)


def test_only_post_asks_and_only_get_reads(client):
    response = client.get("/digits/classify")
    assert "POST" in refused(response, 405)
    assert response.headers["allow"] == "POST"
    for path in ("/", "/docs", "/models", "/openapi.json"):
        response = client.post(path)
        assert "GET" in refused(response, 405)
        assert response.headers["allow"] == "GET"


@pytest.mark.parametrize("media", ["", "text/plain", "application/x-www-form-urlencoded", "image/svg+xml", "json"])
def test_a_content_type_that_is_not_taken_is_named(client, media):
    headers = {"content-type": media} if media else {}
    error = refused(client.post("/digits/classify", content=b"{}", headers=headers), 415)
    assert "application/json, image/png" in error
    assert (media or "none") in error


def test_pictures_are_for_images_only(client):
    error = refused(client.post("/reviews/classify", content=b"x", headers={"content-type": "image/png"}), 415)
    assert "image/jpeg" not in error


def test_a_content_type_may_have_parameters(client):
    response = client.post(
        "/reviews/classify", content=b'{"inputs":["x"]}', headers={"content-type": "Application/JSON; charset=utf-8"}
    )
    assert response.status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"inputs": [NaN]}', b'{"inputs": [Infinity]}', b"[" * 5000])
def test_what_is_not_json_is_refused(client, body):
    assert "must be JSON" in refused(client.post("/digits/classify", content=body, headers=JSON), 400)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "must be an object"),
        (None, "must be an object"),
        ({}, "an empty object"),
        ({"input": [ZERO]}, "with the keys input"),
        ({"inputs": "x"}, "with the keys inputs"),
        ({"inputs": []}, "at least one input"),
        ({"inputs": [ZERO], "topk": 3}, "No key 'topk'"),
        ({"inputs": [ZERO], "k": 0}, "from 1 to 1000"),
        ({"inputs": [ZERO], "k": True}, "from 1 to 1000"),
        ({"inputs": [ZERO], "k": 2.0}, "from 1 to 1000"),
        ({"inputs": [ZERO, [[0] * 7] * 8]}, "inputs[1]"),
        ({"inputs": ["text"]}, "inputs[0]"),
        ({"inputs": [[[1e308] * 8] * 8]}, "inputs[0]"),
    ],
)
def test_a_question_that_cannot_be_read_says_why(client, value, reason):
    assert reason in refused(post(client, "/digits/classify", value), 422)


def test_more_inputs_than_the_limit_are_refused(client):
    assert post(client, "/reviews/classify", {"inputs": ["x"] * 100}).status_code == 200
    assert "may hold 100 inputs. Received: 101" in refused(
        post(client, "/reviews/classify", {"inputs": ["x"] * 101}), 413
    )


def test_a_body_over_the_limit_is_refused_with_or_without_its_length(client):
    body = orjson.dumps({"inputs": ["x" * 200_000]})
    error = refused(client.post("/reviews/classify", content=body, headers=JSON), 413)
    assert error.startswith(f"A body may hold 200000 bytes. Received: {len(body)}.")
    pieces = (b" " * 10_000 for _ in range(30))
    assert "200000 bytes" in refused(client.post("/reviews/classify", content=pieces, headers=JSON), 413)


def test_a_model_that_is_refused_at_the_start_leaves_the_others_serving(bundles, tmp_path):
    for usecase in ("digits", "reviews"):
        models.publish(usecase, bundles(usecase).parent, record(), 1, store=tmp_path)
    (models.newest("digits", store=tmp_path).bundle / "model.onnx").write_bytes(b"")
    with TestClient(create_app(ModelPool(lambda: models.all(store=tmp_path)))) as client:
        assert post(client, "/reviews/classify", {"inputs": ["x"]}).status_code == 200
        reason = refused(post(client, "/digits/classify", {"inputs": [ZERO]}), 503)
        assert "must have the sha" in reason
        assert client.get("/models").json()["refused"] == {"digits": reason}


def test_a_fault_of_ours_is_500_in_json_and_logged(client, pool, monkeypatch, caplog):
    monkeypatch.setattr(pool.models["digits"].predictor, "predict", lambda rows: 1 / 0)
    with caplog.at_level(logging.ERROR, "minnow.serving"):
        assert "log says why" in refused(post(client, "/digits/classify", {"inputs": [ZERO]}), 500)
    assert "ZeroDivisionError" in caplog.text


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(width=64) | st.text(max_size=20),
    lambda child: st.lists(child, max_size=9) | st.dictionaries(st.text(max_size=6), child, max_size=3),
    max_leaves=30,
)
pixel = st.integers(-1, 20) | st.floats() | st.none() | st.text(max_size=2)
image = st.lists(st.lists(pixel, min_size=7, max_size=9), min_size=7, max_size=9)
inputs = st.lists(image | st.text(max_size=30) | anything, max_size=4)
questions = st.builds(
    lambda inputs, more: {"inputs": inputs} | more,
    inputs | anything,
    st.just({}) | st.fixed_dictionaries({"k": anything | st.integers(1, 50)}),
)


def encode(value) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/digits/classify", "/reviews/classify", "/shop/rank"]),
    questions.map(encode) | anything.map(encode) | st.binary(max_size=200),
    st.sampled_from(["application/json"] * 4 + ["image/png"]),
)
def test_whatever_is_sent_is_answered_or_refused_with_a_reason(client, path, body, media):
    response = client.post(path, content=body, headers={"content-type": media})
    assert response.status_code in (200, 400, 413, 415, 422), response.text
    if response.status_code == 200:
        assert len(response.json()["answers"]) == len(orjson.loads(body)["inputs"])
    else:
        assert response.json()["error"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]), st.text(max_size=30), st.binary(max_size=50))
def test_whatever_is_asked_for_is_answered_or_refused(client, method, path, body):
    response = client.request(method, "/" + quote(path, safe="/"), content=body)
    assert response.status_code in (200, 404, 405, 415)


def test_a_request_to_a_retired_use_case_is_told_so(bundles, tmp_path):
    models.publish("digits", bundles("digits").parent, record(), 1, store=tmp_path)
    pool = ModelPool(lambda: models.all(store=tmp_path), retired=lambda: models.retired(store=tmp_path))
    with TestClient(create_app(pool)) as client:
        assert post(client, "/digits/classify", {"inputs": [ZERO]}).status_code == 200
        models.retire("digits", store=tmp_path)
        pool.refresh()
        assert "'digits' is retired" in refused(post(client, "/digits/classify", {"inputs": [ZERO]}), 410)
        assert client.get("/models").json()["retired"] == ["digits"]
        assert "digits is retired" in client.get("/").text
