"""The real thing: `bentoml serve` at the project's root, asked over a socket."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from handmade import ORDERS
from PIL import Image
from published import record

from minnow.serving.predictor import Predictor
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")
ZERO = [[0] * 8] * 8
PATIENCE_S = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, why: str):
    """Ask until the answer is true."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(why)


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def publish(store, bundles):
    def publish(usecase: str, seed: int = 0) -> models.Published:
        models.publish(
            usecase, bundles(usecase, seed).parent, record(data_version="d", code_version="c"), seed + 1, store=store
        )
        return models.newest(usecase, store=store)

    return publish


@pytest.fixture(scope="module")
def server(store, publish, tmp_path_factory):
    """Return the log's path and a client of a server that was started as a user starts it."""
    publish("digits")
    publish("reviews")
    publish("orders")
    broken = publish("shop").folder
    shutil.rmtree(broken)
    broken.mkdir()
    port, log = free_port(), tmp_path_factory.mktemp("log") / "serve.log"
    settings = {"BENTOML_HOME": str(store), "MINNOW_POLL_S": "0.1"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [BENTOML, "serve", "--port", str(port)], cwd=ROOT, env=os.environ | settings, stdout=out, stderr=out
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                wait_for(lambda: ready(client) or process.poll() is not None, "no answer from the server")
                assert process.poll() is None, log.read_text()
                yield log, client
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE_S)


def sha(client: httpx.Client, usecase: str) -> str:
    served = {model["model"]["usecase"]: model["model"]["sha"] for model in client.get("/models").json()["models"]}
    return served[usecase]


def test_good_and_bad_input_over_a_socket(server, store):
    _, client = server
    answer = client.post("/digits/classify", json={"inputs": [ZERO]})
    assert answer.status_code == 200
    assert answer.json()["model"]["sha"] == models.newest("digits", store=store).sha
    assert client.post("/reviews/classify", json={"inputs": ["good"] * 200}).status_code == 200
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(file, "PNG")
    picture = client.post("/digits/classify", content=file.getvalue(), headers={"content-type": "image/png"})
    assert picture.json()["answers"] == answer.json()["answers"]
    for path, body, media, status in (
        ("/digits/classify", b"{", "application/json", 400),
        ("/digits/classify", b"{}", "application/json", 422),
        ("/digits/classify", b"no picture", "image/png", 422),
        ("/digits/classify", b"{}", "text/plain", 415),
        ("/digits/rank", b"{}", "application/json", 404),
        ("/nothing/classify", b"{}", "application/json", 404),
        ("/reviews/classify", b'["' + b"x" * 9_000_000 + b'"]', "application/json", 413),
    ):
        response = client.post(path, content=body, headers={"content-type": media})
        assert response.status_code == status
        assert response.json()["error"]
    assert "curl" in client.get("/").text
    assert "/digits/classify" in client.get("/docs").text


def test_rows_of_a_table_are_answered_over_a_socket_as_from_their_file(server, bundles, tmp_path):
    """Dates with the day first and thousands signs among them, as cells of the file and as JSON has them."""
    _, client = server
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    predictor = Predictor(bundles("orders"))
    expected = predictor.answer(list(predictor.modality.from_file(path, predictor.options, predictor.encoder)))
    cells = list(csv.DictReader(io.StringIO(ORDERS)))
    typed = [
        row
        | {
            "price": float(row["price"].replace(",", "")),
            "weight": float(row["weight"]),
            "day": "-".join(reversed(row["day"].split("/"))),
        }
        for row in cells
    ]
    for rows in (cells, typed):
        response = client.post("/orders/classify", json={"inputs": rows})
        assert response.status_code == 200, response.text
        assert response.json()["answers"] == expected
    refused = client.post("/orders/classify", json={"inputs": [cells[0], cells[1] | {"price": "1,200 kg"}]})
    assert refused.status_code == 422
    assert "inputs[1]: needed a finite number or null in 'price'" in refused.json()["error"]
    assert "whose unit is 'kg'" in refused.json()["error"]


def test_a_model_that_was_broken_before_the_start_keeps_only_itself_from_serving(server):
    log, client = server
    refused = client.post("/shop/rank", json={"inputs": ["user-1"]})
    assert refused.status_code == 503
    assert refused.json()["error"] == client.get("/models").json()["refused"]["shop"]
    assert "minnow-shop:v1-1 is not served" in log.read_text()


def test_it_listens_on_loopback_alone(server):
    _, client = server
    port = client.base_url.port
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    assert listening == {"0100007F"}


def test_a_newer_model_is_swapped_in_and_no_request_is_lost(server, publish):
    _, client = server
    before = sha(client, "digits")
    newer = publish("digits", 1)
    seen = []

    def asked() -> bool:
        response = client.post("/digits/classify", json={"inputs": [ZERO]})
        assert response.status_code == 200
        seen.append(response.json()["model"]["sha"])
        return seen[-1] == newer.sha

    wait_for(asked, "the newer model was never served")
    assert set(seen) <= {before, newer.sha}


def test_a_corrupt_model_leaves_the_old_one_serving(server, store, publish, bundles):
    log, client = server
    before = sha(client, "reviews")
    # Copied in by hand as a broken transfer would leave it: publishing itself never shows half a model.
    whole = models.newest("reviews", store=store)
    broken = whole.folder.with_name(f"v9-{whole.serial + 1}")
    aside = store / "aside"
    aside.mkdir()
    (aside / "bundle").mkdir()
    (aside / "provenance.json").write_text((whole.folder / "provenance.json").read_text())
    (aside / "bundle" / "model.onnx").write_bytes(b"half of a model")
    aside.rename(broken)
    refused = wait_for(
        lambda: client.get("/models").json()["refused"].get("reviews"), "the corrupt model was never refused"
    )
    assert "must have the sha" in refused
    assert client.post("/reviews/classify", json={"inputs": ["good"]}).json()["model"]["sha"] == before
    assert "must have the sha" in log.read_text()
    mended = publish("reviews", 2)
    wait_for(lambda: sha(client, "reviews") == mended.sha, "the mended model was never served")
    assert "reviews" not in client.get("/models").json()["refused"]
