"""Timing of bundles: a clean process each, in turns."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from runtimes.conftest import write_tflite

from minnow.records.bundle import open_bundle
from minnow.records.files import write_npz
from minnow.records.schema import Schema
from minnow.records.timing import Timings, read_timings
from minnow.stages import timing

SCHEMA = Schema("stack", "regress", "images", "linear", "float32", None, {}, (), (), (), 1)
HEAVY = ("pandas", "tensorflow", "keras", "sklearn", "scipy", "mlflow", "onnx", "great_expectations")


def bundle_of(folder: Path, width: int = 8, layers: int = 1) -> Path:
    """A stack of square products: wider and deeper is slower and larger."""
    from onnx import TensorProto, helper, numpy_helper, save

    folder.mkdir()
    weight = np.eye(width, dtype=np.float32)
    names = ["image", *[f"h{i}" for i in range(1, layers)], "value"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(layers)],
        "stack",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["n", width])],
        [numpy_helper.from_array(weight, f"w{i}") for i in range(layers)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, folder / "model.onnx")
    rows = np.random.default_rng(0).normal(size=(20, width)).astype(np.float32)
    SCHEMA.write(folder)
    write_npz(folder / "golden.npz", {"input.image": rows, "output.value": rows})
    return folder


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A small and a large bundle, measured in one call; and how long that took."""
    root = tmp_path_factory.mktemp("timing")
    folders = [bundle_of(root / "large", 512, 8), bundle_of(root / "small")]
    start = time.perf_counter()
    return folders, timing.measure(folders), time.perf_counter() - start


def test_every_bundle_gets_its_figures_under_the_path_as_given(measured):
    folders, timings, _ = measured
    assert list(timings) == folders
    for figures in timings.values():
        assert set(figures.numbers()) == {"p50_us", "p95_us", "rows_per_s", "peak_memory_bytes"}
        assert np.shape(figures.latency_us) == (timing.ROUNDS, timing.SAMPLES)
        assert 0 < figures.p50_us <= figures.p95_us
        assert figures.rows_per_s > 0
        assert figures.p50_us == pytest.approx(np.percentile(figures.latency_us, 50), abs=0.01)
    assert timing.machine()["cores"] >= 1


def test_figures_come_back_from_disk_unchanged(measured, tmp_path):
    folders, timings, _ = measured
    record = Timings({folder.name: timings[folder] for folder in folders}, {"linear": 1.5}, timing.machine())
    record.write(tmp_path / "timings.json")
    again = read_timings(tmp_path / "timings.json")
    assert {name: one.numbers() for name, one in again.variants.items()} == {
        name: one.numbers() for name, one in record.variants.items()
    }
    assert (again.training_s, again.machine) == (record.training_s, record.machine)


def test_a_larger_model_is_slower_and_takes_more_memory(measured):
    (large, small), timings, _ = measured
    assert timings[large].p50_us > 2 * timings[small].p50_us
    assert timings[large].rows_per_s < timings[small].rows_per_s
    assert timings[large].peak_memory_bytes > timings[small].peak_memory_bytes


def test_memory_is_that_of_the_model_and_not_of_the_process(measured):
    folders, timings, _ = measured
    for folder in folders:
        size = open_bundle(folder).size_bytes
        assert size <= timings[folder].peak_memory_bytes < 8 * size + 40_000_000


def test_measuring_is_quick(measured):
    _, _, seconds = measured
    assert seconds < 20  # about 1.5 on an idle core, most of it imports


def test_two_copies_of_one_model_are_equally_fast_to_the_judge(tmp_path):
    from minnow.measures.latency import ratio_upper

    timings = timing.measure([bundle_of(tmp_path / name, 64) for name in ("a", "b")])
    a, b = (np.array(figures.latency_us) for figures in timings.values())
    ratio, upper = ratio_upper(a, b, 0.001)
    assert 0.5 < ratio < 2
    assert upper >= 0.9


def test_paths_are_kept_as_they_were_given(tmp_path, monkeypatch):
    bundle_of(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    assert list(timing.measure([Path("here")])) == [Path("here")]


def test_nothing_to_measure_starts_nothing(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    assert timing.measure([]) == {}


def test_a_bundle_that_cannot_be_opened_has_a_reason_and_the_others_their_figures(tmp_path):
    good, broken = bundle_of(tmp_path / "good"), bundle_of(tmp_path / "broken")
    (broken / "model.onnx").write_bytes(b"no model")
    found = timing.measure_each([broken, good, tmp_path / "nowhere"])
    assert found[good].p50_us > 0
    assert len(found[good].latency_us) == timing.ROUNDS
    assert isinstance(found[broken], str)
    assert "nowhere" in found[tmp_path / "nowhere"]
    with pytest.raises(ValueError, match="broken"):
        timing.measure([good, broken])


def test_a_litert_bundle_is_measured_too(tmp_path):
    folder = tmp_path / "litert"
    folder.mkdir()
    write_tflite(folder / "model.tflite")
    rows = {"input.image": np.ones((5, 3), np.float32), "input.bias": np.ones((5, 2), np.float32)}
    SCHEMA.write(folder)
    write_npz(folder / "golden.npz", rows)
    figures = timing.measure([folder])[folder]
    assert figures.p50_us > 0
    assert figures.peak_memory_bytes >= open_bundle(folder).size_bytes


def test_the_measuring_process_imports_what_a_device_would():
    code = f"import sys, minnow.stages.timing; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="there is a GPU")
def test_a_bundle_is_not_timed_on_a_device_that_is_not_there(tmp_path):
    """A GPU's champion is judged by the GPU's clock: a CPU must not stand in for it."""
    folder = bundle_of(tmp_path / "small")
    assert timing.measure([folder])[folder].p95_us > 0
    with pytest.raises(ValueError, match="device='gpu' needs ONNX Runtime with CUDA"):
        timing.measure([folder], device="gpu")
