"""What families import: a table that no network is fitted to needs no TensorFlow."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from minnow import families

NETWORKS = {"tensorflow", "keras"}
WITHOUT = [name for name in families.names() if not NETWORKS & set(families.get(name).CAPABILITIES.libraries)]
MAKE = """
import sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
import tiny
from minnow import compression, exporters, families, runtimes
from minnow.contracts import CompressionSource
from minnow.measures.latency import latency_us
for name, modality, task in [case.split("-") for case in sys.argv[2:]]:
    family, (train, val) = families.get(name), tiny.splits(modality, task)
    model = families.fit(name, train, val, tiny.quick(family), seed=3)
    model.save(Path(sys.argv[1]))
    model, file = family.load(Path(sys.argv[1])), Path(sys.argv[1]) / "model.onnx"
    exporters.get("onnx").write(model, file)
    source = CompressionSource(file, model, train, val)
    for compress in map(compression.get, compression.names()):
        if compress.KIND == "file" and compress.suits(model) is None:
            compress.apply(source, file.with_name("small.onnx"), compress.Params())
    row = {key: value[:1] for key, value in val.inputs.items()}
    latency_us(runtimes.open_model(file).predict, row, 3)
    found = {"tensorflow", "keras"} & set(sys.modules)
    assert not found, f"{name} imported {found} for {modality}"
"""


def test_families_that_need_no_tensorflow_are_fitted_exported_compressed_and_timed_without_it(tmp_path):
    cases = [
        f"{name}-{modality}-{task}"
        for name in WITHOUT
        for modality, task in tiny.PROBLEMS
        if modality in families.get(name).MODALITIES and task in families.get(name).TASKS
    ]
    assert {case.split("-")[0] for case in cases} == {"linear", "gboost", "oblivious", "forest"}
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", MAKE, tmp_path, *cases], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", families.names())
def test_what_a_family_declares_can_be_imported(name):
    libraries = families.get(name).CAPABILITIES.libraries
    assert all(importlib.util.find_spec(library) for library in libraries)
