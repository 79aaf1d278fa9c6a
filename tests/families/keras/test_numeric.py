"""Numbers of a table as positions in bins: exact values, awkward columns, what can be learned of them, and files."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tiny

from minnow import compression, exporters, families, runtimes
from minnow.contracts import CompressionSource
from minnow.families._keras.numeric import HEIGHT, encoding_of
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


def encoded(numbers, bins, train=None):
    """Encode numbers by the network's own layers. Returns positions and scaled numbers."""
    encoding = encoding_of(numbers if train is None else train, bins)
    rows = keras.Input(numbers.shape[1:])
    scaled, positions = encoding.apply(rows)
    if positions is None:
        return np.empty((len(numbers), 0)), np.asarray(keras.Model(rows, scaled)(numbers)), encoding
    scaled, positions = (np.asarray(values) for values in keras.Model(rows, [scaled, positions])(numbers))
    return positions / HEIGHT, scaled, encoding


def test_positions_at_edges_between_and_beyond_them_are_exact():
    """Nine values from -1 to 1 in steps of a quarter, whose deviation is 1 / 1.5492: the edges are every other value."""
    train = np.repeat(np.linspace(-1, 1, 9), 100).astype(np.float32)[:, None]
    encoding = encoding_of(train, 4)
    scale = float(encoding.scale[0])
    assert scale == pytest.approx(1.5492, abs=1e-3)
    edges = np.append(encoding.starts, encoding.starts[-1] + encoding.widths[-1])
    np.testing.assert_allclose(edges / scale, [-1, -0.5, 0, 0.5, 1], atol=1e-3)
    at = np.concatenate([edges, edges[:-1] + encoding.widths / 4, [-9, 9]]) / scale
    positions, _, _ = encoded(at.astype(np.float32)[:, None], 4, train)
    below = np.tril(np.ones((5, 4)), -1)
    quarters = below[:4] + np.eye(4) / 4
    expected = np.concatenate([below, quarters, [[0, 0, 0, 0], [1, 1, 1, 1]]])
    np.testing.assert_allclose(positions, expected, atol=2e-3)


@pytest.mark.parametrize("bins", [1, 4, 40])
def test_the_network_encodes_as_numpy_does(bins):
    random = np.random.default_rng(0)
    numbers = np.stack([random.normal(size=500), random.exponential(size=500), random.integers(0, 3, 500)], 1)
    numbers = numbers.astype(np.float32)
    positions, scaled, encoding = encoded(numbers, bins)
    expected = (np.clip(numbers, encoding.low, encoding.high) - encoding.center) * encoding.scale
    np.testing.assert_array_equal(scaled, expected)
    by_hand = np.clip((expected[:, encoding.columns] - encoding.starts) / encoding.widths, 0, 1)
    np.testing.assert_allclose(positions, by_hand, atol=2e-3)
    assert np.bincount(encoding.columns).tolist() == [bins, bins, min(bins, 2)]
    if bins > 1:
        assert positions.mean() == pytest.approx(0.5, abs=0.2), "quantiles share the rows evenly"


def test_constants_have_no_bins_and_two_values_have_one():
    random = np.random.default_rng(0)
    constant, two = np.full(200, 0.3), np.where(random.random(200) < 0.03, 5.5, -0.17)
    numbers = np.stack([constant, two], axis=1).astype(np.float32)
    positions, scaled, encoding = encoded(numbers, 16)
    assert encoding.columns.tolist() == [1]
    np.testing.assert_allclose(positions[:, 0], two > 0, atol=2e-3)
    assert np.isfinite(scaled).all()
    assert np.ptp(scaled[:, 0]) == 0
    assert np.ptp(scaled[:, 1]) > 1, "so few other rows are not cut off"
    nothing, scaled, _ = encoded(numbers[:, :1], 16)
    assert nothing.shape == (200, 0)
    assert np.isfinite(scaled).all()


def test_one_outlier_leaves_the_other_rows_apart():
    """Standardized with it all others lie within a thousandth; a request beyond it is answered as at the limit."""
    values = np.random.default_rng(0).normal(size=1000)
    values[7] = 1e5
    numbers = ((values - values.mean()) / values.std()).astype(np.float32)[:, None]
    assert np.ptp(np.delete(numbers, 7)) < 0.005
    positions, scaled, _ = encoded(numbers, 8)
    assert np.delete(scaled, 7).std() > 0.9
    assert scaled[7] < 6
    assert np.linalg.matrix_rank(positions) == 8
    beyond, at_limit, _ = encoded(np.array([[1e30], [1e6]], np.float32), 8, numbers)
    assert np.isfinite(beyond).all()
    assert at_limit[0] == at_limit[1] == scaled[7]


def test_every_constant_is_a_number_of_half_precision():
    numbers = np.random.default_rng(0).lognormal(sigma=3, size=(900, 3)).astype(np.float32)
    encoding = encoding_of(numbers, 32)
    for values in (encoding.low, encoding.high, encoding.center, encoding.scale, encoding.starts, encoding.widths):
        assert np.isfinite(values).all()
    for values in (encoding.low, encoding.high, encoding.center, encoding.scale, encoding.starts):
        np.testing.assert_array_equal(values.astype(np.float16).astype(np.float32), values)
    assert (1 / encoding.widths).max() <= 1024


def sawtooth(seed, n=1500):
    """One number whose five teeth are the answer, and one that is noise."""
    numbers = np.random.default_rng(seed).uniform(-1.7, 1.7, (n, 2)).astype(np.float32)
    target = (100 * (numbers[:, 0] * 1.5 % 1)).astype(np.float32)
    keys = np.arange(n, dtype=np.uint64)
    return Batch({"numbers": numbers}, target, np.empty(0, "<U1"), "regress", keys, modality="tabular")


def error(train, val, bins):
    fcnn = families.get("fcnn")
    model = fcnn.fit(train, val, fcnn.Params(bins=bins), seed=1)
    return float(np.abs(model.predict(val.inputs)["value"] - val.target).mean())


def test_a_sawtooth_is_learned_in_bins_and_not_without():
    train, val = sawtooth(0), sawtooth(1, 500)
    assert error(train, val, 32) < 6 < 9 < error(train, val, 0)


@pytest.mark.parametrize(("rows", "bins", "size"), [(170, 4, 16), (3_600, 12, 32), (12_000, 32, 64)])
def test_rows_of_train_decide_about_bins_and_batches_and_what_val_settled_says_so(rows, bins, size):
    fcnn, train = families.get("fcnn"), sawtooth(0, rows)
    params = fcnn.Params(units=[2], epochs=1)
    model = fcnn.fit(train, sawtooth(1, 50), params, seed=1)
    settled = model.settled
    assert (settled["bins"], settled["batch_size"]) == (bins, size)
    assert model.native.get_layer("positions").kernel.shape == (2 * bins, 2)
    told = fcnn.Params.model_validate(params.model_dump() | settled | {"bins": 3, "dropout": 0.5, "batch_size": 7})
    again = fcnn.fit(train.take(np.arange(100)), sawtooth(1, 50), told, seed=1)
    assert again.native.get_layer("positions").kernel.shape == (2 * 3, 2)
    assert [layer.rate for layer in again.native.layers if isinstance(layer, keras.layers.Dropout)] == [0.5]


def test_a_training_begins_with_straight_lines():
    fcnn, train = families.get("fcnn"), sawtooth(0, 300)
    still = fcnn.Params(learning_rate=1e-30, epochs=1, batch_norm=False, dropout=0.0)
    network = fcnn.fit(train, train, still, seed=1).native
    positions, numbers = (network.get_layer(name).get_weights()[0] for name in ("positions", "dense"))
    assert np.abs(positions).max() < 1e-6 < np.abs(numbers).min()


def test_numbers_beside_a_series_are_read_as_they_are():
    train, val = tiny.splits("timeseries", "classify")
    fcnn = families.get("fcnn")
    models = [fcnn.fit(train, val, fcnn.Params(bins=bins, epochs=1), seed=1) for bins in (0, 16)]
    first, second = (model.predict(val.inputs)["probabilities"] for model in models)
    np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A network that reads a table, and its ONNX file."""
    fcnn, splits = families.get("fcnn"), tiny.splits("tabular", "classify")
    model = fcnn.fit(*splits, fcnn.Params(epochs=8, bins=16), seed=1)
    path = tmp_path_factory.mktemp("table") / "model.onnx"
    exporters.get("onnx").write(model, path)
    return model, path, splits


def test_every_file_answers_as_the_network_does(table, tmp_path):
    model, path, (train, val) = table
    exporters.get("litert").write(model, tmp_path / "model.tflite")
    files = {path: 1e-5, tmp_path / "model.tflite": 1e-5}
    for name, difference in (("float16", 0.01), ("int8", 0.1)):
        kind, out = compression.get(name), tmp_path / f"{name}.onnx"
        files[out] = difference
        kind.apply(CompressionSource(path, model, train, val, seed=1), out, kind.Params())
    expected = model.predict(val.inputs)["probabilities"]
    for file, difference in files.items():
        answers = runtimes.open_model(file).predict(dict(val.inputs))["probabilities"]
        np.testing.assert_allclose(answers, expected, atol=difference, err_msg=file.name)
        assert (answers.argmax(1) == expected.argmax(1)).mean() > 0.97


def test_it_comes_back_from_disk_with_its_bins(table, tmp_path):
    model, _, (_, val) = table
    model.save(tmp_path)
    again = families.get("fcnn").load(tmp_path)
    np.testing.assert_array_equal(
        again.predict(val.inputs)["probabilities"], model.predict(val.inputs)["probabilities"]
    )
