"""A project with models that were made by hand and published."""

import shutil
from pathlib import Path

import pytest
from published import record

from minnow.stores import models

STORE = ".bentoml"


@pytest.fixture(scope="session")
def store(bundles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with the models of `handmade`."""
    home = tmp_path_factory.mktemp("home") / STORE
    for usecase in ("orders", "shop", "digits", "reviews", "doodles"):
        models.publish(usecase, bundles(usecase).parent, record(data_version="d", code_version="c"), 1, store=home)
    return home


@pytest.fixture
def served(in_folder: Path, store: Path) -> Path:
    """Stand in a folder with a copy of this store."""
    shutil.copytree(store, in_folder / STORE)
    return in_folder
