"""DVC remotes for real: a folder, and S3 as moto plays it; and remotes that are down or lie."""

import contextlib
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from minnow.stores import versions

pytestmark = pytest.mark.filterwarnings("ignore")  # of what plays S3, and of what asks it


def dvc(folder, *command):
    subprocess.run([sys.executable, "-m", "dvc", *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repo(in_folder):
    (in_folder / "data").mkdir()
    for name in ("one", "two"):
        (in_folder / "data" / f"{name}.csv").write_text(name)
    subprocess.run(["git", "init", "-q"], cwd=in_folder, check=True)
    dvc(in_folder, "init", "-q")
    dvc(in_folder, "add", "-q", "data")
    return in_folder


def _to_folder(repo, tmp_path_factory):
    dvc(repo, "remote", "add", "-d", "kept", str(tmp_path_factory.mktemp("remote")))


def _to_s3(repo, url):
    dvc(repo, "remote", "add", "-d", "kept", "s3://minnow/data")
    dvc(repo, "remote", "modify", "kept", "endpointurl", url)


def _lose(repo):
    shutil.rmtree(repo / "data")
    shutil.rmtree(repo / ".dvc" / "cache")


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_data_that_is_gone_comes_back_from_the_remote(repo, kind, tmp_path_factory, request):
    if kind == "folder":
        _to_folder(repo, tmp_path_factory)
    else:
        _to_s3(repo, request.getfixturevalue("s3"))
    dvc(repo, "push", "-q")
    _lose(repo)
    versions.pull(repo, "data")
    assert {path.name: path.read_text() for path in (repo / "data").iterdir()} == {"one.csv": "one", "two.csv": "two"}


def test_data_that_no_remote_has_is_an_error_with_what_to_do(repo):
    _lose(repo)
    with pytest.raises(versions.VersionError, match=r"'data' is missing.* no DVC remote is configured.*dvc remote add"):
        versions.pull(repo, "data")


def test_a_remote_that_was_never_pushed_to_is_named(repo, tmp_path_factory):
    _to_folder(repo, tmp_path_factory)
    _lose(repo)
    with pytest.raises(versions.VersionError, match=r"'data' could not be fetched completely from the DVC remote kept"):
        versions.pull(repo, "data")


def test_a_remote_that_is_down_is_named(repo, monkeypatch):
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else it asks again and again for half a minute
    _to_s3(repo, f"http://127.0.0.1:{port}")
    dvc(repo, "remote", "modify", "kept", "connect_timeout", "1")
    _lose(repo)
    with pytest.raises(versions.VersionError, match=r"from the DVC remote kept \(s3://minnow/data\)"):
        versions.pull(repo, "data")


@pytest.mark.parametrize("lie", ["part", "other bytes"])
def test_a_remote_that_lies_is_found_out(repo, lie, tmp_path_factory):
    _to_folder(repo, tmp_path_factory)
    dvc(repo, "push", "-q")
    files = [path for path in _place(repo).rglob("*") if path.is_file() and path.suffix != ".dir"]
    assert len(files) == 2
    files[0].chmod(0o644)
    if lie == "part":
        files[0].unlink()
    else:
        files[0].write_text("no!")
    _lose(repo)
    with pytest.raises(versions.VersionError, match="could not be fetched completely from the DVC remote kept"):
        versions.pull(repo, "data")
    assert "no!" not in [path.read_text() for path in repo.glob("data/*")], "wrong bytes do not stay"


def _place(repo):
    found = subprocess.run(
        [sys.executable, "-m", "dvc", "remote", "list"], cwd=repo, check=True, capture_output=True, text=True
    )
    return Path(found.stdout.split()[1])
