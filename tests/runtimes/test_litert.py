from __future__ import annotations

import sys

import numpy as np
import pytest

from minnow import runtimes
from minnow.types import Spec

pytest.importorskip("ai_edge_litert")


def test_both_runtimes_answer_the_same(tflite_file, onnx_file, rows):
    runner = runtimes.open_model(tflite_file)
    np.testing.assert_allclose(
        runner.predict(rows)["value"], runtimes.open_model(onnx_file).predict(rows)["value"], rtol=1e-6
    )


def test_arrays_are_known_by_the_signatures_names(tflite_file):
    runner = runtimes.open_model(tflite_file)
    assert set(runner.inputs) == {Spec("image", (3,), "float32"), Spec("bias", (2,), "float32")}
    assert runner.outputs == (Spec("value", (2,), "float32"),)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_any_number_of_rows_is_answered(tflite_file, rows, n):
    runner = runtimes.open_model(tflite_file)
    whole = runner.predict(rows)["value"]
    part = runner.predict({name: value[:n] for name, value in rows.items()})["value"]
    np.testing.assert_allclose(part, whole[:n], rtol=1e-6)
    np.testing.assert_array_equal(runner.predict(rows)["value"], whole)


def test_answers_are_kept_when_the_next_question_comes(tflite_file, rows):
    runner = runtimes.open_model(tflite_file)
    first = runner.predict(rows)["value"]
    copy = first.copy()
    runner.predict({name: value * 2 for name, value in rows.items()})
    np.testing.assert_array_equal(first, copy)


def test_memory_is_planned_anew_only_for_another_number_of_rows(tflite_file, rows, monkeypatch):
    runner = runtimes.open_model(tflite_file)
    planned = []
    allocate = runner._interpreter.allocate_tensors
    monkeypatch.setattr(runner._interpreter, "allocate_tensors", lambda: planned.append(1) or allocate())
    for _ in range(3):
        runner.predict(rows)
    assert len(planned) == 1


def test_a_file_of_fixed_rows_answers_in_pieces(tflite_file, tflite_file_of_two_rows, rows):
    answers = [runtimes.open_model(path).predict(rows)["value"] for path in (tflite_file, tflite_file_of_two_rows)]
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-6)


def test_a_wrong_shape_is_named_and_the_runner_goes_on(tflite_file, rows):
    runner = runtimes.open_model(tflite_file)
    expected = runner.predict(rows)["value"]
    with pytest.raises(ValueError, match=r"image \(5, 2\)"):
        runner.predict(rows | {"image": rows["image"][:, :2]})
    np.testing.assert_array_equal(runner.predict(rows)["value"], expected)
    with pytest.raises(ValueError, match="needs the array 'bias'"):
        runner.predict({"image": rows["image"]})


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
