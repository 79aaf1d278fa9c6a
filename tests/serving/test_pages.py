from __future__ import annotations

import html
import json
import re
import shlex
import shutil

import orjson
import pytest
from published import record
from starlette.testclient import TestClient

from minnow.records.bundle import FOLDER
from minnow.records.files import write_json
from minnow.serving.app import create_app
from minnow.serving.pool import ModelPool
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")


@pytest.fixture(scope="module")
def client(tmp_path_factory, bundles):
    store = tmp_path_factory.mktemp("store")
    for usecase in ("digits", "reviews", "shop"):
        models.publish(usecase, bundles(usecase).parent, record(data_version="d1", code_version="c1"), 7, store=store)
    with TestClient(create_app(ModelPool(lambda: models.all(store=store))), base_url="http://127.0.0.1:3000") as client:
        yield client


def commands(page: str) -> list[list[str]]:
    found = re.findall(r"<pre><code>(curl .*?)</code></pre>", page, re.DOTALL)
    return [shlex.split(html.unescape(command)) for command in found]


def test_every_command_on_the_first_page_can_be_copied_and_is_answered(client):
    found = commands(client.get("/").text)
    assert len(found) == 3
    for _, url, _, header, _, body in found:
        assert url.startswith("http://127.0.0.1:3000/")
        name, value = header.split(": ")
        assert client.post(url, content=body, headers={name: value}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_needs_nothing_from_elsewhere(client, path):
    page = client.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"<script|<link|<img|src=|url\(|@import", page.text)


def test_what_comes_from_outside_is_text_on_a_page(client, bundles, tmp_path):
    assert "<script" not in client.get("/", headers={"host": "x<script>'\"&"}).text
    folder = shutil.copytree(bundles("digits"), tmp_path / "named" / FOLDER)
    schema = json.loads((folder / "schema.json").read_text()) | {"family": "<script>"}
    write_json(folder / "schema.json", schema)
    models.publish("digits", folder.parent, record(), 1, store=tmp_path)
    models.publish("reviews", bundles("reviews").parent, record(), 1, store=tmp_path)
    write_json(
        models.newest("reviews", store=tmp_path).folder / "provenance.json", {"usecase": "reviews", "sha": "<script>"}
    )
    with TestClient(create_app(ModelPool(lambda: models.all(store=tmp_path)))) as other:
        page = other.get("/").text
    assert "<script" not in page
    assert html.unescape(page).count("<script>") == 2


def test_the_openapi_document_says_what_is_served(client):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/digits/classify", "/reviews/classify", "/shop/rank", "/models"}
    body = document["paths"]["/digits/classify"]["post"]["requestBody"]["content"]
    assert {"application/json", "image/png", "image/jpeg", "image/webp"} <= set(body)
    assert client.post("/digits/classify", json=body["application/json"]["example"]).status_code == 200
    assert "8388608 bytes and 1000 inputs" in document["info"]["description"]
    reference = html.unescape(client.get("/docs").text)
    for path in document["paths"]:
        assert path in reference
    assert orjson.dumps(body["application/json"]["example"]).decode() in reference


def test_models_tells_tag_address_and_versions(client):
    served = client.get("/models").json()
    assert served["refused"] == {}
    assert [model["url"] for model in served["models"]] == ["/digits/classify", "/reviews/classify", "/shop/rank"]
    for model in served["models"]:
        assert model["tag"].endswith(":v7-1")
        assert model["data_version"] == "d1"


def test_an_empty_store_says_what_to_do(tmp_path):
    with TestClient(create_app(ModelPool(lambda: models.all(store=tmp_path)))) as client:
        assert "minnow run" in client.get("/").text
        assert client.get("/models").json() == {"models": [], "refused": {}, "retired": []}
        assert "Known: none" in client.post("/digits/classify").json()["error"]
