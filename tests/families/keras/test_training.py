"""How Keras families are trained: augmented images, averaged weights, weights taken from another model."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from minnow import exporters, families
from minnow.families._keras import feed, transfer
from minnow.families._keras.options import Augmentation
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

PARAMS = {"conv": [4, "pool", 6], "epochs": 3, "batch_size": 32, "augmentation": None, "early_stopping": None}
SEEDS = tf.constant([3, 4], tf.int64)


@pytest.fixture(scope="module")
def rows():
    return tiny.splits("images", "classify")


def fit(rows, name="cnn", seed=1, report=lambda *_: None, **params):
    family = families.get(name)
    values = (PARAMS if name == "cnn" else {"epochs": 2}) | params
    return family.fit(*rows, family.Params.model_validate(values), seed=seed, report=report)


def weights(model, *names):
    return [value for name in names for value in model.native.get_layer(name).get_weights()]


def changed(image, **options):
    change = feed.augment(Augmentation(**options))
    assert change is not None
    return change({"image": tf.constant(image)}, SEEDS)["image"].numpy()


def test_flip_mirrors_some_images_left_for_right_and_leaves_the_others():
    image = np.random.default_rng(0).random((40, 6, 5, 1), np.float32)
    pairs = list(zip(changed(image, flip=True), image, strict=True))
    mirrored = np.array([np.array_equal(flipped, original[:, ::-1]) for flipped, original in pairs])
    same = np.array([np.array_equal(flipped, original) for flipped, original in pairs])
    assert (mirrored ^ same).all()
    assert 10 <= mirrored.sum() <= 30


def test_erase_puts_zeros_in_a_rectangle_of_the_given_share():
    images = changed(np.ones((200, 20, 10, 1), np.float32), erase=0.4)[..., 0]
    assert set(np.unique(images)) == {0.0, 1.0}
    for image in images:
        rows, columns = (image == 0).any(axis=1), (image == 0).any(axis=0)
        assert (image == 0).sum() == rows.sum() * columns.sum(), "a rectangle"
        assert rows.sum() <= 8
        assert columns.sum() <= 4
    assert ((images == 0).sum(axis=(1, 2)) == 32).any()


def test_without_changes_no_image_is_touched():
    assert feed.augment(Augmentation()) is None


def test_every_change_together_keeps_one_seed_one_model(rows):
    change = {"shift": 0.05, "rotate": 5.0, "zoom": 0.05, "flip": True, "erase": 0.3}
    first, second = (fit(rows, augmentation=change) for _ in range(2))
    for a, b in zip(first.native.get_weights(), second.native.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("kind", "filters", "epochs"), [("image", 3 * 32, 60), ("series", 2 * 16, 12)])
def test_what_cnn1d_is_not_told_follows_what_it_reads(kind, filters, epochs):
    random, cnn1d, seen = np.random.default_rng(0), families.get("cnn1d"), []
    shape = (12, 20, 4, 1) if kind == "image" else (12, 20, 4)
    target, keys = np.arange(12) % 2, np.arange(12, dtype=np.uint64)
    rows = Batch({kind: random.random(shape, np.float32)}, target, np.array(["a", "b"]), "classify", keys)
    report = lambda epoch, of, _: seen.append(of)  # noqa: E731
    model = cnn1d.fit(rows, rows, cnn1d.Params(early_stopping=None), seed=1, report=report)
    assert model.native.get_layer("logits").kernel.shape[0] == filters
    assert set(seen) == {epochs}
    told = cnn1d.fit(rows, rows, cnn1d.Params(widths=[1], filters=2, epochs=1), seed=1)
    assert told.native.get_layer("logits").kernel.shape[0] == 2


@pytest.mark.parametrize("name", ["cnn1d", "gru"])
def test_whole_words_are_dropped_and_only_while_training(name, tmp_path):
    model = fit(tiny.splits("text", "classify"), name=name, word_dropout=0.5, dropout=0.0)
    network = model.native
    (dropout,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    vectors = keras.Model(network.inputs, [dropout.input, dropout.output])
    tokens = np.random.default_rng(0).integers(1, 40, (60, *network.input_shape[1:]))
    before, after = (np.asarray(values) for values in vectors(tokens, training=True))
    dropped = (after == 0).all(axis=2)
    np.testing.assert_allclose(after[~dropped], 2 * before[~dropped], rtol=1e-6)
    assert 0.35 < dropped.mean() < 0.65
    for values in vectors(tokens, training=False)[1:]:
        np.testing.assert_array_equal(values, before)
    model.save(tmp_path)
    rows = {"tokens": tokens.astype(np.int32)}
    again = families.get(name).load(tmp_path).predict(rows)
    np.testing.assert_array_equal(again["probabilities"], model.predict(rows)["probabilities"])


@pytest.mark.parametrize("early_stopping", [None, {"patience": 2}])
def test_averaged_weights_are_the_model_that_val_is_scored_with(rows, early_stopping):
    last = fit(rows, batch_norm=False, early_stopping=early_stopping)
    model = fit(rows, batch_norm=False, early_stopping=early_stopping, average=0.9)
    assert not np.allclose(weights(model, "logits")[0], weights(last, "logits")[0], atol=1e-4)
    answer = model.predict(rows[1].inputs)["probabilities"]
    loss = -np.log(answer[np.arange(len(rows[1])), rows[1].target]).mean()
    reported = min(model.history["val_loss"]) if early_stopping else model.history["val_loss"][-1]
    assert loss == pytest.approx(reported, abs=1e-4)


def test_averaged_weights_are_the_mean_over_steps(rows):
    """One step: the mean is what that step left. Two: nine parts of it and one of the next."""
    whole = {"batch_size": tiny.ROWS, "batch_norm": False, "schedule": {"kind": "constant"}, "optimizer": "sgd"}
    first, second = (weights(fit(rows, epochs=n, **whole), "logits")[0] for n in (1, 2))
    np.testing.assert_allclose(
        weights(fit(rows, epochs=2, average=0.9, **whole), "logits")[0], 0.9 * first + 0.1 * second, atol=1e-6
    )


def test_batch_statistics_are_those_of_averaged_weights(rows):
    model = fit(rows, average=0.97, epochs=6, learning_rate=0.02)
    (norm,) = [layer for layer in model.native.layers if layer.name.startswith("batch_norm")][:1]
    (conv,) = [layer for layer in model.native.layers if layer.name.startswith("conv")][:1]
    maps = np.asarray(conv(rows[0].inputs["image"]))
    np.testing.assert_allclose(norm.moving_mean, maps.mean(axis=(0, 1, 2)), atol=0.02)
    np.testing.assert_allclose(norm.moving_variance, maps.var(axis=(0, 1, 2)), rtol=0.15, atol=1e-3)


@pytest.fixture(scope="module")
def parent(rows, tmp_path_factory):
    model = fit(rows, seed=9)
    model.save(folder := tmp_path_factory.mktemp("parent"))
    return model, {"usecase": "other", "model": str(folder), "labels": ["x", "y", "z"]}


def test_weights_are_taken_and_frozen_while_the_head_is_trained(rows, parent):
    other, init_from = parent
    steps = []
    start = {**init_from, "frozen_epochs": 2, "rate": 1e-9}
    model = fit(rows, init_from=start, epochs=1, report=lambda *event: steps.append(event[:2]))
    assert model.facts["init_from"]["left"] == ["logits"]
    assert steps == [(1, 3), (2, 3), (3, 3)]
    kernels = [name for name in model.facts["init_from"]["taken"] if name.startswith("conv")]
    assert len(kernels) == 2
    for own, taken in zip(weights(model, *kernels), weights(other, *kernels), strict=True):
        np.testing.assert_allclose(own, taken, atol=1e-6)
    assert np.abs(weights(model, "logits")[0] - weights(other, "logits")[0]).max() > 0.05
    free = fit(rows, init_from={**start, "rate": 1.0}, epochs=2)
    assert np.abs(weights(free, *kernels)[0] - weights(other, *kernels)[0]).max() > 0.003, "then everything learns"


def test_frozen_layers_do_not_move_at_all(rows, parent, monkeypatch):
    other, init_from = parent
    phases, freeze = transfer.phases, transfer.freeze
    monkeypatch.setattr(transfer, "phases", lambda *a: phases(*a)[:1])
    monkeypatch.setattr(transfer, "freeze", lambda network, taken, frozen: freeze(network, taken, frozen=True))
    model = fit(rows, init_from=init_from)
    names = model.facts["init_from"]["taken"]
    for own, taken in zip(weights(model, *names), weights(other, *names), strict=True):
        np.testing.assert_array_equal(own, taken)


def test_the_answer_is_taken_where_labels_are_the_same(rows, parent):
    _, init_from = parent
    model = fit(rows, init_from={**init_from, "labels": ["a", "b", "c"], "frozen_epochs": 2}, epochs=1)
    assert model.facts["init_from"]["left"] == []
    assert len(model.history["val_loss"]) == 1, "nothing is new, so nothing is frozen"


def test_what_lies_behind_a_layer_of_another_shape_is_left(rows, parent):
    model = fit(rows, init_from=parent[1], conv=[4, "pool", 8])
    kinds = {key: [name.rstrip("_0123456789") for name in names] for key, names in model.facts["init_from"].items()}
    assert kinds["taken"] == ["conv2d", "batch_normalization"]
    assert kinds["left"] == ["conv2d", "batch_normalization", "logits"]


def test_one_seed_gives_one_file_with_taken_weights(rows, parent, tmp_path):
    for name in "ab":
        exporters.get("onnx").write(fit(rows, init_from=parent[1], average=0.9), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_cannot_be_taken_is_refused(rows, parent):
    with pytest.raises(ValueError, match=r"same family, 'fcnn'\. Received: 'cnn' of 'other'"):
        fit(rows, "fcnn", init_from=parent[1])
    with pytest.raises(ValueError, match=r"Conv2D of 3 x 3 x 1 x 4\. Received: Conv2D of 3 x 3 x 1 x 5"):
        fit(rows, init_from=parent[1], conv=[5, "pool"])
    with pytest.raises(ValueError, match="needs a run to find the model of 'other'"):
        fit(rows, init_from={"usecase": "other"})
