"""Faults of disks, files, clocks, neighbours and families: told in words, and nothing of the champion lost."""

import os
import resource
import shutil
import subprocess
import time

import pytest
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_prefect")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project.make(tmp_path_factory.mktemp("faults"))
    made.mended()
    return made


def _unharmed(project, before):
    """Nothing that was served or registered has changed."""
    assert project.state() == before


def _no_large_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.full
def test_a_disk_that_takes_no_more_fails_the_run_and_the_next_is_whole(project, injected):
    before = project.ready()
    project.settings(seed=2)
    code, printed = project.run(preexec_fn=_no_large_files)
    injected["disk: no file over 20 kB can be written"] += 1
    assert code == 1, printed
    _unharmed(project, before)
    project.mended()


@pytest.mark.full
def test_a_full_disk_fails_the_run_and_the_next_is_whole(project, injected):
    if os.geteuid() != 0:
        pytest.skip("mounts a small disk, which needs root")
    small = project.folder / ".minnow" / "making"
    small.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", small], check=False).returncode:
        pytest.skip("this machine mounts no disks")
    try:
        before = project.ready()
        project.settings(seed=3)
        code, printed = project.run()
        injected["disk: full where an outcome is made"] += 1
        assert code == 1, printed
        assert "No space left on device" in printed
        _unharmed(project, before)
    finally:
        subprocess.run(["umount", small], check=True)
    project.mended()


@pytest.mark.full
@pytest.mark.parametrize(
    ("part", "arguments"),
    [
        ("outcomes/small", ()),
        ("metrics/small.json", ()),
        (".bentoml/models", ()),
        (".minnow/champions", ("--force",)),
        (".minnow/cache/models", ("--force",)),
        (".minnow/cache/variants", ("--force",)),
    ],
)
def test_what_is_cut_is_made_again(project, injected, part, arguments):
    """Caches are read by a forced run alone, which reads what it needs of them: entries of other seeds are removed before."""
    champion, path = project.ready()["champion"], project.folder / part
    if arguments:
        shutil.rmtree(project.folder / ".minnow" / "cache")
        assert project.run(*arguments)[0] == 0
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and file.stat().st_size]
    assert files, "there is something to cut"
    whole = {file: file.read_bytes() for file in files}
    for file, data in whole.items():
        file.chmod(0o644)
        file.write_bytes(data[: len(data) // 2])
    injected[f"cut in half: {part}"] += 1
    code, printed = project.run(*arguments)
    assert code == 0, printed
    state = project.mended()
    assert state["champion"] == champion
    if part != ".bentoml/models":  # a model that broke is published anew beside it
        models = [file for file in files if file.suffix == ".onnx" and file.exists()]
        assert [file for file in models if file.read_bytes() != whole[file]] == [], "no model stays cut"


@pytest.mark.full
def test_a_row_that_is_cut_in_its_middle_is_refused_by_its_line_and_the_recorded_rows_still_count(project, injected):
    before, rows = project.ready(), project.folder / "rows.csv"
    data = rows.read_text()
    torn = data[: len(data) // 2]
    assert not torn.splitlines()[-1].endswith(("a", "b")), "the last row is cut"
    rows.write_text(torn)
    injected["cut in half: data"] += 1
    code, printed = project.run()
    assert code == 2, printed
    assert "small is not run. usecases.small: its data differs from what was recorded (rows.csv modified)" in printed
    _unharmed(project, before)
    code, printed = project.run("--accept-data")
    assert (code, f"rows.csv:{len(torn.splitlines())}: a row needs 3 cells" in printed) == (1, True), printed
    _unharmed(project, before)
    rows.write_text(data)
    assert project.mended() == before


def test_a_broken_database_is_refused_and_comes_back_from_a_copy(project, injected):
    before, path = project.ready(), project.folder / "mlflow.db"
    data = path.read_bytes()
    project.settings(seed=4)
    path.write_bytes(data[: len(data) // 2])
    injected["cut in half: MLflow's database"] += 1
    code, printed = project.run()
    assert (code, "must be an intact database" in printed) == (1, True), printed
    path.write_bytes(data)
    _unharmed(project, before)
    project.mended()


def test_of_two_runs_at_once_the_second_is_refused_with_the_reason(project, injected):
    project.settings(seed=5)
    first = project.start("-m", "flows.retrain")
    first.stdout.readline()  # it has begun
    code, printed = project.run()
    injected["two runs at once"] += 1
    told, _ = first.communicate(timeout=240)
    assert first.returncode == 0, told
    assert (code, "Another run in this workspace holds" in printed) == (1, True), printed
    project.mended()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        pytest.param("raise", "on purpose", marks=pytest.mark.full),
        ("die", "SIGKILL"),
        pytest.param("hoard", "Allowed: 1.5 GB", marks=pytest.mark.full),
    ],
)
def test_a_family_that_fails_is_marked_and_the_others_go_on(project, injected, how, words):
    before = project.ready()
    project.settings(seed=6, families={"faulty": {"how": how}, "linear": {}}, worker={"memory_gb": 1.5})
    code, printed = project.run()
    injected[f"a family that does this: {how}"] += 1
    assert code == 1, printed
    assert "small: faulty failed" in printed
    assert words in " ".join(printed.split())
    assert "train linear" in printed
    assert project.state()["champion"] == before["champion"]
    project.settings(seed=6)
    project.mended()


CLOCK = """
import time
_time, _time_ns, YEARS = time.time, time.time_ns, 3 * 365 * 86400
time.time = lambda: _time() - YEARS
time.time_ns = lambda: _time_ns() - YEARS * 10**9
"""


@pytest.mark.full
def test_a_clock_set_back_changes_nothing(project, injected, tmp_path):
    project.ready()
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    project.settings(seed=7, families=("linear", "gboost"))
    _, then = project.call("-c", "import time; print(time.time())", before=[str(tmp_path)])
    assert float(then) < time.time() - 1000 * 86400, "the fault is there"
    code, printed = project.run(before=[str(tmp_path)])
    injected["clock set back by three years"] += 1
    assert code == 0, printed
    state = project.mended()
    assert state["champion"]


@pytest.mark.full
def test_a_remote_that_lies_or_is_down_is_named_and_the_data_comes_back_when_it_is_well(project, injected, tmp_path):
    def dvc(*command):
        code, printed = project.call("-m", "dvc", *command)
        assert code == 0, printed

    def lose():
        rows.unlink(missing_ok=True)
        shutil.rmtree(project.folder / ".dvc" / "cache", ignore_errors=True)

    before, rows = project.ready(), project.folder / "rows.csv"
    dvc("add", "rows.csv")
    dvc("remote", "add", "-d", "kept", str(tmp_path))
    dvc("push")
    good = rows.read_bytes()
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == good]
    kept.chmod(0o644)
    for fault, harm, back in (
        ("remote: other bytes", lambda: kept.write_bytes(good[:-9] + b"0,0,a    "), lambda: kept.write_bytes(good)),
        ("remote: file lost", kept.unlink, lambda: kept.write_bytes(good)),
        (
            "remote: down",
            lambda: dvc("remote", "modify", "kept", "url", "http://127.0.0.1:9/kept"),
            lambda: dvc("remote", "modify", "kept", "url", str(tmp_path)),
        ),
    ):
        harm()
        lose()
        injected[fault] += 1
        code, printed = project.run()
        assert (code, "could not be fetched completely from the DVC remote kept" in " ".join(printed.split())) == (
            1,
            True,
        ), printed
        _unharmed(project, before)
        back()
    project.mended()
    assert rows.read_bytes() == good
