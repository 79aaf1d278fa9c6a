from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from minnow.records.bundle import BundleError, open_bundle
from minnow.records.files import sha256, write_npz
from minnow.records.provenance import Provenance
from minnow.serving.predictor import Predictor


@pytest.fixture
def copy(bundles, tmp_path):
    """A bundle's folder that may be broken."""
    return shutil.copytree(bundles("digits"), tmp_path / "digits")


def test_answers_are_the_models_own(bundles):
    predictor = Predictor(bundles("digits"))
    images = np.random.default_rng(1).integers(0, 17, (3, 8, 8))
    answers = predictor.answer(images.tolist())
    expected = predictor.session.predict({"image": (images[..., None] / 16).astype(np.float32)})["probabilities"]
    assert [answer["label"] for answer in answers] == [str(i) for i in expected.argmax(axis=1)]
    np.testing.assert_allclose([answer["probability"] for answer in answers], expected.max(axis=1), rtol=1e-5)


def test_one_at_a_time_or_together_is_the_same(bundles):
    for usecase, inputs in (("reviews", ["fine day", "bad", "unseen words"]), ("shop", ["user-1", "user-3", "nobody"])):
        predictor = Predictor(bundles(usecase))
        together = predictor.answer(inputs)
        for one, answer in zip(inputs, together, strict=True):
            (alone,) = predictor.answer([one])
            numbers = "scores" if usecase == "shop" else "probability"
            assert alone[numbers] == pytest.approx(answer[numbers], rel=1e-5)
            assert alone.get("items") == answer.get("items")


def test_a_ranking_lists_k_items_that_the_user_has_not_seen(bundles):
    predictor = Predictor(bundles("shop"))
    (answer,) = predictor.answer(["user-2"], k=29)
    assert not {"item-06", "item-07"} & set(answer["items"])
    assert answer["scores"] == sorted(answer["scores"], reverse=True)
    assert len(predictor.answer(["user-2"], k=4)[0]["items"]) == 4


def test_an_input_that_cannot_be_read_is_named(bundles):
    with pytest.raises(ValueError, match="1"):
        Predictor(bundles("digits")).answer([np.zeros((8, 8)).tolist(), np.zeros((7, 8)).tolist()])


def test_what_answered_is_named(bundles):
    folder = bundles("digits")
    record = Provenance("digits", sha256(folder), version=4, data_version="d", code_version="c")
    assert Predictor(folder, provenance=record).about == {
        "model": {"usecase": "digits", "family": "linear", "variant": "float32", "version": 4, "sha": sha256(folder)},
        "data_version": "d",
        "code_version": "c",
    }
    certified = Predictor(folder, provenance=replace(record, files={"certificate.json": "f" * 64})).about
    assert certified["model"]["certificate"] == "f" * 64
    unpublished = Predictor(folder).about
    assert unpublished["model"]["usecase"] == "digits"
    assert unpublished["model"]["version"] is None


def test_another_sha_than_recorded_is_refused(copy):
    with pytest.raises(BundleError, match="must have the sha 000000000000"):
        Predictor(copy, provenance=Provenance("digits", "0" * 64))


def test_a_model_that_answers_otherwise_than_its_golden_rows_is_refused(copy, bundles):
    shutil.copyfile(bundles("digits", 1) / "model.onnx", copy / "model.onnx")
    with pytest.raises(BundleError, match=r"golden rows within 0\.01\. Received: 'probabilities' off by"):
        Predictor(copy)


@pytest.mark.parametrize(
    "change",
    [lambda value: value + 0.02, lambda value: value * np.nan, lambda value: value[:, :9], lambda value: value[:3]],
)
def test_a_golden_answer_that_is_off_is_refused(copy, change):
    rows, answers = open_bundle(copy).golden()
    arrays = {f"input.{k}": v for k, v in rows.items()} | {f"output.{k}": change(v) for k, v in answers.items()}
    write_npz(copy / "golden.npz", arrays)
    with pytest.raises(BundleError, match="golden"):
        Predictor(copy)


def test_rounding_of_another_machine_is_not_refused(copy):
    rows, answers = open_bundle(copy).golden()
    arrays = {f"input.{k}": v for k, v in rows.items()} | {f"output.{k}": v + 0.002 for k, v in answers.items()}
    write_npz(copy / "golden.npz", arrays)
    assert Predictor(copy).answer([np.zeros((8, 8)).tolist()])


@pytest.mark.parametrize("name", ["model.onnx", "encoder.json", "schema.json", "golden.npz"])
@pytest.mark.parametrize("damage", ["gone", "cut", "noise"])
def test_a_broken_file_is_refused_in_words(copy, name, damage):
    path = copy / name
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"\x00\xff" * 50)
    with pytest.raises(BundleError):
        Predictor(copy)


@pytest.mark.parametrize("usecase", ["digits", "reviews", "shop"])
def test_the_example_is_answered(bundles, usecase):
    predictor = Predictor(bundles(usecase))
    assert len(predictor.answer([predictor.example])) == 1
    if usecase == "digits":
        assert np.shape(predictor.example) == (8, 8)
        assert np.any(predictor.example)


def test_a_file_is_read_by_the_options_of_the_bundle(bundles, tmp_path):
    predictor = Predictor(bundles("digits"))
    assert predictor.options.scale == 16
    images = np.random.default_rng(3).integers(0, 17, (4, 8, 8))
    np.savez(tmp_path / "images.npz", images=images)
    inputs = predictor.modality.from_file(tmp_path / "images.npz", predictor.options, predictor.encoder)
    assert predictor.answer(inputs) == predictor.answer(images.tolist())
