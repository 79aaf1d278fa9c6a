from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minnow import runtimes
from minnow.types import Spec

WEIGHT = np.array([[1, 2], [0, -1], [3, 0.5]], np.float32)


def test_a_file_answers_what_its_graph_says(onnx_file, rows):
    session = runtimes.open_model(onnx_file)
    np.testing.assert_allclose(session.predict(rows)["value"], rows["image"] @ WEIGHT + rows["bias"], rtol=1e-6)


def test_specs_leave_the_rows_free(onnx_file):
    session = runtimes.open_model(onnx_file)
    assert session.inputs == (Spec("image", (3,), "float32"), Spec("bias", (2,), "float32"))
    assert session.outputs == (Spec("value", (2,), "float32"),)


def test_rows_come_in_any_type_and_layout(onnx_file, rows):
    session = runtimes.open_model(onnx_file)
    other = {"image": np.asfortranarray(rows["image"].astype(np.float64)), "bias": rows["bias"][::-1][::-1]}
    np.testing.assert_array_equal(session.predict(other)["value"], session.predict(rows)["value"])


def test_more_arrays_are_ignored_and_a_missing_one_is_named(onnx_file, rows):
    session = runtimes.open_model(onnx_file)
    assert session.predict(rows | {"seen": np.zeros(1)}).keys() == {"value"}
    with pytest.raises(ValueError, match=r"needs the array 'bias'. Received: image"):
        session.predict({"image": rows["image"]})


def test_a_wrong_shape_is_named(onnx_file, rows):
    with pytest.raises(ValueError, match=r"Received: image \(5, 2\)"):
        runtimes.open_model(onnx_file).predict(rows | {"image": rows["image"][:, :2]})


def test_threads_share_one_session(onnx_file, rows):
    session = runtimes.open_model(onnx_file)
    batches = [{name: value[i : i + 1 + i % 3] for name, value in rows.items()} for i in range(5)] * 20
    expected = [session.predict(batch)["value"] for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for value, other in zip(
            expected, pool.map(lambda batch: session.predict(batch)["value"], batches), strict=True
        ):
            np.testing.assert_array_equal(value, other)


def test_a_gpu_that_is_not_there_says_what_to_install(onnx_file, monkeypatch):
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ValueError, match="pip install onnxruntime-gpu"):
        runtimes.open_model(onnx_file, device="gpu")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match="cannot open"):
        runtimes.open_model(path)
    with pytest.raises(ValueError, match=r"ends in one of \.onnx, \.tflite. Received: model\.pkl"):
        runtimes.open_model(tmp_path / "model.pkl")
    with pytest.raises(ValueError, match="'cpu' or 'gpu'"):
        runtimes.open_model(path, device="tpu")


def test_opening_onnx_imports_nothing_that_trains(onnx_file):
    code = f"""
    import sys
    from minnow import runtimes
    runtimes.open_model({str(onnx_file)!r})
    heavy = [name for name in ("tensorflow", "ai_edge_litert", "onnx", "pandas", "sklearn") if name in sys.modules]
    assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
