"""The families that make images, beyond what every family promises."""

from dataclasses import replace

import numpy as np
import pytest
import tiny

from minnow.families import _maker, gan, vae
from minnow.types import Enough

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
SMALL = {"epochs": 2, "channels": [4, 4], "batch_size": 64}


@pytest.fixture(scope="module")
def reader():
    return vae.fit(*tiny.sides("images", "generate"), vae.Params.model_validate(SMALL), seed=1)


def test_a_reconstruction_is_possible_after_loading(reader, tmp_path):
    images = tiny.batch("images", "generate", 2).inputs["image"][:5]
    reader.save(tmp_path)
    again = vae.load(tmp_path)
    np.testing.assert_array_equal(again.reconstruct(images), reader.reconstruct(images))
    np.testing.assert_array_equal(again.pictures["reconstructions"], reader.pictures["reconstructions"])
    assert reader.pictures["reconstructions"].shape == (64, 8, 8, 1)
    np.testing.assert_array_equal(reader.pictures["reconstructions"][::2], reader.pictures["real"][:32])


def test_the_history_tells_both_terms_and_the_distance(reader):
    assert set(reader.history) == {"reconstruction_loss", "kl", "val_distance"}
    assert all(len(values) == 2 for values in reader.history.values())


def test_the_divergence_is_the_known_one():
    random = np.random.default_rng(0)
    mean, log_var = random.normal(size=(2, 5, 3)).astype(np.float32)
    by_hand = [
        0.5 * sum(m * m + np.exp(v) - 1 - v for m, v in zip(*row, strict=True))
        for row in zip(mean, log_var, strict=True)
    ]
    np.testing.assert_allclose(vae.kl_to_normal(mean, log_var), by_hand, rtol=1e-5)
    np.testing.assert_array_equal(vae.kl_to_normal(0 * mean, 0 * log_var), np.zeros(5))
    with pytest.raises(ValueError, match=r"one shape. Received: \(5, 3\) and \(5, 2\)"):
        vae.kl_to_normal(mean, log_var[:, :2])


@pytest.mark.parametrize("loss", ["hinge", "non_saturating"])
def test_generator_and_critic_take_turns_at_images_of_any_size(loss):
    """The generator loses by what the critic finds out, and the critic by what passes: both move, and neither is left."""
    random = np.random.default_rng(0)
    image = random.random((64, 7, 5, 3), np.float32)
    batch = tiny.batch("images", "generate", 1, 64)
    lens = {name: value for name, value in batch.lens.items() if name != "extractor.kernel0"}
    lens["extractor.kernel0"] = random.normal(size=(105, 128)).astype(np.float32)
    batch = replace(batch, inputs=batch.inputs | {"image": image}, lens=lens)
    seen = []

    def report(epoch, epochs, found):
        seen.append(found)
        if epoch == 2:
            raise Enough

    params = gan.Params.model_validate(SMALL | {"channels": [4, 4, 4], "epochs": 5, "loss": loss, "dropout": 0.2})
    model = gan.fit(batch, batch, params, seed=1, report=report)
    assert model.predict(batch.inputs)["sample"].shape == (64, 7, 5, 3)
    assert len(seen) == 2
    assert seen[0].keys() == {"generator_loss", "critic_loss", "val_distance"}
    assert seen[0]["critic_loss"] != seen[1]["critic_loss"]
    assert model.pictures.keys() == {"real", "samples", "samples-001", "samples-002"}
    with pytest.raises(ValueError, match="makes images and reads none"):
        model.reconstruct(image)


def test_losses_reward_what_they_should():
    import tensorflow as tf

    low, high = tf.constant([[-2.0]]), tf.constant([[2.0]])
    for of_critic, of_maker in gan.LOSSES.values():
        assert float(of_critic(high, low)) < float(of_critic(low, high))
        assert float(of_maker(high)) < float(of_maker(low))


def test_the_best_epoch_is_kept():
    """The weights that are handed on are those of the epoch with the least distance, not the last."""
    train, val = tiny.sides("images", "generate")
    model = vae.fit(
        train, val, vae.Params.model_validate(SMALL | {"epochs": 4, "learning_rate": 0.02, "average": 0.0}), seed=2
    )
    found = float(_maker.generate.loss(model.predict(val.inputs), val).mean())
    assert found == pytest.approx(min(model.history["val_distance"]), rel=1e-6)
