"""What several rooms' tests share."""

from pathlib import Path

import pytest

SHARED_DATA = "MINNOW_BENCH_DATA"


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a fresh folder, with no store of the environment's."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "BENTOML_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def project() -> Path:
    """The project's root."""
    return Path(__file__).parents[1]
