"""What every exporter promises, over models of every framework."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import registered
import tiny

from minnow import exporters, families, runtimes
from minnow.contracts import Exporter, UnsupportedModel

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
KINDS = [("cnn", "images", "classify"), ("gboost", "images", "classify"), ("embedbag", "text", "classify"),
         ("recommender", "interactions", "rank"), ("linear", "tabular", "classify"),
         ("linear", "timeseries", "classify"), ("linear", "text", "classify")]  # fmt: skip


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def trained(request):
    name, modality, task = request.param
    family, (train, val) = families.get(name), tiny.splits(modality, task)
    return family.fit(train, val, tiny.quick(family), seed=3), val


@pytest.mark.parametrize("name", exporters.names())
def test_the_file_answers_as_the_model_or_says_why_there_is_none(name, trained, tmp_path):
    exporter, (model, val) = exporters.get(name), trained
    if reason := exporter.suits(model):
        assert model.framework in reason
        return
    path = tmp_path / f"model{exporter.SUFFIX}"
    exporter.write(model, path)
    session = runtimes.open_model(path)
    for n in (1, 7, 3):
        rows = {name: value[:n] for name, value in val.inputs.items()}
        for output, value in model.predict(rows).items():
            np.testing.assert_allclose(session.predict(rows)[output], value, atol=1e-4 * max(1, np.abs(value).max()))


@pytest.mark.parametrize("name", ["gru", "lstm", "rnn"])
def test_litert_refuses_recurrent_networks_with_the_operator(name, tmp_path):
    family = families.get(name)
    model = family.fit(*tiny.splits("timeseries", "classify"), family.Params.model_validate({"epochs": 1}), seed=3)
    with pytest.raises(UnsupportedModel, match=r"built-in operators only\. Received: TensorListReserve"):
        exporters.get("litert").write(model, tmp_path / "model.tflite")


TWICE = """
import sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
import tiny
from minnow import exporters, families
few = {"cnn": {"conv": [4, "pool", 6], "epochs": 2}, "fcnn": {"epochs": 1}, "gboost": {"iterations": 5}}
for name in sys.argv[2:]:
    family = families.get(name)
    params = family.Params.model_validate(few[name])
    model = family.fit(*tiny.splits("images", "classify"), params, seed=3)
    exporters.get("onnx").write(model, Path(sys.argv[1]) / f"{name}.onnx")
"""


def test_two_processes_write_the_same_bytes_whatever_they_did_before(tmp_path):
    digests = []
    for order in (["cnn", "gboost"], ["gboost", "fcnn", "cnn"]):
        folder = tmp_path / str(len(digests))
        folder.mkdir()
        command = [sys.executable, "-c", TWICE, str(folder), *order]
        environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "", "HOME": str(tmp_path)}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        digests.append(
            [hashlib.sha256((folder / f"{name}.onnx").read_bytes()).hexdigest() for name in ("cnn", "gboost")]
        )
    assert digests[0] == digests[1]


@pytest.mark.parametrize("name", exporters.names())
def test_public_names_are_those_of_the_contract(name):
    registered.check_names(exporters.registry, name, Exporter)


def test_pyright_reads_every_exporter():
    registered.check_listed(exporters.registry)
