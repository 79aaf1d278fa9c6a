"""What several rooms' tests share."""

from pathlib import Path

import pytest

SHARED_DATA = "MINNOW_BENCH_DATA"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares fixtures of a module on one worker, and spread the cases of a contract, each with a model of its own."""
    for item in items:
        spec = getattr(item, "callspec", None)
        case = spec.params.get("case", "") if spec else ""
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem} {item.path.parent.name} {case}"))


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
