import subprocess
import sys

import numpy as np

from minnow import lineage


def test_arrays_are_named_by_name_type_shape_and_bytes():
    base = {"x": np.arange(6, dtype=np.int32)}
    others = [
        {"y": base["x"]},
        {"x": base["x"].astype(np.int64)},
        {"x": base["x"].reshape(2, 3)},
        {"x": base["x"][::-1]},
    ]
    digests = {lineage.arrays_digest(value) for value in (base, *others)}
    assert len(digests) == 5
    assert lineage.arrays_digest({"x": base["x"].copy()}) == lineage.arrays_digest(base)


def test_code_version_follows_imports_inside_functions(tmp_path, monkeypatch):
    package = tmp_path / "flows_probe"
    package.mkdir()
    monkeypatch.setattr(lineage, "_source", lambda module: _module(package, module))
    lineage._imports.cache_clear()
    (package / "top.py").write_text("def f():\n    from minnow import deep\n")
    (package / "deep.py").write_text("A = 1\n")
    before = lineage.code_version(["minnow.top"])
    (package / "deep.py").write_text("A = 2\n")
    after = lineage.code_version(["minnow.top"])
    lineage._imports.cache_clear()
    assert before != after


def _module(package, module):
    path = package / f"{module.removeprefix('minnow.')}.py"
    return path if path.exists() else None


def test_data_version_is_what_dvc_records(tmp_path):
    data = tmp_path / "data"
    (data / "b").mkdir(parents=True)
    (data / "b" / "one.csv").write_text("a,b\n1,2\n")
    (data / "a.bin").write_bytes(bytes(range(256)))
    (data / "a-x.bin").write_bytes(b"x")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=tmp_path, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", "data"], cwd=tmp_path, check=True)
    recorded = (tmp_path / "data.dvc").read_text()
    assert f"md5: {lineage.data_version(data)}" in recorded


def test_git_state_tells_a_changed_file_from_a_clean_one(tmp_path):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    assert lineage.git_state(tmp_path)["diff"] == "clean"
    (tmp_path / "file").write_text("2")
    assert len(lineage.git_state(tmp_path)["diff"]) == 16


def test_outside_of_git_there_is_no_commit(tmp_path):
    assert lineage.git_state(tmp_path) == {"commit": "none", "diff": "none"}
