from __future__ import annotations

import sys

import numpy as np
import pytest

from minnow import runtimes
from minnow.types import Spec

pytest.importorskip("ai_edge_litert")


def test_both_runtimes_answer_the_same(tflite_file, onnx_file, rows):
    session = runtimes.open_model(tflite_file)
    np.testing.assert_allclose(
        session.predict(rows)["value"], runtimes.open_model(onnx_file).predict(rows)["value"], rtol=1e-6
    )


def test_arrays_are_known_by_the_signatures_names(tflite_file):
    session = runtimes.open_model(tflite_file)
    assert set(session.inputs) == {Spec("image", (3,), "float32"), Spec("bias", (2,), "float32")}
    assert session.outputs == (Spec("value", (2,), "float32"),)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_any_number_of_rows_is_answered(tflite_file, rows, n):
    session = runtimes.open_model(tflite_file)
    whole = session.predict(rows)["value"]
    part = session.predict({name: value[:n] for name, value in rows.items()})["value"]
    np.testing.assert_allclose(part, whole[:n], rtol=1e-6)
    np.testing.assert_array_equal(session.predict(rows)["value"], whole)


def test_answers_stay_as_they_are_after_the_next_call(tflite_file, rows):
    session = runtimes.open_model(tflite_file)
    first = session.predict(rows)["value"]
    copy = first.copy()
    session.predict({name: value * 2 for name, value in rows.items()})
    np.testing.assert_array_equal(first, copy)


def test_memory_is_allocated_anew_only_for_another_number_of_rows(tflite_file, rows, monkeypatch):
    session = runtimes.open_model(tflite_file)
    allocated = []
    allocate = session._interpreter.allocate_tensors
    monkeypatch.setattr(session._interpreter, "allocate_tensors", lambda: allocated.append(1) or allocate())
    for _ in range(3):
        session.predict(rows)
    assert len(allocated) == 1


def test_a_file_of_fixed_rows_answers_in_pieces(tflite_file, tflite_file_of_two_rows, rows):
    answers = [runtimes.open_model(path).predict(rows)["value"] for path in (tflite_file, tflite_file_of_two_rows)]
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-6)


def test_after_a_wrong_shape_the_session_goes_on(tflite_file, rows):
    session = runtimes.open_model(tflite_file)
    expected = session.predict(rows)["value"]
    with pytest.raises(ValueError, match=r"image \(5, 2\)"):
        session.predict(rows | {"image": rows["image"][:, :2]})
    np.testing.assert_array_equal(session.predict(rows)["value"], expected)
    with pytest.raises(ValueError, match="needs the array 'bias'"):
        session.predict({"image": rows["image"]})


def test_what_cannot_be_opened_says_why(tflite_file, tmp_path, monkeypatch):
    path = tmp_path / "model.tflite"
    with pytest.raises(ValueError, match="no such file"):
        runtimes.open_model(path)
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match="cannot open"):
        runtimes.open_model(path)
    with pytest.raises(ValueError, match="runs on the CPU"):
        runtimes.open_model(tflite_file, device="gpu")
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ValueError, match="pip install ai-edge-litert"):
        runtimes.open_model(tflite_file)
