"""A taken port is said in one sentence."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from minnow.serving.ports import sentence

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")


@pytest.mark.parametrize(
    ("arguments", "port", "other"),
    [
        (["serve"], "3000", "3001"),
        (["serve", "--port", "8080"], "8080", "8081"),
        (["serve", "-p", "8080"], "8080", "8081"),
        (["serve", "--port=8080"], "8080", "8081"),
    ],
)
def test_the_port_is_the_one_that_was_asked_for(arguments, port, other, monkeypatch):
    monkeypatch.delenv("BENTOML_PORT", raising=False)
    said = sentence(arguments)
    assert (
        said
        == f"Port {port} is taken by another program. End that, or serve on another port: bentoml serve --port {other}"
    )
    if len(arguments) == 1:
        monkeypatch.setenv("BENTOML_PORT", "4000")
        assert "Port 4000" in sentence(arguments)


def test_serving_on_a_taken_port_ends_with_one_sentence_and_no_traceback(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [BENTOML, "serve", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"BENTOML_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken by another program." in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
