"""linear with bent lines and products: what they compute, and that all forms of the model compute the same."""

from __future__ import annotations

import json
from itertools import combinations_with_replacement

import numpy as np
import pytest
import tiny

from minnow import compression, exporters, families, runtimes
from minnow.contracts import CompressionSource
from minnow.families._linear.expansion import FARTHEST, expansion_of
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
linear = families.get("linear")
SETTINGS = [{"splines": 3}, {"interactions": True}, {"splines": 4, "interactions": True}]


def rows(answer, seed, n=400):
    """Numbers x, y, z of which answer(x, y, z) is the target."""
    numbers = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    target = answer(*numbers.T).astype(np.float32)
    return Batch(
        {"numbers": numbers}, target, np.array([]), "regress", np.arange(n, dtype=np.uint64), modality="tabular"
    )


def error(answer, **params):
    train, val, test = (rows(answer, seed) for seed in range(3))
    model = linear.fit(train, val, linear.Params(**params), seed=1)
    return float(np.abs(model.predict(test.inputs)["value"] - test.target).mean())


def test_a_bent_line_and_a_product_are_learned_by_their_own_features_alone():
    bent, product = lambda x, y, z: np.abs(x) + y, lambda x, y, z: x * y + z
    assert error(bent) > 0.3
    assert error(bent, splines=7) < 0.1
    assert error(product) > 0.3
    assert error(product, splines=7) > 0.3
    assert error(product, interactions=True) < 0.05


def test_features_are_those_of_the_definition():
    numbers = np.random.default_rng(0).normal(5, 2, size=(50, 2)).astype(np.float32)
    made = expansion_of(numbers, 2, products=True)
    knots = np.quantile(numbers, [1 / 3, 2 / 3], axis=0, method="lower")
    pieces = [np.maximum(numbers[:, i] - knots[k, i], 0) for i in range(2) for k in range(2)]
    scaled = np.clip((numbers - numbers.mean(axis=0)) / numbers.std(axis=0), -FARTHEST, FARTHEST)
    products = [scaled[:, i] * scaled[:, j] for i, j in combinations_with_replacement(range(2), 2)]
    np.testing.assert_allclose(made.features(numbers), np.stack(pieces + products, axis=1), rtol=1e-4, atol=1e-5)
    assert (made.size, made.parameters) == (7, 8)
    far = made.features(np.full((1, 2), 1e9, np.float32))
    np.testing.assert_allclose(far[0, 4:], FARTHEST**2, err_msg="an outlier does not multiply without a bound")


def test_numbers_that_hardly_vary_have_few_knots_or_none():
    numbers = np.stack([np.zeros(60), np.arange(60) % 2, np.arange(60)], axis=1).astype(np.float32)
    made = expansion_of(numbers, 5, products=True)
    assert np.bincount(made.columns, minlength=3).tolist() == [0, 0, 5]
    assert np.isfinite(made.features(numbers)).all()


@pytest.mark.parametrize("params", SETTINGS, ids=json.dumps)
@pytest.mark.parametrize(
    ("modality", "task"), [("tabular", "classify"), ("tabular", "regress"), ("timeseries", "forecast")]
)
def test_file_network_and_a_saved_model_compute_what_it_predicts(modality, task, params, tmp_path):
    train, val = tiny.splits(modality, task)
    model = families.fit("linear", train, val, linear.Params(**params), seed=1)
    plain = families.fit("linear", train, val, linear.Params(), seed=1)
    assert model.parameters > plain.parameters
    ((name, answers),) = model.predict(val.inputs).items()
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    exported = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)[name]
    arrays = [val.inputs[spec.name] for spec in model.inputs]
    network = np.asarray(model.network()(arrays[0] if len(arrays) == 1 else arrays))
    for other in (exported, network):
        np.testing.assert_allclose(other, answers, rtol=2e-5, atol=2e-5)
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    again = linear.load(tmp_path / "saved")
    np.testing.assert_array_equal(again.predict(val.inputs)[name], answers)
    assert again.parameters == model.parameters


@pytest.mark.parametrize("name", ["float16", "int8"])
def test_it_can_be_compressed(name, tmp_path):
    train, val = tiny.splits("tabular", "regress")
    model = families.fit("linear", train, val, linear.Params(splines=4, interactions=True), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    module, source = compression.get(name), CompressionSource(tmp_path / "model.onnx", model, train, val)
    module.apply(source, tmp_path / "small.onnx", module.Params())
    small = runtimes.open_model(tmp_path / "small.onnx").predict(val.inputs)["value"]
    spread = float(np.std(model.predict(val.inputs)["value"]))
    np.testing.assert_allclose(small, model.predict(val.inputs)["value"], atol=0.1 * spread)


def test_rows_without_numbers_and_too_many_products_are_refused():
    train, val = tiny.splits("text", "classify")
    with pytest.raises(ValueError, match="splines and interactions are made of columns of numbers"):
        linear.fit(train, val, linear.Params(splines=3), seed=1)
    with pytest.raises(ValueError, match=r"interactions: 40 numbers have 820 products of two; 500 are the most"):
        expansion_of(np.zeros((5, 40), np.float32), 0, products=True)
