"""What several rooms' tests share."""

import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from flows import _server

SHARED_DATA = "MINNOW_BENCH_DATA"

for number in (
    signal.SIGINT,
    signal.SIGHUP,
):  # ignored by what a shell starts in the background, and by all that it starts
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL if number is signal.SIGHUP else signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares fixtures of a module on one worker, and spread the cases of a contract, each with a model of its own."""
    for item in items:
        spec = getattr(item, "callspec", None)
        case = spec.params.get("case", "") if spec else ""
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem} {item.path.parent.name} {case}"))


@pytest.fixture(autouse=True)
def warnings_are_logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Libraries that ran before in the same process raise the root logger's level and disable the loggers of others."""
    level = logging.root.level
    logging.root.setLevel(logging.WARNING)
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("minnow") and isinstance(logger, logging.Logger):
            monkeypatch.setattr(logger, "disabled", False)
    yield
    logging.root.setLevel(level)


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a fresh folder, with no store of the environment's."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "BENTOML_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database with its tables and nothing else: making them takes longer than most tests."""
    from minnow.stores.database import client
    from minnow.workspace import workspace

    root = tmp_path_factory.mktemp("database")
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MLFLOW_TRACKING_URI", raising=False)
        client(workspace(root=root))
    return root / "mlflow.db"


@pytest.fixture
def in_project(in_folder: Path, _empty_database: Path) -> Path:
    """Stand in a fresh folder with an empty params.yaml and an empty MLflow database."""
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    shutil.copyfile(_empty_database, in_folder / "mlflow.db")
    return in_folder


@pytest.fixture
def project() -> Path:
    """The project's root."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return (usecase, seed) -> the folder of a bundle that was made by hand; another seed is another model. Change nothing."""
    from handmade import MAKERS

    from minnow.records.bundle import FOLDER

    root, made = tmp_path_factory.mktemp("bundles"), {}

    def make(usecase: str, seed: int = 0) -> Path:
        if (usecase, seed) not in made:
            made[usecase, seed] = MAKERS[usecase](root / f"{usecase}-{seed}" / FOLDER, seed)
        return made[usecase, seed]

    return make


@pytest.fixture(scope="session")
def _prefect_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Prefect server that lives as long as this worker, without a trace in the environment."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
            for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
                environment.setenv(name, "")
            stack.enter_context(_server.server())()
            url = os.environ["PREFECT_API_URL"]
        yield url


@pytest.fixture(scope="module")
def one_prefect(_prefect_url: str) -> Iterator[None]:
    """Let the runs that a module starts share a Prefect server: each would start its own, which is the most that it does.

    `make faults` leaves each its own, and test_main_job and test_schedule hold what a run does where there is none.
    """
    with pytest.MonkeyPatch.context() as environment:
        if os.environ.get("MINNOW_FAULTS") != "full":
            environment.setenv("PREFECT_API_URL", _prefect_url)
        yield
