import gc
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

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


FILES = {
    "top.py": "def f():\n    from minnow import deep\n",
    "deep.py": "from .room import face\n",
    "room/__init__.py": "from minnow.room.back import face\n",
    "room/back.py": "from . import cellar\nfrom ..side import thing\nface = 1\n",
    "room/cellar.py": "",
    "side.py": "import minnow.house.attic.box\nthing = 1\n",
    "house/__init__.py": "",
    "house/attic/__init__.py": "",
    "house/attic/box.py": "if TYPE_CHECKING:\n    from minnow import types_alone\n",
    "types_alone.py": "",
    "elsewhere.py": "",
}


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Files that stand for the modules of minnow."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def source(module):
        path = tmp_path.joinpath(*module.split(".")[1:])
        places = (path / "__init__.py", path.with_suffix(".py"))
        return next((place for place in places if path != tmp_path and place.exists()), None)

    monkeypatch.setattr(lineage, "_source", source)
    lineage._imports.cache_clear()
    yield tmp_path
    lineage._imports.cache_clear()


@pytest.mark.parametrize("name", FILES)
def test_code_version_follows_what_runs_when_a_module_is_imported(sources, name):
    """Imports inside functions, relative ones, what the face of a package imports, and the packages around a module."""
    before = lineage.code_version(["minnow.top"])
    (sources / name).write_text(FILES[name] + "A = 1\n")
    lineage._imports.cache_clear()
    changed = lineage.code_version(["minnow.top"]) != before
    assert changed == (name not in ("types_alone.py", "elsewhere.py"))


@pytest.fixture
def many_switches():
    """Each search for garbage, which may begin at any allocation, lets the other threads run."""

    def switch(*_):
        time.sleep(0)

    gc.callbacks.append(switch)
    yield
    gc.callbacks.remove(switch)


@pytest.mark.usefixtures("many_switches")
def test_threads_read_sources_at_the_same_time():
    def imports(module):
        return lineage._imports.__wrapped__(module)

    modules = ["minnow.stages.train", "minnow.stages.judge", "minnow.families.gboost", "minnow.types"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(imports, modules * 40))
    assert found[:4] == [imports(module) for module in modules]


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


def test_a_key_is_made_of_json_alone():
    """The text of another object holds its address, so that the same state would have another key in each process."""
    assert lineage.key_of({"b": [1, None], "a": "x"}) == lineage.key_of({"a": "x", "b": (1, None)})
    with pytest.raises(TypeError, match="not JSON serializable"):
        lineage.key_of({"a": object()})


@pytest.fixture
def repository(tmp_path):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.py").write_text("1")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    return tmp_path


def test_git_state_tells_a_changed_file_from_a_clean_one(repository):
    clean = lineage.git_state(repository)
    assert clean.changes == "clean"
    assert clean.version == clean.commit
    (repository / "src" / "mine.py").write_text("2")
    changed = lineage.git_state(repository)
    assert len(changed.changes) == 16
    assert changed.version == f"{clean.commit}+{changed.changes}"
    assert changed.untracked == ()


def test_git_state_names_code_that_git_does_not_track(repository):
    """`git diff` does not show it, and ignored files are imported like others."""
    (repository / ".gitignore").write_text("hidden.py\n")
    (repository / "notes.txt").write_text("no code")
    assert lineage.git_state(repository).changes == "clean"
    for name in ("src/new.py", "src/hidden.py", "params.yaml"):
        (repository / name).write_text("1")
    state = lineage.git_state(repository)
    assert state.untracked == ("params.yaml", "src/hidden.py", "src/new.py")
    (repository / "src" / "new.py").write_text("2")
    assert lineage.git_state(repository).changes not in (state.changes, "clean")


def test_outside_of_git_there_is_no_commit(tmp_path):
    assert lineage.git_state(tmp_path).version == "none"


def test_data_version_follows_links_to_folders_and_ends_in_circles(tmp_path):
    store, data = tmp_path / "store", tmp_path / "data"
    (store / "cat").mkdir(parents=True)
    (store / "cat" / "1.txt").write_text("1")
    data.mkdir()
    (data / "2.txt").write_text("2")
    plain = lineage.data_version(data)
    assert not lineage.has_linked_folders(data)
    (data / "up").symlink_to(tmp_path)
    (data / "gone").symlink_to(tmp_path / "nothing")
    assert lineage.data_version(data) == plain
    assert lineage.has_linked_folders(data)
    (data / "cat").symlink_to(store / "cat")
    linked = lineage.data_version(data)
    assert linked != plain
    (store / "cat" / "1.txt").write_text("changed")
    assert lineage.data_version(data) not in (plain, linked)
