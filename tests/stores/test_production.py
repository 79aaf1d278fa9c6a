"""Production's stores: a real PostgreSQL under MLflow and Prefect, S3 (as moto plays it) under MLflow's files."""

import contextlib
import getpass
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from project import PUBLISH, Project

from minnow.stores import database
from minnow.workspace import workspace

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of what plays S3


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _programs():
    """Folder of PostgreSQL's programs, or a skip: Debian's package keeps them off the PATH."""
    found = [Path(path).parent for path in (shutil.which("initdb"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not found:
        pytest.skip("PostgreSQL is not on this machine: apt install postgresql")
    return found[0]


def _user():
    """It does not run as root: take Debian's user for it."""
    if os.geteuid() != 0:
        return getpass.getuser()
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres'")


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL of its own on a free port, with two databases. Yields "user@host:port"."""
    programs, user, port = _programs(), _user(), _free_port()
    folder = Path(tempfile.mkdtemp(prefix="minnow-postgres-"))
    shutil.chown(folder, user)
    how = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    how |= {"user": user} if os.geteuid() == 0 else {}
    data = folder / "data"
    subprocess.run([programs / "initdb", "-D", data, "-U", "minnow", "--auth=trust", "-E", "UTF8"], check=True, **how)
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    command = [programs / "postgres", "-D", data, "-p", str(port), *(part for o in options for part in ("-c", o))]
    process = subprocess.Popen(command, **how)
    try:
        connection = _connect(port, process)
        with contextlib.closing(connection), connection.cursor() as cursor:
            for name in ("mlflow", "prefect"):
                cursor.execute(f"CREATE DATABASE {name}")
        yield f"minnow@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _connect(port, process):
    import psycopg2

    deadline = time.monotonic() + 60
    while True:
        try:
            connection = psycopg2.connect(host="127.0.0.1", port=port, user="minnow", dbname="postgres")
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)


@contextlib.contextmanager
def prefect_server(store, folder):
    """A Prefect server on PostgreSQL. Yields its address."""
    port = _free_port()
    environment = os.environ | {
        "PREFECT_API_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{store}/prefect",
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ui",
    ]
    with (folder / "prefect.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    url, deadline = f"http://127.0.0.1:{port}/api", time.monotonic() + 120
    try:
        while not _answers(url):
            assert process.poll() is None, (folder / "prefect.log").read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.3)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(url):
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"{url}/health", timeout=2).status == 200
    return False


def _query(store, name, query):
    import psycopg2

    with (
        contextlib.closing(psycopg2.connect(f"postgresql://{store}/{name}")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        return cursor.fetchall()


def test_a_run_keeps_everything_in_production_s_stores_and_another_machine_serves_it(postgres, s3, tmp_path):
    import boto3

    stores = {
        "MLFLOW_TRACKING_URI": f"postgresql://{postgres}/mlflow",
        "MINNOW_ARTIFACTS": "s3://minnow/artifacts",
        "MLFLOW_S3_ENDPOINT_URL": s3,
    }
    (tmp_path / "here").mkdir()
    project = Project.make(tmp_path / "here")
    with prefect_server(postgres, tmp_path) as url:
        code, printed = project.run(env=stores | {"PREFECT_API_URL": url})
        assert code == 0, printed
        flows = _query(
            postgres, "prefect", "SELECT f.name, r.state_type FROM flow_run r JOIN flow f ON f.id = r.flow_id"
        )
    assert sorted((name, str(state)) for name, state in flows) == [("run", "COMPLETED"), ("usecase", "COMPLETED")]
    assert not (project.folder / "mlflow.db").exists()
    assert not (project.folder / "mlartifacts").exists()
    versions = _query(postgres, "mlflow", "SELECT name, version FROM model_versions")
    assert versions == [("minnow-small", 1)]
    kept = boto3.client("s3", endpoint_url=s3).list_objects_v2(Bucket="minnow", Prefix="artifacts/minnow/")["Contents"]
    assert any(entry["Key"].endswith("bundle/model.onnx") for entry in kept)
    before = _state(project, stores)

    (tmp_path / "there").mkdir()  # another machine: the same code and settings, and nothing that a run left here
    other = Project.make(tmp_path / "there")
    assert _state(other, stores)["served"] is None
    code, printed = other.call("-c", PUBLISH, env=stores)
    assert code == 0, printed
    assert _state(other, stores) == before
    code, printed = other.call("-m", "minnow.cli", "verify", "small", "--quick", env=stores)
    assert code == 0, printed


def _state(project, stores):
    import json

    code, printed = project.call("-c", SERVED, env=stores)
    assert code == 0, printed
    return json.loads(printed.splitlines()[-1])


SERVED = """
import json
from minnow.stores import champions, models
from minnow.workspace import workspace
served, champion = models.newest("small"), champions.current(workspace(), "small", "cpu")
print(json.dumps({"served": served and served.sha, "champion": champion.sha}))
"""


def test_a_database_elsewhere_without_a_place_for_its_files_is_refused(in_folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://somebody:secret@db/mlflow")
    monkeypatch.delenv("MINNOW_ARTIFACTS", raising=False)
    with pytest.raises(database.BrokenStore, match="export MINNOW_ARTIFACTS=s3://bucket/folder") as error:
        database.artifacts(workspace())
    assert "secret" not in str(error.value)
    monkeypatch.setenv("MINNOW_ARTIFACTS", "s3://bucket/folder/")
    assert database.artifacts(workspace()) == "s3://bucket/folder/minnow"


def test_a_tracking_server_places_files_itself(in_folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example")
    assert database.artifacts(workspace()) is None
