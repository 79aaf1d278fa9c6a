"""How Keras families are trained: random changes of images, averaged weights, weights taken from another model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from minnow import exporters, families
from minnow.families import _feed
from minnow.families._options import Augmentation

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

PARAMS = {"conv": [4, "pool", 6], "epochs": 3, "batch_size": 32, "augmentation": None, "early_stopping": None}
SEEDS = tf.constant([3, 4], tf.int64)


@pytest.fixture(scope="module")
def rows():
    return tiny.sides("images", "classify")


def fit(rows, name="cnn", seed=1, report=lambda *_: None, **params):
    family = families.get(name)
    given = (PARAMS if name == "cnn" else {"epochs": 2}) | params
    return family.fit(*rows, family.Params.model_validate(given), seed=seed, report=report)


def weights(model, *names):
    return [value for name in names for value in model.native.get_layer(name).get_weights()]


def changed(image, **given):
    change = _feed.augment(Augmentation(**given))
    assert change is not None
    return change({"image": tf.constant(image)}, SEEDS)["image"].numpy()


def test_flip_mirrors_some_images_left_for_right_and_leaves_the_others():
    image = np.random.default_rng(0).random((40, 6, 5, 1), np.float32)
    found = changed(image, flip=True)
    mirrored = np.array([np.array_equal(one, two[:, ::-1]) for one, two in zip(found, image, strict=True)])
    same = np.array([np.array_equal(one, two) for one, two in zip(found, image, strict=True)])
    assert (mirrored ^ same).all()
    assert 10 <= mirrored.sum() <= 30


def test_erase_puts_zeros_in_a_rectangle_of_the_given_share():
    found = changed(np.ones((200, 20, 10, 1), np.float32), erase=0.4)[..., 0]
    assert set(np.unique(found)) == {0.0, 1.0}
    for one in found:
        high, wide = (one == 0).any(axis=1), (one == 0).any(axis=0)
        assert (one == 0).sum() == high.sum() * wide.sum(), "a rectangle"
        assert high.sum() <= 8
        assert wide.sum() <= 4
    assert ((found == 0).sum(axis=(1, 2)) == 32).any()


def test_without_changes_no_image_is_touched():
    assert _feed.augment(Augmentation()) is None


def test_every_change_together_keeps_one_seed_one_model(rows):
    change = {"shift": 0.05, "rotate": 5.0, "zoom": 0.05, "flip": True, "erase": 0.3}
    one, two = (fit(rows, augmentation=change) for _ in range(2))
    for a, b in zip(one.native.get_weights(), two.native.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["cnn1d", "gru"])
def test_words_are_left_out_whole_and_only_while_it_is_learned_from(name, tmp_path):
    model = fit(tiny.sides("text", "classify"), name=name, word_dropout=0.5, dropout=0.0)
    network = model.native
    (left_out,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    vectors = keras.Model(network.inputs, [left_out.input, left_out.output])
    tokens = np.random.default_rng(0).integers(1, 40, (60, *network.input_shape[1:]))
    before, after = (np.asarray(found) for found in vectors(tokens, training=True))
    gone = (after == 0).all(axis=2)
    np.testing.assert_allclose(after[~gone], 2 * before[~gone], rtol=1e-6)
    assert 0.35 < gone.mean() < 0.65
    for found in vectors(tokens, training=False)[1:]:
        np.testing.assert_array_equal(found, before)
    model.save(tmp_path)
    rows = {"tokens": tokens.astype(np.int32)}
    again = families.get(name).load(tmp_path).predict(rows)
    np.testing.assert_array_equal(again["probabilities"], model.predict(rows)["probabilities"])


@pytest.mark.parametrize("early_stopping", [None, {"patience": 2}])
def test_averaged_weights_are_the_model_and_what_val_is_read_with(rows, early_stopping):
    last = fit(rows, batch_norm=False, early_stopping=early_stopping)
    model = fit(rows, batch_norm=False, early_stopping=early_stopping, average=0.9)
    assert not np.allclose(weights(model, "logits")[0], weights(last, "logits")[0], atol=1e-4)
    answer = model.predict(rows[1].inputs)["probabilities"]
    loss = -np.log(answer[np.arange(len(rows[1])), rows[1].target]).mean()
    told = min(model.history["val_loss"]) if early_stopping else model.history["val_loss"][-1]
    assert loss == pytest.approx(told, abs=1e-4)


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
    seen = np.asarray(conv(rows[0].inputs["image"]))
    np.testing.assert_allclose(norm.moving_mean, seen.mean(axis=(0, 1, 2)), atol=0.02)
    np.testing.assert_allclose(norm.moving_variance, seen.var(axis=(0, 1, 2)), rtol=0.15, atol=1e-3)


@pytest.fixture(scope="module")
def parent(rows, tmp_path_factory):
    model = fit(rows, seed=9)
    model.save(folder := tmp_path_factory.mktemp("parent"))
    return model, {"usecase": "other", "model": str(folder), "labels": ["x", "y", "z"]}


def test_weights_are_taken_and_stand_still_while_the_head_learns(rows, parent):
    theirs, init_from = parent
    steps = []
    start = {**init_from, "frozen_epochs": 2, "rate": 1e-9}
    model = fit(rows, init_from=start, epochs=1, report=lambda *event: steps.append(event[:2]))
    assert model.taken.left == ("logits",)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    kernels = [name for name in model.taken.taken if name.startswith("conv")]
    assert len(kernels) == 2
    for one, two in zip(weights(model, *kernels), weights(theirs, *kernels), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert np.abs(weights(model, "logits")[0] - weights(theirs, "logits")[0]).max() > 0.05
    free = fit(rows, init_from={**start, "rate": 1.0}, epochs=2)
    assert np.abs(weights(free, *kernels)[0] - weights(theirs, *kernels)[0]).max() > 0.003, "then everything learns"


def test_frozen_layers_do_not_move_at_all(rows, parent, monkeypatch):
    from minnow.families import _transfer

    theirs, init_from = parent
    only_frozen = _transfer.phases
    monkeypatch.setattr(_transfer, "phases", lambda *a: only_frozen(*a)[:1])
    monkeypatch.setattr(
        _transfer, "freeze", lambda network, taken, frozen, real=_transfer.freeze: real(network, taken, frozen=True)
    )
    model = fit(rows, init_from=init_from)
    for one, two in zip(weights(model, *model.taken.taken), weights(theirs, *model.taken.taken), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_answer_is_taken_where_labels_are_the_same(rows, parent):
    _, init_from = parent
    model = fit(rows, init_from={**init_from, "labels": ["a", "b", "c"], "frozen_epochs": 2}, epochs=1)
    assert model.taken.left == ()
    assert len(model.history["val_loss"]) == 1, "nothing is new, so nothing is frozen"


def test_what_lies_behind_a_layer_of_another_shape_is_left(rows, parent):
    model = fit(rows, init_from=parent[1], conv=[4, "pool", 8])
    assert [name.rstrip("_0123456789") for name in model.taken.taken] == ["conv2d", "batch_normalization"]
    assert [name.rstrip("_0123456789") for name in model.taken.left] == ["conv2d", "batch_normalization", "logits"]


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
