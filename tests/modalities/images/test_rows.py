"""Images on disk: read alike from folders, .npz and idx files, and refused by name."""

import gzip
import struct
import zipfile

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


def test_a_broken_picture_is_left_out_and_named(tmp_path):
    for i in range(10):
        _picture(tmp_path / "a" / f"{i}.png", np.full((3, 4), i))
        _picture(tmp_path / "b" / f"{i}.png", np.full((3, 4), 100 + i))
    (tmp_path / "a" / "3.png").write_bytes(b"not a picture")
    table = images.read(tmp_path, OPTIONS)
    assert len(table) == 19
    assert "a/3.png" not in table.row_id.tolist()
    (notice,) = table.notices
    assert notice.text == "Not read: pictures that cannot be read (1): a/3.png (not a picture of these formats)."


def test_a_class_that_loses_too_many_pictures_stops_the_use_case(tmp_path):
    for i in range(4):
        _picture(tmp_path / "a" / f"{i}.png", np.full((3, 4), i))
        _picture(tmp_path / "b" / f"{i}.png", np.full((3, 4), 100 + i))
    data = (tmp_path / "b" / "1.png").read_bytes()
    (tmp_path / "b" / "1.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "b" / "2.heic").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"2 of 5 files of the class 'b' cannot be read: b/2.heic, b/1.png \(.*max_lost"
    ):
        images.read(tmp_path, OPTIONS)
    assert len(images.read(tmp_path, images.Options(max_lost=0.4))) == 7


def test_files_that_are_no_pictures_are_counted_and_not_lost(tmp_path):
    for name in ("a", "b"):
        _picture(tmp_path / name / "1.png", np.full((3, 4), ord(name)))
        (tmp_path / name / "README.txt").write_text("pictures")
        (tmp_path / name / "Thumbs.db").write_bytes(b"")
    table = images.read(tmp_path, OPTIONS)
    assert len(table) == 2
    assert [(notice.kind, notice.count) for notice in table.notices] == [("skipped", 2), ("skipped", 2)]


def test_pictures_of_all_formats_are_read_whatever_their_ending(tmp_path):
    for i, (name, form) in enumerate(
        [("1.png", "PNG"), ("2.webp", "WEBP"), ("3.bmp", "BMP"), ("4.gif", "GIF"), ("5.tif", "TIFF"), ("6.jpg", "PNG")]
    ):
        path = tmp_path / "ab"[i % 2] / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 3), (9 * i, 7, 5)).save(path, form)
    table = images.read(tmp_path, OPTIONS)
    assert len(table) == 6
    assert not table.notices


def test_pictures_behind_links_and_in_zips_are_read_as_in_folders(tmp_path):
    for i, name in enumerate(("cat", "dog")):
        _picture(tmp_path / "all" / name / "1.png", np.full((3, 4), 7 + i))
    (tmp_path / "links").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / "links" / name).symlink_to(tmp_path / "all" / name)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted((tmp_path / "all").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
            archive.writestr(f"__MACOSX/{path.parent.name}/._{path.name}", b"")
    plain = images.read(tmp_path / "all", OPTIONS)
    for place in ("links", "all.zip"):
        table = images.read(tmp_path / place, OPTIONS)
        np.testing.assert_array_equal(table.key, plain.key)
        assert table.columns["label"].tolist() == ["cat", "dog"]
        assert table.split is None


def test_a_picture_outside_of_the_class_folders_is_left_out_or_stops(tmp_path):
    for i in range(10):
        _picture(tmp_path / "ab"[i % 2] / f"{i}.png", np.full((3, 4), i))
    _picture(tmp_path / "cover.png", np.zeros((30, 40)))
    table = images.read(tmp_path, OPTIONS)
    assert len(table) == 10
    assert table.notices[0].text == "Not read: files outside of class folders (1): cover.png."
    _picture(tmp_path / "cover2.png", np.zeros((30, 40)))
    with pytest.raises(
        ValueError, match=r"2 of 12 files, outside of class folders, cannot be read: cover.png, cover2.png"
    ):
        images.read(tmp_path, OPTIONS)


def test_the_class_folder_may_be_chosen(tmp_path):
    for i, place in enumerate(("cat/tabby", "cat/other", "dog/pug")):
        _picture(tmp_path / place / "1.png", np.full((3, 4), i))
    table = images.read(tmp_path, OPTIONS)
    assert table.columns["label"].tolist() == ["other", "tabby", "pug"]
    assert "options.class_folder: 0 takes 'cat'" in table.notices[0].text
    chosen = images.read(tmp_path, images.Options(class_folder=0))
    assert chosen.columns["label"].tolist() == ["cat", "cat", "dog"]
    assert not chosen.notices


def test_pictures_have_the_same_scale_in_training_and_in_requests(tmp_path):
    """Pictures of 0..16 are asked as such; of a model of arrays in 0..16, ordinary pictures are asked."""
    _picture(tmp_path / "a" / "1.png", np.full((3, 4), 16))
    _picture(tmp_path / "b" / "1.png", np.full((3, 4), 5))
    options = images.Options(scale=16)
    table, encoder = _trained(tmp_path, options)
    encoder.save(tmp_path / "encoder")
    for one in (encoder, images.load_encoder(tmp_path / "encoder")):
        inputs = list(images.from_file(tmp_path, options, one))
        np.testing.assert_array_equal(images.parse(inputs, one)["image"], table.columns["image"])
    write_npz(tmp_path / "arrays.npz", {"images": table.columns["image"], "labels": table.columns["label"]})
    _, of_arrays = _trained(tmp_path / "arrays.npz", options)
    _picture(tmp_path / "white.png", np.full((3, 4), 255))
    assert images.parse(images.from_file(tmp_path / "white.png", options, of_arrays), of_arrays)["image"].max() == 16


def test_pictures_beside_arrays_are_said_not_to_be_read(tmp_path):
    write_npz(tmp_path / "a.npz", {"images": np.zeros((2, 3, 4), np.uint8), "labels": np.array(["a", "b"])})
    assert not images.read(tmp_path, OPTIONS).notices
    _picture(tmp_path / "a" / "1.png", np.zeros((3, 4)))
    (tmp_path / "more.zip").write_bytes(b"no zip")
    assert [notice.text for notice in images.read(tmp_path, OPTIONS).notices] == [
        "Not read: files with the ending .png (1): a/1.png.",
        "Not read: zips, since the folder holds arrays (1): more.zip.",
    ]


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


def _trained(folder, options):
    table = images.read(folder, options)
    return table, images.fit_encoder(table, np.array(["a", "b"]), options)


def test_the_pictures_of_training_are_inputs_for_a_prediction(tmp_path):
    _picture(tmp_path / "a" / "1.png", np.arange(12).reshape(3, 4))
    _picture(tmp_path / "a" / "2.png", np.full((6, 8, 3), 51))
    icon = np.zeros((6, 8, 4))
    icon[2:4, 2:6, 3] = 255
    _picture(tmp_path / "b" / "3.png", icon)
    Image.fromarray(np.full((9, 7), 30_000, np.uint16)).save(tmp_path / "b" / "4.png")
    exif = Image.Exif()
    exif[0x112] = 6
    Image.new("RGB", (8, 4), (200, 10, 20)).save(tmp_path / "b" / "5.jpg", exif=exif)
    options = images.Options(resize=[6, 5], channels=3)
    table, encoder = _trained(tmp_path, options)
    parsed = images.parse(list(images.from_file(tmp_path, options, encoder)), encoder)
    np.testing.assert_array_equal(encoder.encode(parsed)["image"], encoder.encode(table.columns)["image"])
    assert images.CAPABILITIES.about(parsed, encoder) == {"file": table.row_id.tolist()}
    for i, name in enumerate(table.row_id.tolist()):
        (single,) = images.from_file(tmp_path / name, options, encoder)
        (body,) = images.CAPABILITIES.from_bytes((tmp_path / name).read_bytes(), encoder)
        for value in (single, body):
            np.testing.assert_array_equal(images.parse([value], encoder)["image"][0], table.columns["image"][i])
    assert images.CAPABILITIES.about(images.parse([np.zeros((6, 5, 3))], encoder), encoder) == {}


def test_pictures_of_a_prediction_are_decoded_one_by_one(tmp_path):
    for i in range(2):
        _picture(tmp_path / "ab"[i] / "1.png", np.full((3, 4), i))
    _, encoder = _trained(tmp_path, OPTIONS)
    inputs = iter(images.from_file(tmp_path, OPTIONS, encoder))
    assert images.parse([next(inputs)], encoder)["image"].max() == 0
    (tmp_path / "b" / "1.png").write_bytes((tmp_path / "a" / "1.png").read_bytes())
    assert images.parse([next(inputs)], encoder)["image"].max() == 0


def test_a_broken_picture_of_a_prediction_is_named_and_the_others_are_answered(tmp_path, caplog):
    for i in range(2):
        _picture(tmp_path / "ab"[i] / "1.png", np.full((3, 4), i))
    _, encoder = _trained(tmp_path, OPTIONS)
    (tmp_path / "a" / "0.png").write_bytes(b"no picture")
    assert len(list(images.from_file(tmp_path, OPTIONS, encoder))) == 2
    assert "Not read: pictures that cannot be read (1): a/0.png (not a picture of these formats)." in caplog.text
    with pytest.raises(FileError, match=r"0.png: Needed a picture in PNG"):
        list(images.from_file(tmp_path / "a" / "0.png", OPTIONS, encoder))
    (tmp_path / "none").mkdir()
    with pytest.raises(FileError, match=r"none must be a picture, a folder or zip of pictures"):
        list(images.from_file(tmp_path / "none", OPTIONS, encoder))


def test_a_picture_of_another_size_is_named_where_training_did_not_resize(tmp_path):
    for i in range(2):
        _picture(tmp_path / "ab"[i] / "1.png", np.full((3, 4), i))
    _, encoder = _trained(tmp_path, OPTIONS)
    _picture(tmp_path / "b" / "1.png", np.zeros((5, 4)))
    with pytest.raises(ValueError, match=r"^b/1.png: needed 3 rows of 4 pixels"):
        images.parse(list(images.from_file(tmp_path, OPTIONS, encoder)), encoder)


@pytest.mark.parametrize("kind", ["npz", "idx"])
def test_arrays_of_training_are_inputs_for_a_prediction(kind, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3, 4)).astype(np.uint8)
    if kind == "npz":
        write_npz(tmp_path / "a.npz", {"images": pixels, "labels": np.array(list("ababab"))})
    else:
        _idx(tmp_path / "train-images-idx3-ubyte.gz", pixels)
        _idx(tmp_path / "train-labels-idx1-ubyte.gz", np.arange(6) % 2)
    options = images.Options(resize=[5, 6], file="a.npz" if kind == "npz" else None)
    table, encoder = _trained(tmp_path, options)
    parsed = images.parse(list(images.from_file(tmp_path, options, encoder)), encoder)
    np.testing.assert_array_equal(encoder.encode(parsed)["image"], encoder.encode(table.columns)["image"])


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
