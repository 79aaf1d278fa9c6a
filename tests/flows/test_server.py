"""Prefect's server of a run: one that answers is found, other programs on its port are not taken for it."""

import http.server
import os
import socket
import sys
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from flows import _server, retrain
from minnow.workspace import workspace


@pytest.fixture
def port_of():
    """Start a program on a port that answers every connection alike. Returns its address."""
    started = []

    def start(answer: bytes) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def handle(self):
                self.rfile.readline()
                self.wfile.write(answer)

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return f"http://127.0.0.1:{server.server_port}/api"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "is_prefect"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n<html>any page</html>", False),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH_9.6\r\n", False),
        (b"", False),
    ],
    ids=["prefect", "a page for every path", "not found", "ssh", "hangs up"],
)
def test_only_a_prefect_server_is_taken_for_one(port_of, answer, is_prefect):
    assert _server.answers(port_of(answer)) is is_prefect


def test_nothing_on_a_port_is_no_server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert not _server.answers(f"http://127.0.0.1:{probe.getsockname()[1]}/api")


def test_a_proxy_in_the_environment_does_not_stand_between_a_run_and_its_server(port_of, monkeypatch):
    from minnow import environment

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    environment.prepare(os.environ)
    assert _server.answers(port_of(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue"))


def test_a_server_that_does_not_start_ends_the_run_with_one_sentence(in_folder, monkeypatch, capsys):
    monkeypatch.setattr(_server, "find", lambda: None)
    monkeypatch.setattr(_server, "SERVE", "raise SystemExit('no')")
    monkeypatch.setenv("PREFECT_HOME", str(in_folder / ".prefect"))
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
        monkeypatch.setenv(name, "")

    def plan(*_, **__):
        with _server.server() as ready:
            ready()

    (in_folder / "params.yaml").write_text("usecases: {}\n")
    monkeypatch.setattr(retrain.config, "load", lambda *_: SimpleNamespace(usecases={}))
    monkeypatch.setattr(retrain.planning, "make", plan)
    assert retrain.run(workspace()).code == retrain.FAILED
    assert "Prefect's temporary server did not start" in capsys.readouterr().err


def test_a_server_within_another_is_the_same_one(in_folder, monkeypatch):
    monkeypatch.setattr(_server, "find", lambda: None)
    monkeypatch.setattr(_server, "SERVE", "import time; time.sleep(60)")
    monkeypatch.setenv("PREFECT_HOME", str(in_folder / ".prefect"))
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
        monkeypatch.setenv(name, "")
    sent = []
    monkeypatch.setattr(_server, "_send_records", lambda *_: sent.append("once"))
    monkeypatch.setitem(sys.modules, "flows._prefect", object())
    with _server.server() as outer:
        url = os.environ["PREFECT_API_URL"]
        with _server.server() as inner:
            assert inner is outer
        assert os.environ["PREFECT_API_URL"] == url, "it goes on after the inner context"
        assert not sent
    assert sent == ["once"]
    with _server.server():
        assert os.environ["PREFECT_API_URL"] != url, "a later one is new"


@pytest.mark.parametrize(
    ("looks", "asked"),
    [
        ([(3, 3), (3, 3)], 2),
        ([(3, 2), (3, 2), (3, 3)], 3),
        ([(3, 3), (4, 3), (4, 4)], 3),
        ([(-2, -2), (-2, -2)], 2),
    ],
    ids=["all there", "one is open", "another comes", "the server is gone"],
)
def test_a_run_ends_when_the_server_has_recorded_its_tasks(monkeypatch, looks, asked):
    seen = iter(looks)
    now: list[tuple[int, int]] = []

    def tasks(_url, _began, states=None):
        if states is None:
            now.append(next(seen))
            return now[-1][0]
        return now[-1][1]

    monkeypatch.setattr(_server, "_tasks", tasks)
    monkeypatch.setattr(_server, "POLL_S", 0.0)
    monkeypatch.setattr("flows._prefect.send", lambda _seconds: None)
    _server._send_records("http://127.0.0.1:1/api", datetime.now(UTC))
    assert len(now) == asked
