"""The main job for real: a copy of the project with one family more, from raw rows to a served answer."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.filterwarnings("ignore")

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KEPT = (
    "src",
    "flows",
    "dvc.yaml",
    ".dvcignore",
    "data.dvc",
    "uv.lock",
    "bentofile.yaml",
    "pyproject.toml",
    ".gitignore",
)
PROBE = """
import sys
from minnow.cli import main
sys.argv = ["minnow", "run"]
try:
    main()
except SystemExit as ended:
    heavy = [m for m in ("tensorflow", "prefect") if m in sys.modules]
    sys.exit(ended.code or len(heavy))
"""


def settings():
    """The project's own digits with quick families, the added one among them, and a use case of a user's own."""
    given = yaml.safe_load((ROOT / "params.yaml").read_text())
    digits = given["usecases"]["digits"] | {"families": {"linear": None, "centroid": None, "fcnn": {"epochs": 12}}}
    digits["gate"] = {"floor": 0.8}
    mine = {"modality": "text", "task": "classify", "data": "data/reviews", "families": ["linear"]}
    mine |= {"options": {"vocabulary": 500, "buckets": 256}}
    return given | {"usecases": {"digits": digits, "mine": mine}}


def write_settings(folder, given):
    (folder / "params.yaml").write_text(yaml.safe_dump(given, sort_keys=False))


def make_copy(folder):
    """Copy the project into a git repository of its own and add a family: one file, nothing else."""
    for name in KEPT:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        options = {"ignore": shutil.ignore_patterns("__pycache__")} if source.is_dir() else {}
        copy(source, folder / name, **options)
    (folder / ".dvc").mkdir()
    shutil.copyfile(ROOT / ".dvc" / "config", folder / ".dvc" / "config")
    shutil.copyfile(Path(__file__).with_name("added_family.py"), folder / "src" / "minnow" / "families" / "centroid.py")
    write_settings(folder, settings())
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "copy"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def call(folder, *command, check=True):
    """Run a command in a copy, whose own code it finds first."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("BENTOML_HOME", "MLFLOW_TRACKING_URI")
    }
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder), str(ROOT / "tests")]),
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def minnow(folder, *arguments, **more):
    return call(folder, sys.executable, "-m", "minnow.cli", *arguments, **more)


def decisions(folder, usecase="digits"):
    found = json.loads((folder / "outcomes" / usecase / "decision.json").read_text())
    return {target: decision for target, decision in found.items() if target != "format"}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A copy after its first run, and what that printed."""
    folder = make_copy(tmp_path_factory.mktemp("first"))
    return folder, minnow(folder, "run").stdout


def test_the_first_run_ends_with_champions_a_table_and_what_to_type_next(first):
    folder, printed = first
    assert decisions(folder)["cpu"]["promote"]
    end = printed[printed.index("use case ") :]
    for word in ("champion", "digits (gpu)", "accuracy 0.", "minnow results --verbose", "mlflow ui", "bentoml serve"):
        assert word in end
    assert len([line for line in end.splitlines() if line.strip()]) <= 2 + 3 + 10, "head, a row per target, ten lines"
    assert "\r" not in printed
    assert call(folder, "dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    rows = json.loads(minnow(folder, "status", "--json").stdout)["usecases"]
    assert [row["stale"] for row in rows] == [[], []]
    assert all(row["targets"]["cpu"]["divergence"] is None for row in rows)


def test_an_added_family_is_listed_and_held_to_the_contract(first):
    folder, _ = first
    assert "centroid       the nearest mean" in minnow(folder, "list", "families").stdout
    tests = [str(ROOT / "tests" / "families"), "-k", "centroid", "-p", "no:cacheprovider"]
    done = call(folder, sys.executable, "-m", "pytest", "-q", "-n", "0", "-c", str(ROOT / "pyproject.toml"), *tests)
    assert "11 passed" in done.stdout


def test_with_nothing_changed_nothing_is_trained_nor_imported(first):
    folder, _ = first
    before = (folder / "mlflow.db").read_bytes()
    printed = call(folder, sys.executable, "-c", PROBE).stdout
    *steps, last = printed.splitlines()
    assert last.startswith("Everything is up to date: 2 use cases, last run ")
    assert [step.split()[0] for step in steps] in ([], ["plan"]), (
        "a step that takes a second, on a busy machine, is shown"
    )
    assert "centroid" in minnow(folder, "results", "digits", "--verbose").stdout
    assert (folder / "mlflow.db").read_bytes() == before


def test_another_clean_run_gives_the_same_bytes(first, one_prefect, tmp_path):
    again = make_copy(tmp_path)
    minnow(again, "data")
    call(again, sys.executable, "-m", "flows.usecase", "mine", "digits")
    for usecase, targets in (("digits", ("cpu", "gpu")), ("mine", ("cpu",))):
        for target in targets:
            assert decisions(again, usecase)[target]["sha"] == decisions(first[0], usecase)[target]["sha"]
    assert not (again / ".bentoml").exists(), "only the main job publishes"


def test_the_service_answers_the_exam_as_the_report_says(first):
    folder, _ = first
    sys.path.insert(0, str(ROOT / "src"))
    from minnow import config
    from minnow.catalog import catalog
    from minnow.stages import intake
    from minnow.stages.case import Case
    from minnow.workspace import workspace

    given = settings()
    given["usecases"]["digits"]["families"].pop("centroid")
    path = folder / "exam.yaml"
    path.write_text(yaml.safe_dump(given))
    case = Case("digits", config.load(path, catalog()), workspace(root=folder))
    exam = intake.prepare_case(case, case.modality.read(case.data, case.options)).tables["test"]
    report = json.loads((folder / "outcomes" / "digits" / "cpu" / "report.json").read_text())["exams"]["test"]
    with served(folder) as url:
        body = json.dumps({"inputs": exam.columns["image"].squeeze(-1).tolist()}).encode()
        request = urllib.request.Request(f"{url}/digits/classify", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.loads(answer.read())
    right = np.array([one["label"] for one in found["answers"]]) == exam.columns["label"]
    assert len(right) == report["rows"]
    assert round(float(right.mean()), 10) == report["scores"]["accuracy"]["value"]
    assert found["model"]["sha"] == decisions(folder)["cpu"]["sha"]


def test_a_champion_is_made_again_to_the_byte(first):
    folder, _ = first
    done = minnow(folder, "verify", "mine")
    assert "checks passed" in done.stdout
    parts = ("registry: bundle/model.onnx", "served: bundle/model.onnx", "made again: bundle/model.onnx", "report.json")
    for compared in (*parts, "score: accuracy on test"):
        assert compared in " ".join(done.stdout.split())


def test_one_flipped_byte_anywhere_is_named(first):
    folder, _ = first
    printed = call(folder, sys.executable, str(ROOT / "tests" / "main_job" / "flipping.py"), "mine").stdout
    found = json.loads(printed.splitlines()[-1])
    inside = ["encoder.json", "encoder.npz", "golden.npz", "model.onnx", "schema.json"]
    files = [*(f"bundle/{name}" for name in inside), "card.md", "report.json", "provenance.json"]
    named = {"world: reviews.csv": "data version", "world: uv.lock": "uv.lock"}
    named |= {f"{where}: {file}": f"{where}: {file}" for where in ("registry", "served") for file in files}
    assert found.keys() == named.keys()
    assert {place: name for place, name in named.items() if name not in found[place]} == {}


def test_a_receipt_is_signed_and_a_changed_one_is_refused(first, tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    folder, _ = first
    key, plain = Ed25519PrivateKey.generate(), serialization.NoEncryption()
    private, pkcs8 = tmp_path / "key.pem", serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    unsigned = json.loads(minnow(folder, "receipt", "mine").stdout)
    assert "signature" not in unsigned
    assert unsigned["decision"]["promote"]
    assert unsigned["sha"] == decisions(folder, "mine")["cpu"]["sha"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINNOW_SIGNING_KEY", str(private))
        text = minnow(folder, "receipt", "mine").stdout
        patch.setenv("MINNOW_SIGNING_KEY", str(tmp_path / "no.pem"))
        done = minnow(folder, "receipt", "mine", check=False)
        assert (done.returncode, "MINNOW_SIGNING_KEY must name a PEM file" in done.stderr) == (1, True)
    assert {k: v for k, v in json.loads(text).items() if k not in ("signature", "public_key")} == unsigned
    (tmp_path / "good.json").write_text(text)
    (tmp_path / "bad.json").write_text(text.replace('"version": 1', '"version": 2'))
    assert "unchanged: mine version 1" in minnow(folder, "receipt", "--check", str(tmp_path / "good.json")).stdout
    done = minnow(folder, "receipt", "--check", str(tmp_path / "bad.json"), check=False)
    assert (done.returncode, "was changed after it was signed" in done.stderr) == (1, True)
    (tmp_path / "other.pem").write_bytes(
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    other = ["--public-key", str(tmp_path / "other.pem")]
    done = minnow(folder, "receipt", "--check", str(tmp_path / "good.json"), *other, check=False)
    assert (done.returncode, "signed with another key" in done.stderr) == (1, True)


class served:  # noqa: N801  reads as a phrase
    """`bentoml serve` in a copy, on a free port, stopped by its own process id."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {k: v for k, v in os.environ.items() if k != "BENTOML_HOME"}
        environment["PYTHONPATH"] = str(folder / "src")
        command = [BIN / "bentoml", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        url, end = f"http://127.0.0.1:{self.port}", time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                    return url
            except OSError:
                time.sleep(0.3)
        raise TimeoutError("the service did not become ready")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)


def test_editing_one_family_trains_that_family_alone_and_broken_data_stops_its_use_case_alone(first, one_prefect):
    """One run for both, since a run costs half a minute."""
    folder, _ = first
    given = settings()
    given["usecases"]["digits"]["families"]["fcnn"] = {"epochs": 13}
    write_settings(folder, given)
    reviews = folder / "data" / "reviews" / "reviews.csv"
    lines = reviews.read_text().splitlines(keepends=True)
    reviews.write_text(lines[0] + "".join(f'x{i},"same words",positive\n' for i in range(500)))
    refused = minnow(folder, "run", "mine", check=False)
    assert (refused.returncode, "--accept-data" in refused.stderr) == (2, True)
    assert refused.stdout == "", "nothing of the run before is shown"
    done = minnow(folder, "run", "--accept-data", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "mine: no result. stopped by its data" in done.stdout
    table = done.stdout[done.stdout.index("use case ") :]
    assert [line.split()[0] for line in table.splitlines() if " accuracy " in line] == ["digits", "digits"]
    assert "duplicate" in (folder / ".minnow" / "reports" / "mine" / "validation.html").read_text().lower()
    assert trained_now(folder) == {"linear": "false", "centroid": "false", "fcnn": "true"}, done.stdout + done.stderr
    assert decisions(folder)["cpu"]["verdict"] in ("same", "refused", "better", "smaller")


def trained_now(folder):
    """Which families the latest run over digits has trained, as MLflow has it."""
    code = (
        "import json; from minnow.workspace import workspace; from minnow.stores.database import client, experiment_id\n"
        "space = workspace(); runs = client(space).search_runs([experiment_id(space)], "
        "\"tags.`minnow.usecase` = 'digits'\", max_results=100, order_by=['attributes.start_time DESC'])\n"
        "tags = [run.data.tags for run in runs if 'minnow.trained_now' in run.data.tags][:3]\n"
        "print(json.dumps({t['minnow.family']: t['minnow.trained_now'] for t in tags}))"
    )
    return json.loads(call(folder, sys.executable, "-c", code).stdout.splitlines()[-1])


def test_commands_answer_and_refuse_in_words(first):
    folder, _ = first
    (folder / "one.json").write_text(json.dumps([[[0] * 8] * 8]))
    answer = json.loads(minnow(folder, "predict", "digits", "one.json").stdout)
    assert answer["answers"][0]["label"] in set("0123456789")
    for arguments, code, words in (
        (["run", "digitz"], 2, "Did you mean 'digits'"),
        (["predict", "digitz", "one.json"], 2, "Did you mean 'digits'"),
        (["rollback", "mine"], 1, "has had no champion for cpu before version 1"),
    ):
        done = minnow(folder, *arguments, check=False)
        assert (done.returncode, words in done.stderr) == (code, True), done.stdout + done.stderr
    champions = json.loads(minnow(folder, "champions", "--json").stdout)
    assert {(c["usecase"], c["target"]) for c in champions} == {("digits", "cpu"), ("digits", "gpu"), ("mine", "cpu")}
