import gzip
import io
import struct

import numpy as np
import pytest
from PIL import Image

from minnow.bundle import write_npz
from minnow.modalities import images
from minnow.modalities._files import FileError
from minnow.types import noise_of

OPTIONS = images.Options(min_rows=1)


def _picture(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def _idx(path, values):
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


def test_class_folders_give_labels(tmp_path):
    _picture(tmp_path / "cat" / "1.png", np.full((3, 4), 7))
    _picture(tmp_path / "dog" / "1.png", np.full((3, 4), 9))
    table = images.read(tmp_path, OPTIONS)
    assert table.columns["image"].shape == (2, 3, 4, 1)
    assert table.columns["image"][:, 0, 0, 0].tolist() == [7, 9]
    assert table.columns["label"].tolist() == ["cat", "dog"]
    assert table.row_id.tolist() == ["cat/1.png", "dog/1.png"]
    assert table.side is None


def test_arrays_are_resized_too(tmp_path):
    corner = np.zeros((2, 4, 4), np.float64)
    corner[:, :2, :2] = 16
    write_npz(tmp_path / "a.npz", {"images": corner, "labels": np.array(["a", "b"])})
    found = images.read(tmp_path, images.Options(resize=[8, 6])).columns["image"]
    assert found.shape == (2, 8, 6, 1)
    assert found.dtype == np.float32
    assert found[0, 0, 0, 0] == 16
    assert found[0, -1, -1, 0] == 0
    assert found.mean() == pytest.approx(4, abs=0.1)


def test_folders_named_train_and_test_fix_the_side(tmp_path):
    for side in ("train", "test"):
        for label in ("a", "b"):
            _picture(tmp_path / side / label / "1.png", np.zeros((3, 3, 3)))
    table = images.read(tmp_path, OPTIONS)
    assert table.columns["label"].tolist() == ["a", "b", "a", "b"]
    assert table.side is not None
    assert table.side.tolist() == ["test", "test", "train", "train"]


def test_pictures_of_another_size_are_named_or_resized(tmp_path):
    for i, size in enumerate([(3, 4), (3, 4), (5, 4)]):
        _picture(tmp_path / "a" / f"{i}.png", np.zeros(size))
    with pytest.raises(FileError, match=r"a/2.png \(5, 4, 1\).*resize"):
        images.read(tmp_path, OPTIONS)
    resized = images.read(tmp_path, images.Options(resize=[6, 7], channels=3))
    assert resized.columns["image"].shape == (3, 6, 7, 3)


def test_what_is_no_picture_is_named(tmp_path):
    _picture(tmp_path / "a" / "1.png", np.zeros((3, 4)))
    (tmp_path / "a" / "2.png").write_bytes(b"not a picture")
    with pytest.raises(FileError, match=r"a/2.png: Needed a PNG or JPEG"):
        images.read(tmp_path, OPTIONS)


def test_idx_files_are_read_with_their_sides(tmp_path):
    pixels = np.arange(24).reshape(2, 3, 4)
    for side in ("train", "t10k"):
        _idx(tmp_path / f"{side}-images-idx3-ubyte.gz", pixels)
        _idx(tmp_path / f"{side}-labels-idx1-ubyte.gz", np.array([5, 0]))
    table = images.read(tmp_path, OPTIONS)
    np.testing.assert_array_equal(table.columns["image"][:2, :, :, 0], pixels)
    assert table.columns["label"].tolist() == ["5", "0"] * 2
    assert table.side is not None
    assert table.side.tolist() == ["test", "test", "train", "train"]
    assert table.row_id[-1] == "train-images-idx3-ubyte.gz:1"


def test_a_broken_idx_file_is_named(tmp_path):
    _idx(tmp_path / "train-labels-idx1-ubyte.gz", np.array([1]))
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x03\0\0"))
    with pytest.raises(FileError, match=r"train-images-idx3-ubyte.gz: not readable as idx"):
        images.read(tmp_path, OPTIONS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pixels": np.zeros((2, 2, 2))}, "needs an array 'images'. Received: pixels"),
        ({"images": np.zeros((2, 2, 2))}, "needs an array 'labels'"),
        ({"images": np.zeros((2, 2, 2)), "labels": np.zeros(3)}, "a label per image. Received: 2 and 3"),
        ({"images": np.zeros((2, 4)), "labels": np.zeros(2)}, r"must be numbers, \(n, height, width\)"),
    ],
)
def test_an_npz_without_what_is_needed_is_refused(arrays, message, tmp_path):
    write_npz(tmp_path / "a.npz", arrays)
    with pytest.raises(FileError, match=message):
        images.read(tmp_path, OPTIONS)


def test_a_file_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "digits.npz").touch()
    with pytest.raises(FileError, match=r"No file 'digit.npz'. Did you mean 'digits.npz'"):
        images.read(tmp_path, images.Options(file="digit.npz"))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"must hold an .npz, idx files, or class folders"):
        images.read(tmp_path, OPTIONS)


def test_the_key_is_of_the_pixels_and_not_of_the_label(tmp_path):
    pixels = np.zeros((3, 2, 2), np.uint8)
    pixels[2, 0, 0] = 1
    write_npz(tmp_path / "a.npz", {"images": pixels, "labels": np.array(["a", "b", "a"])})
    key = images.read(tmp_path, OPTIONS).key
    assert key[0] == key[1] != key[2]


def test_the_encoder_brings_pixels_to_0_and_1():
    encoder = images.Encoder((1, 2, 1), 16, resize=False)
    encoded = encoder.encode(images.parse([[[0, 16]], [[[4], [8]]]], encoder))["image"]
    np.testing.assert_array_equal(encoded[..., 0], np.array([[[0, 1]], [[0.25, 0.5]]], np.float32))


def _png(pixels, form="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, form)
    return buffer.getvalue()


def test_the_bytes_of_a_picture_are_an_input():
    encoder = images.Encoder((2, 2, 1), 16, resize=False)
    inputs = images.from_bytes(_png([[0, 255], [255, 0]]), encoder)
    encoded = encoder.encode(images.parse(inputs, encoder))["image"]
    np.testing.assert_allclose(encoded[0, :, :, 0], [[0, 1], [1, 0]])


def test_a_colour_picture_becomes_grey_where_grey_was_learned():
    encoder = images.Encoder((8, 8, 1), 255, resize=False)
    assert images.from_bytes(_png(np.zeros((8, 8, 3)), "JPEG"), encoder)[0].shape == (8, 8, 1)


def test_a_picture_is_resized_only_where_training_did():
    pixels = _png(np.zeros((9, 9)))
    assert images.from_bytes(pixels, images.Encoder((4, 5, 1), 255, resize=True))[0].shape == (4, 5, 1)
    encoder = images.Encoder((4, 5, 1), 255, resize=False)
    with pytest.raises(ValueError, match=r"needed 4 rows of 5 pixels, received an array of shape \[9, 9, 1\]"):
        images.parse(images.from_bytes(pixels, encoder), encoder)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, _png(np.zeros((9, 9)))[:45]])
def test_bytes_that_are_no_picture_are_refused(data):
    with pytest.raises(ValueError, match="Needed a PNG or JPEG"):
        images.from_bytes(data, images.Encoder((9, 9, 1), 255, resize=False))


def test_a_picture_with_more_than_8_bits_is_refused():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(buffer, "PNG")
    with pytest.raises(ValueError, match="8 bits per channel"):
        images.from_bytes(buffer.getvalue(), images.Encoder((4, 4, 1), 255, resize=False))


def test_pictures_on_disk_are_inputs_for_a_prediction(tmp_path):
    _picture(tmp_path / "a.png", np.full((3, 4), 51))
    assert images.from_file(tmp_path / "a.png", OPTIONS)[0].max() == 51
    assert len(images.from_file(tmp_path, OPTIONS)) == 1


UNLABELLED = images.Options(min_rows=1, scale=16, labelled=False, latent=5)


def test_without_labels_every_kind_of_file_is_read(tmp_path):
    pixels = np.arange(24).reshape(2, 3, 4).astype(np.uint8)
    for name in ("npz", "idx", "plain", "classes"):
        (tmp_path / name).mkdir()
    write_npz(tmp_path / "npz" / "a.npz", {"images": pixels})
    _idx(tmp_path / "idx" / "train-images-idx3-ubyte.gz", pixels)
    for folder in ("plain", "classes/cat"):
        for place, one in enumerate(pixels):
            _picture(tmp_path / folder / f"{place}.png", one)
    found = {name: images.read(tmp_path / name, UNLABELLED) for name in ("npz", "idx", "plain", "classes")}
    for name, table in found.items():
        np.testing.assert_array_equal(table.columns["image"][..., 0], pixels, err_msg=name)
        assert table.columns["label"].tolist() == (["cat", "cat"] if name == "classes" else ["", ""])
    for name in ("npz", "idx", "plain"):
        with pytest.raises(FileError, match=r"label|class"):
            images.read(tmp_path / name, OPTIONS)


def test_no_label_is_asked_of_images_that_are_to_be_made(tmp_path):
    write_npz(tmp_path / "a.npz", {"images": np.zeros((2, 3, 4), np.uint8)})
    table = images.read(tmp_path, UNLABELLED)
    columns = {one.kwargs.get("column") for one in images.contract(UNLABELLED, table, "generate")}
    assert columns == {None, "hash", "nan_share", "minimum", "maximum", "std"}
    assert "label" in {one.kwargs.get("column") for one in images.contract(OPTIONS, table, "classify")}


def test_labels_and_task_must_go_together():
    assert images.unfit(OPTIONS, "classify") is None
    assert images.unfit(UNLABELLED, "generate") is None
    assert "Needed: labelled: false" in str(images.unfit(OPTIONS, "generate"))
    assert "learns from labels" in str(images.unfit(UNLABELLED, "classify"))
    assert "where images have labels" in str(images.unfit(images.Options(extractor="a.npz"), "classify"))
    idle = images.Options(labelled=False, labels=["a", "b"])
    assert str(images.unfit(idle, "generate")).startswith("labels: it means nothing where images are to be made")


@pytest.fixture
def noise_encoder():
    rows = images._table(np.random.default_rng(0).integers(0, 17, (4, 3, 2)), np.full(4, ""), list("abcd"), [""] * 4)
    return images.Encoder.fit(rows, np.empty(0), UNLABELLED), rows


def test_noise_of_a_row_is_its_own_and_of_a_seed_the_seeds(noise_encoder, tmp_path):
    encoder, rows = noise_encoder
    every = encoder.encode(rows.columns)
    assert every["noise"].shape == (4, 5)
    assert every["image"].max() <= 1
    for place in range(4):
        alone = encoder.encode({"image": rows.columns["image"][place : place + 1]})
        np.testing.assert_array_equal(alone["noise"], every["noise"][place : place + 1])
    asked = encoder.encode(images.parse([3, 4, 3], encoder))
    np.testing.assert_array_equal(asked["noise"][0], asked["noise"][2])
    assert np.abs(asked["noise"][0] - asked["noise"][1]).max() > 0.1
    assert asked.keys() == {"noise"}
    encoder.save(tmp_path)
    again = images.Encoder.load(tmp_path)
    np.testing.assert_array_equal(again.encode(rows.columns)["noise"], every["noise"])
    np.testing.assert_array_equal(again.decode({"sample": every["image"]})["sample"], rows.columns["image"])


@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, "1", True, None, [1], {}])
def test_what_is_no_seed_is_refused_by_its_place(bad, noise_encoder):
    with pytest.raises(ValueError, match=r"^inputs\[1\]: needed a seed.*received"):
        images.parse([1, bad], noise_encoder[0])


def test_a_file_of_seeds_is_read_as_requests(tmp_path):
    (tmp_path / "seeds.json").write_text("[1, 2]")
    assert images.from_file(tmp_path / "seeds.json", UNLABELLED) == [1, 2]


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
