"""The families that generate images, beyond what every family promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny

from minnow.families import gan, vae
from minnow.tasks import generate
from minnow.types import StopFit

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
SMALL = {"epochs": 2, "channels": [4, 4], "batch_size": 64}


@pytest.fixture(scope="module")
def autoencoder():
    return vae.fit(*tiny.splits("images", "generate"), vae.Params.model_validate(SMALL), seed=1)


def test_a_reconstruction_is_possible_after_loading(autoencoder, tmp_path):
    images = tiny.batch("images", "generate", 2).inputs["image"][:5]
    autoencoder.save(tmp_path)
    again = vae.load(tmp_path)
    np.testing.assert_array_equal(again.reconstruct(images), autoencoder.reconstruct(images))
    np.testing.assert_array_equal(again.pictures["reconstructions"], autoencoder.pictures["reconstructions"])
    assert autoencoder.pictures["reconstructions"].shape == (64, 8, 8, 1)
    np.testing.assert_array_equal(autoencoder.pictures["reconstructions"][::2], autoencoder.pictures["real"][:32])


def test_the_history_has_both_terms_and_the_distance(autoencoder):
    assert set(autoencoder.history) == {"reconstruction_loss", "kl", "val_distance"}
    assert all(len(values) == 2 for values in autoencoder.history.values())


@pytest.mark.parametrize("loss", ["hinge", "non_saturating"])
def test_generator_and_critic_take_turns_at_images_of_any_size(loss):
    """Each is trained by the scores of the other: both losses change."""
    random = np.random.default_rng(0)
    image = random.random((64, 7, 5, 3), np.float32)
    batch = tiny.batch("images", "generate", 1, 64)
    kernel = random.normal(size=(105, 128)).astype(np.float32)
    extractor = {**batch.extractor, "extractor.kernel0": kernel}
    batch = replace(batch, inputs=batch.inputs | {"image": image}, extractor=extractor)
    reported = []

    def report(epoch, epochs, metrics):
        reported.append(metrics)
        if epoch == 2:
            raise StopFit

    params = gan.Params.model_validate(SMALL | {"channels": [4, 4, 4], "epochs": 5, "loss": loss, "dropout": 0.2})
    model = gan.fit(batch, batch, params, seed=1, report=report)
    assert model.predict(batch.inputs)["sample"].shape == (64, 7, 5, 3)
    assert len(reported) == 2
    assert reported[0].keys() == {"generator_loss", "critic_loss", "val_distance"}
    assert reported[0]["critic_loss"] != reported[1]["critic_loss"]
    assert model.pictures.keys() == {"real", "samples", "samples-001", "samples-002"}
    with pytest.raises(ValueError, match="This model has no encoder"):
        model.reconstruct(image)


def test_the_best_epoch_is_kept():
    """The weights that are handed on are those of the epoch with the least distance, not the last."""
    train, val = tiny.splits("images", "generate")
    model = vae.fit(
        train, val, vae.Params.model_validate(SMALL | {"epochs": 4, "learning_rate": 0.02, "average": 0.0}), seed=2
    )
    distance = float(generate.MEASURES[0].loss(model.predict(val.inputs), val).mean())
    assert distance == pytest.approx(min(model.history["val_distance"]), rel=1e-6)
