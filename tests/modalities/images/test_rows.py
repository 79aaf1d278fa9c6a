"""Images on disk: read alike from folders, .npz and idx files, and refused by name."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from minnow.modalities import images
from minnow.records.files import write_npz
from minnow.tables.files import FileError

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
    assert table.split is None


def test_arrays_are_resized_too(tmp_path):
    corner = np.zeros((2, 4, 4), np.float64)
    corner[:, :2, :2] = 16
    write_npz(tmp_path / "a.npz", {"images": corner, "labels": np.array(["a", "b"])})
    resized = images.read(tmp_path, images.Options(resize=[8, 6])).columns["image"]
    assert resized.shape == (2, 8, 6, 1)
    assert resized.dtype == np.float32
    assert resized[0, 0, 0, 0] == 16
    assert resized[0, -1, -1, 0] == 0
    assert resized.mean() == pytest.approx(4, abs=0.1)


def test_folders_named_train_and_test_fix_the_split(tmp_path):
    for split in ("train", "test"):
        for label in ("a", "b"):
            _picture(tmp_path / split / label / "1.png", np.zeros((3, 3, 3)))
    table = images.read(tmp_path, OPTIONS)
    assert table.columns["label"].tolist() == ["a", "b", "a", "b"]
    assert table.split is not None
    assert table.split.tolist() == ["test", "test", "train", "train"]


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


def test_idx_files_are_read_with_their_splits(tmp_path):
    pixels = np.arange(24).reshape(2, 3, 4)
    for split in ("train", "t10k"):
        _idx(tmp_path / f"{split}-images-idx3-ubyte.gz", pixels)
        _idx(tmp_path / f"{split}-labels-idx1-ubyte.gz", np.array([5, 0]))
    table = images.read(tmp_path, OPTIONS)
    np.testing.assert_array_equal(table.columns["image"][:2, :, :, 0], pixels)
    assert table.columns["label"].tolist() == ["5", "0"] * 2
    assert table.split is not None
    assert table.split.tolist() == ["test", "test", "train", "train"]
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


def test_pictures_on_disk_are_inputs_for_a_prediction(tmp_path):
    _picture(tmp_path / "a.png", np.full((3, 4), 51))
    assert images.from_file(tmp_path / "a.png", OPTIONS, None)[0].max() == 51
    assert len(images.from_file(tmp_path, OPTIONS, None)) == 1


UNLABELLED = images.Options(min_rows=1, scale=16, labelled=False, latent=5)


def test_without_labels_every_kind_of_file_is_read(tmp_path):
    pixels = np.arange(24).reshape(2, 3, 4).astype(np.uint8)
    for name in ("npz", "idx", "plain", "classes"):
        (tmp_path / name).mkdir()
    write_npz(tmp_path / "npz" / "a.npz", {"images": pixels})
    _idx(tmp_path / "idx" / "train-images-idx3-ubyte.gz", pixels)
    for folder in ("plain", "classes/cat"):
        for i, image in enumerate(pixels):
            _picture(tmp_path / folder / f"{i}.png", image)
    tables = {name: images.read(tmp_path / name, UNLABELLED) for name in ("npz", "idx", "plain", "classes")}
    for name, table in tables.items():
        np.testing.assert_array_equal(table.columns["image"][..., 0], pixels, err_msg=name)
        assert table.columns["label"].tolist() == (["cat", "cat"] if name == "classes" else ["", ""])
    for name in ("npz", "idx", "plain"):
        with pytest.raises(FileError, match=r"label|class"):
            images.read(tmp_path / name, OPTIONS)


def test_no_label_is_expected_of_images_that_are_generated(tmp_path):
    write_npz(tmp_path / "a.npz", {"images": np.zeros((2, 3, 4), np.uint8)})
    table = images.read(tmp_path, UNLABELLED)
    columns = {expectation.kwargs.get("column") for expectation in images.expectations(UNLABELLED, table, "generate")}
    assert columns == {None, "hash", "nan_share", "minimum", "maximum", "std"}
    assert "label" in {
        expectation.kwargs.get("column") for expectation in images.expectations(OPTIONS, table, "classify")
    }


def test_labels_and_task_must_go_together():
    assert images.CAPABILITIES.refuses(OPTIONS, "classify") is None
    assert images.CAPABILITIES.refuses(UNLABELLED, "generate") is None
    assert "Set labelled: false" in str(images.CAPABILITIES.refuses(OPTIONS, "generate"))
    assert "needs labels" in str(images.CAPABILITIES.refuses(UNLABELLED, "classify"))
    assert "where images have labels" in str(images.CAPABILITIES.refuses(images.Options(extractor="a.npz"), "classify"))
    idle = images.Options(labelled=False, labels=["a", "b"])
    assert str(images.CAPABILITIES.refuses(idle, "generate")).startswith(
        "labels: this option is not used where images are generated"
    )
