"""Images that are generated: noise by seed and by pixels."""

import numpy as np
import pytest

from minnow.modalities import images
from minnow.records.files import write_npz
from minnow.types import noise_of

UNLABELLED = images.Options(min_rows=1, scale=16, labelled=False, latent=5)


@pytest.fixture
def noise_encoder(tmp_path):
    write_npz(tmp_path / "rows.npz", {"images": np.random.default_rng(0).integers(0, 17, (4, 3, 2))})
    rows = images.read(tmp_path, UNLABELLED)
    return images.fit_encoder(rows, np.empty(0), UNLABELLED), rows


def test_noise_of_a_row_is_its_own_and_of_a_seed_the_seeds(noise_encoder, tmp_path):
    encoder, rows = noise_encoder
    every = encoder.encode(rows.columns)
    assert every["noise"].shape == (4, 5)
    assert every["image"].max() <= 1
    for place in range(4):
        alone = encoder.encode({"image": rows.columns["image"][place : place + 1]})
        np.testing.assert_array_equal(alone["noise"], every["noise"][place : place + 1])
    seeded = encoder.encode(images.parse([3, 4, 3], encoder))
    np.testing.assert_array_equal(seeded["noise"][0], seeded["noise"][2])
    assert np.abs(seeded["noise"][0] - seeded["noise"][1]).max() > 0.1
    assert seeded.keys() == {"noise"}
    encoder.save(tmp_path)
    again = images.load_encoder(tmp_path)
    np.testing.assert_array_equal(again.encode(rows.columns)["noise"], every["noise"])
    np.testing.assert_array_equal(again.decode({"sample": every["image"]})["sample"], rows.columns["image"])


@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, "1", True, None, [1], {}])
def test_what_is_no_seed_is_refused_by_its_place(bad, noise_encoder):
    with pytest.raises(ValueError, match=r"^inputs\[1\]: needed a seed.*received"):
        images.parse([1, bad], noise_encoder[0])


def test_a_file_of_seeds_is_read_as_requests(tmp_path):
    (tmp_path / "seeds.json").write_text("[1, 2]")
    assert images.from_file(tmp_path / "seeds.json", UNLABELLED, None) == [1, 2]


def test_noise_is_standard_normal_and_neighbouring_keys_share_none_of_it():
    noise = noise_of(np.arange(4000, dtype=np.uint64), 7).astype(np.float64)
    assert np.abs(noise.mean(axis=0)).max() < 0.06
    np.testing.assert_allclose(noise.std(axis=0), 1, atol=0.05)
    correlated = np.corrcoef(noise.T) - np.eye(7)
    assert np.abs(correlated).max() < 0.06
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.03
    np.testing.assert_allclose(
        noise_of(np.array([7], np.uint64), 3)[0], [-1.5226499, -1.1487408, -0.48812953], atol=1e-6
    )
