"""What is served needs no more than bentofile.yaml packs and requirements-serving.txt installs."""

from __future__ import annotations

import shutil
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
TRAINS = ["tensorflow", "keras", "sklearn", "scipy", "pandas", "mlflow", "prefect", "great_expectations", "dvc"]
BLOCKED = [
    *TRAINS,
    *("ai_edge_litert", "litert_quantizer", "matplotlib", "onnx", "skl2onnx", "sqlalchemy", "tf2onnx", "typer"),
    *("flows", "minnow.catalog", "minnow.config", "minnow.families", "minnow.stages", "minnow.stores.tracking"),
]
SERVE = f"""
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in {BLOCKED!r}):
            raise ImportError(f"blocked: {{name}}")
sys.meta_path.insert(0, Blocker())
import minnow
assert minnow.__file__.startswith(sys.argv[1]), minnow.__file__
from minnow.serving import service
service.Minnow.inject_config()
from starlette.testclient import TestClient
with TestClient(service.Minnow.to_asgi(is_main=True)) as client:
    questions = {{
        "/digits/classify": [[[0] * 8] * 8], "/reviews/classify": ["a good day"], "/shop/rank": ["user-1"],
        "/doodles/generate": [1, 2],
        "/orders/classify": [{{"day": "31/01/2024", "price": "1,050", "weight": 2.5, "colour": "red"}}],
    }}
    for path, inputs in questions.items():
        response = client.post(path, json={{"inputs": inputs}})
        assert response.status_code == 200, response.text
    for path in ("/", "/docs", "/models", "/readyz"):
        assert client.get(path).status_code == 200, path
    assert client.get("/metrics").status_code == 404
print("served")
"""


def packed(target: Path) -> Path:
    """Copy what bentofile.yaml packs, as it does: without src/."""
    for pattern in yaml.safe_load((ROOT / "bentofile.yaml").read_text())["include"]:
        found = list(ROOT.glob(pattern.lstrip("/")))
        assert found, pattern
        for path in found:
            there = target / path.relative_to(ROOT / "src" if path.is_relative_to(ROOT / "src") else ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
    return target


def test_packed_code_serves_where_nothing_that_trains_can_be_imported(bundles, tmp_path):
    for usecase in ("digits", "reviews", "shop", "doodles", "orders"):
        models.publish(usecase, bundles(usecase).parent, record(), 1, store=tmp_path / "home")
    code = packed(tmp_path / "code")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(code)],
        cwd=code,
        env={"PATH": "", "PYTHONPATH": str(code), "BENTOML_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "served"


def test_the_served_environment_holds_nothing_that_trains():
    lines = (ROOT / "requirements-serving.txt").read_text().split("\n")
    names = {line.split("==")[0] for line in lines if line}
    assert {"bentoml", "numpy", "onnxruntime", "orjson", "pillow", "tokenizers", "uvloop", "httptools"} <= names
    assert not names & {name.replace("_", "-") for name in TRAINS} | {"scikit-learn", "torch", "onnx"} & names
    assert all("==" in line for line in lines if line)


def test_serving_reports_to_nobody_though_bentoml_asked_before_minnow_was_there(tmp_path):
    code = """
from bentoml._internal.utils.analytics import usage_stats
assert not usage_stats.do_not_track()
import minnow.serving.service
assert usage_stats.do_not_track()
"""
    environment = {"PATH": "", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=60)
