"""`bentoml build` packs the code, the pinned packages and the newest models; the Bento serves far from the project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from published import record

from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")
SERVE = """
import sys
from _bentoml_impl.loader import load
service = load(sys.argv[1], standalone_load=True)
service.inject_config()
from starlette.testclient import TestClient
with TestClient(service.to_asgi(is_main=True)) as client:
    print(*[model["tag"] for model in client.get("/models").json()["models"]])
    assert client.post("/digits/classify", json={"inputs": [[[0] * 8] * 8]}).status_code == 200
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory, bundles):
    """Return (folder of an exported Bento, the tags that it should serve)."""
    work = tmp_path_factory.mktemp("build")
    home = work / "home"
    for seed in (0, 1):
        models.publish("digits", bundles("digits", seed).parent, record(), seed + 1, store=home)
    models.publish("shop", bundles("shop").parent, record(), 1, store=home)
    environment = os.environ | {"BENTOML_HOME": str(home)}
    subprocess.run([BENTOML, "build"], cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)
    code = f"import bentoml; bentoml.bentos.export_bento('minnow:latest', {str(work / 'bento')!r}, 'folder')"
    subprocess.run([sys.executable, "-c", code], cwd=work, env=environment, check=True, capture_output=True, timeout=60)
    return work / "bento", ["minnow-digits:v2-2", "minnow-shop:v1-1"]


def test_the_newest_models_are_part_of_it(built):
    folder, tags = built
    described = yaml.safe_load((folder / "bento.yaml").read_text())
    assert sorted(model["tag"] for service in described["services"] for model in service["models"]) == tags
    assert sorted(path.parent.name for path in (folder / "models").glob("*/*/bundle")) == ["v1-1", "v2-2"]


def test_it_holds_no_data_and_nothing_that_trains(built):
    folder, _ = built
    packed = {path.relative_to(folder / "src").as_posix() for path in (folder / "src").rglob("*") if path.is_file()}
    assert {"minnow/serving/service.py", "requirements-serving.txt"} <= packed
    assert not [
        path for path in packed if path.startswith(("data", "tests", "flows", "minnow/stages", "minnow/families"))
    ]
    asked = (folder / "env" / "python" / "requirements.txt").read_text()
    assert "tensorflow" not in asked
    assert {line.split(";")[0].strip() for line in (ROOT / "requirements-serving.txt").read_text().split("\n")} == {
        line.split(";")[0].strip() for line in asked.split("\n")
    }


def test_its_container_is_reached_from_outside(built):
    folder, _ = built
    dockerfile = (folder / "env" / "docker" / "Dockerfile").read_text()
    assert "BENTOML_HOST=0.0.0.0" in dockerfile
    assert "python:3.11" in dockerfile


def test_it_serves_its_own_models_far_from_the_project(built, tmp_path):
    folder, tags = built
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(folder)],
        cwd=tmp_path,
        env=os.environ | {"BENTOML_HOME": str(tmp_path / "empty")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == tags


def test_every_setting_is_on_the_operators_page():
    page = (ROOT / "docs" / "serving.md").read_text()
    read = {
        name
        for path in (ROOT / "src/minnow/serving").glob("*.py")
        for name in re.findall(r"MINNOW_\w+", path.read_text())
    }
    assert read >= {"MINNOW_STORE", "MINNOW_POLL_S"}
    for name in read | {"BENTOML_HOST", "BENTOML_HOME"}:
        assert f"`{name}`" in page, name
