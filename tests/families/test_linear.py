"""What linear does with n-grams beside summing them."""

from dataclasses import replace

import numpy as np
import pytest
import tiny

from minnow import compression, exporters, families, runtimes

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
linear = families.get("linear")


def _sides():
    """Texts whose characters tell the label better than their words do."""
    found = []
    for side in tiny.sides("text", "classify"):
        letters = side.inputs["ngrams"] * 2
        inputs = {**side.inputs, "characters": letters.astype(np.int32)}
        found.append(replace(side, inputs=inputs, sizes={**side.sizes, "characters": 80}))
    return found


@pytest.mark.parametrize("norm", ["count", "length"])
@pytest.mark.parametrize("features", ["ngrams", "characters", "both"])
def test_what_it_reads_and_how_it_scales_is_part_of_the_file(features, norm, tmp_path):
    train, val = _sides()
    params = linear.Params(naive_bayes=True, norm=norm, features=features, beta=0.5, C=[10.0])
    model = linear.fit(train, val, params, seed=1)
    assert {spec.name for spec in model.inputs} == ({"ngrams", "characters"} if features == "both" else {features})
    given = model.predict(val.inputs)["probabilities"]
    assert (given.argmax(axis=1) == val.target).mean() > 0.95
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    found = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)["probabilities"]
    np.testing.assert_allclose(found, given, atol=1e-4)
    int8 = compression.get("int8")
    int8.apply(tmp_path / "model.onnx", tmp_path / "small.onnx", train.inputs, int8.Params())
    small = runtimes.open_model(tmp_path / "small.onnx").predict(val.inputs)["probabilities"]
    assert np.abs(small - given).max() < 0.05


def test_the_network_gives_what_the_fit_found():
    """Lengths and ratios are worked out twice: by the fit over all rows, and by the network over one."""
    train, val = _sides()
    model = linear.fit(train, val, linear.Params(naive_bayes=True, norm="length", C=[10.0]), seed=1)
    held = np.zeros((len(train), 40))
    for row, ids in zip(held, train.inputs["ngrams"], strict=True):
        row[ids] = 1
    held[:, 0] = 0
    first, second = (1 + held[train.target == label].sum(axis=0) for label in (0, 1))
    scaled = held * np.log((second / second.sum()) / (first / first.sum()))
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    from sklearn.linear_model import LogisticRegression

    wanted = LogisticRegression(C=10.0, max_iter=500).fit(scaled, train.target).predict_proba(scaled)
    np.testing.assert_allclose(model.predict(train.inputs)["probabilities"], wanted, atol=2e-3)


def test_ngrams_of_too_few_rows_say_nothing():
    train, val = _sides()
    rare = train.inputs["ngrams"].copy()
    rare[0, 11] = 39
    rare[1:][rare[1:] == 39] = 38
    train = replace(train, inputs={**train.inputs, "ngrams": rare})
    model = linear.fit(train, val, linear.Params(naive_bayes=True, norm="length", C=[10.0], min_rows=2), seed=1)
    alone, nothing = np.zeros((1, 12), np.int32), np.zeros((1, 12), np.int32)
    alone[0, 0] = 39
    said, prior = (model.predict({"ngrams": ids})["probabilities"] for ids in (alone, nothing))
    np.testing.assert_allclose(said, prior, atol=1e-6)


def test_beta_draws_weights_together():
    spread = []
    train, val = _sides()
    for beta in (1.0, 0.1):
        model = linear.fit(train, val, linear.Params(naive_bayes=True, C=[10.0], beta=beta), seed=1)
        weights = model.native.get_layer("weights_ngrams").get_weights()[0][4:, 0]
        spread.append(np.abs(weights).max() / np.abs(weights).mean())
    assert spread[1] != pytest.approx(spread[0], rel=0.05)


@pytest.mark.parametrize("features", ["characters", "both"])
def test_characters_that_no_encoder_made_are_asked_for(features):
    train, val = tiny.sides("text", "classify")
    with pytest.raises(ValueError, match=r"needs texts with the array characters.*options.characters"):
        linear.fit(train, val, linear.Params(features=features), seed=1)
