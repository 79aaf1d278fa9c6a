"""Addresses of databases in folders whose names mean something in an address."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from minnow.stores.database import BrokenStore, refuse_broken
from minnow.workspace import sqlite_path, sqlite_url, workspace

ODD = ["plain", "a #b", "50%20off", "why?", "a #b?c%20d é'", 'quoted "x"', "a&uri=true"]


@pytest.fixture
def odd(tmp_path, request):
    folder = tmp_path / request.param
    folder.mkdir()
    return folder


@pytest.mark.parametrize("odd", ODD, indirect=True)
def test_the_address_of_a_database_leads_to_its_file_and_back(odd):
    url = sqlite_url(odd / "x.db")
    assert sqlite_path(url) == odd / "x.db"
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE t (x)"))
    engine.dispose()
    assert [path.name for path in odd.iterdir()] == ["x.db"]
    assert [path.name for path in odd.parent.iterdir()] == [odd.name]


@pytest.mark.parametrize("odd", ODD, indirect=True)
def test_an_intact_registry_is_not_called_broken_wherever_it_is(odd, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    space = workspace(root=odd)
    with closing(sqlite3.connect(odd / "mlflow.db")) as made:
        made.execute("CREATE TABLE t (x)")
    refuse_broken(space)
    (odd / "mlflow.db").write_bytes(b"")
    with pytest.raises(BrokenStore):
        refuse_broken(space)


def test_addresses_that_a_user_wrote_are_understood():
    assert sqlite_path("sqlite:///mlflow.db") == Path("mlflow.db")
    assert sqlite_path("sqlite:////a/b.db?timeout=5") == Path("/a/b.db")
    assert sqlite_path("sqlite+pysqlite:////a/b.db") == Path("/a/b.db")
    assert sqlite_path("postgresql://db/x") is None
    assert sqlite_path("http://127.0.0.1:5000") is None
