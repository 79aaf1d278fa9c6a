from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from published import record

from minnow.records.bundle import FOLDER, BundleError
from minnow.records.files import sha256
from minnow.records.schema import Schema
from minnow.stores import models

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def bundle(folder: Path, content: bytes = b"weights") -> Path:
    """Make a bundle in a folder, with a report beside it. Returns the folder."""
    (folder / FOLDER).mkdir(parents=True)
    (folder / FOLDER / "model.onnx").write_bytes(content)
    Schema("digits", "classify", "images", "linear", "float32", None, {}, (), (), (), 1).write(folder / FOLDER)
    (folder / "report.json").write_text("{}")
    return folder


def publish(tmp_path: Path, usecase: str, content: bytes, version: int, **how) -> str:
    folder = bundle(tmp_path / f"{usecase}-{version}-{len(list(tmp_path.iterdir()))}", content)
    return models.publish(usecase, folder, record(data_version="d1", code_version="c1"), version, **how)


def test_a_published_bundle_is_the_newest_unchanged(store, tmp_path):
    folder = bundle(tmp_path / "bundle")
    tag = models.publish("digits", folder, record(data_version="d1", family="linear"), 3)
    model = models.newest("digits")
    assert model is not None
    assert tag == model.tag == "minnow-digits:v3-1"
    assert (model.usecase, model.version, model.serial) == ("digits", 3, 1)
    assert model.sha == sha256(folder / FOLDER) == sha256(model.bundle)
    assert (model.folder / "report.json").read_text() == "{}"
    assert model.provenance.data_version == "d1"
    assert model.provenance.family == "linear"
    assert model.open().schema.family == "linear"


def test_a_rollback_publishes_the_older_bundle_under_a_new_serial(store, tmp_path):
    tags = [publish(tmp_path, "digits", content, version) for content, version in ((b"a", 1), (b"b", 2), (b"a", 1))]
    assert tags == ["minnow-digits:v1-1", "minnow-digits:v2-2", "minnow-digits:v1-3"]
    assert [model.tag for model in models.history("digits")] == tags
    assert models.newest("digits").bundle.joinpath("model.onnx").read_bytes() == b"a"


def test_the_highest_serial_is_newest_as_a_number(store, tmp_path):
    for version in range(1, 12):
        publish(tmp_path, "digits", b"%d" % version, version)
    assert models.newest("digits").tag == "minnow-digits:v11-11"


def test_names_that_are_alike_stay_apart(store, tmp_path):
    names = ["gpu-digits", "digits", "digits-gpu", "my_shop-2", "minnow-digits"]
    for name in names:
        publish(tmp_path, name, name.encode(), 1)
    publish(tmp_path, "digits", b"for gpu", 1, target="gpu")
    assert models.usecases() == sorted(names)
    assert models.usecases("gpu") == ["digits"]
    assert models.newest("digits", "gpu").bundle.joinpath("model.onnx").read_bytes() == b"for gpu"
    assert {model.usecase: model.bundle.joinpath("model.onnx").read_bytes() for model in models.all()} == {
        name: name.encode() for name in names
    }
    assert [model.usecase for model in models.all("gpu")] == ["digits"]


@pytest.mark.parametrize("name", ["", "a-", "a_", "A", "a.b", "x" * 60, "a/b", "a:b"])
def test_a_name_that_bentoml_would_refuse_is_refused_first(store, tmp_path, name):
    with pytest.raises(ValueError, match="published under a name"):
        models.publish(name, bundle(tmp_path / "bundle"), record(), 1)
    with pytest.raises(ValueError, match="'cpu' or 'gpu'"):
        models.newest("digits", "tpu")


def test_bentoml_knows_the_model(store, tmp_path):
    publish(tmp_path, "digits", b"a", 1)
    tag = publish(tmp_path, "digits", b"b", 2)
    code = """
    import bentoml.models
    model = bentoml.models.get("minnow-digits:latest")
    print(model.tag, model.info.labels["usecase"], len(bentoml.models.list()))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, env=os.environ.copy()
    )
    assert done.stdout.split() == [tag, "digits", "2"]


def test_a_crash_before_the_commit_leaves_no_trace(store, tmp_path, monkeypatch):
    publish(tmp_path, "digits", b"a", 1)

    def crash(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_commit", crash)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, "digits", b"b", 2)
    monkeypatch.undo()
    monkeypatch.setenv("BENTOML_HOME", str(store))
    assert models.newest("digits").tag == "minnow-digits:v1-1"
    assert [p.name for p in (store / "models" / "minnow-digits").iterdir() if p.is_dir()] == ["v1-1"]
    assert publish(tmp_path, "digits", b"b", 2) == "minnow-digits:v2-2"


def test_a_process_killed_while_bentoml_copies_leaves_the_old_model_newest(store, tmp_path):
    publish(tmp_path, "digits", b"a", 1)
    folder = bundle(tmp_path / "bundle", b"b")
    code = f"""
    import os, shutil
    from pathlib import Path
    from minnow.records.provenance import Provenance
    from minnow.stores import models
    copies = []
    def killed(*args, copystat=shutil.copystat, **how):
        copies.append(args)
        if len(copies) == 5:
            os._exit(9)
        copystat(*args, **how)
    shutil.copystat = killed
    models.publish("digits", Path({str(folder)!r}), Provenance("digits", ""), 2)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ.copy(), capture_output=True)
    assert done.returncode == 9
    model = models.newest("digits")
    assert model.tag == "minnow-digits:v1-1"
    assert model.open()


def test_bytes_that_are_not_the_published_ones_are_refused(store, tmp_path):
    publish(tmp_path, "digits", b"a", 1)
    model = models.newest("digits")
    (model.bundle / "model.onnx").write_bytes(b"b")
    with pytest.raises(BundleError, match="must hold the bytes that were published"):
        model.open()
    (model.folder / "provenance.json").write_text("{")
    with pytest.raises(BundleError, match="readable provenance"):
        models.newest("digits").open()
    (model.folder / "provenance.json").write_text(json.dumps([]))
    with pytest.raises(BundleError, match="must be a provenance, a JSON object"):
        models.newest("digits").open()
    (model.folder / "provenance.json").write_text(json.dumps({"usecase": "digits"}))
    with pytest.raises(BundleError, match="the sha of its bundle"):
        models.newest("digits").open()


def test_two_publishers_take_two_serials(store, tmp_path):
    folders = [bundle(tmp_path / f"b{i}", b"%d" % i) for i in range(2)]
    code = """
    import sys
    from pathlib import Path
    from minnow.records.provenance import Provenance
    from minnow.stores import models
    for _ in range(5):
        models.publish("digits", Path(sys.argv[1]), Provenance("digits", ""), int(sys.argv[2]))
    """
    running = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(folder), str(i)], env=os.environ.copy())
        for i, folder in enumerate(folders)
    ]
    assert [process.wait() for process in running] == [0, 0]
    assert [model.serial for model in models.history("digits")] == list(range(1, 11))


def test_a_store_that_is_not_there_is_empty(store):
    assert models.usecases() == []
    assert models.all() == []
    assert models.newest("digits") is None


def test_the_home_is_the_projects_unless_set(tmp_path, monkeypatch):
    monkeypatch.delenv("BENTOML_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert models.home() == tmp_path / ".bentoml"
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "elsewhere"))
    assert models.home() == tmp_path / "elsewhere"


def test_lending_copies_once_and_never_over_another_model(store, tmp_path):
    publish(tmp_path, "digits", b"a", 1)
    model, other = models.newest("digits"), tmp_path / "other"
    for _ in range(2):
        models.lend(model, other)
    assert models.newest("digits", store=other).open().sha == model.sha
    shutil.rmtree(store)
    publish(tmp_path, "digits", b"b", 1)
    with pytest.raises(BundleError, match="holds another model as minnow-digits:v1-1"):
        models.lend(models.newest("digits"), other)


def test_reading_imports_no_bentoml(store, tmp_path):
    publish(tmp_path, "digits", b"a", 1)
    code = "import sys; from minnow.stores import models; models.all()[0].open(); assert 'bentoml' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ.copy())


def test_nothing_of_a_retired_use_case_is_listed_and_its_history_stays(store, tmp_path):
    for version, content in enumerate((b"a", b"b"), 1):
        publish(tmp_path, "digits", content, version)
    publish(tmp_path, "reviews", b"c", 1)
    models.retire("digits")
    models.retire("digits")
    assert models.newest("digits") is None
    assert (models.usecases(), models.retired()) == (["reviews"], ["digits"])
    assert [model.serial for model in models.history("digits")] == [1, 2]
    assert not (store / "models" / "minnow-digits" / "latest").exists()
    publish(tmp_path, "digits", b"a", 3)
    newest = models.newest("digits")
    assert newest is not None
    assert (newest.version, newest.serial, models.retired()) == (3, 3, [])


def test_a_use_case_that_was_never_published_is_not_retired(store):
    models.retire("digits")
    assert models.retired() == []
